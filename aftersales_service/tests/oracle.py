"""A second, slow and simple way to the same answers, to test the engine against.

It shares no code with ``tools/``: time zones come from pytz, hours are bytes, one for
every second of a window, and everything is found by counting bytes.
"""

from datetime import datetime
from functools import lru_cache

import pytz

MINUTES_OF_TWO_WEEKS = 2 * 7 * 24 * 60


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
            self.seconds[low:high] = bytes(high - low)

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
