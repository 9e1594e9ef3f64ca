from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestTeam(AftersalesCommon):
    def test_hours_without_working_time_are_refused(self):
        empty = self.env["resource.calendar"].create(
            {"name": "Nobody", "attendance_ids": [Command.clear()]}
        )
        flexible = self.env["resource.calendar"].create(
            {"name": "Flexible", "schedule_type": "flexible"}
        )
        for calendar in (empty, flexible):
            with (
                self.subTest(calendar=calendar.name),
                self.assertRaisesRegex(ValidationError, "no fixed working times"),
            ):
                self.team.calendar_id = calendar

    def test_without_own_hours_those_of_the_company_count(self):
        self.team.calendar_id = False
        self.assertEqual(self.team._service_calendar(), self.calendar)

    def test_replies_are_sent_as_the_team(self):
        domain = self.env["mail.alias.domain"].create({"name": "ours.example.com"})
        self.company.alias_domain_id = domain
        self.company.email = "office@ours.example.com"
        self.assertEqual(
            self.team._sender_address(), '"Test Team" <office@ours.example.com>'
        )
        self.team.write({"alias_name": "help", "alias_domain_id": domain.id})
        self.assertEqual(
            self.team._sender_address(), '"Test Team" <help@ours.example.com>'
        )

    def test_alias_opens_cases_of_the_team(self):
        self.team.alias_name = "help-desk"
        alias = self.team.alias_id
        self.assertEqual(alias.alias_model_id.model, "aftersales.case")
        self.assertEqual(alias.alias_parent_thread_id, self.team.id)
        self.assertIn(str(self.team.id), alias.alias_defaults)

    def test_counts_of_the_overview(self):
        cases = self.env["aftersales.case"].union(
            *(self._create_case() for _index in range(3))
        )
        cases[0].user_id = self.user_team
        cases[1].action_cancel()
        self.assertEqual(self.team.open_case_count, 2)
        self.assertEqual(self.team.unassigned_case_count, 1)
        self.assertEqual(self.team.overdue_case_count, 0)

    def test_cases_set_aside_count_nowhere(self):
        case = self._create_case()
        self.assertEqual(self.team.unassigned_case_count, 1)
        case._set_aside("spam", "Advertising")
        self.team.invalidate_recordset()
        self.assertEqual(self.team.open_case_count, 0)
        self.assertEqual(self.team.unassigned_case_count, 0)

    def test_who_has_left_is_not_who_is_told(self):
        case = self._create_case(user_id=self.user_specialist.id)
        self.assertEqual(case._responsible_user(), self.user_specialist)
        self.user_specialist.action_archive()
        self.assertEqual(case._responsible_user(), self.user_manager)
