from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools import clock_machine as machine
from ..tools.business_time import DAY, Leave, Schedule
from ..tools.clock_machine import Clock
from .oracle import Window, judge
from .test_business_time import (
    HOUR,
    RELAXED,
    WINDOW_DAYS,
    at,
    build,
    scenes,
    weekdays,
)

OFFICE = Schedule("UTC", weekdays((9, 13), (14, 18)))
MONDAY = at("2026-01-05 00:00")


def hour(clock_time, day=0):
    """Return "10:30" on a day of the test week as epoch seconds."""
    hours, minutes = clock_time.split(":")
    return MONDAY + day * DAY + int(hours) * HOUR + int(minutes) * 60


def started(target, begin, **values):
    """Return a running clock in office hours."""
    clock = Clock(started_at=begin, target_seconds=target, **values)
    machine.start(clock, OFFICE)
    return clock


def kinds(lines):
    """Return the kinds of ledger lines without their prefix."""
    return [line["kind"].removeprefix("clock_") for line in lines]


# A history: how long after the one before something happens, and what.
gaps = st.one_of(
    st.integers(0, 90),
    st.integers(0, 5 * HOUR),
    st.integers(0, 20 * 4).map(lambda quarter: quarter * 900),
)
events = st.lists(
    st.tuples(gaps, st.sampled_from(["pause", "resume", "other", "tick", "reopen"])),
    max_size=12,
)


@tagged("aftersales_engine")
class TestClockMachine(BaseCase):
    """The life of a clock against the oracle, and the known traps one by one."""

    @RELAXED
    @given(scenes(), st.integers(0, 3 * DAY), st.integers(1, 30 * HOUR), events)
    def test_oracle(self, scene, offset, target, history):
        """Random histories: outcome and instant of decision equal the oracle's, in
        every cycle, however often the job looked in between."""
        tz, origin, calendar, leaves = scene
        calendar = [*calendar, (0, 600, 720, None, False)]
        schedule = build(tz, calendar, leaves)
        now = origin + 2 * DAY + offset
        start = now
        clock = Clock(started_at=now, target_seconds=target, warn_percent=80)
        machine.start(clock, schedule)
        cycles, reopened = [], []
        for gap, act in [*history, (HOUR, "reopen")]:
            now += gap
            if act == "tick":
                machine.tick(clock, schedule, now)
            elif act == "resume":
                machine.resume(clock, schedule, now)
            elif act in ("pause", "other"):
                machine.pause(clock, schedule, now, act)
            else:
                machine.stop(clock, schedule, now)
                cycles.append(clock)
                now += gap
                reopened.append((clock.stopped_at, now))
                clock, _lines = machine.reopen(clock, schedule, now)
        self._compare(
            Window(tz, origin, WINDOW_DAYS, calendar, leaves),
            start,
            target,
            cycles,
            reopened,
        )

    def _compare(self, window, start, target, cycles, reopened):
        """Judge every cycle a second time, from the pauses alone."""
        pauses, broken = [], False
        for clock, gap in zip(cycles, reopened, strict=True):
            pauses += [(low, high) for low, high, _cause in clock.pauses]
            outcome, decided = judge(
                window.clone(), start, target, list(pauses), clock.stopped_at
            )
            if broken:
                self.assertEqual((clock.outcome, clock.void_cause), ("void", "carried"))
            else:
                self.assertEqual((clock.outcome, clock.decided_at), (outcome, decided))
            self.assertEqual(clock.carried_breach, broken)
            broken = broken or outcome == "breached"
            pauses.append(gap)

    @settings(RELAXED, max_examples=300)
    @given(scenes(), st.integers(0, 3 * DAY), st.integers(1, 30 * HOUR), events)
    def test_ledger_replays(self, scene, offset, target, history):
        """The ledger lines say what the state is: deadlines chain without a gap, the
        instants never run backwards, and there is one decision at most."""
        tz, origin, calendar, leaves = scene
        schedule = build(tz, [*calendar, (0, 600, 720, None, False)], leaves)
        now = origin + 2 * DAY + offset
        clock = Clock(started_at=now, target_seconds=target, warn_percent=50)
        lines = machine.start(clock, schedule)
        for gap, act in history:
            now += gap
            if act == "tick":
                lines += machine.tick(clock, schedule, now)
            elif act == "resume":
                lines += machine.resume(clock, schedule, now)
            elif act != "reopen":
                lines += machine.pause(clock, schedule, now, act)
        lines += machine.stop(clock, schedule, now + 60)
        deadline = lines[0]["deadline_after"]
        decisions = []
        for line in lines[1:]:
            self.assertEqual(line["deadline_before"], deadline)
            deadline = line["deadline_after"]
            decisions += [line] * (line["kind"] in ("clock_met", "clock_breached"))
        self.assertEqual(deadline, clock.deadline)
        self.assertEqual(len(decisions), 1)
        self.assertEqual(decisions[0]["at"], clock.decided_at)
        spans = machine.explain(clock, schedule, clock.stopped_at)
        counted = sum(s.end - s.start for s in spans if s.reason == "open")
        self.assertEqual(counted, machine.consumed(clock, schedule, clock.stopped_at))

    # Deadline and outcome -----------------------------------------------------

    def test_at_the_deadline(self):
        """Answered before or at the deadline is kept; a minute later it is broken, at
        the deadline, by the very act that came late (49, 50)."""
        for minute, outcome, decided in (
            ("09:59", "met", "09:59"),
            ("10:00", "met", "10:00"),
            ("10:01", "breached", "10:00"),
        ):
            clock = started(600, hour("09:50"))
            machine.stop(clock, OFFICE, hour(minute))
            self.assertEqual(clock.outcome, outcome)
            self.assertEqual(clock.decided_at, hour(decided))
            self.assertEqual(clock.stopped_at, hour(minute))

    def test_job_does_not_matter(self):
        """Broken at the deadline, whenever the job looks; nothing at the deadline."""
        clock = started(600, hour("09:50"))
        self.assertEqual(machine.tick(clock, OFFICE, hour("10:00")), [])
        self.assertEqual(clock.next_event_at, hour("10:00") + 1)
        lines = machine.tick(clock, OFFICE, hour("10:00", day=3))
        self.assertEqual(kinds(lines), ["breached"])
        self.assertEqual(lines[0]["at"], hour("10:00"))
        self.assertEqual(clock.decided_at, hour("10:00"))
        self.assertEqual(machine.tick(clock, OFFICE, hour("10:00", day=4)), [])
        self.assertIsNone(clock.next_event_at)

    def test_outcome_never_changes(self):
        """What is broken stays broken through pause, stop, void and reopening."""
        clock = started(600, hour("09:50"))
        machine.settle(clock, OFFICE, hour("11:00"))
        decided = clock.decided_at
        machine.pause(clock, OFFICE, hour("11:00"), "waiting_customer")
        machine.resume(clock, OFFICE, hour("12:00"))
        machine.stop(clock, OFFICE, hour("12:30"))
        machine.void(clock, OFFICE, hour("13:00"), "spam")
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", decided))
        self.assertEqual(clock.deadline, hour("10:00"))
        self.assertIsNone(clock.void_cause)

    def test_warning(self):
        """43. The warning comes at its share of the open time, once, and not at
        midnight or at the deadline because lunch or a night lies between."""
        clock = started(8 * HOUR, hour("15:00"), warn_percent=50)
        self.assertEqual(clock.warning_at, hour("10:00", day=1))
        self.assertEqual(clock.deadline, hour("15:00", day=1))
        self.assertEqual(clock.next_event_at, clock.warning_at)
        self.assertEqual(
            kinds(machine.tick(clock, OFFICE, hour("10:00", day=1))), ["warned"]
        )
        self.assertEqual(clock.next_event_at, clock.deadline + 1)
        self.assertEqual(machine.tick(clock, OFFICE, hour("11:00", day=1)), [])
        machine.pause(clock, OFFICE, hour("11:00", day=1), "waiting_customer")
        machine.resume(clock, OFFICE, hour("12:00", day=1))
        self.assertEqual(clock.next_event_at, clock.deadline + 1)

    def test_late_job_does_not_warn(self):
        """After a time without the job only what matters most is noticed."""
        clock = started(HOUR, hour("09:00"), warn_percent=50)
        self.assertEqual(
            kinds(machine.tick(clock, OFFICE, hour("15:00"))), ["breached"]
        )

    # Pauses -------------------------------------------------------------------

    def test_stopped_from_a_pause(self):
        """1. Solved straight from a pause: the pause does not count, kept."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("09:30"), "waiting_customer")
        self.assertIsNone(clock.deadline)
        self.assertEqual(clock.remaining_seconds, 1800)
        lines = machine.stop(clock, OFFICE, hour("10:00", day=30))
        self.assertEqual(kinds(lines), ["met"])
        self.assertEqual(machine.durations(clock, OFFICE, clock.stopped_at)[2], 1800)
        self.assertEqual(clock.deadline, hour("10:30", day=30))

    def test_pause_outside_hours(self):
        """2. A pause over lunch costs what is open of it, one over a night nothing."""
        clock = started(4 * HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("12:00"), "waiting_customer")
        machine.resume(clock, OFFICE, hour("14:00"))
        self.assertEqual(clock.deadline, hour("15:00"))
        night = started(8 * HOUR, hour("14:00"))
        machine.pause(night, OFFICE, hour("19:00"), "waiting_customer")
        machine.resume(night, OFFICE, hour("08:00", day=1))
        self.assertEqual(night.deadline, hour("13:00", day=1))

    def test_pause_over_weekend_and_holiday(self):
        """2, 5. A pause from Friday to Tuesday over a holiday costs two hours."""
        holiday = Leave(hour("00:00", day=7), hour("00:00", day=8), "holiday")
        schedule = Schedule("UTC", weekdays((9, 13), (14, 18)), [holiday])
        clock = Clock(started_at=hour("14:00", day=4), target_seconds=8 * HOUR)
        machine.start(clock, schedule)
        machine.pause(clock, schedule, hour("16:00", day=4), "waiting_customer")
        machine.resume(clock, schedule, hour("09:00", day=8))
        self.assertEqual(clock.deadline, hour("16:00", day=8))

    def test_many_pauses(self):
        """3, 4. Every pause counts, also two of 20 seconds within a minute."""
        clock = started(HOUR, hour("09:00"))
        for begin in (hour("09:10"), hour("09:10") + 30, hour("09:20")):
            machine.pause(clock, OFFICE, begin, "waiting_customer")
            machine.resume(clock, OFFICE, begin + 20)
        self.assertEqual(clock.deadline, hour("10:00") + 60)

    def test_pause_at_the_deadline(self):
        """A pause that begins in the second of the deadline: what is left is nothing,
        and resuming leaves the instant of resuming."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("10:00"), "waiting_customer")
        self.assertEqual(clock.outcome, "none")
        self.assertEqual(clock.remaining_seconds, 0)
        machine.resume(clock, OFFICE, hour("12:00"))
        self.assertEqual(clock.deadline, hour("12:00"))
        machine.settle(clock, OFFICE, hour("12:01"))
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", hour("12:00")))

    def test_late_pause_is_judged(self):
        """A pause after the deadline does not hide the breach."""
        clock = started(HOUR, hour("09:00"))
        lines = machine.pause(clock, OFFICE, hour("10:30"), "waiting_customer")
        self.assertEqual(kinds(lines), ["breached", "paused"])
        self.assertEqual(clock.state, "paused")

    def test_ties(self):
        """In one second stop wins over pause and pause over start."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("09:00"), "waiting_customer")
        self.assertEqual(clock.remaining_seconds, HOUR)
        for first, second in (
            (machine.stop, machine.pause),
            (machine.pause, machine.stop),
        ):
            clock = started(HOUR, hour("09:00"))
            for act in (first, second):
                act(clock, OFFICE, hour("10:00"), "waiting_customer")
            self.assertEqual((clock.state, clock.outcome), ("stopped", "met"))

    def test_other_cause_of_pause(self):
        """Waiting for another one goes on pausing, with its own cause."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("09:10"), "waiting_customer")
        machine.pause(clock, OFFICE, hour("09:20"), "waiting_third_party")
        self.assertEqual(
            machine.pause(clock, OFFICE, hour("09:25"), "waiting_third_party"), []
        )
        machine.resume(clock, OFFICE, hour("09:40"))
        self.assertEqual(clock.deadline, hour("10:30"))
        self.assertEqual(
            [p[2] for p in clock.pauses], ["waiting_customer", "waiting_third_party"]
        )

    def test_instants_out_of_order(self):
        """What comes in with an earlier instant counts from the last one known."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("08:00"), "waiting_customer")
        machine.resume(clock, OFFICE, hour("08:30"))
        self.assertEqual(clock.deadline, hour("10:00"))
        machine.stop(clock, OFFICE, hour("07:00"))
        self.assertEqual((clock.outcome, clock.stopped_at), ("met", hour("09:00")))

    # Ends ---------------------------------------------------------------------

    def test_void(self):
        """15. What is cancelled is neither kept nor broken."""
        clock = started(HOUR, hour("09:00"))
        lines = machine.void(clock, OFFICE, hour("09:30"), "cancelled")
        self.assertEqual(kinds(lines), ["voided"])
        self.assertEqual((clock.outcome, clock.void_cause), ("void", "cancelled"))
        self.assertEqual(machine.stop(clock, OFFICE, hour("09:40")), [])

    def test_void_judges_first(self):
        """Cancelling does not hide a breach that nobody noticed yet."""
        clock = started(HOUR, hour("09:00"))
        lines = machine.void(clock, OFFICE, hour("11:00"), "cancelled")
        self.assertEqual(kinds(lines), ["breached", "stopped"])
        self.assertEqual((clock.outcome, clock.void_cause), ("breached", "cancelled"))

    def test_created_solved(self):
        """16. Started and fulfilled in one second is kept with nothing used."""
        clock = started(HOUR, hour("09:00"))
        machine.stop(clock, OFFICE, hour("09:00"))
        self.assertEqual(clock.outcome, "met")
        self.assertEqual(machine.durations(clock, OFFICE, clock.stopped_at), (0, 0, 0))

    # Reopening ----------------------------------------------------------------

    def test_reopen_twice_from_met(self):
        """6, 9. The time used is carried, the time in between is not counted."""
        first = started(3 * HOUR, hour("09:00"))
        machine.stop(first, OFFICE, hour("10:00"))
        second, lines = machine.reopen(first, OFFICE, hour("10:00", day=2))
        self.assertEqual(kinds(lines), ["started"])
        self.assertEqual(second.carried_seconds, HOUR)
        self.assertEqual(second.deadline, hour("12:00", day=2))
        machine.pause(second, OFFICE, hour("10:30", day=2), "waiting_customer")
        machine.stop(second, OFFICE, hour("12:00", day=2))
        self.assertEqual(second.outcome, "met")
        third, _lines = machine.reopen(second, OFFICE, hour("09:00", day=3))
        self.assertEqual(third.deadline, hour("10:30", day=3))
        machine.settle(third, OFFICE, hour("10:31", day=3))
        self.assertEqual((first.outcome, second.outcome), ("met", "met"))
        self.assertEqual(third.outcome, "breached")

    def test_reopen_from_breached(self):
        """9. The new cycle carries the breach: no second one, no figure."""
        first = started(HOUR, hour("09:00"))
        machine.stop(first, OFFICE, hour("11:00"))
        second, _lines = machine.reopen(first, OFFICE, hour("09:00", day=1))
        self.assertTrue(second.carried_breach)
        self.assertEqual((second.state, second.outcome), ("running", "none"))
        self.assertEqual(second.deadline, hour("10:00"))
        self.assertEqual(machine.tick(second, OFFICE, hour("09:00", day=3)), [])
        machine.pause(second, OFFICE, hour("09:00", day=3), "waiting_customer")
        machine.stop(second, OFFICE, hour("09:30", day=3))
        self.assertEqual((second.outcome, second.void_cause), ("void", "carried"))
        third, _lines = machine.reopen(second, OFFICE, hour("09:00", day=4))
        self.assertTrue(third.carried_breach)

    def test_restart(self):
        """Set aside by mistake and taken back: as if nothing had been."""
        first = started(3 * HOUR, hour("09:00"))
        machine.pause(first, OFFICE, hour("09:30"), "waiting_customer")
        machine.resume(first, OFFICE, hour("10:00"))
        machine.void(first, OFFICE, hour("10:10"), "spam")
        second, lines = machine.restart(first, OFFICE, hour("11:00"))
        self.assertEqual(second.deadline, hour("12:30"))
        self.assertEqual(lines[0]["at"], hour("11:00"))
        self.assertEqual(second.outcome, "none")

    # No working time ----------------------------------------------------------

    def test_calendar_became_empty(self):
        """11, 26. No hours: no deadline, an error to be seen, never a loop; it heals
        when the hours are back."""
        empty = Schedule("UTC")
        clock = Clock(started_at=hour("09:00"), target_seconds=HOUR)
        lines = machine.start(clock, empty)
        self.assertEqual(kinds(lines), ["started", "error"])
        self.assertIsNone(clock.deadline)
        self.assertEqual(machine.tick(clock, empty, hour("12:00")), [])
        lines = machine.tick(clock, OFFICE, hour("12:00"))
        self.assertEqual(kinds(lines), ["replanned", "breached"])
        self.assertEqual(clock.decided_at, hour("10:00"))

    def test_empty_calendar_meanwhile(self):
        """The hours vanish during a pause: resuming and stopping still work."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("09:30"), "waiting_customer")
        lines = machine.resume(clock, Schedule("UTC"), hour("10:00"))
        self.assertEqual(kinds(lines), ["resumed", "error"])
        lines = machine.stop(clock, Schedule("UTC"), hour("10:10"))
        self.assertEqual(kinds(lines), ["met"])
