from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..clock.test_clock_engine import HOUR, at
from .test_clock_ladder import LadderCommon


class EscalationCommon(LadderCommon):
    """A case of the specialist, and an hour to acknowledge what is escalated."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["aftersales.policy.target"].create(
            {
                "policy_id": cls.policy.id,
                "kind": "escalation_ack",
                "target_seconds": HOUR,
            }
        )

    def setUp(self):
        super().setUp()
        self.case = self._case(at("09:00"), user_id=self.user_specialist.id)

    def _escalate(self, level="1", reason="I may not decide this", user=None):
        case = self.case.with_user(user or self.user_specialist)
        return case._escalate_by_hand(level, reason).with_env(self.env)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestEscalation(EscalationCommon):
    """A case is brought before somebody higher, who says that they have it."""

    # Raise --------------------------------------------------------------------

    def test_by_hand(self):
        """The person of the level has a task and a mail; the time to acknowledge runs,
        and the ledger has a line without any text."""
        escalation = self._escalate()
        self.assertRecordValues(
            escalation,
            [
                {
                    "level": "1",
                    "user_id": self.user_team.id,
                    "raised_by_id": self.user_specialist.id,
                    "raised_at": at("09:00"),
                    "state": "waiting",
                    "reason": "I may not decide this",
                }
            ],
        )
        self.assertEqual(escalation.activity_ids.user_id, self.user_team)
        mail = self.Mail.search(
            [("recipient_ids", "in", self.user_team.partner_id.ids)]
        )
        self.assertIn("I may not decide this", mail.body_html)
        self.assertIn(
            f"model=aftersales.escalation&amp;res_id={escalation.id}", mail.body_html
        )
        clock = self._clock(self.case, "escalation_ack")
        self.assertEqual(clock.subject, f"aftersales.escalation,{escalation.id}")
        self.assertEqual(clock.deadline, at("10:00"))
        [line] = self._events(self.case, "escalated")
        self.assertEqual(line.actor_id, self.user_specialist.id)
        self.assertEqual(line.data["level"], "1")
        self.assertNotIn("decide", str(line.data))

    def test_needs_a_reason(self):
        with self.assertRaises(UserError):
            self._escalate(reason="  ")

    def test_level_by_level(self):
        """A specialist goes up one level at a time; only a manager leaves one out."""
        with self.assertRaisesRegex(AccessError, "one level at a time"):
            self._escalate("2")
        self._escalate("1")
        self._escalate("2")
        with self.assertRaisesRegex(AccessError, "one level at a time"):
            self._escalate("4")
        top = self._escalate("4", user=self.user_manager)
        self.assertEqual(top.user_id, self.user_management)
        with self.assertRaisesRegex(UserError, "highest level"):
            self._escalate("4")

    def test_begins_again_with_the_case(self):
        """A reopened case starts at the first level again."""
        self._escalate("1")
        self.case.with_user(self.user_manager).action_start()
        self.case.action_resolve()
        self.case.action_start()
        self.assertEqual(self.case.cycle, 2)
        self.case.escalation_ids._acknowledge(at("09:00"))
        case = self.case.with_user(self.user_specialist)
        self.assertEqual(case._next_escalation_level(), "1")

    def test_not_to_oneself(self):
        """The leader's own next level is the one above them."""
        case = self.case.with_user(self.user_team)
        self.assertEqual(case._next_escalation_level(), "2")

    def test_nobody_set(self):
        """Where nobody is set it goes on to the next level, with a note; where nobody
        is above, the person is told what to do."""
        self.team.department_head_id = False
        self._escalate("1")
        escalation = self._escalate("2")
        self.assertEqual(escalation.user_id, self.user_manager)
        self.assertEqual((escalation.level, escalation.asked_level), ("3", "2"))
        self.assertIn("Department head", escalation.note)
        self.assertIn("Manager", escalation.note)
        self.team.write(
            {"leader_id": False, "manager_id": False, "management_id": False}
        )
        with self.assertRaisesRegex(UserError, "Nobody is set"):
            self.case.copy()._escalate("1")

    def test_who_has_left_is_passed_over(self):
        self.user_team.action_archive()
        self.assertEqual(self._escalate("1").user_id, self.user_other)

    @mute_logger("odoo.sql_db")
    def test_once_per_level(self):
        """A case that waits on a level is not brought there again."""
        first = self._escalate()
        self.assertFalse(self.case._escalate("1"))
        with self.assertRaisesRegex(Exception, "waiting_uniq"):
            with self.env.cr.savepoint():
                first.copy({"state": "waiting"})

    def test_by_hand_needs_the_case(self):
        """Who may not work on the case does not escalate it."""
        for user in (self.user_other, self.user_sales, self.user_portal):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.case.with_user(user)._escalate_by_hand("1", "because")

    def test_dialog(self):
        """The dialog says to whom it goes; who is no manager cannot choose."""
        Dialog = self.env["aftersales.case.escalate"].with_context(
            active_model="aftersales.case", active_id=self.case.id
        )
        with Form(Dialog.with_user(self.user_specialist)) as form:
            self.assertEqual(form.level, "1")
            self.assertEqual(form.user_id, self.user_team)
            self.assertFalse(form.can_choose)
            form.reason = "The customer calls every hour"
            form.tell_customer = True
        form.record.action_apply()
        self.assertEqual(self.case.escalation_ids.reason, form.reason)
        [notice] = self.case.notice_ids
        self.assertEqual(notice.reason, "escalated")
        self.assertTrue(Dialog.with_user(self.user_manager).new({}).can_choose)

    # Acknowledge --------------------------------------------------------------

    def _acknowledged(self, escalation, user):
        self.assertRecordValues(
            escalation,
            [
                {
                    "state": "acknowledged",
                    "acknowledged_by_id": user.id,
                    "acknowledged_at": at("09:30"),
                }
            ],
        )
        self.assertFalse(escalation.activity_ids)
        clock = self._clock(self.case, "escalation_ack")
        self.assertEqual((clock.outcome, clock.stopped_at), ("met", at("09:30")))
        [line] = self._events(self.case, "escalation_acknowledged")
        self.assertEqual(line.actor_id, user.id)

    def test_acknowledge(self):
        """Only that person, or a manager in their place, acknowledges."""
        escalation = self._escalate()
        self.frozen.move_to(at("09:30"))
        for user in (self.user_specialist, self.user_other, self.user_sales):
            with self.subTest(user.login), self.assertRaises(AccessError):
                escalation.with_user(user).action_acknowledge()
        escalation.with_user(self.user_team).action_acknowledge()
        self._acknowledged(escalation, self.user_team)
        told = self.env["mail.message"].search(
            [("partner_ids", "in", self.user_specialist.partner_id.ids)], limit=1
        )
        self.assertIn("has it", told.subject, "who asked for help learns of it")
        escalation.with_user(self.user_team).action_acknowledge()
        self.assertEqual(len(self._events(self.case, "escalation_acknowledged")), 1)

    def test_acknowledge_by_a_manager(self):
        escalation = self._escalate()
        self.frozen.move_to(at("09:30"))
        escalation.with_user(self.user_manager).action_acknowledge()
        self._acknowledged(escalation, self.user_manager)

    def test_activity_done_is_acknowledged(self):
        escalation = self._escalate()
        activity = escalation.activity_ids
        self.frozen.move_to(at("09:30"))
        with self.assertRaises(AccessError):
            activity.with_user(self.user_specialist).action_feedback()
        activity.with_user(self.user_team).action_feedback(feedback="I call them")
        self._acknowledged(escalation, self.user_team)

    def test_two_levels_at_a_time(self):
        """Each level has its own time: acknowledging one ends only that."""
        first, second = self._escalate("1"), self._escalate("2")
        second.with_user(self.user_other).action_acknowledge()
        self.assertEqual((first.state, second.state), ("waiting", "acknowledged"))
        clocks = self.case.clock_ids.filtered(lambda c: c.kind == "escalation_ack")
        self.assertEqual(sorted(clocks.mapped("outcome")), ["met", "none"])

    def test_not_acknowledged_in_time(self):
        """Silence is a broken promise, which has its own ladder."""
        self._escalate()
        self._tick(at("10:01"))
        clock = self._clock(self.case, "escalation_ack")
        self.assertEqual(clock.outcome, "breached")
        self.assertIn("Escalation acknowledged", self.case.activity_ids.summary)

    # Ends ---------------------------------------------------------------------

    def test_ends_with_the_case(self):
        """Nobody is waited for when the case is cancelled or set aside."""
        cancelled = self._escalate()
        self.case.action_cancel()
        self.case = self._case(at("09:00"), user_id=self.user_specialist.id)
        aside = self._escalate()
        self.case._set_aside("spam", "advertising")
        for escalation in (cancelled, aside):
            self.assertEqual(escalation.state, "ended")
            self.assertFalse(escalation.activity_ids)

    # Who sees what ------------------------------------------------------------

    def test_head_of_a_department(self):
        """A head without any right in after-sales sees what is escalated to them and
        nothing else: their escalation, not the case."""
        self._escalate("1")
        escalation = self._escalate("2").with_user(self.user_other)
        other = self._case(at("09:00"), user_id=self.user_team.id)._escalate("1")
        self.assertFalse(
            self.user_other.has_group("aftersales_service.group_aftersales_user")
        )
        self.assertEqual(
            self.env["aftersales.escalation"].with_user(self.user_other).search([]),
            escalation,
        )
        with self.assertRaises(AccessError):
            other.with_user(self.user_other).read(["reason"])
        with self.assertRaises(AccessError):
            escalation.case_id.read(["description"])
        with self.assertRaises(AccessError):
            escalation.action_open_case()
        specification = {
            "case_name": {},
            "case_id": {"fields": {"display_name": {}}},
            "partner_id": {"fields": {"display_name": {}}},
            "reason": {},
            "can_acknowledge": {},
            "can_open_case": {},
            "cause_text": {},
            "note": {},
        }
        [values] = escalation.web_read(specification)
        self.assertEqual(values["case_name"], "Left shoe too small")
        self.assertTrue(values["can_acknowledge"])
        self.assertFalse(values["can_open_case"])
        escalation.action_acknowledge()
        self.assertEqual(escalation.state, "acknowledged")

    def test_roles(self):
        """Who works on the case sees its escalations, others do not; nobody writes."""
        self._escalate()
        Model = self.env["aftersales.escalation"]
        for user, count in (
            (self.user_specialist, 1),
            (self.user_team, 1),
            (self.user_manager, 1),
            (self.user_management, 1),
            (self.user_other, 0),
            (self.user_sales, 0),
        ):
            with self.subTest(user.login):
                theirs = Model.with_user(user).search_count(
                    [("case_id", "=", self.case.id)]
                )
                self.assertEqual(theirs, count)
        for user in (self.user_portal, self.env.ref("base.public_user")):
            with self.subTest(user.login), self.assertRaises(AccessError):
                Model.with_user(user).search([])
        escalation = self.case.escalation_ids
        for user in (self.user_team, self.user_manager):
            theirs = escalation.with_user(user)
            for act in (
                lambda r: r.write({"state": "acknowledged"}),
                lambda r: r.unlink(),
                lambda r: r.copy(),
            ):
                with self.assertRaises(AccessError):
                    act(theirs)

    def test_other_company(self):
        """Another company's escalations are not seen, even by its managers."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "as_stranger",
            groups="base.group_user,aftersales_service.group_aftersales_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        self._escalate()
        Model = self.env["aftersales.escalation"].with_user(stranger)
        self.assertFalse(Model.search([]))

    def test_alerts(self):
        """The form of the case says who is waited for, and offers them the button."""
        self._escalate()
        for user, mine in ((self.user_team, True), (self.user_specialist, False)):
            [alert] = self.case.with_user(user).get_alerts()["escalations"]
            self.assertEqual((alert["is_mine"], alert["can_acknowledge"]), (mine, mine))
            self.assertEqual(alert["reason"], "I may not decide this")
        for user in (self.user_portal, self.user_other):
            with self.assertRaises(AccessError):
                self.case.with_user(user).get_alerts()

    def test_many_are_one_mail(self):
        """Many cases escalated to one person at once are one mail, with a task each."""
        cases = self.case
        for _n in range(3):
            cases |= self._case(at("09:00"))
        escalations = cases._escalate("2")
        mails = self.Mail.search(
            [("recipient_ids", "in", self.user_other.partner_id.ids)]
        )
        self.assertEqual(len(mails), 1)
        self.assertEqual(len(escalations.activity_ids), 4)

    def test_merged_away(self):
        """An escalation of a case that is merged into another waits for nobody."""
        escalation = self._escalate("1")
        survivor = self._case(at("09:00"))
        own = survivor._escalate("1")
        survivor._clocks_absorb(self.case, at("09:30"))
        self.assertEqual((escalation.state, own.state), ("ended", "waiting"))
        self.assertFalse(escalation.activity_ids)

    def test_many_cost_no_query_each(self):
        cases = self.case
        for _n in range(20):
            cases |= self._case(at("09:00"))
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        escalations = cases._escalate("2")
        self.env.flush_all()
        self.assertLessEqual(self.env.cr.sql_log_count - before, 60)
        clocks = cases.clock_ids.filtered(lambda c: c.kind == "escalation_ack")
        self.assertEqual(
            set(clocks.mapped("subject")),
            {f"aftersales.escalation,{e.id}" for e in escalations},
        )

    def test_two_levels_at_once(self):
        """A manager acknowledges both for others: each ends its own promise."""
        both = self._escalate("1") | self._escalate("2")
        both.with_user(self.user_manager).action_acknowledge()
        clocks = self.case.clock_ids.filtered(lambda c: c.kind == "escalation_ack")
        self.assertEqual(clocks.mapped("outcome"), ["met", "met"])
