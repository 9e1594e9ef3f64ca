"""What decides is who acts, never what a client says."""

import re
from pathlib import Path

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..clock.test_clock_engine import ClockCommon, at
from ..common import AftersalesCommon

ADDON = Path(__file__).parents[2]
# Key of a context that code of ours asks for → why a client may send it.
CONTEXT_KEYS = {
    "active_id": "which record a dialog is opened on; its rights are checked",
    "active_ids": "which records a dialog is opened on; their rights are checked",
    "active_model": "which record a dialog is opened on; its rights are checked",
    "aftersales_actor": "only an object of the class CustomerActor counts",
    "aftersales_body": "a text in which an order of the same customer may be named",
    "aftersales_engine": "only a private object counts",
    "aftersales_mail": "only an object of the class IncomingMail counts",
    "aftersales_move": "only an object of the class Move counts",
    "aftersales_no_version": "only a private object counts",
    "aftersales_now": "only a datetime counts, which JSON has not",
    "aftersales_posted": "only the object POSTED counts",
    "aftersales_opening": "counts only beside an IncomingMail, else who is told",
    "aftersales_policy_change": "only an object of the class Change counts",
    "aftersales_schedules": "only an object of the class FreshSchedules counts",
    "aftersales_notify_only": "somebody does not follow a case",
    "aftersales_watched": "only a private object counts",
    "cron_id": "only while the system acts",
    "default_calendar_id": "which hours are looked at again",
    "default_fetchmail_server_id": "whether a mail is tried again, and how old it is",
    "default_resource_id": "which hours are looked at again",
    "default_team_id": "which empty columns a board shows",
    "install_mode": "only while the system acts",
    "mail_auto_subscribe_no_notify": "Odoo's own: nobody is told",
    "tz": "in which zone times are shown",
}


@tagged("post_install", "-at_install")
class TestContext(ClockCommon):
    """Contexts come from clients."""

    def test_every_key_is_known(self):
        """Code asks a context for nothing but what is listed here with its reason."""
        asked = set()
        for path in ADDON.rglob("*.py"):
            if "tests" not in path.relative_to(ADDON).parts:
                text = path.read_text()
                asked.update(re.findall(r'context(?:\.get\(|\[)\s*"(\w+)"', text))
        self.assertEqual(asked, set(CONTEXT_KEYS))

    def test_no_person_passes_for_a_job(self):
        """The ledger names who acts, also where the code has more rights meanwhile."""
        case = self._case(at("08:00"), user_id=self.user_team.id)
        known = self._events(case)
        case = case.with_user(self.user_team).with_context(cron_id=1)
        case.write({"urgency": "0"})
        case.action_wait_customer()
        lines = self._events(case) - known
        self.assertIn("clock_paused", lines.mapped("kind"))
        self.assertEqual(set(lines.mapped("actor_kind")), {"user"})
        self.assertEqual(set(lines.mapped("actor_id")), {self.user_team.id})

    def test_a_changed_policy_has_a_new_version(self):
        """No context hides the change of a promise, or rewrites what a version said."""
        target = self.policy.target_ids[0]
        version = self.policy.version
        for context in ({"aftersales_no_version": True}, {"install_mode": True}):
            with self.subTest(context):
                said = self.policy.version_ids[0].data
                mine = target.with_user(self.user_manager).with_context(**context)
                mine.target_seconds += 60
                version += 1
                self.assertEqual(self.policy.version, version)
                versions = self.policy.version_ids.sorted("version")
                self.assertEqual(versions.mapped("version")[-1], version)
                self.assertEqual(versions[-2].data, said)

    def test_a_promise_must_be_possible(self):
        """No context passes hours in which nobody works."""
        target = self.policy.target_ids[0].with_user(self.user_manager)
        with self.assertRaises(ValidationError):
            target.with_context(install_mode=True).write(
                {"target_seconds": 10**9, "calendar_mode": "always"}
            )


@tagged("post_install", "-at_install")
class TestJobs(ClockCommon, HttpCase):
    """Scheduled jobs decide in the name of the system."""

    def _jobs(self):
        names = self.env["ir.model.data"].search(
            [("module", "=", "aftersales_service"), ("model", "=", "ir.cron")]
        )
        return self.env["ir.cron"].browse(names.mapped("res_id"))

    def _people(self):
        return (
            self.user_portal
            | self.user_other
            | self.user_sales
            | self.user_specialist
            | self.user_team
            | self.user_management
            | self.user_manager
        )

    def test_nobody_but_the_system(self):
        """Neither the action nor the method behind it; and nothing happens."""
        self.assertGreaterEqual(len(self._jobs()), 4)
        case = self._case(at("08:00"))
        self.frozen.move_to(at("08:00", 30))
        before = len(self._events(case))
        for job in self._jobs():
            method = re.fullmatch(r"model\.(_cron_\w+)\(\)", job.code)[1]
            self.assertEqual(job.user_id, self.env.ref("base.user_root"))
            for user in self._people():
                with self.subTest(job.name, user=user.login):
                    with self.assertRaises(AccessError):
                        job.ir_actions_server_id.with_user(user).run()
                    with self.assertRaises(AccessError):
                        getattr(self.env[job.model_name].with_user(user), method)()
        self.assertEqual(len(self._events(case)), before)
        self.assertFalse(self.env["aftersales.job"].search([]))

    def test_by_its_address(self):
        """The page that runs any action runs no job for a customer."""
        self.authenticate("as_portal", "as_portal")
        job = self.env.ref("aftersales_service.ir_cron_clock_tick")
        with mute_logger("odoo.http"):
            answer = self.url_open(
                "/web/action/run",
                json={"params": {"action_id": job.ir_actions_server_id.id}},
            ).json()
        name = answer["error"]["data"]["name"]
        self.assertEqual(name, "odoo.exceptions.AccessError")


@tagged("post_install", "-at_install")
class TestTemplates(AftersalesCommon):
    """A text that is written as the system is one for cases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.env["mail.template"].create(
            {
                "name": "Invitation",
                "model_id": cls.env["ir.model"]._get_id("res.users"),
                "subject": "Secret of {{ object.login }}",
                "body_html": '<p>Secret of <t t-out="object.login"/></p>',
            }
        )

    def test_foreign_template_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "template for after-sales cases"):
            self.team.with_user(self.user_manager).write(
                {"acknowledge_template_id": self.foreign.id}
            )

    def test_template_that_became_foreign(self):
        """One whose documents were changed since is not used."""
        self.foreign.model_id = self.env["ir.model"]._get_id("aftersales.case")
        self.team.acknowledge_template_id = self.foreign
        self.foreign.model_id = self.env["ir.model"]._get_id("res.users")
        case = self._create_case(channel="mail", email_from="x@stranger.example.com")
        case._acknowledge(case.received_at)
        message = case.message_ids.filtered(
            lambda message: message.message_type == "auto_comment"
        )
        self.assertTrue(message)
        self.assertNotIn("Secret", f"{message.subject} {message.body}")

    def test_step_whose_template_became_foreign(self):
        Clocks = self.env["aftersales.clock"]
        action = self.env["ir.actions.server"].create(
            {
                "name": "On users",
                "model_id": self.env["ir.model"]._get_id("res.users"),
                "state": "code",
            }
        )
        self.assertFalse(Clocks._for_cases(self.foreign))
        self.assertFalse(Clocks._for_cases(action))
        model_id = self.env["ir.model"]._get_id("aftersales.case")
        (self.foreign | self.foreign).model_id = action.model_id = model_id
        self.assertTrue(Clocks._for_cases(self.foreign))
        self.assertTrue(Clocks._for_cases(action))


@tagged("post_install", "-at_install")
class TestCompanies(AftersalesCommon):
    """A manager changes nothing of another company, nor what all share."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        groups = "base.group_user,aftersales_service.group_aftersales_manager"

        def manager(login, companies):
            return new_test_user(
                cls.env,
                login,
                groups=groups,
                company_id=companies[0].id,
                company_ids=[Command.set(companies.ids)],
            )

        cls.stranger = manager("as_stranger", cls.elsewhere)
        everywhere = cls.env["res.company"].search([])
        cls.chief = manager("as_chief", everywhere)
        cls.theirs = cls.env["resource.calendar"].create(
            {"name": "Theirs", "company_id": cls.elsewhere.id}
        )
        cls.shared = cls.env["resource.calendar"].create(
            {"name": "Shared", "company_id": False}
        )

    def _refused(self, user, records, **values):
        """Check that a user can neither change nor delete records."""
        with self.subTest(user.login, records=records):
            for record in records.with_user(user):
                with self.assertRaises(AccessError):
                    record.write(values)
                with self.assertRaises(AccessError):
                    record.unlink()

    def test_working_hours(self):
        """Of another company: neither the hours nor their lines."""
        for calendar in (self.calendar, self.shared):
            self._refused(self.stranger, calendar, name="Mine")
            self._refused(self.stranger, calendar.attendance_ids, hour_from=0)
            with self.subTest(calendar.name), self.assertRaises(AccessError):
                self.env["resource.calendar.attendance"].with_user(
                    self.stranger
                ).create(
                    {
                        "name": "Night",
                        "calendar_id": calendar.id,
                        "dayofweek": "6",
                        "hour_from": 0,
                        "hour_to": 4,
                        "day_period": "morning",
                    }
                )
        with self.assertRaises(AccessError):
            self.theirs.with_user(self.stranger).company_id = self.company

    def test_own_working_hours(self):
        theirs = self.theirs.with_user(self.stranger)
        theirs.name = "Ours"
        theirs.attendance_ids[0].unlink()
        theirs.attendance_ids[0].hour_from = 7
        self.assertEqual(self.theirs.name, "Ours")
        with self.assertRaises(AccessError):
            theirs.attendance_ids[0].calendar_id = self.calendar
        with self.assertRaises(AccessError):
            theirs.company_id = False

    def test_nothing_is_given_away(self):
        """A record of one company does not become one of all, or of another."""
        policy = self.env["aftersales.policy"].with_user(self.stranger)
        policy = policy.create({"name": "Ours"})
        for company in (self.env["res.company"], self.company):
            with self.subTest(company.name), self.assertRaises(AccessError):
                policy.company_id = company

    def test_who_has_all_companies(self):
        chief = self.chief
        self.shared.with_user(chief).name = "For all"
        chief_env = self.env(user=chief, context={"allowed_company_ids": [1]})
        stage = self._stage("working")
        chief_env["aftersales.stage"].browse(stage.id).name = "In work"
        self.assertEqual((self.shared.name, stage.name), ("For all", "In work"))

    def test_administrator(self):
        """Administrators keep what Odoo lets them do."""
        admin = new_test_user(
            self.env, "as_admin", groups="base.group_system,base.group_partner_manager"
        )
        admin.group_ids += self.env.ref("aftersales_service.group_aftersales_manager")
        self.shared.with_user(admin).name = "For all"
        self.assertEqual(self.shared.name, "For all")

    def test_shared_records(self):
        policy = self.env["aftersales.policy"].create(
            {
                "name": "Shared",
                "company_id": False,
                "target_ids": [
                    Command.create({"kind": "first_response", "target_seconds": 3600})
                ],
            }
        )
        category = self.env["aftersales.category"].create({"name": "Shared"})
        self._refused(self.stranger, policy, name="Mine")
        self._refused(self.stranger, policy.target_ids, target_seconds=60)
        self._refused(self.stranger, policy.target_ids.step_ids, percent=50)
        self._refused(self.stranger, category, name="Mine")
        self._refused(self.stranger, self._stage("working"), name="Mine")
        with self.assertRaises(AccessError):
            self.env["aftersales.category"].with_user(self.stranger).create(
                {"name": "For all"}
            )

    def test_stage_of_own_teams(self):
        """A stage that only teams of their companies use is the manager's."""
        Team = self.env["aftersales.team"]
        theirs = Team.create({"name": "Theirs", "company_id": self.elsewhere.id})
        stage = self.env["aftersales.stage"].with_user(self.stranger)
        stage = stage.create({"name": "Lab", "team_ids": [Command.set(theirs.ids)]})
        stage.name = "Laboratory"
        stage.sudo().team_ids += self.team
        self._refused(self.stranger, stage, name="Mine")

    def test_copy_of_a_shared_policy(self):
        """Who may not change a shared policy copies it for the own company."""
        policy = self.env["aftersales.policy"].create(
            {"name": "Shared", "company_id": False}
        )
        self.assertEqual(
            policy.with_user(self.stranger).copy().company_id, self.elsewhere
        )
        self.assertFalse(policy.with_user(self.chief).copy().company_id)


@tagged("post_install", "-at_install")
class TestReferences(AftersalesCommon):
    """Nobody learns the name of what they may not read by referring to it."""

    def test_origin_of_a_case(self):
        case = self._create_case(user_id=self.user_team.id)
        Cases = self.env["aftersales.case"].with_user(self.user_specialist)
        foreign = {"name": "Mine", "origin_case_id": case.id}
        with self.assertRaises(AccessError):
            Cases.create(foreign)
        with self.assertRaises(AccessError):
            Cases.with_context(default_origin_case_id=case.id).create({"name": "Mine"})
        with self.assertRaises(AccessError):
            Cases.onchange(foreign, [], {"origin_case_id": {"fields": {}}})
        case.user_id = self.user_specialist
        self.assertEqual(Cases.create(foreign).origin_case_id, case)

    def test_origin_of_another_company(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        team = self.env["aftersales.team"].create(
            {"name": "Theirs", "company_id": elsewhere.id}
        )
        case = self._create_case()
        with self.assertRaisesRegex(UserError, "Elsewhere"):
            self._create_case(team_id=team.id, partner_id=False, origin_case_id=case.id)

    def test_dialogs(self):
        """No dialog that refers to a case, a promise or a policy is a way around."""
        case = self._create_case(user_id=self.user_team.id)
        stranger = self.user_specialist
        for model, values in (
            ("aftersales.case.link", {"case_id": case.id}),
            ("aftersales.case.escalate", {"case_id": case.id, "level": "1"}),
            ("aftersales.case.mark", {"case_ids": [case.id], "reason": "x"}),
            (
                "aftersales.case.promise",
                {"case_id": case.id, "topic": "callback", "body": "x"},
            ),
        ):
            Dialogs = self.env[model].with_user(stranger)
            with self.subTest(model), self.assertRaises(AccessError):
                Dialogs.create(values)
            with self.subTest(model), self.assertRaises(AccessError):
                Dialogs.onchange(values, [], {name: {} for name in values})
            defaults = {f"default_{name}": value for name, value in values.items()}
            with self.subTest(model), self.assertRaises(AccessError):
                Dialogs.with_context(**defaults).onchange(
                    {}, [], {name: {} for name in values}
                )
