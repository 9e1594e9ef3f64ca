from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AftersalesCommon, StoppedClock, clause

MINUTE, HOUR, DAY = 60, 3600, 86400
# A Monday, ten in the morning in Madrid
MONDAY = datetime(2026, 1, 5, 9)


@tagged("post_install", "-at_install", "aftersales_engine")
class ClockKindsCommon(AftersalesCommon):
    """Policies of the test alone, and time that the test tells."""

    freeze_time = StoppedClock(MONDAY)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Policy = cls.env["aftersales.policy"]
        cls.Target = cls.env["aftersales.policy.target"]
        cls.Policy.search([]).active = False
        cls.team.acknowledge = False

    def setUp(self):
        super().setUp()
        self.time = self.freeze_time.rewind()

    def _promise(self, kind, seconds=DAY, mode="always", **values):
        """Let a policy promise a kind to every case."""
        return self.Policy.create(
            {
                "name": kind,
                "company_id": self.company.id,
                "target_ids": [
                    Command.create(
                        {
                            "kind": kind,
                            "target_seconds": seconds,
                            "calendar_mode": mode,
                            "warn_percent": 0,
                            **values,
                        }
                    )
                ],
            }
        )

    def _case(self, **values):
        return self._create_case(**{"received_at": self._now(), **values})

    def _now(self):
        return self.time.time_to_freeze

    def _pass(self, seconds):
        """Let time pass, and return the instant then."""
        self.time.tick(timedelta(seconds=seconds))
        return self._now()

    def _clocks(self, case, kind):
        return case.clock_ids.filtered(lambda c: c.kind == kind).sorted("cycle")

    def _reply(self, case, user=None):
        case.with_user(user or self.user_manager).message_post(
            body="We look into it.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _ask(self, case):
        case.message_post(
            body="And now?",
            author_id=self.customer.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _outcomes(self, case, kind):
        return self._clocks(case, kind).mapped("outcome")

    @contextmanager
    def _offered(self):
        """Offer the kinds whose features come from elsewhere, too."""
        method = type(self.Target)._clock_kinds

        def everything(target):
            kinds = method(target)
            return {c: rule._replace(offered=True) for c, rule in kinds.items()}

        with patch.object(type(self.Target), "_clock_kinds", everything):
            yield


class TestClockKinds(ClockKindsCommon):
    """Each row of the table of kinds: what starts it, what fulfils it, what repeats."""

    def test_table_is_complete(self):
        """No kind without rules: each has what starts it and what fulfils it."""
        for kind, rule in self.Target._clock_kinds().items():
            with self.subTest(kind=kind):
                self.assertTrue(rule.starts)
                self.assertTrue(rule.met_by or rule.met_by_stages)

    def test_every_kind_by_events(self):
        """Every kind starts and is kept by the events of its row, through the one
        public method."""
        with self._offered():
            rules = self.Target._clock_kinds()
            for kind in rules:
                self._promise(kind)
            for kind, rule in rules.items():
                with self.subTest(kind=kind):
                    case = self._case(user_id=self.user_manager.id)
                    self._try_kind(case, kind, rule)

    def _try_kind(self, case, kind, rule):
        subject = "a.record,1" if rule.per_subject else ""
        deadline = self._now() + timedelta(hours=3) if kind == "promise" else None
        if kind == "next_response":
            self._reply(case)
        if not self._clocks(case, kind):
            case._clocks_event(
                rule.starts[0], self._now(), subject=subject, deadline=deadline
            )
        clock = self._clocks(case, kind)[-1]
        self.assertEqual(clock.state, "running")
        self.assertEqual(clock.subject, subject)
        at = self._pass(MINUTE)
        if rule.met_by:
            case._clocks_event(rule.met_by[0], at, subject=subject)
        else:
            case._clocks_stage_changed(
                {case.id: ("working", rule.met_by_stages[0])}, at
            )
        self.assertEqual((clock.state, clock.outcome), ("stopped", "met"))

    def test_kinds_not_offered(self):
        """What no feature can fulfil yet is not offered to policies."""
        offered = dict(self.Target._selection_kind())
        self.assertIn("next_response", offered)
        self.assertNotIn("repair_turnaround", offered)

    def test_side_by_side(self):
        """Subjects of a kind live side by side, each with its own cycles."""
        with self._offered():
            self._promise("transfer", HOUR)
            case = self._case()
            case._clocks_event("transfer_sent", self._now(), subject="t,1")
            case._clocks_event("transfer_sent", self._pass(60), subject="t,2")
            case._clocks_event("transfer_answered", self._pass(60), subject="t,1")
            states = {c.subject: c.state for c in self._clocks(case, "transfer")}
            self.assertEqual(states, {"t,1": "stopped", "t,2": "running"})
            case._clocks_event("transfer_sent", self._pass(60), subject="t,1")
            self.assertEqual(len(self._clocks(case, "transfer")), 3)

    # Answers --------------------------------------------------------------------

    @clause("FT-9")
    def test_next_answer(self):
        """The oldest message without an answer counts; later ones do not restart it;
        one answer ends the wait; the next message is the next wait."""
        self._promise("first_response", HOUR)
        self._promise("next_response", HOUR)
        case = self._case()
        self._ask(case)
        self.assertFalse(self._clocks(case, "next_response"), "the first one is due")
        self._pass(30 * MINUTE)
        self._reply(case)
        self.assertEqual(self._outcomes(case, "first_response"), ["met"])
        asked = self._pass(HOUR)
        self._ask(case)
        self._pass(40 * MINUTE)
        self._ask(case)
        clock = self._clocks(case, "next_response")
        self.assertEqual(clock.started_at, asked)
        self._pass(21 * MINUTE)
        self._reply(case)
        self.assertEqual(clock.outcome, "breached")
        self.assertEqual(clock.decided_at, asked + timedelta(hours=1))
        self._pass(MINUTE)
        self._ask(case)
        self._pass(MINUTE)
        self._reply(case)
        self.assertEqual(self._outcomes(case, "next_response"), ["breached", "met"])

    def test_one_minute_in_chat(self):
        """Three messages, answers after 20, 60 and 61 seconds: two of three kept."""
        self._promise("next_response", MINUTE)
        case = self._case(channel="chat", user_id=self.user_manager.id)
        for seconds in (20, 60, 61):
            self._ask(case)
            self._pass(seconds)
            self._reply(case)
            self._pass(10)
        outcomes = self._outcomes(case, "next_response")
        self.assertEqual(outcomes, ["met", "met", "breached"])

    def test_first_contact_without_first_answer(self):
        """Where no first answer is promised, the first contact is a wait as others."""
        self._promise("next_response", HOUR)
        case = self._case(channel="mail")
        self._ask(case)
        clock = self._clocks(case, "next_response")
        self.assertEqual((len(clock), clock.started_at), (1, MONDAY))

    def test_resolved_ends_the_wait(self):
        """A case resolved while the customer waits: nobody owes an answer any more."""
        self._promise("next_response", HOUR)
        case = self._case(channel="mail")
        self._pass(MINUTE)
        case.action_resolve()
        self.assertEqual(self._outcomes(case, "next_response"), ["met"])

    # Progress -------------------------------------------------------------------

    def test_silence_of_three_days(self):
        """72 hours of silence at 24 are three broken promises; the next one runs."""
        self._promise("update", DAY)
        case = self._case()
        self._reply(case)
        self._pass(3 * DAY + 1)
        with patch.object(self.registry["ir.cron"], "_commit_progress", return_value=0):
            self.env["aftersales.clock"]._cron_tick()
        clocks = self._clocks(case, "update")
        self.assertEqual(clocks.mapped("outcome"), ["breached"] * 3 + ["none"])
        starts = [MONDAY + timedelta(days=n) for n in range(4)]
        self.assertEqual(clocks.mapped("started_at"), starts)
        self.assertEqual(clocks[:3].mapped("decided_at"), starts[1:])

    def test_silence_noticed_by_the_answer(self):
        """It makes no difference that the job was off: the answer judges what was."""
        self._promise("update", DAY)
        case = self._case()
        self._reply(case)
        answered = self._pass(2 * DAY + HOUR)
        self._reply(case)
        clocks = self._clocks(case, "update")
        self.assertEqual(
            clocks.mapped("outcome"), ["breached", "breached", "met", "none"]
        )
        self.assertEqual(clocks[-1].started_at, answered)

    def test_only_persons_restart_updates(self):
        """An automatic message and a note are no progress report."""
        self._promise("update", DAY)
        case = self._case()
        self._reply(case)
        self._pass(HOUR)
        case.message_post(
            body="Received.",
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
        )
        case.with_user(self.user_manager).message_post(body="Note")
        self.assertEqual(len(self._clocks(case, "update")), 1)
        self.assertEqual(self._clocks(case, "update").started_at, MONDAY)

    def test_update_pauses_for_the_customer(self):
        """If the policy says so, nothing is owed while the customer has to act."""
        self._promise("update", DAY, pause_customer=True)
        case = self._case()
        self._reply(case)
        self._pass(HOUR)
        case.action_wait_customer()
        clock = self._clocks(case, "update")
        self.assertEqual((clock.state, clock.deadline), ("paused", False))
        self._pass(5 * DAY)
        self._ask(case)
        self.assertEqual(clock.deadline, MONDAY + timedelta(days=6))

    def test_resolved_ends_updates(self):
        """A resolved case owes no progress; after reopening, the next answer does."""
        self._promise("update", DAY)
        case = self._case()
        self._reply(case)
        self._pass(HOUR)
        case.action_resolve()
        self.assertEqual(self._outcomes(case, "update"), ["met"])
        self._pass(HOUR)
        self._ask(case)
        self._reply(case)
        self.assertEqual(self._outcomes(case, "update"), ["met", "none"])

    def test_long_running(self):
        """Before a case is long-running nothing was promised: neither kept nor
        broken."""
        policy = self._promise("update", HOUR, long_running_seconds=DAY)
        case = self._case()
        self._reply(case)
        clock = self._clocks(case, "update")
        self.assertEqual(clock.deadline, MONDAY + timedelta(days=1))
        self._pass(2 * HOUR)
        self._reply(case)
        self.assertEqual(clock.outcome, "void")
        self.assertEqual(clock.void_cause, "early")
        self._pass(DAY)
        self._reply(case)
        latest = self._clocks(case, "update")[-1]
        self.assertEqual(latest.deadline, self._now() + timedelta(hours=1))
        self.assertEqual(latest.policy_id, policy)

    # Owner, class, work ---------------------------------------------------------

    def test_assignment_and_classification(self):
        """Both count from receipt, and again from the loss of the owner."""
        self._promise("assignment", HOUR)
        self._promise("classification", HOUR)
        case = self._case()
        self._pass(HOUR)
        category = self.env["aftersales.category"].create({"name": "Sole"})
        case.write({"user_id": self.user_team.id, "category_id": category.id})
        self.assertEqual(self._outcomes(case, "assignment"), ["met"])
        self.assertEqual(self._outcomes(case, "classification"), ["met"])
        lost = self._pass(HOUR)
        case.user_id = False
        clocks = self._clocks(case, "assignment")
        self.assertEqual(clocks[-1].started_at, lost)
        self._pass(HOUR + 1)
        case.user_id = self.user_manager
        self.assertEqual(self._outcomes(case, "assignment"), ["met", "breached"])

    def test_assigned_from_the_first(self):
        """A case that has its owner and category owes neither."""
        self._promise("assignment", HOUR)
        case = self._case(user_id=self.user_team.id)
        self.assertFalse(case.clock_ids)

    def test_start_of_work(self):
        """What is urgent is begun at once, by its owner: their answer or their move."""
        self._promise("start_work", 10 * MINUTE)
        case = self._case(handling_class="urgent", user_id=self.user_manager.id)
        clock = self._clocks(case, "start_work")
        self.assertEqual(clock.started_at, MONDAY)
        self._pass(5 * MINUTE)
        self._reply(case, self.user_team)
        self.assertEqual(clock.state, "running", "not the owner")
        case.with_user(self.user_manager).action_start()
        self.assertEqual(clock.outcome, "met")

    def test_flagged_later(self):
        """Raised to urgent it counts from then; calmed down it is void."""
        self._promise("start_work", 10 * MINUTE)
        case = self._case()
        self.assertFalse(self._clocks(case, "start_work"))
        at = self._pass(HOUR)
        case.handling_class = "special"
        clock = self._clocks(case, "start_work")
        self.assertEqual(clock.started_at, at)
        case.handling_class = "urgent"
        self.assertEqual(len(self._clocks(case, "start_work")), 1)
        case.handling_class = "common"
        self.assertEqual((clock.outcome, clock.void_cause), ("void", "calmed"))

    def test_work_and_resolution(self):
        """The customer's wait stands still on their turn alone, our work on a third
        party's turn as well."""
        self._promise("resolution", 8 * HOUR, "team", pause_customer=True)
        self._promise(
            "work", 8 * HOUR, "team", pause_customer=True, pause_third_party=True
        )
        case = self._case()
        case.action_wait_third_party()
        self._pass(2 * HOUR)
        case.action_start()
        wait, work = self._clocks(case, "resolution"), self._clocks(case, "work")
        # Ten to six with lunch are seven hours; eight end at ten the next day.
        self.assertEqual(wait.deadline, MONDAY + timedelta(days=1))
        self.assertEqual(work.deadline, MONDAY + timedelta(days=1, hours=2))

    # Times promised to the customer ---------------------------------------------------

    def test_promise_moved_in_time(self):
        """A new time promised before the old one ends it as void; the new one
        counts."""
        case = self._case()
        told = MONDAY + timedelta(hours=3)
        case._clocks_event("promised", MONDAY, subject="visit", deadline=told)
        at = self._pass(HOUR)
        later = told + timedelta(hours=2)
        case._clocks_event("promised", at, subject="visit", deadline=later)
        clocks = self._clocks(case, "promise")
        self.assertEqual(clocks.mapped("outcome"), ["void", "none"])
        self.assertEqual(clocks[0].void_cause, "moved")
        self.assertEqual(clocks[1].deadline, later)

    def test_promise_moved_too_late(self):
        """A new time promised after the old one does not mend the broken one."""
        case = self._case()
        told = MONDAY + timedelta(hours=1)
        case._clocks_event("promised", MONDAY, subject="visit", deadline=told)
        at = self._pass(HOUR + 1)
        later = at + timedelta(hours=2)
        case._clocks_event("promised", at, subject="visit", deadline=later)
        case._clocks_event("promise_kept", self._pass(60), subject="visit")
        self.assertEqual(self._outcomes(case, "promise"), ["breached", "met"])

    def test_promise_never_moves(self):
        """Neither the customer's turn nor a holiday nor a policy moves a told time."""
        self._promise("promise", HOUR, pause_customer=False)
        case = self._case()
        told = MONDAY + timedelta(hours=30)
        case._clocks_event("promised", MONDAY, subject="visit", deadline=told)
        case.action_wait_customer()
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Epiphany",
                "calendar_id": self.calendar.id,
                "date_from": MONDAY,
                "date_to": MONDAY + timedelta(days=3),
            }
        )
        case.priority = "3"
        clock = self._clocks(case, "promise")
        self.assertEqual((clock.state, clock.deadline), ("running", told))

    def test_solution_promise_is_kept_by_resolving(self):
        """A promised solution is kept by the stage; a promised visit is not."""
        case = self._case()
        told = MONDAY + timedelta(hours=3)
        for subject in ("solution", "visit"):
            case._clocks_event("promised", MONDAY, subject=subject, deadline=told)
        case.action_resolve()
        outcomes = {c.subject: c.outcome for c in self._clocks(case, "promise")}
        self.assertEqual(outcomes, {"solution": "met", "visit": "none"})

    # Numbers of the policies ------------------------------------------------------

    def test_four_promises_of_24_hours(self):
        """Four different promises of 24 hours live at once on one case, each with its
        own start and its own end."""
        with self._offered():
            for kind in ("transfer", "update", "first_response", "investigation"):
                self._promise(kind, DAY)
            case = self._case()
            case._clocks_event("complaint_received", self._pass(HOUR))
            case._clocks_event("transfer_sent", self._pass(HOUR), subject="t,1")
            case._clocks_start(["update"], self._pass(HOUR))
            self.assertEqual(set(case.clock_ids.mapped("state")), {"running"})
            deadlines = {c.kind: c.deadline for c in case.clock_ids}
            kinds = ("first_response", "investigation", "transfer", "update")
            for hours, kind in enumerate(kinds):
                due = MONDAY + timedelta(days=1, hours=hours)
                self.assertEqual(deadlines[kind], due, kind)
            case._clocks_event("investigated", MONDAY + timedelta(hours=25))
            case._clocks_event(
                "transfer_answered", MONDAY + timedelta(hours=26, seconds=1)
            )
            self._reply(case)
            outcomes = {c.kind: c.outcome for c in case.clock_ids}
            self.assertEqual(outcomes["investigation"], "met")
            self.assertEqual(outcomes["transfer"], "breached")
            self.assertEqual(outcomes["first_response"], "met")

    def test_both_readings_are_kept(self):
        """The row decides which hours are the promise; calendar time and service
        hours are both kept."""
        self._promise("first_response", 8 * HOUR, "team")
        case = self._case()
        self._pass(DAY)
        self._reply(case)
        clock = case.clock_ids
        self.assertEqual(clock.outcome, "met")
        self.assertEqual(clock.calendar_seconds, DAY)
        self.assertEqual(clock.business_seconds, 8 * HOUR)

    def test_whether_an_acknowledgement_counts(self):
        """A row says whether the confirmation keeps the first answer; both instants
        are kept."""
        for counts in (False, True):
            with self.subTest(counts=counts):
                policy = self._promise("first_response", HOUR, ack_counts=counts)
                case = self._case(channel="mail")
                case._acknowledge(self._pass(60))
                clock = case.clock_ids
                self.assertEqual(clock.outcome, "met" if counts else "none")
                self._pass(60)
                self._reply(case)
                self.assertLess(case.acknowledged_at, case.first_response_at)
                policy.active = False


class TestManualDeadline(ClockKindsCommon):
    """A manager sets a deadline by hand."""

    def setUp(self):
        super().setUp()
        self._promise("resolution", 8 * HOUR, "team", pause_customer=True)
        self.case = self._case()
        self.clock = self.case.clock_ids
        self.told = MONDAY + timedelta(days=2)

    def _set(self, user=None, reason="Parts are late", deadline=None):
        clock = self.clock.with_user(user or self.user_manager)
        clock.action_set_deadline(deadline or self.told, reason)

    def test_sticky(self):
        """Pauses, holidays and other policies leave it alone."""
        self._set()
        self._promise("resolution", HOUR).sequence = 1
        self.case.priority = "3"
        self.case.action_wait_customer()
        self.assertEqual(
            (self.clock.state, self.clock.deadline), ("running", self.told)
        )
        self.assertTrue(self.clock.is_manual)
        self.assertEqual(self.clock.manual_user_id, self.user_manager)

    def test_taken_back(self):
        """Taken back, the promise follows its policy with its start and pauses."""
        before = self.clock.deadline
        self._set()
        self._pass(HOUR)
        self.clock.with_user(self.user_manager).action_reset_deadline("Parts are here")
        self.assertEqual(self.clock.deadline, before)
        self.assertFalse(self.clock.is_manual)
        self.assertFalse(self.clock.fixed_deadline)

    def test_pauses_meanwhile(self):
        """Taken back, it has the pauses that it would have had: nothing is broken that
        the customer's turn took."""
        self._set()
        self._pass(HOUR // 2)
        self.case.action_wait_customer()
        self._pass(28 * HOUR)
        self.clock.with_user(self.user_manager).action_reset_deadline("Over")
        self.assertEqual((self.clock.state, self.clock.outcome), ("paused", "none"))
        self.assertEqual(self.clock.remaining_seconds, 8 * HOUR - HOUR // 2)
        self.assertFalse(
            self.env["aftersales.difference"]._check_cases(self.case.ids)[0]
        )

    def test_looser_policy_meanwhile(self):
        """Taken back, the policy that is chosen now decides, not the one before."""
        self._set()
        self._promise("resolution", 80 * HOUR, "team").sequence = 1
        self.case.priority = "3"
        self._pass(DAY + 4 * HOUR)
        self.clock.with_user(self.user_manager).action_reset_deadline("Over")
        self.assertEqual(self.clock.outcome, "none")
        self.assertEqual(self.clock.target_seconds, 80 * HOUR)

    def test_ends_a_pause(self):
        """A paused promise runs again, to the new deadline."""
        self.case.action_wait_customer()
        self._set()
        self.assertEqual(
            (self.clock.state, self.clock.deadline), ("running", self.told)
        )
        self.assertFalse(self.clock.remaining_seconds)

    def test_refusals(self):
        """Only managers, only with a reason, only in the future, only what is open."""
        with self.assertRaises(AccessError):
            self._set(self.user_team)
        with self.assertRaises(UserError):
            self._set(reason=" ")
        with self.assertRaises(UserError):
            self._set(deadline=MONDAY - timedelta(seconds=1))
        self._pass(10 * DAY)
        with self.assertRaises(UserError):
            self._set(deadline=self._now() + timedelta(days=1))
        self.env.invalidate_all()
        self.assertFalse(self.clock.is_manual)

    def test_ledger(self):
        """One line says what it was and what it is."""
        before = self.clock.deadline
        self._set()
        line = self._events(self.case, "clock_fixed")
        self.assertEqual(
            (line.deadline_before, line.deadline_after), (before, self.told)
        )
        self.assertNotIn("Parts", str(line.data))
