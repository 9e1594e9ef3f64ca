"""Faults that comparable systems shipped, each as a day of a case."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .test_clock_kinds import DAY, HOUR, MINUTE, MONDAY, ClockKindsCommon


@tagged("post_install", "-at_install", "aftersales_engine")
class TestClockFaults(ClockKindsCommon):
    def _tick(self):
        Clock = self.env["aftersales.clock"]
        now = int((self._now() - MONDAY.__class__(1970, 1, 1)).total_seconds())
        Clock._tick(Clock._lock_due(now), now)
        self.env.invalidate_all()

    def _move(self, case, kind):
        case._transition(self._stage(kind), at=self._now())

    def _automatic(self, case, message_type="auto_comment", **values):
        return case.message_post(
            body="We have received your message.",
            message_type=message_type,
            subtype_xmlid="mail.mt_comment",
            **values,
        )

    # Stages ---------------------------------------------------------------------

    def test_stage_follows_the_team(self):
        """14. A stage changed because the team was is a stage change like others: what
        rested rests on, what is moved by hand afterwards goes on."""
        other = self.team.copy({"name": "Repairs"})
        resting = self.env["aftersales.stage"].create(
            {
                "name": "At the customer",
                "kind": "waiting_customer",
                "team_ids": [Command.set(self.team.ids)],
            }
        )
        self._promise("resolution", 8 * HOUR, pause_customer=True)
        case = self._case()
        self._pass(HOUR)
        case.stage_id = resting
        self._pass(HOUR)
        case.team_id = other
        self.assertNotEqual(case.stage_id, resting)
        self.assertEqual(case.stage_kind, "waiting_customer")
        clock = self._clocks(case, "resolution")
        self.assertEqual((clock.state, clock.deadline), ("paused", False))
        self._pass(HOUR)
        self._move(case, "working")
        clock = self._clocks(case, "resolution")
        self.assertEqual(clock.deadline, MONDAY + timedelta(hours=10))

    def test_paused_is_shown_on_a_holiday(self):
        """8. What is paused is shown as paused, on a holiday and at night too."""
        self._promise("resolution", 8 * HOUR, "team", pause_customer=True)
        case = self._case()
        self._move(case, "waiting_customer")
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "date_from": MONDAY,
                "date_to": MONDAY + timedelta(days=2),
            }
        )
        for _n in range(4):
            self._pass(7 * HOUR)
            self._tick()
            self.assertEqual(self._clocks(case, "resolution").state, "paused")
            self.assertEqual(case.deadline_state, "paused")

    # Replies --------------------------------------------------------------------

    def test_answer_restarts_the_update(self):
        """17. The agent has answered: the old progress report does not fall due."""
        self._promise("update", DAY)
        case = self._case()
        self._reply(case)
        self._pass(20 * HOUR)
        self._reply(case)
        self._pass(10 * HOUR)
        self._tick()
        self.assertEqual(self._outcomes(case, "update"), ["met", "none"])
        self.assertEqual(case.deadline_state, "on_time")

    def test_first_answer_clears(self):
        """18. The first answer, however late, ends what was overdue; no second one is
        needed."""
        self._promise("first_response", HOUR)
        case = self._case()
        self._pass(2 * HOUR)
        self._tick()
        self.assertEqual(case.deadline_state, "overdue")
        self._reply(case)
        self.assertFalse(case.next_deadline)
        self.assertNotEqual(case.deadline_state, "overdue")
        self._pass(9 * HOUR)
        self._tick()
        self.assertEqual(len(self._events(case, "clock_breached")), 1)

    def test_customer_on_the_web_page(self):
        """19, 20. A message by link, as nobody in particular, starts the wait and takes
        the case up again with what was used up."""
        self._promise("next_response", HOUR)
        self._promise("resolution", 8 * HOUR)
        case = self._case()
        self._reply(case)
        self._pass(HOUR)
        self._move(case, "resolved")
        self._pass(HOUR)
        public = self.env.ref("base.public_user")
        case.with_user(public).sudo().message_post(
            author_id=self.customer.id,
            body="Still too small.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertEqual(case.stage_kind, "working")
        self.assertEqual(self._outcomes(case, "resolution"), ["met", "none"])
        clock = self._clocks(case, "resolution")[-1]
        self.assertEqual(clock.deadline, self._now() + timedelta(hours=7))
        wait = self._clocks(case, "next_response")
        self.assertEqual((wait.started_at, wait.outcome), (self._now(), "none"))

    def test_notifications_are_no_messages(self):
        """21, 23. Notes, notifications and automatic messages, ours and the customer's,
        answer nothing, start nothing and take nothing up again."""
        self._promise("first_response", HOUR)
        self._promise("next_response", HOUR)
        self._promise("resolution", 8 * HOUR)
        case = self._case()
        self._move(case, "resolved")
        self._pass(MINUTE)
        before = case.clock_ids.sorted("id").read(load=None)
        case.message_post(body="Looked at it.", subtype_xmlid="mail.mt_note")
        self._automatic(case)
        self._automatic(case, author_id=self.customer.id)
        self._automatic(case, "out_of_office", author_id=self.customer.id)
        self._automatic(case, "notification")
        case.message_notify(
            partner_ids=self.user_manager.partner_id.ids, body="Have a look"
        )
        self.assertEqual(case.stage_kind, "resolved")
        self.assertEqual(case.clock_ids.sorted("id").read(load=None), before)

    def test_next_answer_leaves_the_first_alone(self):
        """22. A second message before the first answer does not shorten its time."""
        self._promise("first_response", 8 * HOUR)
        self._promise("next_response", HOUR)
        case = self._case()
        self._pass(MINUTE)
        self._ask(case)
        self.assertEqual(case.next_deadline, MONDAY + timedelta(hours=8))
        self.assertFalse(self._clocks(case, "next_response"))

    def test_one_miss_for_one_wait(self):
        """24. A mixed day: three messages, notes and an automatic mail are one wait;
        it is missed once, answered once, and the next message is another wait."""
        self._promise("first_response", HOUR)
        self._promise("next_response", HOUR)
        case = self._case()
        self._pass(MINUTE)
        self._reply(case)
        asked = self._pass(HOUR)
        for _n in range(3):
            self._ask(case)
            self._pass(40 * MINUTE)
            case.message_post(body="Note", subtype_xmlid="mail.mt_note")
            self._automatic(case)
            self._tick()
        self._reply(case)
        wait = self._clocks(case, "next_response")
        self.assertEqual((wait.started_at, wait.outcome), (asked, "breached"))
        self.assertEqual(wait.decided_at, asked + timedelta(hours=1))
        self._pass(MINUTE)
        self._reply(case)
        self.assertEqual(len(self._events(case, "clock_breached")), 1)
        self._pass(MINUTE)
        self._ask(case)
        self.assertEqual(self._outcomes(case, "next_response"), ["breached", "none"])

    # Hours ----------------------------------------------------------------------

    def test_holidays_of_the_hours_that_count(self):
        """31. The holidays that count are those of the hours the promise is counted
        in: not the team's, and not those of other hours."""
        theirs = self._create_calendar(name="Supplier")
        self._promise("resolution", 2 * HOUR, "calendar", calendar_id=theirs.id)
        self._promise("work", 2 * HOUR, "team")
        for calendar, day in ((self.calendar, 0), (theirs, 1)):
            start = MONDAY.replace(hour=0) + timedelta(days=day)
            self.env["resource.calendar.leaves"].create(
                {
                    "name": "Holiday",
                    "calendar_id": calendar.id,
                    "date_from": start,
                    "date_to": start + timedelta(hours=22),
                }
            )
        case = self._case()  # Monday, ten in the morning
        self.assertEqual(
            self._clocks(case, "resolution").deadline, MONDAY + timedelta(hours=2)
        )
        self.assertEqual(
            self._clocks(case, "work").deadline, MONDAY + timedelta(days=1, hours=1)
        )

    # Departments ----------------------------------------------------------------

    def test_department_counts_from_its_own(self):
        """39. A department's time counts from the hand-over, not from receipt, and no
        other owner restarts it; a second holding is another cycle."""
        with self._offered():
            self._promise("transfer", 4 * HOUR)
            case = self._case()
            sent = self._pass(3 * HOUR)
            case._clocks_event("transfer_sent", sent, subject="aftersales.transfer,1")
            for user in (self.user_specialist, self.user_team):
                self._pass(HOUR)
                case.user_id = user
            clock = self._clocks(case, "transfer")
            self.assertEqual((clock.started_at, clock.cycle), (sent, 1))
            self.assertEqual(clock.deadline, sent + timedelta(hours=4))
            answered = self._pass(HOUR)
            case._clocks_event(
                "transfer_answered", answered, subject="aftersales.transfer,1"
            )
            self.assertEqual(clock.outcome, "met")
            again = self._pass(HOUR)
            case._clocks_event("transfer_sent", again, subject="aftersales.transfer,2")
            self.assertEqual(self._clocks(case, "transfer")[-1].started_at, again)

    def test_taken_back_while_waiting(self):
        """6. Set aside and taken back while the customer has to act: what begins in
        place of what was missed meanwhile rests as well."""
        self._promise("update", 5 * HOUR, pause_customer=True)
        case = self._case()
        self._reply(case)
        self._pass(HOUR)
        self._move(case, "waiting_customer")
        self._pass(HOUR)
        case._set_aside("spam", "By mistake")
        self._pass(9 * HOUR)
        case.action_undo_mark()
        self.assertEqual(self._clocks(case, "update")[-1].state, "paused")

    def test_late_between_two_ticks(self):
        """49, 50. Late between two looks of the job is broken, at the deadline of the
        wait that was missed, though another one was longer."""
        self._promise("next_response", HOUR)
        case = self._case()
        self._pass(50 * MINUTE)
        self._reply(case)
        asked = self._pass(5 * HOUR)
        self._ask(case)
        self._pass(HOUR + 1)
        self._reply(case)
        waits = self._clocks(case, "next_response")
        self.assertEqual(waits.mapped("outcome")[-1:], ["breached"])
        self.assertEqual(waits[-1].decided_at, asked + timedelta(hours=1))
        self.assertEqual(len(self._events(case, "clock_breached")), 1)
