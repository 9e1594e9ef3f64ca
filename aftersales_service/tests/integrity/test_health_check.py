from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestHealth(AftersalesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Check = cls.env["aftersales.health.check"].with_user(cls.user_manager)

    def _lines(self, code):
        action = self.Check.action_open()
        lines = self.Check.search(action["domain"])
        return lines.filtered(lambda line: line.code == code)

    def _team_line(self, code):
        return self._lines(code).filtered(lambda line: line.mend_id == self.team.id)

    def test_for_managers_alone(self):
        with self.assertRaises(AccessError):
            self.env["aftersales.health.check"].with_user(self.user_team).action_open()

    def test_worst_comes_first(self):
        self.team.member_ids = [Command.clear()]
        lines = self.Check.search(self.Check.action_open()["domain"])
        self.assertEqual(lines[0].state, "error")
        ranks = lines.mapped("rank")
        self.assertEqual(ranks, sorted(ranks))

    def test_team_without_members_or_leader(self):
        self.assertEqual(self._team_line("team").state, "ok")
        self.team.leader_id = False
        self.assertEqual(self._team_line("team").state, "warning")
        self.team.member_ids = [Command.clear()]
        line = self._team_line("team")
        self.assertEqual(line.state, "error")
        self.assertEqual(line.action_mend()["res_id"], self.team.id)

    def test_no_team_at_all(self):
        self.env["aftersales.team"].search([]).active = False
        line = self._lines("team")
        self.assertEqual(line.state, "error")
        self.assertEqual(line.action_mend()["res_model"], "aftersales.team")

    def test_address_of_the_team(self):
        self.assertEqual(self._team_line("alias").state, "warning")
        self.team.alias_name = "help"
        self.team.alias_domain_id = False
        self.assertEqual(self._team_line("alias").state, "error")
        self.team.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "shop.example.com"}
        )
        line = self._team_line("alias")
        self.assertEqual(line.state, "ok")
        self.assertIn("help@shop.example.com", line.message)

    def test_incoming_mail(self):
        servers = self.env["fetchmail.server"].search([])
        servers.active = False
        self.assertEqual(self._lines("incoming").state, "warning")
        server = self.env["fetchmail.server"].create(
            {"name": "Box", "server_type": "imap", "server": "imap.example.com"}
        )
        self.assertEqual(self._lines("incoming").state, "error")
        server.write({"state": "done", "date": fields.Datetime.now()})
        self.assertEqual(self._lines("incoming").state, "ok")
        server.error_date = fields.Datetime.now() + timedelta(minutes=1)
        self.assertEqual(self._lines("incoming").state, "error")

    def test_outgoing_mail(self):
        self.env["ir.mail_server"].search([]).active = False
        self.assertEqual(self._lines("outgoing").state, "warning")
        self.env["ir.mail_server"].create({"name": "Out", "smtp_host": "localhost"})
        self.assertEqual(self._lines("outgoing").state, "ok")

    def test_only_administrators_mend_mail_servers(self):
        self.assertFalse(self._lines("outgoing").can_mend)
        self.assertTrue(self._team_line("team").can_mend)

    def test_jobs(self):
        job = self.env.ref("aftersales_service.ir_cron_clock_tick")
        job.nextcall = fields.Datetime.now()

        def line():
            return self._lines("job").filtered(lambda one: job.name in one.name)

        self.assertEqual(line().state, "ok")
        job.nextcall = fields.Datetime.now() - timedelta(hours=1)
        self.assertEqual(line().state, "error")
        job.nextcall = fields.Datetime.now()
        job.failure_count = 2
        self.assertEqual(line().state, "error")
        job.write({"failure_count": 0, "active": False})
        self.assertEqual(line().state, "error")

    def test_hours(self):
        self.assertEqual(self._team_line("hours").state, "ok")
        self.calendar.attendance_ids = [Command.clear()]
        line = self._team_line("hours")
        self.assertEqual(line.state, "error")
        self.assertIn("no working time", line.message)

    def test_flexible_hours(self):
        # They cannot be chosen; they can become so.
        self.calendar.schedule_type = "flexible"
        self.assertIn("flexible", self._team_line("hours").message)

    def test_time_zones(self):
        self.assertFalse(self._lines("zones"))
        for table in ("res_partner", "resource_calendar", "res_company"):
            column = "aftersales_tz" if table == "res_company" else "tz"
            with self.subTest(table=table), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = 'US/Pacific-New'",
                        SQL.identifier(table),
                        SQL.identifier(column),
                    )
                )
                self.env.invalidate_all()
                self.env.registry.clear_cache()
                [line] = self._lines("zones")
                self.assertIn("US/Pacific-New", line.message)
                schedule = self.calendar._aftersales_schedule(self.company)
                self.assertTrue(schedule.add(0, 3600))
                savepoint.rollback()
        self.env.registry.clear_cache()

    def test_unset_promises(self):
        self.env["aftersales.policy"].search([]).active = False
        lines = self._lines("promise")
        self.assertEqual(set(lines.mapped("state")), {"warning"})
        self.env["aftersales.policy"].create(
            {
                "name": "All",
                "target_ids": [
                    Command.create({"kind": "first_response", "target_seconds": 3600})
                ],
            }
        )
        self.assertEqual(self._lines("promise").mapped("state").count("ok"), 1)

    def test_promises_without_a_time(self):
        self.assertFalse(self._lines("clock"))
        case = self._create_case()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE aftersales_clock SET error_count = 1 WHERE case_id = %s", [case.id]
        )
        self.assertEqual(self._lines("clock").state, "error")

    def test_missing_stage(self):
        self.assertEqual(self._lines("stage").state, "ok")
        self.env["aftersales.stage"].search([("kind", "=", "resolved")]).write(
            {"team_ids": [Command.set(self.team.ids)]}
        )
        line = self._lines("stage")
        self.assertEqual(line.state, "error")
        self.assertIn("Resolved", line.message)

    def test_every_line_says_where_to_mend(self):
        lines = self.Check.search(self.Check.action_open()["domain"])
        for line in lines.filtered("can_mend"):
            self.assertTrue(line.action_mend(), line.name)
