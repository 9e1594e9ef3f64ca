"""A second, slow and simple way to the same answers, to test the engine against.

It shares no code with ``tools/``: time zones come from pytz, hours are bytes, one for
every second of a window, and everything is found by counting bytes.
"""

from datetime import datetime
from functools import lru_cache

import pytz

MINUTES_OF_TWO_WEEKS = 2 * 7 * 24 * 60
# As many seconds as any window has, none of them open: cut from, never copied.
NOTHING = memoryview(bytes(20 * 86400))


@lru_cache(maxsize=256)
def wall_minutes(tz, origin, days):
    """Return for each minute of the window which of the 20160 minutes of the odd and
    even week the clock on the wall shows."""
    zone = pytz.timezone(tz)
    shown = []
    for minute in range(days * 1440):
        wall = datetime.fromtimestamp(origin + minute * 60, zone)
        parity = (wall.toordinal() - 1) // 7 % 2
        shown.append(
            ((parity * 7 + wall.weekday()) * 24 + wall.hour) * 60 + wall.minute
        )
    return shown


class Window:
    """The open seconds of some days.

    :param int origin: epoch seconds of the first second, a whole minute
    :param lines: (weekday, from minute, to minute, week or None, is break)
    :param leaves: (from, to) in epoch seconds
    """

    def __init__(self, tz, origin, days, lines, leaves=()):
        self.origin = origin
        self.length = days * 86400
        wall = bytearray(MINUTES_OF_TWO_WEEKS)
        for value, breaks in ((1, False), (0, True)):
            for weekday, start, end, week, is_break in lines:
                if is_break == breaks:
                    for parity in (0, 1) if week is None else (week,):
                        first = (parity * 7 + weekday) * 1440
                        for minute in range(start, end):
                            wall[first + minute] = value
        minute = (b"\x00" * 60, b"\x01" * 60)
        shown = map(wall.__getitem__, wall_minutes(tz, origin, days))
        self.seconds = bytearray(b"".join(map(minute.__getitem__, shown)))
        self.close(leaves)

    def clone(self):
        """Return a window of its own with the same seconds."""
        other = object.__new__(Window)
        other.origin, other.length = self.origin, self.length
        other.seconds = self.seconds[:]
        return other

    def close(self, ranges):
        """Take the seconds of half-open ranges out."""
        for start, end in ranges:
            low = min(max(start - self.origin, 0), self.length)
            high = min(max(end - self.origin, low), self.length)
            self.seconds[low:high] = NOTHING[: high - low]

    def count(self, start, end):
        """Return the open seconds in ``[start, end)``."""
        return self.seconds[start - self.origin : max(end, start) - self.origin].count(
            1
        )

    def add(self, start, seconds):
        """Return the instant at which so many open seconds have passed, None when it
        is not in the window."""
        if not seconds:
            return start
        hour = start
        while hour < self.origin + self.length:
            opened = self.count(hour, hour + 3600)
            if opened >= seconds:
                second = hour - self.origin - 1
                for _n in range(seconds):
                    second = self.seconds.index(1, second + 1)
                return self.origin + second + 1
            seconds -= opened
            hour += 3600
        return None

    def is_open(self, instant):
        """Return whether a second is open."""
        return bool(self.seconds[instant - self.origin])


def judge(window, start, target, pauses, stop):
    """Return (outcome, instant of the decision) of a promise fulfilled at ``stop``.

    :param pauses: (from, to) half-open, in any order; taken out of the window
    """
    window.close(pauses)
    deadline = window.add(start, target)
    moved = True
    while deadline is not None and moved:
        inside = [end for low, end in pauses if low <= deadline < end]
        moved = bool(inside)
        deadline = max([deadline, *inside])
    if deadline is not None and deadline < stop:
        return "breached", deadline
    return "met", stop


class Promise:
    """One cycle of a promise, told by its facts and judged from all of them each time.

    ``counted`` holds one byte for each second: whether it uses up the promise. A pause
    blackens everything from its beginning on, and its end restores the rest.

    :param taken: seconds used up before, elsewhere
    :param was_broken: broken in an earlier cycle: not judged any more
    :param floor: not broken before this instant, and no promise until then, but by an
        instant named
    """

    def __init__(
        self,
        window,
        start,
        target,
        *,
        taken=0,
        was_broken=False,
        pauses=(),
        fixed=None,
        floor=None,
        chained=False,
        ladder=(),
        done=(),
    ):
        self.window, self.start, self.target = window, start, target
        self.taken, self.was_broken = taken, was_broken
        self.fixed, self.floor, self.chained = fixed, floor, chained
        self.ladder, self.done = list(ladder), set(done)
        self.pauses = [list(pause) for pause in pauses]
        self.since = max([start, *(pause[1] for pause in pauses)])
        self.outcome = self.decided = self.ended = None
        self.broken_by = self.void_by = self.deadline = None
        self._blacken()

    def _blacken(self):
        # A chain has thousands of cycles: those without a pause share the window's.
        self.counted = self.window.seconds
        if self.pauses:
            self.counted = self.window.seconds[:]
            self._cut_pauses(self.counted)

    def _cut_pauses(self, seconds):
        for start, end, _cause in self.pauses:
            low = start - self.window.origin
            high = self.window.length if end is None else end - self.window.origin
            seconds[low:high] = NOTHING[: high - low]

    # What is so -----------------------------------------------------------------

    @property
    def is_paused(self):
        return bool(self.pauses) and self.pauses[-1][1] is None

    @property
    def is_open(self):
        """Whether it is still to be judged."""
        return self.outcome is None and not self.was_broken

    @property
    def state(self):
        if self.ended is not None:
            return "stopped"
        return "paused" if self.is_paused else "running"

    def used(self, instant):
        """Return the seconds used up at an instant."""
        origin = self.window.origin
        return self.taken + self.counted.count(
            1, self.start - origin, max(instant, self.start) - origin
        )

    def reach(self, seconds, since):
        """Return the first instant, not before another one, at which so many seconds
        are used up; None when it is not in the window."""
        left = seconds - self.used(since)
        place = since - self.window.origin
        for step in (21600, 600, 1):
            while left > 0 and place < self.window.length:
                found = self.counted.count(1, place, place + step)
                if step > 1 and found >= left:
                    break
                left -= found
                place += step
        if left > 0:
            return None
        return self.window.origin + place

    def due(self):
        """Return the deadline, None while an open promise is paused or when it lies
        beyond the window."""
        if not self.is_open:
            return self.deadline
        if self.fixed is not None:
            return self.fixed
        if self.is_paused:
            return None
        due = self.reach(self.target, self.since)
        return due if due is None or self.floor is None else max(due, self.floor)

    # What happens ---------------------------------------------------------------

    def look(self, instant):
        """Judge what lies before an instant."""
        if self.ended is None and self.is_open:
            due = self.due()
            if due is not None and due < instant:
                self._break(due, "time")

    def _break(self, instant, cause):
        self.outcome, self.decided, self.broken_by = "breached", instant, cause
        self.deadline = instant
        if self.chained:
            self._halt(instant)

    def _halt(self, instant):
        if self.is_paused:
            self.pauses[-1][1] = instant
        self.ended = instant

    def pause(self, instant, cause):
        """Somebody else has to act."""
        if self.ended is not None or self.fixed is not None:
            return
        if self.is_paused and self.pauses[-1][2] == cause:
            return
        self.look(instant)
        if self.ended is not None:
            return
        if self.is_paused:
            self.pauses[-1][1] = instant
        self.pauses.append([instant, None, cause])
        self.since = instant
        self._blacken()

    def resume(self, instant):
        """We have to act again."""
        if self.ended is None and self.is_paused:
            self.pauses[-1][1] = self.since = instant
            self._blacken()

    def end(self, instant, void=None):
        """It was fulfilled, or is void for a reason."""
        if self.ended is not None:
            return
        self.look(instant)
        if self.ended is not None:
            return
        was_open = self.is_open
        if was_open:
            self.resume(instant)
            self.deadline = self.due()
            self.void_by = void or ("early" if self._is_too_soon(instant) else None)
            self.outcome = "void" if self.void_by else "met"
        elif self.outcome is None:
            self.outcome, self.void_by = "void", void or "carried"
        elif void:
            self.void_by = void
        self.decided = instant if self.decided is None else self.decided
        self._halt(instant)

    def _is_too_soon(self, instant):
        # Somebody who names an instant has promised it, however young the case is.
        named = self.fixed is not None
        return not named and self.floor is not None and instant < self.floor

    def change(self, instant, cause, **facts):
        """The rules change: from the beginning on the facts are others. What is over
        by them, and was not by the old ones, is broken now, and not before.

        :param facts: attributes to be set
        """
        if self.ended is not None:
            return
        self.look(instant)
        if self.ended is not None or not self.is_open:
            return
        was_spent = self.is_paused and self.used(instant) > self.target
        for name, value in facts.items():
            setattr(self, name, value)
        if "start" in facts and not self.pauses:
            self.since = self.start
        self._blacken()
        due = self.due()
        spent = self.fixed is None and self.used(instant) > self.target
        if was_spent or (self.floor is not None and self.floor >= instant):
            spent = False
        if spent or (due is not None and due < instant):
            self._break(instant, cause)

    def tell_by(self, window):
        """Count the seconds by other hours, without judging."""
        self.window = window
        self._blacken()

    def fix(self, instant, deadline):
        """Somebody sets the deadline by hand."""
        self.look(instant)
        if self.ended is None and self.is_open:
            self.resume(instant)
            self.fixed = deadline

    def absorb(self, instant, others):
        """Another case's time counts as well: each second once.

        :param others: promises whose seconds are added, also earlier cycles of this
        """
        theirs = 0
        for other in others:
            theirs |= other.ran(instant)
        both = theirs & ~self.ran(instant) & int.from_bytes(self.window.seconds, "big")
        taken = max(self.taken, both.bit_count())
        self.change(instant, "merged", taken=taken)

    def ran(self, instant):
        """Return the seconds of the window in which it ran, as bytes of a number."""
        until = instant if self.ended is None else min(instant, self.ended)
        seconds = bytearray(self.window.length)
        low = self.start - self.window.origin
        high = max(until - self.window.origin, low)
        seconds[low:high] = b"\x01" * (high - low)
        self._cut_pauses(seconds)
        return int.from_bytes(seconds, "big")

    # What comes next ------------------------------------------------------------

    def next_in_chain(self):
        """Return the cycle that follows on a broken one of a chain, or None."""
        if not self.chained or self.ended is None or self.outcome != "breached":
            return None
        return Promise(
            self.window, self.ended, self.target, chained=True, ladder=self.ladder
        )

    def reopened(self, instant, fresh):
        """Return the cycle after a reopening."""
        return Promise(
            self.window,
            instant,
            self.target,
            taken=0 if fresh else self._spent(),
            was_broken=not fresh and self._is_broken(),
            chained=self.chained,
            ladder=self.ladder,
            done=() if fresh else self.done,
        )._inherit(self)

    def _spent(self):
        """What was used up at the end; what was left until a time promised is left."""
        if self.fixed is None or self.outcome != "met":
            return self.used(self.ended)
        return self.target - self.window.count(self.ended, self.fixed)

    def restarted(self, rests=()):
        """Return the cycle that goes on as if this one had not been void.

        :param rests: pauses since, as (from, to, cause)
        """
        return Promise(
            self.window,
            self.start,
            self.target,
            taken=self.taken,
            was_broken=self._is_broken(),
            pauses=[*self.pauses, *rests],
            fixed=self.fixed,
            floor=self.floor,
            chained=self.chained,
            ladder=self.ladder,
            done=self.done,
        )._inherit(self)

    def _is_broken(self):
        return self.outcome == "breached" or self.was_broken

    def _inherit(self, before):
        if self.was_broken:
            self.deadline = before.deadline
        return self

    # The ladder -----------------------------------------------------------------

    def step_due(self, step):
        """Return when a step of the ladder is due, None when it is not to be known."""
        deadline = self.due()
        if self.was_broken or deadline is None:
            return None
        offset = step.get("offset", 0 if step.get("percent", 0) >= 100 else None)
        if offset is not None and offset >= 0:
            since = max(self.since, deadline)
            due = self.reach(self.used(deadline) + offset, since)
            return None if due is None else max(due, deadline + 1)
        whole = self.target
        if self.fixed is not None or self.floor is not None:
            whole = self.used(deadline)
        if offset is None:
            share, rest = divmod(whole * step["percent"], 100)
            share += 1 if rest else 0
        else:
            share = whole + offset
        due = self.reach(share, self.since)
        if due is None:
            return None
        return min(due, max(deadline, self.since))

    def climb(self, instant):
        """Return the keys of the steps that act at an instant and of those skipped."""
        if self.state != "running":
            return set(), set()
        dues = {}
        for step in self.ladder:
            due = self.step_due(step)
            if step["key"] not in self.done and due is not None and due <= instant:
                dues[step["key"]] = due
        last = max(dues.values(), default=None)
        self.done |= dues.keys()
        acting = {key for key, due in dues.items() if due == last}
        return acting, dues.keys() - acting
