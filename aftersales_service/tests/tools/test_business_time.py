from datetime import datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools.business_time import (
    ALWAYS,
    BREAK,
    CLOSED,
    DAY,
    LEAVE,
    OPEN,
    Attendance,
    Leave,
    NoWorkingTime,
    Schedule,
    from_epoch,
    hours_to_seconds,
    load_zone,
    subtract,
    to_epoch,
    unite,
)
from ..oracle import Window

HOUR = 3600
WINDOW_DAYS = 15
# Nights on which clocks change, year ends and an ordinary week, in zones with one-hour,
# half-hour and no changes, on both sides of the equator and of the date line.
ORIGINS = (
    "2025-03-22",
    "2025-10-18",
    "2026-03-01",
    "2026-10-20",
    "2026-12-24",
    "2024-02-20",
    "2026-03-28",
)
ZONES = (
    "Europe/Madrid",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Auckland",
)
RELAXED = settings(
    max_examples=2000,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

minutes = st.one_of(
    st.sampled_from([0, 60, 120, 150, 180, 540, 720, 780, 1080, 1320, 1440]),
    st.integers(0, 1440),
)
spans = st.tuples(minutes, minutes).map(sorted).filter(lambda s: s[0] < s[1])
lines = st.builds(
    lambda weekday, span, week, is_break: (weekday, *span, week, is_break),
    st.integers(0, 6),
    spans,
    st.sampled_from([None, None, 0, 1]),
    st.sampled_from([False, False, False, True]),
)
WORKING_WEEK = [(day, 540, 1080, None, False) for day in range(5)]
NIGHT_SHIFTS = [
    line
    for day in range(7)
    for line in ((day, 1320, 1440, None, False), (day, 0, 360, None, False))
]
AROUND = [(day, 0, 1440, None, False) for day in range(7)]
calendars = st.one_of(
    st.lists(lines, max_size=8),
    st.lists(lines, max_size=4).map(lambda more: WORKING_WEEK + more),
    st.lists(lines, max_size=4).map(lambda more: NIGHT_SHIFTS + more),
    st.lists(lines, max_size=2).map(lambda more: AROUND + more),
)
offsets = st.one_of(
    st.integers(0, 4 * DAY),
    st.integers(0, 4 * 96).map(lambda quarter: quarter * 900),
)
lengths = st.one_of(st.integers(0, 2 * DAY), st.integers(0, 90))


@st.composite
def scenes(draw):
    """A calendar in a window: zone, origin, lines, leaves."""
    origin = to_epoch(datetime.fromisoformat(draw(st.sampled_from(ORIGINS))))
    leaves = draw(
        st.lists(
            st.tuples(st.integers(0, WINDOW_DAYS * DAY), lengths).map(
                lambda pair: (origin + pair[0], origin + sum(pair))
            ),
            max_size=3,
        )
    )
    return draw(st.sampled_from(ZONES)), origin, draw(calendars), leaves


def build(tz, calendar, leaves):
    """Return the schedule under test of a scene."""
    return Schedule(
        tz,
        [
            Attendance(weekday, start * 60, end * 60, week, is_break)
            for weekday, start, end, week, is_break in calendar
        ],
        [Leave(start, end, "holiday") for start, end in leaves],
    )


def at(text):
    """Return "2026-03-29 08:00" (UTC) as epoch seconds."""
    return to_epoch(datetime.fromisoformat(text))


def weekdays(*hours, days=range(5), **values):
    """Return attendances of (from, to) hours on weekdays."""
    return [
        Attendance(day, int(start * HOUR), int(end * HOUR), **values)
        for day in days
        for start, end in hours
    ]


@tagged("aftersales_engine")
class TestBusinessTime(BaseCase):
    """Business time against brute force, and the known traps one by one."""

    @RELAXED
    @given(scenes(), offsets, lengths, st.integers(0, 3 * DAY))
    @example(("Europe/Madrid", at("2026-03-28"), AROUND, []), 0, 2 * DAY, 24 * HOUR)
    @example(("Asia/Shanghai", at("2026-03-28"), [], []), 0, DAY, 1)
    def test_oracle(self, scene, offset, length, wanted):
        """Counting, adding and looking agree with the oracle to the second."""
        tz, origin, calendar, leaves = scene
        window = Window(tz, origin, WINDOW_DAYS, calendar, leaves)
        schedule = build(tz, calendar, leaves)
        start = origin + 3 * DAY + offset
        end = start + length
        self.assertEqual(schedule.seconds_between(start, end), window.count(start, end))
        self.assertEqual(schedule.is_open(start), window.is_open(start))
        expected = window.add(start, wanted)
        if expected is not None:
            self.assertEqual(schedule.add(start, wanted), expected)
        self._check_explanation(schedule, start, end)

    def _check_explanation(self, schedule, start, end):
        """The explanation has no gap, no overlap and the same sum."""
        explained = schedule.explain(start, end)
        reached = start
        for span in explained:
            self.assertEqual(span.start, reached)
            self.assertGreater(span.end, span.start)
            reached = span.end
        self.assertEqual(reached, end if explained else start)
        self.assertEqual(
            sum(span.end - span.start for span in explained if span.reason == OPEN),
            schedule.seconds_between(start, end),
        )

    @settings(RELAXED, max_examples=500)
    @given(scenes(), offsets, st.integers(1, 200 * HOUR))
    def test_add_and_count_agree_over_years(self, scene, offset, wanted):
        """What is added can be counted back, wherever it ends."""
        tz, origin, calendar, leaves = scene
        schedule = build(tz, calendar, leaves)
        start = origin + offset
        try:
            end = schedule.add(start, wanted)
        except NoWorkingTime:
            return
        self.assertEqual(schedule.seconds_between(start, end), wanted)
        self.assertTrue(schedule.is_open(end - 1))

    # Time zones and changing clocks -------------------------------------------

    def test_spring_night_is_real_time(self):
        """24 opening hours over a spring night end 25 wall-clock hours later."""
        schedule = Schedule("Europe/Madrid", weekdays((0, 24), days=range(7)))
        start = at("2026-03-28 17:00")  # 18:00 in Madrid
        self.assertEqual(schedule.add(start, DAY), start + DAY)  # 19:00 in Madrid

    def test_hours_that_do_not_exist(self):
        """29. The hour 02:00 to 03:00 does not exist in spring and is not counted."""
        schedule = Schedule("Europe/Madrid", weekdays((1.5, 3.5), days=[6]))
        day = at("2026-03-29 00:00")
        self.assertEqual(schedule.seconds_between(day, day + DAY), HOUR)
        gap = Schedule("Europe/Madrid", weekdays((2, 3), days=[6]))
        self.assertEqual(gap.seconds_between(day, day + DAY), 0)

    def test_hours_that_come_twice(self):
        """29. The hour 02:00 to 03:00 comes twice in autumn and counts twice."""
        schedule = Schedule("Europe/Madrid", weekdays((2, 3), days=[6]))
        day = at("2026-10-25 00:00")
        self.assertEqual(schedule.intervals(day, day + DAY), [(day, day + 2 * HOUR)])
        half = Schedule("Europe/Madrid", weekdays((2.5, 3), days=[6]))
        self.assertEqual(
            half.intervals(day, day + DAY),
            [(day + 1800, day + HOUR), (day + HOUR + 1800, day + 2 * HOUR)],
        )

    def test_zone_is_the_schedules(self):
        """28. The same hours in two zones are different instants."""
        hours = weekdays((9, 17))
        monday = at("2026-01-05 00:00")
        madrid = Schedule("Europe/Madrid", hours).next_opening(monday)
        shanghai = Schedule("Asia/Shanghai", hours).next_opening(monday)
        self.assertEqual((madrid - shanghai) // HOUR, 7)

    def test_zone_without_system_data(self):
        """A zone the system does not know comes from pytz."""
        self.assertEqual(str(load_zone("US/Pacific")), "US/Pacific")
        with self.assertRaises(Exception):  # noqa: B017
            load_zone("Nowhere/Atlantis")

    # Midnights, weeks, empty calendars ----------------------------------------

    def test_around_the_clock_loses_nothing(self):
        """25. Around the clock no second is lost at midnight, in a whole year."""
        year = (at("2025-06-01 00:00"), at("2026-06-01 00:00"))
        full = Schedule("Europe/Madrid", weekdays((0, 24), days=range(7)))
        for schedule in (full, ALWAYS):
            self.assertEqual(schedule.seconds_between(*year), 365 * DAY)
            self.assertEqual(schedule.intervals(*year), [year])
        self.assertEqual(hours_to_seconds(24.0), DAY)

    def test_night_shift_is_one_interval(self):
        """A shift from 22 to 6, entered as two lines, is one interval."""
        night = weekdays((22, 24), (0, 6), days=range(7))
        schedule = Schedule("Europe/Madrid", night)
        evening = at("2026-01-05 21:00")
        self.assertEqual(
            schedule.intervals(evening, evening + 12 * HOUR),
            [(evening, evening + 8 * HOUR)],
        )

    def test_closing_time_is_kept(self):
        """A deadline exactly at closing stays there, one second more is tomorrow."""
        schedule = Schedule("UTC", weekdays((9, 17)))
        start = at("2026-01-05 15:00")
        self.assertEqual(schedule.add(start, 2 * HOUR), at("2026-01-05 17:00"))
        self.assertEqual(schedule.add(start, 2 * HOUR + 1), at("2026-01-06 09:00") + 1)

    def test_started_outside_hours(self):
        """30. What comes in on Saturday counts from Monday's opening."""
        schedule = Schedule("UTC", weekdays((9, 17)))
        saturday = at("2026-01-10 12:00")
        self.assertEqual(schedule.add(saturday, HOUR), at("2026-01-12 10:00"))
        self.assertEqual(schedule.next_opening(saturday), at("2026-01-12 09:00"))
        self.assertEqual(schedule.seconds_between(saturday, saturday + DAY), 0)

    def test_month_end(self):
        """33. Days are not compared by their number in the month."""
        schedule = Schedule("UTC", weekdays((9, 17)))
        self.assertEqual(
            schedule.add(at("2026-01-30 16:00"), 2 * HOUR), at("2026-02-02 10:00")
        )

    def test_two_weeks(self):
        """Weeks alternate as Odoo counts them, also over a year of 53 weeks."""
        first = weekdays((9, 17), days=[0], week=0)
        second = weekdays((9, 13), days=[0], week=1)
        schedule = Schedule("UTC", first + second)
        monday = at("2026-12-21 00:00")
        hours = [
            schedule.seconds_between(monday + n * 7 * DAY, monday + (n + 1) * 7 * DAY)
            // HOUR
            for n in range(4)
        ]
        self.assertIn(hours, ([8, 4, 8, 4], [4, 8, 4, 8]))
        parity = (datetime(2026, 12, 21).toordinal() - 1) // 7 % 2
        self.assertEqual(hours[0], 4 if parity else 8)

    def test_no_hours_at_all(self):
        """26. Without any hours it says so at once, and never loops."""
        for attendances in ([], weekdays((12, 13), is_break=True)):
            with self.assertRaises(NoWorkingTime):
                Schedule("UTC", attendances).add(0, 1)
        closed = Schedule("UTC", weekdays((9, 17)), [Leave(0, 10**11, "for ever")])
        with self.assertRaises(NoWorkingTime):
            closed.next_opening(at("2026-01-05 00:00"))

    def test_beyond_the_horizon(self):
        """Too long a promise is refused instead of searched for decades."""
        with self.assertRaises(NoWorkingTime):
            Schedule("UTC", weekdays((9, 10), days=[0])).add(0, 2**31 - 1)
        with self.assertRaises(NoWorkingTime):
            ALWAYS.add(0, 5 * 366 * DAY)

    # Explaining ---------------------------------------------------------------

    def test_explain(self):
        """Every second has its reason, holidays have their name."""
        christmas = Leave(at("2026-12-24 23:00"), at("2026-12-25 23:00"), "Christmas")
        schedule = Schedule(
            "Europe/Madrid",
            weekdays((9, 14), (13, 18)) + weekdays((13, 14), is_break=True),
            [christmas],
        )
        spans = schedule.explain(at("2026-12-24 11:30"), at("2026-12-28 08:30"))
        self.assertEqual(
            [(from_epoch(s.end).isoformat(" ")[5:16], s.reason, s.name) for s in spans],
            [
                ("12-24 12:00", OPEN, ""),
                ("12-24 13:00", BREAK, ""),
                ("12-24 17:00", OPEN, ""),
                ("12-24 23:00", CLOSED, ""),
                ("12-25 23:00", LEAVE, "Christmas"),
                ("12-28 08:00", CLOSED, ""),
                ("12-28 08:30", OPEN, ""),
            ],
        )

    def test_overlapping_holidays(self):
        """Two holidays over each other close the time once."""
        day = at("2026-01-05 00:00")
        schedule = Schedule(
            "UTC",
            weekdays((9, 17)),
            [
                Leave(day + 9 * HOUR, day + 12 * HOUR, "a"),
                Leave(day + 11 * HOUR, day + 13 * HOUR, "b"),
            ],
        )
        self.assertEqual(schedule.seconds_between(day, day + DAY), 4 * HOUR)
        self.assertEqual(schedule.add(day, HOUR), day + 14 * HOUR)

    # Ranges -------------------------------------------------------------------

    def test_ranges(self):
        """Ranges are united and subtracted half-open."""
        self.assertEqual(unite([(3, 5), (1, 3), (7, 7), (4, 6)]), [(1, 6)])
        self.assertEqual(
            subtract([(0, 10), (20, 30)], [(2, 4), (8, 22)]),
            [(0, 2), (4, 8), (22, 30)],
        )
        self.assertEqual(subtract([(0, 10)], [(0, 10)]), [])
        self.assertEqual(subtract([(0, 10)], []), [(0, 10)])
