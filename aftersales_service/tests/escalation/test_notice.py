from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..clock.test_clock_engine import at
from ..mail_common import AftersalesMailCommon
from .test_clock_ladder import LadderCommon

FIVE = "2026-11-23 16:00:00"


@tagged("post_install", "-at_install")
class TestNotice(AftersalesMailCommon):
    """Messages to customers that are prepared for a person."""

    def setUp(self):
        super().setUp()
        self.case = self._create_case(user_id=self.user_team.id)
        self.clock_of_case = self.case.clock_ids.filtered(
            lambda clock: clock.kind == "first_response"
        )
        self.Notice = self.env["aftersales.notice"]

    def _prepare(self, reason="late"):
        return self.Notice._prepare(self.clock_of_case, reason).with_env(self.env)

    def _theirs(self, notice, user=None):
        return notice.with_user(user or self.user_team)

    # Prepare ------------------------------------------------------------------

    def test_prepared(self):
        """The message waits for who is in charge of the case; nothing is sent, and the
        ledger has no text."""
        notice = self._prepare()
        self.assertEqual(notice.state, "prepared")
        self.assertIn(self.customer.name, notice.body)
        self.assertIn(self.case.number, notice.body)
        self.assertEqual(self.case.activity_ids.user_id, self.user_team)
        [line] = self._events(self.case, "notice_prepared")
        self.assertEqual((line.cause, line.source_id), ("late", notice.id))
        self.assertFalse(self._messages(self.case, "comment"))

    def test_once(self):
        """The same message is not prepared twice while it waits."""
        notice = self._prepare()
        self.assertFalse(self._prepare())
        self.assertTrue(self._prepare("holiday"))
        self._theirs(notice).action_discard()
        self.assertTrue(self._prepare())

    def test_in_the_words_of_the_customer(self):
        """The time is told in the customer's zone, and no new one is invented."""
        self.customer.tz = "Asia/Shanghai"
        self.clock_of_case.invalidate_recordset()
        notice = self._prepare()
        told = self.case._customer_moment(self.clock_of_case.deadline)
        self.assertIn(told, notice.body)
        self.assertIn("Shanghai", told)
        self.assertNotIn("You hear from us by", notice.body)
        # The name of such a zone reads as the opposite of what it means.
        self.customer.tz = "Etc/GMT-7"
        told = self.case._customer_moment(self.clock_of_case.deadline)
        self.assertIn("(UTC+07:00)", told)

    def test_new_time(self):
        """A person who knows a realistic time enters it, and the text names it; a text
        that somebody wrote stays."""
        notice = self._prepare()
        self._theirs(notice).new_time = FIVE
        moment = self.case._customer_moment(notice.new_time)
        self.assertIn(f"You hear from us by {moment}", notice.body)
        self._theirs(notice).body = "My own words."
        self._theirs(notice).new_time = False
        self.assertEqual(notice.body, "My own words.")

    def test_new_time_in_the_form(self):
        notice = self._prepare()
        with Form(self._theirs(notice)) as form:
            form.new_time = FIVE
            self.assertIn("You hear from us by", form.body)
            form.new_time = False
            self.assertNotIn("You hear from us by", form.body)
            form.new_time = FIVE
        self.assertIn("You hear from us by", notice.body)

    def test_without_leader_or_owner(self):
        """Nobody to tell is no reason to fail."""
        self.team.leader_id = False
        self.case.user_id = False
        self.assertTrue(self._prepare())

    # Decide -------------------------------------------------------------------

    def test_send(self):
        """Sending it is the person's own answer to the customer."""
        notice = self._prepare()
        with self.mock_mail_gateway():
            self._theirs(notice).action_send()
        [message] = self._messages(self.case, "comment")
        self.assertEqual(message.author_id, self.user_team.partner_id)
        self.assertIn("We are sorry", message.body)
        self.assertTrue(self._sent_to(self.customer.email))
        self.assertRecordValues(
            notice, [{"state": "sent", "decided_by_id": self.user_team.id}]
        )
        self.assertEqual(self.case.first_response_at, notice.decided_at)
        self.assertEqual(self.clock_of_case.outcome, "met")
        [line] = self._events(self.case, "notice_sent")
        self.assertEqual(line.source_id, notice.id)
        self.assertFalse(self.case.activity_ids)

    def test_text_stays_text(self):
        """What somebody types is no markup, whatever it looks like."""
        notice = self._prepare()
        self._theirs(notice).body = "<b>5 < 6</b>"
        with self.mock_mail_gateway():
            self._theirs(notice).action_send()
        self.assertIn("&lt;b&gt;5 &lt; 6", self._messages(self.case, "comment").body)

    def test_use_in_an_answer(self):
        """Who takes the text into their answer has sent it when the answer is sent."""
        notice = self._prepare()
        action = self._theirs(notice).action_use()
        self.assertEqual(action["res_id"], self.case.id)
        self.assertEqual(notice.state, "prepared")
        self._reply(self.case, user=self.user_manager)
        self.assertNotEqual(notice.state, "sent", "somebody else's answer is not it")
        notice = self._prepare("other")
        self._theirs(notice).action_use()
        self._reply(self.case, user=self.user_team)
        self.assertEqual(notice.state, "sent")

    def test_answered_meanwhile(self):
        """An answer that keeps the promise makes the message needless."""
        notice = self._prepare()
        self._reply(self.case, user=self.user_team)
        self.assertEqual(notice.state, "discarded")
        self.assertFalse(self.case.activity_ids)

    def test_resolved_meanwhile(self):
        clock = self.case.clock_ids.filtered(lambda c: c.kind == "resolution")
        notice = self.Notice._prepare(clock, "late")
        self._reply(self.case, user=self.user_team)
        self.assertEqual(notice.state, "prepared", "the solution is still to come")
        self.case.action_resolve()
        self.assertEqual(notice.state, "discarded")

    def test_discard(self):
        notice = self._prepare()
        self._theirs(notice).action_discard()
        self.assertEqual(notice.state, "discarded")
        self.assertFalse(self.case.activity_ids)
        for act in ("action_send", "action_discard", "action_use"):
            with self.subTest(act), self.assertRaises(UserError):
                getattr(self._theirs(notice), act)()
        with self.assertRaises(UserError):
            self._theirs(notice).body = "Too late"

    def test_alerts(self):
        """The form of the case offers it above the reply box."""
        notice = self._prepare()
        [alert] = self.case.with_user(self.user_team).get_alerts()["notices"]
        self.assertEqual((alert["id"], alert["body"]), (notice.id, notice.body))
        self.assertTrue(alert["can_decide"])
        [alert] = self.case.with_user(self.user_management).get_alerts()["notices"]
        self.assertFalse(alert["can_decide"])
        self.case.sale_order_id = self.order
        alerts = self.case.with_user(self.user_sales).get_alerts()
        self.assertEqual(alerts, {"escalations": [], "notices": []})

    # Who ----------------------------------------------------------------------

    def test_roles(self):
        """Who works on the case sees its messages; they write text and time, no more;
        who only reads decides nothing; a customer sees none."""
        notice = self._prepare()
        for user, count in (
            (self.user_team, 1),
            (self.user_specialist, 0),
            (self.user_manager, 1),
            (self.user_management, 1),
        ):
            with self.subTest(user.login):
                Model = self.Notice.with_user(user)
                mine = [("case_id", "=", self.case.id)]
                self.assertEqual(Model.search_count(mine), count)
        for user in (self.user_portal, self.user_other, self.user_sales):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.Notice.with_user(user).search([])
        for user in (self.user_management, self.user_specialist):
            for act in ("action_send", "action_discard", "action_use"):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    getattr(self._theirs(notice, user), act)()
        for act in (
            lambda r: r.write({"state": "sent"}),
            lambda r: r.write({"case_id": self.case.copy().id}),
            lambda r: r.unlink(),
            lambda r: r.copy(),
        ):
            with self.assertRaises(AccessError):
                act(self._theirs(notice))

    def test_many(self):
        """Many at once cost no query each but for their texts' languages."""
        cases = self.case
        for _n in range(20):
            cases |= self._create_case(user_id=self.user_team.id)
        clocks = cases.clock_ids.filtered(lambda c: c.kind == "resolution")
        self.Notice._prepare(self.clock_of_case, "other")
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        notices = self.Notice._prepare(clocks, "late")
        self.env.flush_all()
        self.assertEqual(len(notices), 21)
        self.assertLessEqual(self.env.cr.sql_log_count - before, 50)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestNoticeFollows(LadderCommon):
    """A prepared message follows the promise and the owner of the case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Step.create(
            {
                "target_id": cls.target["resolution"].id,
                "moment": "percent",
                "percent": 80,
                "do_activity": False,
                "do_notice": True,
            }
        )

    def setUp(self):
        super().setUp()
        self.case = self._case(at("09:00"), user_id=self.user_specialist.id)
        self._tick(at("13:20"))
        self.notice = self.case.notice_ids

    # The promise --------------------------------------------------------------

    def test_breach(self):
        """It does not announce any more what has happened meanwhile."""
        self.assertIn("we will not keep", self.notice.body)
        self._tick(at("14:01"))
        self.assertIn("we did not keep", self.notice.body)
        self.assertEqual(self.notice.body, self.notice.standard_body)
        self.assertEqual(self.notice.reason, "missed")
        self.assertFalse(self.notice.is_outdated)

    def _assert_missed_of(self, instant):
        """Check that the message names the deadline that broke, and no other."""
        told = self.case._customer_moment(instant)
        self.assertIn(f"we did not keep the time of {told}", self.notice.body)
        self.assertEqual(self.notice.told_at, instant)

    def test_breach_of_another_time(self):
        """It names the deadline that broke, not one that a manager had moved."""
        moved = at("16:00", day=1)
        clock = self._clock(self.case).with_user(self.user_manager)
        clock.action_set_deadline(moved, "agreed")
        self._tick(at("16:30", day=1))
        self._assert_missed_of(moved)

    def test_breach_after_a_pause(self):
        self._move(self.case, "working", at("13:21"))
        self._move(self.case, "waiting_customer", at("13:30"))
        self._move(self.case, "working", at("15:30"))
        self._tick(at("16:01"))
        self._assert_missed_of(at("16:00"))

    def test_breach_after_a_change(self):
        """What somebody wrote stays; who reads it is told, until it is written anew."""
        theirs = self.notice.with_user(self.user_specialist)
        theirs.body = "We will not keep it. Ask for Pablo."
        self._tick(at("14:01"))
        self.assertEqual(self.notice.body, "We will not keep it. Ask for Pablo.")
        self.assertTrue(self.notice.is_outdated)
        [alert] = theirs.case_id.get_alerts()["notices"]
        self.assertIn("Read it again", alert["reason"])
        theirs.body = "We did not keep it. Ask for Pablo."
        self.assertFalse(self.notice.is_outdated)
        with self.assertRaises(AccessError):
            theirs.is_outdated = True

    def test_one_message_for_one_promise(self):
        """Broken, it is not prepared a second time: there is one message to decide."""
        self._step(do_activity=False, do_notice=True)
        case = self._case(at("09:00"), user_id=self.user_specialist.id)
        self._tick(at("13:20"))
        self._tick(at("14:01"))
        self.assertRecordValues(
            case.notice_ids, [{"reason": "missed", "state": "prepared"}]
        )
        self.assertEqual(len(case.activity_ids), 1)

    def test_other_reasons(self):
        """The reason stays where it says more; the text follows all the same. What was
        decided is history."""
        clock = self._clock(self.case)
        holiday = self.env["aftersales.notice"]._prepare(clock, "holiday")
        self.notice.with_user(self.user_specialist).action_discard()
        self._tick(at("14:01"))
        self.assertEqual(holiday.reason, "holiday")
        self.assertIn("we did not keep", holiday.body)
        self.assertEqual(self.notice.reason, "late")
        self.assertIn("we will not keep", self.notice.body)

    def test_set_aside_or_archived(self):
        """What is no case any more owes nobody a message; the promise of one that is
        only not urgent any more says nothing of the others."""
        self.case._clocks_void(at("13:21"), "calmed", ["start_work"])
        self.assertEqual(self.notice.state, "prepared")
        archived = self._case(at("09:00", day=1), user_id=self.user_specialist.id)
        self._tick(at("13:20", day=1))
        self.case._set_aside("spam", "advertising")
        archived.active = False
        for case in self.case + archived:
            self.assertEqual(case.notice_ids.state, "discarded")
            self.assertFalse(case.activity_ids)

    # The owner ----------------------------------------------------------------

    def test_new_owner(self):
        """Whose case it is now has the task; nobody keeps one that they cannot do."""
        activity = self.notice.activity_id
        self.assertEqual(activity.user_id, self.user_specialist)
        self.case.user_id = self.user_manager
        self.assertEqual(self.case.activity_ids, activity)
        self.assertEqual(activity.user_id, self.user_manager)
        self.case.user_id = False
        self.assertEqual(activity.user_id, self.team.leader_id)

    def test_new_team(self):
        """The leader of an unassigned case has it, of whatever team."""
        self.case.user_id = False
        team = self.team.copy({"leader_id": self.user_manager.id})
        self.case.team_id = team
        self.assertEqual(self.notice.activity_id.user_id, self.user_manager)

    def test_new_owner_of_what_was_put_off(self):
        """A task that the old owner called done is not rewritten; the new one has their
        own."""
        done = self.notice.activity_id
        done.action_feedback()
        self.case.user_id = self.user_manager
        self.assertEqual(done.user_id, self.user_specialist)
        self.assertEqual(self.case.activity_ids.user_id, self.user_manager)
        self.assertEqual(self.notice.activity_id, self.case.activity_ids)

    def test_decided(self):
        self.notice.with_user(self.user_specialist).action_discard()
        self.case.user_id = self.user_manager
        self.assertFalse(self.case.activity_ids)
