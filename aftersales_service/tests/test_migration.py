from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .clock.test_clock_engine import ClockCommon, at

SCRIPTS = Path(__file__).parents[1] / "migrations"


def migrate(env, to, version):
    """Run the script of a version.

    :param str to: the version migrated to
    :param str version: the version migrated from
    :return: the module of the script
    """
    spec = spec_from_file_location("migrate", SCRIPTS / to / "post-migrate.py")
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    env.flush_all()
    script.migrate(env.cr, version)
    env.invalidate_all()
    return script


@tagged("post_install", "-at_install")
class TestMigration(ClockCommon):
    """What an update from an earlier version does."""

    def _migrate(self, version="19.0.1.0.0"):
        migrate(self.env, "19.0.1.1.0", version)

    def _forget_ladder(self):
        """Leave the database as the earlier version did."""
        self.policy.target_ids.step_ids.unlink()
        self.env.cr.execute(
            SQL("UPDATE aftersales_clock SET snapshot = snapshot - 'steps'")
        )
        self.env.invalidate_all()

    def test_leader_is_told_as_before(self):
        """Promises of before tell the leader when they are broken, running ones too."""
        case = self._case(at("09:00"))
        self._forget_ladder()
        self._migrate()
        self.assertEqual(
            self.policy.target_ids.step_ids.mapped("recipient"), ["leader"] * 3
        )
        self._tick(at("14:01"))
        self.assertEqual(case.activity_ids.user_id, self.user_manager)

    def test_twice(self):
        """Run again, it adds nothing; targets with steps are left alone."""
        self._forget_ladder()
        self._migrate()
        steps = self.policy.target_ids.step_ids
        self._migrate()
        self.assertEqual(self.policy.target_ids.step_ids, steps)

    def test_installation(self):
        self._forget_ladder()
        self._migrate(version=None)
        self.assertFalse(self.policy.target_ids.step_ids)

    def test_who_leads_a_team_sees_its_cases(self):
        """The rules become what a new database has; what somebody changed stays."""
        script = migrate(self.env, "19.0.1.2.0", None)
        rules = self.env["ir.rule"].union(
            *(self.env.ref(f"aftersales_service.{name}") for name in script.RULES)
        )
        installed = {rule: rule.domain_force for rule in rules}
        for rule, (_team, owner) in zip(rules, script.RULES.values(), strict=True):
            rule.domain_force = f"[('{owner}', '=', user.id)]"
        migrate(self.env, "19.0.1.2.0", None)
        self.assertNotIn("overseen", rules[0].domain_force)
        migrate(self.env, "19.0.1.2.0", "19.0.1.1.0")
        self.assertEqual({rule: rule.domain_force for rule in rules}, installed)
        rules[0].domain_force = "[(1, '=', 1)]"
        migrate(self.env, "19.0.1.2.0", "19.0.1.1.0")
        self.assertEqual(rules[0].domain_force, "[(1, '=', 1)]")

    def test_index_by_kind_of_stage(self):
        """The narrow index goes; the one that orders as well is there."""

        def names():
            rows = self.env.execute_query(
                SQL(
                    "SELECT indexname FROM pg_indexes"
                    " WHERE tablename = 'aftersales_case' AND indexname LIKE %s",
                    "%stage_kind%",
                )
            )
            return {name for (name,) in rows}

        wide = {"aftersales_case_stage_kind_idx"}
        self.assertEqual(names(), wide)
        self.env.cr.execute(
            SQL(
                "CREATE INDEX aftersales_case__stage_kind_index"
                " ON aftersales_case (stage_kind)"
            )
        )
        migrate(self.env, "19.0.1.3.0", None)
        self.assertNotEqual(names(), wide)
        migrate(self.env, "19.0.1.3.0", "19.0.1.2.0")
        self.assertEqual(names(), wide)

    def test_jobs_of_the_system(self):
        """They are the system's, and administrators' to run by hand."""
        jobs = self.env["ir.cron"].union(
            *(
                self.env.ref(f"aftersales_service.ir_cron_{name}")
                for name in ("acknowledge", "check", "clock_tick", "job")
            )
        )
        system = self.env.ref("base.group_system")
        jobs.write({"user_id": self.user_manager.id, "group_ids": [Command.clear()]})
        migrate(self.env, "19.0.1.4.0", None)
        self.assertEqual(jobs.user_id, self.user_manager)
        migrate(self.env, "19.0.1.4.0", "19.0.1.3.0")
        self.assertEqual(jobs.user_id, self.env.ref("base.user_root"))
        self.assertEqual([job.group_ids for job in jobs], [system] * 4)
