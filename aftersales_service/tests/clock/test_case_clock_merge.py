"""Promises of cases that are merged, copied or archived."""

from datetime import timedelta

from odoo.tests import tagged

from .test_clock_kinds import HOUR, MINUTE, MONDAY, ClockKindsCommon


@tagged("post_install", "-at_install", "aftersales_engine")
class TestClockMerge(ClockKindsCommon):
    """10. A merged case does not go on escalating, and the case that takes it over
    carries its wait and its time."""

    def setUp(self):
        super().setUp()
        self._promise("first_response", HOUR)
        self._promise("next_response", HOUR)
        self._promise("resolution", 8 * HOUR, "team", pause_customer=True)

    def _merge(self, survivor, *others):
        cases = self.env["aftersales.case"].union(*others)
        survivor._clocks_absorb(cases, self._now())
        self._check(survivor | cases)

    def _check(self, cases):
        """The ledger says the same as the clocks."""
        found, _clocks = self.env["aftersales.difference"]._check_cases(cases.ids)
        self.assertFalse([one for one in found if one[2] != "mirror"])

    def _last(self, case, kind):
        return self._clocks(case, kind)[-1:]

    def _move(self, case, kind):
        case._transition(self._stage(kind), at=self._now())

    def _after(self, **delta):
        return MONDAY + timedelta(**delta)

    def _tick(self):
        self.env["aftersales.clock"]._tick(
            self.env["aftersales.clock"]._lock_due(self._epoch()), self._epoch()
        )

    def _epoch(self):
        return int((self._now() - MONDAY.__class__(1970, 1, 1)).total_seconds())

    # The absorbed case ----------------------------------------------------------

    def test_wait_of_a_case_that_was_only_confirmed(self):
        """Where the confirmation of receipt was the first answer, the other's customer
        still waits, for the next one."""
        targets = self.env["aftersales.policy.target"]
        targets.search([("kind", "=", "first_response")]).ack_counts = True
        case = self._case()
        case._clocks_event("acknowledged", self._now())
        asked = self._pass(10 * MINUTE)
        other = self._case()
        self._pass(MINUTE)
        self._merge(case, other)
        waits = self._last(case, "next_response")
        self.assertEqual((waits.started_at, waits.outcome), (asked, "none"))

    def test_absorbed_is_void(self):
        """What is open on the absorbed case is void, because it was merged; nothing of
        it runs or falls due any more."""
        other, case = self._case(), self._case()
        self._pass(10 * MINUTE)
        self._merge(case, other)
        self.assertEqual(set(other.clock_ids.mapped("outcome")), {"void"})
        self.assertEqual(set(other.clock_ids.mapped("void_cause")), {"merged"})
        self.assertEqual(set(other.clock_ids.mapped("state")), {"stopped"})
        self.assertFalse(other.next_deadline)
        self._pass(30 * HOUR)
        self._tick()
        self.assertEqual(set(other.clock_ids.mapped("outcome")), {"void"})

    def test_absorbed_while_paused(self):
        """A paused promise of the absorbed case is void; its pause has an end."""
        other, case = self._case(), self._case()
        self._pass(HOUR // 2)
        self._move(other, "waiting_customer")
        self._pass(HOUR // 4)
        self._merge(case, other)
        clock = self._last(other, "resolution")
        self.assertEqual((clock.outcome, clock.void_cause), ("void", "merged"))
        self.assertTrue(clock.pauses[-1][1])

    def test_absorbed_broken_and_kept_stay(self):
        """What was decided on the absorbed case stays decided: also what was late and
        nobody had noticed."""
        other, case = self._case(), self._case()
        self._reply(case)
        self._pass(2 * HOUR)
        self._merge(case, other)
        clock = self._last(other, "first_response")
        self.assertEqual(clock.outcome, "breached")
        self.assertEqual(clock.decided_at, self._after(hours=1))
        self.assertEqual((clock.state, clock.void_cause), ("stopped", "merged"))
        self.assertEqual(self._last(case, "first_response").outcome, "met")

    # Waits ----------------------------------------------------------------------

    def test_older_wait(self):
        """The oldest message without an answer is the wait from now on."""
        other = self._case()
        self._pass(20 * MINUTE)
        case = self._case()
        self._pass(10 * MINUTE)
        self._merge(case, other)
        wait = self._last(case, "first_response")
        self.assertEqual(wait.started_at, MONDAY)
        self.assertEqual((wait.outcome, wait.deadline), ("none", self._after(hours=1)))

    def test_younger_wait(self):
        """A younger wait moves nothing."""
        case = self._case()
        self._pass(20 * MINUTE)
        other = self._case()
        self._pass(10 * MINUTE)
        self._merge(case, other)
        wait = self._last(case, "first_response")
        self.assertEqual((wait.started_at, wait.cycle), (MONDAY, 1))
        self.assertEqual(len(self._clocks(case, "first_response")), 1)

    def test_older_wait_is_late(self):
        """What is over then is broken at the merge, and says so."""
        self.Policy.search([]).active = False
        slow = self._promise("first_response", 5 * HOUR)
        slow.write({"channel": "mail", "sequence": 1})
        self._promise("first_response", HOUR)
        other = self._case(channel="mail")
        self._pass(2 * HOUR)
        case = self._case()
        self._pass(10 * MINUTE)
        self._merge(case, other)
        wait = self._last(case, "first_response")
        self.assertEqual(wait.started_at, MONDAY)
        self.assertEqual((wait.outcome, wait.decided_at), ("breached", self._now()))
        self.assertEqual((wait.breach_cause, wait.state), ("merged", "running"))
        self._pass(MINUTE)
        self._reply(case)
        self.assertEqual(self._outcomes(case, "first_response"), ["breached"])

    def test_answered_case_takes_over_a_wait(self):
        """Our own customer was answered; the one who joins was not: they wait here,
        since their message."""
        case = self._case()
        self._reply(case)
        self._pass(10 * MINUTE)
        other = self._case()
        self._pass(20 * MINUTE)
        self._merge(case, other)
        wait = self._last(case, "next_response")
        self.assertEqual(wait.started_at, self._after(minutes=10))
        self.assertEqual(wait.deadline, self._after(minutes=70))
        self.assertEqual(case.next_deadline, wait.deadline)
        self._pass(MINUTE)
        self._reply(case)
        self.assertEqual(self._outcomes(case, "next_response"), ["met"])

    def test_both_answered(self):
        """Nobody waits: no wait begins."""
        case, other = self._case(), self._case()
        self._reply(case)
        self._reply(other)
        self._pass(10 * MINUTE)
        self._merge(case, other)
        self.assertFalse(self._clocks(case, "next_response"))

    def test_broken_wait_goes_on(self):
        """24. A wait that was broken on the other case is one miss, not two; but it
        goes on here, overdue, until they are answered."""
        case = self._case()
        self._reply(case)
        other = self._case()
        self._pass(2 * HOUR)
        self._merge(case, other)
        wait = self._last(case, "next_response")
        self.assertEqual((wait.state, wait.outcome), ("running", "none"))
        self.assertTrue(wait.carried_breach)
        self.assertEqual(case.next_deadline, self._after(hours=1))
        self._pass(HOUR)
        self._tick()
        self._reply(case)
        wait = self._last(case, "next_response")
        self.assertEqual((wait.outcome, wait.void_cause), ("void", "carried"))

    def test_two_waits_one_of_them_broken(self):
        """24. A broken wait of the other case does not break the open one here."""
        other = self._case()
        self._pass(2 * HOUR)
        case = self._case()
        self._merge(case, other)
        wait = self._last(case, "first_response")
        self.assertEqual(wait.started_at, self._after(hours=2))
        self.assertEqual(wait.outcome, "none")

    # Time -----------------------------------------------------------------------

    def test_union_of_times(self):
        """The time of the solution is the union of both, in the hours that count:
        never their sum, and gaps count nothing."""
        other = self._case()  # 10:00 in Madrid
        self._pass(HOUR)
        case = self._case()  # 11:00
        self._pass(HOUR)
        self._merge(case, other)  # 12:00: one hour more than its own
        clock = self._last(case, "resolution")
        self.assertEqual(clock.carried_seconds, HOUR)
        # Two hours are used up at 12:00; lunch is from 13 to 14.
        self.assertEqual(clock.deadline, self._after(days=1))

    def test_union_with_gaps(self):
        """Neither the pause of the one nor the rest of the other counts, where nobody
        worked; where one of them did, it counts once."""
        case, other = self._case(), self._case()  # 10:00
        self._pass(HOUR // 2)
        self._move(case, "waiting_customer")  # 10:30
        self._pass(HOUR // 2)
        self._move(other, "resolved")  # 11:00: half an hour more
        self._pass(HOUR // 2)
        self._move(case, "working")  # 11:30
        self._pass(HOUR // 2)  # 12:00
        self._merge(case, other)
        clock = self._last(case, "resolution")
        self.assertEqual(clock.carried_seconds, HOUR // 2)
        self._move(case, "resolved")
        self.assertEqual(self._last(case, "resolution").outcome, "met")

    def test_merged_while_paused(self):
        """A case that rests takes the time over and goes on resting, with less left."""
        other = self._case()
        self._pass(HOUR)
        case = self._case()
        self._move(case, "waiting_customer")
        self._pass(HOUR)
        self._merge(case, other)
        clock = self._last(case, "resolution")
        self.assertEqual((clock.state, clock.deadline), ("paused", False))
        self.assertEqual(clock.remaining_seconds, 6 * HOUR)

    def test_union_is_too_much(self):
        """Time taken over that leaves nothing breaks the promise at the merge."""
        other = self._case()
        self._pass(26 * HOUR)  # nine hours of service
        case = self._case()
        self._pass(MINUTE)
        self._merge(case, other)
        clock = self._last(case, "resolution")
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", self._now()))
        self.assertEqual(clock.breach_cause, "merged")

    def test_chain_of_merges(self):
        """A into B into C: C has the time of all three, each second once, and one
        wait, the oldest."""
        first = self._case()  # 10:00
        self._pass(HOUR // 2)
        self._move(first, "waiting_customer")  # 10:30
        second = self._case()
        self._pass(HOUR // 2)
        self._move(second, "waiting_customer")  # 11:00
        third = self._case()
        self._pass(HOUR // 4)
        self._merge(second, first)
        self._pass(HOUR // 4)
        self._merge(third, second)  # 11:30: it ran for half an hour itself
        clock = self._last(third, "resolution")
        self.assertEqual(clock.carried_seconds, HOUR)
        open_waits = (first | second | third).clock_ids.filtered(
            lambda c: c.kind == "first_response" and c.outcome == "none"
        )
        self.assertEqual(open_waits.case_id, third)

    def test_merged_in_a_circle(self):
        """Nobody's time counts twice if cases are merged to and fro."""
        first, second = self._case(), self._case()
        self._pass(HOUR)
        self._merge(second, first)
        self._merge(first, second)
        self.assertEqual(set(first.clock_ids.mapped("outcome")), {"void"})

    def test_reopened_and_merged(self):
        """The time before a reopening counts once, not again by the merge; a promise
        that starts afresh stays fresh."""
        for option, carried in (("carry", HOUR), ("fresh", 0)):
            targets = self.Target.search([("kind", "=", "resolution")])
            targets.on_reopen = option
            self.time.move_to(MONDAY)
            case = self._case()
            self._pass(HOUR)
            self._move(case, "resolved")
            self._pass(HOUR)
            self._move(case, "working")
            other = self._case()
            self._pass(HOUR // 2)
            self._merge(case, other)
            clock = self._last(case, "resolution")
            self.assertEqual(clock.carried_seconds, carried)

    def test_several_at_once(self):
        """Several cases are taken over in one act."""
        others = []
        for _n in range(3):
            others.append(self._case())
            self._pass(10 * MINUTE)
        case = self._case()
        self._merge(case, *others)
        wait = self._last(case, "first_response")
        self.assertEqual(wait.started_at, MONDAY)
        self.assertEqual(self._last(case, "resolution").carried_seconds, 30 * MINUTE)

    # Copy and archive -----------------------------------------------------------

    def test_copy(self):
        """11, 12. A copy has neither clocks nor history of the original: its own
        start, its own whole time; also if the original rests or is broken."""
        case = self._case()
        self._pass(2 * HOUR)
        self._move(case, "waiting_customer")
        self._tick()
        copy = case.copy()
        self.assertEqual(set(copy.clock_ids.mapped("started_at")), {self._now()})
        self.assertEqual(set(copy.clock_ids.mapped("outcome")), {"none"})
        self.assertEqual(set(copy.clock_ids.mapped("state")), {"running"})
        self.assertEqual(set(self._events(copy).mapped("at")), {self._now()})
        self.assertFalse(any(copy.clock_ids.mapped("carried_seconds")))
        self._move(copy, "working")
        self._check(copy | case)

    def test_archived(self):
        """Archived, what is open is void with its reason; taken out of the archive, it
        goes on from its first start."""
        case = self._case()
        self._pass(10 * MINUTE)
        case.active = False
        self.assertEqual(set(case.clock_ids.mapped("void_cause")), {"archived"})
        self._pass(10 * MINUTE)
        case.active = True
        wait = self._last(case, "first_response")
        self.assertEqual((wait.cycle, wait.started_at), (2, MONDAY))
        self._check(case)
