from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestOnboarding(AftersalesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.aftersales_onboarded = False
        cls.Onboarding = cls.env["aftersales.onboarding"].with_user(cls.user_manager)
        cls.domain = cls.env["mail.alias.domain"].create({"name": "shop.example.com"})

    def _wizard(self, **values):
        wizards = self.Onboarding.with_context(default_team_id=self.team.id)
        return wizards.create(values)

    def test_asked_of_managers_until_answered(self):
        self.assertTrue(self.Onboarding.is_needed())
        specialist = self.env["aftersales.onboarding"].with_user(self.user_team)
        self.assertFalse(specialist.is_needed())
        self._wizard().action_apply()
        self.assertFalse(self.Onboarding.is_needed())

    def test_dismissed_by_managers_alone(self):
        with self.assertRaises(AccessError):
            self.env["aftersales.onboarding"].with_user(self.user_team).action_dismiss()
        self.Onboarding.action_dismiss()
        self.assertFalse(self.Onboarding.is_needed())
        self.assertEqual(self.team.name, "Test Team")

    def test_shows_what_the_team_has(self):
        wizard = self._wizard()
        self.assertEqual(wizard.team_name, "Test Team")
        self.assertEqual(wizard.member_ids, self.team.member_ids)
        self.assertEqual(wizard.calendar_id, self.calendar)
        self.assertEqual(wizard.hours, "calendar")

    def test_sets_up_who_where_and_when(self):
        form = Form(self.Onboarding.with_context(default_team_id=self.team.id))
        form.team_name = "Helpers"
        form.member_ids.clear()
        form.member_ids.add(self.user_team)
        form.leader_id = self.user_manager
        form.alias_name = "help"
        form.alias_domain_id = self.domain
        form.hours = "new"
        form.hour_from, form.hour_to = 8.5, 20
        wizard = form.save()
        wizard.write({"sat": True, "mon": False})
        action = wizard.action_apply()
        self.assertEqual(action["res_model"], "aftersales.case")
        team = self.team
        self.assertEqual(team.name, "Helpers")
        self.assertEqual(team.alias_email, "help@shop.example.com")
        self.assertEqual(team.member_ids, self.user_team)
        slots = team.calendar_id.attendance_ids
        self.assertEqual(set(slots.mapped("dayofweek")), {"1", "2", "3", "4", "5"})
        self.assertEqual(set(slots.mapped("hour_from")), {8.5})
        self.assertEqual(set(slots.mapped("hour_to")), {20})

    def test_mail_to_the_new_address_becomes_a_case_of_the_team(self):
        self._wizard(alias_name="help", alias_domain_id=self.domain.id).action_apply()
        self.assertEqual(self.team.alias_id.alias_model_id.model, "aftersales.case")
        self.assertIn(str(self.team.id), self.team.alias_id.alias_defaults)

    def test_company_hours_need_no_own_calendar(self):
        self._wizard(hours="company").action_apply()
        self.assertFalse(self.team.calendar_id)

    def test_creates_the_first_team(self):
        self.env["aftersales.team"].search([]).active = False
        wizard = self.Onboarding.create(
            {"member_ids": [Command.set(self.user_team.ids)]}
        )
        wizard.action_apply()
        self.assertTrue(wizard.team_id)
        self.assertEqual(wizard.team_id.company_id, self.company)

    def test_refuses_hours_that_cannot_be(self):
        for values in (
            {"hours": "new", "hour_from": 18, "hour_to": 9},
            {"hours": "new", "hour_to": 25},
            {
                "hours": "new",
                **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), False),
            },
            {"hours": "calendar", "calendar_id": False},
        ):
            with self.assertRaises(UserError):
                self._wizard(**values).action_apply()
        self.assertEqual(self.team.calendar_id, self.calendar)

    def test_specialists_may_not(self):
        with self.assertRaises(AccessError):
            self.env["aftersales.onboarding"].with_user(self.user_team).create({})
