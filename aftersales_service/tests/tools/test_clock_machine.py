from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools import clock_machine as machine
from ...tools.business_time import ALWAYS, DAY, Leave, Schedule
from ...tools.clock_machine import Clock
from ..oracle import Window, judge
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

    def test_reopen_from_a_deadline_by_hand(self):
        """9. Given more time by hand, resolved in that time, reopened: what was left
        of it is left; it is not broken at once."""
        first = started(HOUR, hour("09:00"))
        machine.fix(first, OFFICE, hour("09:30"), hour("16:00"))
        machine.stop(first, OFFICE, hour("15:00"))
        second, _lines = machine.reopen(first, OFFICE, hour("09:00", day=1))
        self.assertIsNone(second.fixed_deadline)
        self.assertEqual(second.deadline, hour("10:00", day=1))

    def test_restart(self):
        """Set aside by mistake and taken back: as if nothing had been."""
        first = started(3 * HOUR, hour("09:00"))
        machine.pause(first, OFFICE, hour("09:30"), "waiting_customer")
        machine.resume(first, OFFICE, hour("10:00"))
        machine.void(first, OFFICE, hour("10:10"), "spam")
        second, lines = machine.restore(first, OFFICE, hour("11:00"))
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
        self.assertEqual(clock.decided_at, hour("12:00"))
        self.assertEqual(clock.breach_cause, "calendar_change")

    def test_healed_whoever_notices(self):
        """26. What had no deadline for want of hours was not late before there were
        hours: job, act and planning again all say the same."""
        for notice in (
            lambda clock: machine.tick(clock, OFFICE, hour("12:00")),
            lambda clock: machine.stop(clock, OFFICE, hour("12:00")),
            lambda clock: machine.replan(clock, OFFICE, hour("12:00"), "other"),
        ):
            clock = Clock(started_at=hour("09:00"), target_seconds=HOUR)
            machine.start(clock, Schedule("UTC"))
            notice(clock)
            self.assertEqual(clock.outcome, "breached")
            self.assertEqual(clock.decided_at, hour("12:00"))

    def test_empty_calendar_meanwhile(self):
        """The hours vanish during a pause: resuming and stopping still work."""
        clock = started(HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("09:30"), "waiting_customer")
        lines = machine.resume(clock, Schedule("UTC"), hour("10:00"))
        self.assertEqual(kinds(lines), ["resumed", "error"])
        lines = machine.stop(clock, Schedule("UTC"), hour("10:10"))
        self.assertEqual(kinds(lines), ["met"])

    # Instants, and what is no promise yet -------------------------------------

    def test_fixed_beyond_the_horizon(self):
        """No warning can be found in time so far away; the deadline told stays."""
        far = hour("16:00", day=10 * 365)
        clock = started(far, hour("09:00"), fixed_deadline=far, warn_percent=80)
        self.assertEqual((clock.deadline, clock.warning_at), (far, None))
        self.assertIsNone(clock.error)
        self.assertEqual(clock.next_event_at, far + 1)

    def test_fixed_waits_for_nobody(self):
        """A time promised to a customer is moved by no pause, and judged to the
        second."""
        for stop, outcome in ((hour("16:00"), "met"), (hour("16:00") + 1, "breached")):
            clock = started(1, hour("09:00"), fixed_deadline=hour("16:00"))
            self.assertEqual(
                machine.pause(clock, OFFICE, hour("10:00"), "waiting_customer"), []
            )
            machine.stop(clock, OFFICE, stop)
            self.assertEqual((clock.outcome, clock.deadline), (outcome, hour("16:00")))

    def test_not_before(self):
        """What ends before the case is long-running was no promise; later it is."""
        floor = hour("12:00")
        clock = started(HOUR, hour("09:00"), floor_at=floor)
        self.assertEqual(clock.deadline, floor)
        machine.stop(clock, OFFICE, floor - 1)
        self.assertEqual((clock.outcome, clock.void_cause), ("void", "early"))
        for stop, outcome in ((floor, "met"), (floor + 1, "breached")):
            clock = started(HOUR, hour("09:00"), floor_at=floor)
            machine.stop(clock, OFFICE, stop)
            self.assertEqual(clock.outcome, outcome)

    def test_by_hand_before_the_earliest_time(self):
        """A deadline set by hand is a promise whatever time the case is open for."""
        by_hand = hour("12:00")
        for stop, outcome in ((by_hand, "met"), (by_hand + 1, "breached")):
            clock = started(HOUR, hour("09:00"), floor_at=hour("17:00"))
            machine.fix(clock, OFFICE, hour("10:00"), by_hand)
            machine.stop(clock, OFFICE, stop)
            self.assertEqual((clock.outcome, clock.decided_at), (outcome, by_hand))

    def test_by_hand_and_back(self):
        """A deadline set by hand ends a pause and stays; taken back, the promise has
        its start and its pauses. Every line says what the deadline was before it."""
        clock = started(4 * HOUR, hour("09:00"))
        lines = machine.pause(clock, OFFICE, hour("10:00"), "waiting_customer")
        lines += machine.fix(clock, OFFICE, hour("11:00"), hour("12:00", day=2))
        self.assertEqual(kinds(lines), ["paused", "resumed", "fixed"])
        self.assertEqual(lines[1]["deadline_after"], lines[2]["deadline_before"])
        self.assertEqual((clock.state, clock.deadline), ("running", hour("12:00", 2)))
        machine.replan(clock, Schedule("UTC"), hour("12:00"), "calendar_change")
        self.assertEqual(clock.deadline, hour("12:00", day=2))
        self._retarget(clock, 4 * HOUR, hour("12:00"), "manual_reset")
        self.assertEqual(clock.deadline, hour("15:00"))

    # Chains -------------------------------------------------------------------

    def _chain(self, silence):
        """Return the cycles of a promise every 24 hours after some silence."""
        clock = Clock(started_at=MONDAY, target_seconds=DAY, chained=True)
        machine.start(clock, ALWAYS)
        cycles = [clock]
        machine.stop(clock, ALWAYS, MONDAY + silence)
        while machine.follows(cycles[-1]):
            clock, _lines = machine.chain(cycles[-1], ALWAYS)
            machine.stop(clock, ALWAYS, MONDAY + silence)
            cycles.append(clock)
        return [(clock.outcome, clock.decided_at) for clock in cycles]

    def test_silence(self):
        """72 hours of silence at 24 are two broken promises and one kept in its last
        second; a second more and it is the third one broken. Late or early: the same,
        24 (one miss for one wait)."""
        days = [MONDAY + n * DAY for n in range(4)]
        broken = [("breached", day) for day in days[1:]]
        self.assertEqual(self._chain(3 * DAY), [*broken[:2], ("met", days[3])])
        self.assertEqual(self._chain(3 * DAY + 1), [*broken, ("met", days[3] + 1)])
        self.assertEqual(self._chain(DAY), [("met", days[1])])

    # Other rules --------------------------------------------------------------

    def _retarget(self, clock, target, now, cause="policy_change", schedule=OFFICE):
        return machine.retarget(
            clock,
            OFFICE,
            schedule,
            now,
            target_seconds=target,
            warn_percent=0,
            steps=clock.steps,
            cause=cause,
        )

    def test_another_policy_keeps_pauses(self):
        """36. Another policy, with other hours: start and pauses stay, and what was
        used up is counted in the new hours from the start."""
        clock = started(8 * HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("10:00"), "waiting_customer")
        machine.resume(clock, OFFICE, hour("12:00"))
        self._retarget(clock, 4 * HOUR, hour("12:30"), schedule=ALWAYS)
        self.assertEqual(clock.started_at, hour("09:00"))
        self.assertEqual(clock.deadline, hour("15:00"))
        paused = started(8 * HOUR, hour("09:00"))
        machine.pause(paused, OFFICE, hour("10:00"), "waiting_customer")
        self._retarget(paused, 2 * HOUR, hour("11:00"))
        self.assertEqual((paused.state, paused.remaining_seconds), ("paused", HOUR))
        machine.resume(paused, OFFICE, hour("12:00"))
        self.assertEqual(paused.deadline, hour("13:00"))

    def test_another_policy_too_late(self):
        """42. What is over by the new rules is broken at the change, because of it,
        once; what is loosened later is not kept after all."""
        for at_pause in (False, True):
            clock = started(8 * HOUR, hour("09:00"))
            if at_pause:
                machine.pause(clock, OFFICE, hour("12:00"), "waiting_customer")
            lines = self._retarget(clock, HOUR, hour("12:00"))
            self.assertEqual(kinds(lines), ["retargeted", "breached"])
            self.assertEqual(clock.decided_at, hour("12:00"))
            self.assertEqual(clock.breach_cause, "policy_change")
            self.assertEqual(self._retarget(clock, 30 * HOUR, hour("12:10")), [])
            self.assertEqual(clock.outcome, "breached")

    def test_change_judges_first(self):
        """42. A promise that was late already is broken at its own deadline, also if
        the change is the first to notice; a looser policy does not save it."""
        clock = started(HOUR, hour("09:00"))
        lines = self._retarget(clock, 30 * HOUR, hour("12:00"))
        self.assertEqual(kinds(lines), ["breached"])
        self.assertEqual(clock.decided_at, hour("10:00"))
        self.assertEqual(clock.breach_cause, "time")

    def test_fully_used_is_not_late(self):
        """A change that leaves nothing, and takes nothing away, breaks nothing yet."""
        clock = started(8 * HOUR, hour("09:00"))
        self._retarget(clock, 3 * HOUR, hour("12:00"))
        self.assertEqual((clock.outcome, clock.deadline), ("none", hour("12:00")))
        machine.stop(clock, OFFICE, hour("12:00"))
        self.assertEqual(clock.outcome, "met")

    def test_holiday_while_running(self):
        """27. A holiday moves a running promise to later; hours taken away that let it
        end in the past break it at the change."""
        clock = started(8 * HOUR, hour("14:00"))
        holiday = Leave(hour("00:00", 1), hour("00:00", 2), "holiday")
        closed = Schedule("UTC", weekdays((9, 13), (14, 18)), [holiday])
        machine.replan(clock, closed, hour("15:00"), "calendar_change")
        self.assertEqual(clock.deadline, hour("13:00", day=2))
        self.assertEqual(machine.replan(clock, closed, hour("15:00"), "again"), [])
        machine.replan(clock, ALWAYS, hour("23:00"), "calendar_change")
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", hour("23:00")))
        self.assertEqual(clock.breach_cause, "calendar_change")

    def test_no_hours_any_more(self):
        """26. Hours that become empty are noted once; hours again give a deadline, and
        what is exceeded by them is broken then."""
        clock, never = started(2 * HOUR, hour("09:00")), Schedule("UTC")
        lines = machine.replan(clock, never, hour("10:00"), "calendar_change")
        self.assertEqual(kinds(lines), ["replanned", "error"])
        self.assertEqual((clock.deadline, clock.error), (None, "no_working_time"))
        self.assertEqual(machine.replan(clock, never, hour("10:05"), "again"), [])
        lines = machine.replan(clock, OFFICE, hour("10:10"), "calendar_change")
        self.assertEqual(kinds(lines), ["replanned"])
        self.assertEqual((clock.deadline, clock.error), (hour("11:00"), None))
        machine.replan(clock, never, hour("10:30"), "calendar_change")
        lines = machine.replan(clock, OFFICE, hour("12:00"), "calendar_change")
        self.assertEqual(kinds(lines), ["replanned", "breached"])
        self.assertEqual(clock.decided_at, hour("12:00"))

    def test_paused_while_hours_change(self):
        """A paused promise has what is left by the new hours; if that is nothing, it is
        broken by the change."""
        clock = started(4 * HOUR, hour("09:00"))
        machine.pause(clock, OFFICE, hour("11:00"), "waiting_customer")
        closed = Schedule("UTC", weekdays((10, 18)))
        [line] = machine.replan(clock, closed, hour("12:00"), "calendar_change")
        self.assertEqual(clock.remaining_seconds, 3 * HOUR)
        self.assertEqual(line["consumed_after"], HOUR)
        self.assertEqual(machine.replan(clock, closed, hour("12:05"), "again"), [])
        clock.target_seconds = HOUR
        machine.replan(clock, ALWAYS, hour("13:00"), "calendar_change")
        self.assertEqual((clock.state, clock.outcome), ("paused", "breached"))
        self.assertEqual(clock.decided_at, hour("13:00"))

    def test_used_up_before_hours_change(self):
        """What waits with nothing left, because it was not owed yet, is not late by
        other hours: its deadline comes with the end of the pause."""
        later = Schedule("UTC", weekdays((10, 18)))
        for hours, changed in ((OFFICE, []), (later, ["replanned"])):
            clock = started(HOUR, hour("09:00"), floor_at=hour("12:00"))
            machine.pause(clock, OFFICE, hour("12:00"), "waiting_customer")
            self.assertEqual(clock.remaining_seconds, -2 * HOUR)
            lines = machine.replan(clock, hours, hour("13:00"), "calendar_change")
            self.assertEqual(kinds(lines), changed)
            self.assertEqual((clock.state, clock.outcome), ("paused", "none"))
            machine.resume(clock, hours, hour("14:00"))
            self.assertEqual(clock.deadline, hour("14:00"))

    def test_holiday_after_the_deadline(self):
        """13. A holiday entered too late does not save what was broken unnoticed."""
        clock = started(HOUR, hour("09:00"))
        lines = machine.replan(clock, Schedule("UTC"), hour("12:00"), "calendar_change")
        self.assertEqual(kinds(lines), ["breached"])
        self.assertEqual(clock.decided_at, hour("10:00"))
        self.assertEqual(clock.breach_cause, "time")

    # Merging ------------------------------------------------------------------

    def _ran(self, *spans):
        """Return ended cycles of three hours that ran at these times."""
        cycles = []
        for low, high in spans:
            clock = started(3 * HOUR, hour(low))
            machine.stop(clock, OFFICE, hour(high))
            cycles.append(clock)
        return cycles

    def test_union_of_times(self):
        """10. The time of two cases counts once where they ran side by side, and also
        where only the other ran; gaps and pauses of both count nothing."""
        clock = started(4 * HOUR, hour("11:00"))
        machine.pause(clock, OFFICE, hour("11:30"), "waiting_customer")
        machine.resume(clock, OFFICE, hour("12:00"))
        others = self._ran(("09:00", "09:30"), ("10:30", "11:10"), ("11:45", "12:15"))
        machine.absorb(clock, OFFICE, hour("12:30"), earlier=[], others=others)
        # 30 min, 30 min before 11:00, 15 min within the pause
        self.assertEqual(clock.carried_seconds, 75 * 60)
        self.assertEqual(machine.consumed(clock, OFFICE, hour("12:30")), 135 * 60)
        machine.absorb(clock, OFFICE, hour("12:30"), earlier=[], others=others)
        self.assertEqual(clock.carried_seconds, 75 * 60)

    def test_older_wait(self):
        """10. The older wait is the wait from now on; what is over then is broken at
        the merge, because of it."""
        clock = started(HOUR, hour("11:00"))
        lines = machine.move_start(clock, OFFICE, hour("11:10"), hour("10:30"))
        self.assertEqual(kinds(lines), ["merged"])
        self.assertEqual(clock.deadline, hour("11:30"))
        self.assertEqual(
            machine.move_start(clock, OFFICE, hour("11:11"), hour("10:45")), []
        )
        machine.move_start(clock, OFFICE, hour("11:20"), hour("09:00"))
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", hour("11:20")))
        self.assertEqual(clock.breach_cause, "merged")

    # The ladder ---------------------------------------------------------------

    def test_ladder(self):
        """43, 46. Steps before and after the deadline count open time; each comes once,
        at its own time; of several at once those due last act, the rest is skipped."""
        steps = [
            {"key": "half", "percent": 50},
            {"key": "hour", "offset": -HOUR},
            {"key": "late", "offset": 0},
            {"key": "chief", "offset": 2 * HOUR},
        ]
        clock = started(4 * HOUR, hour("15:00"), steps=steps)
        dues = [machine.step_due(clock, OFFICE, step) for step in steps]
        deadline = hour("10:00", day=1)
        self.assertEqual(
            dues, [hour("17:00"), hour("18:00"), deadline + 1, hour("12:00", 1)]
        )
        self.assertEqual(clock.next_event_at, hour("17:00"))
        acting, skipped, _lines = machine.take_steps(clock, OFFICE, hour("17:00") - 1)
        self.assertEqual((acting, skipped), ([], []))
        acting, _skipped, _lines = machine.take_steps(clock, OFFICE, hour("17:00"))
        self.assertEqual([step["key"] for step in acting], ["half"])
        machine.tick(clock, OFFICE, hour("11:00", day=1))
        acting, skipped, lines = machine.take_steps(clock, OFFICE, hour("11:00", day=1))
        self.assertEqual([step["key"] for step in acting], ["late"])
        self.assertEqual([step["key"] for step in skipped], ["hour"])
        self.assertEqual(
            [line["kind"] for line in lines], ["step_skipped", "step_fired"]
        )
        self.assertEqual(clock.next_event_at, hour("12:00", day=1))
        machine.pause(clock, OFFICE, hour("11:30", day=1), "waiting_customer")
        again = hour("16:00", day=1)
        self.assertEqual(machine.take_steps(clock, OFFICE, again)[0], [])
        machine.resume(clock, OFFICE, again)
        self.assertEqual(clock.next_event_at, hour("16:30", day=1))

    def test_ladder_of_another_policy(self):
        """46. Steps taken by an earlier policy do not use up those of the next one."""
        clock = started(4 * HOUR, hour("09:00"), steps=[{"key": "1", "percent": 25}])
        machine.take_steps(clock, OFFICE, hour("10:00"))
        machine.retarget(
            clock,
            OFFICE,
            OFFICE,
            hour("10:10"),
            target_seconds=4 * HOUR,
            warn_percent=0,
            steps=[{"key": "2", "percent": 50}],
            cause="policy_change",
        )
        acting, _skipped, _lines = machine.take_steps(clock, OFFICE, hour("11:00"))
        self.assertEqual([step["key"] for step in acting], ["2"])
