from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from odoo.tests import tagged
from odoo.tools import SQL

from .test_clock_engine import ClockCommon, at

SCRIPT = Path(__file__).parents[1] / "migrations" / "19.0.1.1.0" / "post-migrate.py"


@tagged("post_install", "-at_install")
class TestMigration(ClockCommon):
    """What an update from an earlier version does."""

    def _migrate(self, version="19.0.1.0.0"):
        spec = spec_from_file_location("post_migrate", SCRIPT)
        script = module_from_spec(spec)
        spec.loader.exec_module(script)
        self.env.flush_all()
        script.migrate(self.env.cr, version)
        self.env.invalidate_all()

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
