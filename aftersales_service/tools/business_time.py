"""Business time: how many open seconds lie between two instants, and when a number
of open seconds has passed.

Everything here is pure: integer epoch seconds UTC in and out, no ORM, and *now* is
never read. ``W(a, b)`` below means the open seconds of a schedule in ``[a, b)``.

What "open" means on the days clocks change: **an instant is open when the clock on the
wall of the schedule's zone shows a time inside its hours.** So hours that the wall
skips in spring do not exist, hours that it shows twice in autumn count twice, and an
attendance from 00:00 to 24:00 covers every second of every day. Counting is in real
seconds: twenty-four open hours over a spring night end twenty-five hours later on the
wall.
"""

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytz

DAY = 86400
# Open intervals are worked out and kept for so long a piece of time at once.
CHUNK = 32 * DAY
# Where a deadline is looked for, at most: four years from the start.
HORIZON = 1461 * DAY
_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()

OPEN, CLOSED, BREAK, LEAVE = "open", "closed", "break", "leave"


class NoWorkingTime(Exception):
    """A schedule holds too little open time within the horizon."""


class Attendance(NamedTuple):
    """Weekly hours: weekday (0 is Monday), from and to in seconds of the wall clock
    since midnight, the week they belong to (0 and 1 alternate, None: every week), and
    whether they are a break, which is never open."""

    weekday: int
    start: int
    end: int
    week: int | None = None
    is_break: bool = False


class Leave(NamedTuple):
    """A holiday: closed from an instant to another, half-open, with its name."""

    start: int
    end: int
    name: str = ""


class Span(NamedTuple):
    """A piece of time with the reason why it counts or not."""

    start: int
    end: int
    reason: str
    name: str = ""


def to_epoch(instant):
    """Return a naive UTC ``datetime`` as whole seconds since 1970."""
    return (instant - _EPOCH) // timedelta(seconds=1)


def from_epoch(seconds):
    """Return whole seconds since 1970 as a naive UTC ``datetime``."""
    return _EPOCH + timedelta(seconds=seconds)


def hours_to_seconds(hours):
    """Return hours as Odoo stores them as seconds since midnight, in whole minutes as
    Odoo reads them; 24.0 is midnight exactly."""
    return int(hours * 60 + 0.5) * 60


@cache
def load_zone(name):
    """Return the ``tzinfo`` of a zone name, from the system's data or from pytz's,
    which every Odoo has and which knows every zone Odoo offers."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        with pytz.open_resource(name) as data:
            return ZoneInfo.from_file(data, key=name)


@cache
def is_known_zone(name):
    """Return whether this machine knows a time zone. Databases outlive machines, and
    not every machine has the names of the past."""
    try:
        pytz.timezone(name)
    except (pytz.UnknownTimeZoneError, AttributeError):
        return False
    return True


def known_zone(*names):
    """Return the first of several names of time zones that this machine knows, UTC if
    there is none.

    :param names: of any type: what a client sends may be no name at all
    """
    texts = (name for name in names if name and isinstance(name, str))
    return next(filter(is_known_zone, texts), "UTC")


def unite(ranges):
    """Return half-open ranges as the shortest sorted list that covers the same.

    :param ranges: iterable of (from, to); empty ones are dropped
    :return: list of disjoint (from, to), touching ones joined
    """
    united = []
    for start, end in sorted(r for r in ranges if r[0] < r[1]):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def subtract(ranges, holes):
    """Return what is left of disjoint sorted ranges without disjoint sorted holes."""
    left = []
    holes = list(holes)
    for start, end in ranges:
        for hole_start, hole_end in holes:
            if hole_end <= start:
                continue
            if hole_start >= end:
                break
            if hole_start > start:
                left.append((start, hole_start))
            start = max(start, hole_end)
        if start < end:
            left.append((start, end))
    return left


class _Chunk(NamedTuple):
    """The open intervals of a piece of time, and the open seconds before each."""

    starts: list
    ends: list
    before: list
    total: int


class Schedule:
    """The open hours of a calendar.

    :param str tz: zone in whose wall-clock time the attendances are
    :param attendances: iterable of :class:`Attendance`
    :param leaves: iterable of :class:`Leave`
    :param bool always: open around the clock, but for the leaves
    """

    def __init__(self, tz="UTC", attendances=(), leaves=(), always=False):
        self.tz = tz
        self._zone = load_zone(tz)
        if always:
            attendances = [Attendance(day, 0, DAY) for day in range(7)]
        self._work = self._weekly(attendances, is_break=False)
        self._breaks = self._weekly(attendances, is_break=True)
        self._leaves = sorted(leave for leave in leaves if leave.start < leave.end)
        self._closed = unite((leave.start, leave.end) for leave in self._leaves)
        self._chunks = {}

    @staticmethod
    def _weekly(attendances, is_break):
        """Return {(week, weekday): united (from, to) seconds of the wall clock}."""
        days = {}
        for line in attendances:
            if line.is_break == is_break:
                for week in (0, 1) if line.week is None else (line.week,):
                    span = (line.start, line.end)
                    days.setdefault((week, line.weekday), []).append(span)
        return {day: unite(spans) for day, spans in days.items()}

    # Questions ----------------------------------------------------------------

    def seconds_between(self, start, end):
        """Return W(start, end), the open seconds in ``[start, end)``; 0 when the end
        is not after the start."""
        if end <= start:
            return 0
        first, last = start // CHUNK, end // CHUNK
        whole = sum(self._chunk(index).total for index in range(first, last))
        return whole + self._until(end) - self._until(start)

    def add(self, start, seconds):
        """Return the earliest instant t with W(start, t) = seconds.

        It may be the very end of an open interval: a promise that ends exactly at
        closing time stays there.

        :raise NoWorkingTime: when there is no such instant within the horizon
        """
        if seconds <= 0:
            return start
        limit = start + HORIZON
        index = start // CHUNK
        wanted = seconds + self._until(start)
        while index * CHUNK < limit and self._work:
            chunk = self._chunk(index)
            if wanted <= chunk.total:
                place = bisect_left(chunk.before, wanted) - 1
                found = chunk.starts[place] + wanted - chunk.before[place]
                if found <= limit:
                    return found
                break
            wanted -= chunk.total
            index += 1
        raise NoWorkingTime(f"no {seconds} open seconds within the horizon")

    def intervals(self, start, end):
        """Return the open intervals within ``[start, end)`` as sorted, disjoint
        (from, to); intervals that touch are one."""
        found = []
        for index in range(start // CHUNK, (max(end, start) - 1) // CHUNK + 1):
            chunk = self._chunk(index)
            first = bisect_right(chunk.ends, start)
            last = bisect_left(chunk.starts, end)
            for place in range(first, last):
                low, high = chunk.starts[place], chunk.ends[place]
                found.append((max(low, start), min(high, end)))
        return unite(found)

    def is_open(self, instant):
        """Return whether the second that begins at an instant is open."""
        chunk = self._chunk(instant // CHUNK)
        place = bisect_right(chunk.starts, instant) - 1
        return place >= 0 and instant < chunk.ends[place]

    def next_opening(self, instant):
        """Return the instant itself when it is open, else the next opening.

        :raise NoWorkingTime: when there is none within the horizon
        """
        return self.add(instant, 1) - 1

    def explain(self, start, end):
        """Return ``[start, end)`` as a list of :class:`Span` without gaps: open time,
        leaves with their names, breaks, and the rest as closed."""
        opened = self.intervals(start, end)
        spans = [Span(low, high, OPEN) for low, high in opened]
        rest = subtract([(start, end)], opened) if start < end else []
        for leave in _cut_leaves(self._leaves, start, end):
            for low, high in _cut(rest, leave.start, leave.end):
                spans.append(Span(low, high, LEAVE, leave.name))
            rest = subtract(rest, [(leave.start, leave.end)])
        breaks = unite(self._pattern(start, end, self._breaks)) if rest else []
        for low, high in breaks:
            spans += [Span(*piece, BREAK) for piece in _cut(rest, low, high)]
        spans += [Span(low, high, CLOSED) for low, high in subtract(rest, breaks)]
        return sorted(spans)

    # Working out --------------------------------------------------------------

    def _until(self, instant):
        """Return the open seconds from the beginning of the instant's chunk to it."""
        chunk = self._chunk(instant // CHUNK)
        place = bisect_right(chunk.starts, instant) - 1
        if place < 0:
            return 0
        return (
            chunk.before[place]
            + min(instant, chunk.ends[place])
            - (chunk.starts[place])
        )

    def _chunk(self, index):
        chunk = self._chunks.get(index)
        if chunk is None:
            chunk = self._chunks[index] = self._make_chunk(index)
        return chunk

    def _make_chunk(self, index):
        low, high = index * CHUNK, (index + 1) * CHUNK
        opened = unite(self._pattern(low, high, self._work))
        if self._breaks:
            opened = subtract(opened, unite(self._pattern(low, high, self._breaks)))
        opened = subtract(opened, _cut(self._closed, low, high))
        before, total = [], 0
        for start, end in opened:
            before.append(total)
            total += end - start
        starts, ends = zip(*opened, strict=True) if opened else ((), ())
        return _Chunk(starts, ends, before, total)

    def _pattern(self, low, high, weekly):
        """Yield the weekly spans as (from, to) within ``[low, high)``."""
        if not weekly:
            return
        for start, end, offset in self._offsets(low, high):
            first, last = (start + offset) // DAY, (end - 1 + offset) // DAY
            for day in range(first, last + 1):
                midnight = day * DAY - offset
                for span_start, span_end in self._day_spans(day, weekly):
                    yield (
                        max(start, midnight + span_start),
                        min(end, midnight + span_end),
                    )

    @staticmethod
    def _day_spans(day, weekly):
        """Return the spans of a day of the wall clock, counted from 1970-01-01.

        The week of a two-week calendar is found as Odoo finds it: whole weeks since
        the first of January of the year 1, odd or even.
        """
        since_year_1 = day + _EPOCH_DAY - 1
        return weekly.get((since_year_1 // 7 % 2, since_year_1 % 7), ())

    def _offsets(self, low, high):
        """Yield (from, to, offset of the wall clock in seconds) that cover
        ``[low, high)``; the offset is constant within each."""
        start, offset = low, self._offset(low)
        for probe in (*range(low + DAY, high, DAY), high):
            if self._offset(probe) != offset:
                change = self._find_change(max(start, probe - DAY), probe)
                if change < high:
                    yield start, change, offset
                    start, offset = change, self._offset(change)
        yield start, high, offset

    def _find_change(self, low, high):
        """Return the first instant in ``(low, high]`` whose offset is not that of
        ``low``."""
        offset = self._offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def _offset(self, instant):
        wall = datetime.fromtimestamp(instant, timezone.utc).astimezone(self._zone)
        return wall.utcoffset() // timedelta(seconds=1)


def _cut(ranges, low, high):
    """Return the pieces of disjoint ranges that lie within ``[low, high)``."""
    pieces = ((max(low, start), min(high, end)) for start, end in ranges)
    return [piece for piece in pieces if piece[0] < piece[1]]


def _cut_leaves(leaves, low, high):
    return [leave for leave in leaves if leave.start < high and leave.end > low]


ALWAYS = Schedule(always=True)
