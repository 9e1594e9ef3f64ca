"""Whatever the scratch addon adds is found on every screen, in the figures, in the
simulation, in the replay and on the portal."""

from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.aftersales_service.tests.clock.test_clock_engine import (
    HOUR,
    ClockCommon,
    at,
)


@tagged("post_install", "-at_install", "aftersales_doors")
class TestDoors(ClockCommon, HttpCase):
    """An addon extends by rows and methods, and patches nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.target_ids = [
            Command.create({"kind": "fitting", "target_seconds": HOUR})
        ]

    def _fit(self, case, instant):
        self.frozen.move_to(instant)
        case.with_user(self.user_team).action_fit()

    # Channels -------------------------------------------------------------------

    def test_channel_everywhere(self):
        """On the form, in policies, in the try-out and in the figures."""
        for model in ("case", "policy", "policy.try", "report.clock"):
            field = self.env[f"aftersales.{model}"]._fields["channel"]
            labels = dict(field._description_selection(self.env))
            with self.subTest(model):
                self.assertEqual(labels["fax"], "Fax")

    def test_channel_is_confirmed(self):
        self.frozen.move_to(at("10:00"))
        fax = self._create_case(channel="fax")
        self.assertTrue(fax.acknowledge_at)
        self.assertIn("acknowledgement", fax.clock_ids.mapped("kind"))
        drill = self._create_case(channel="drill")
        self.assertFalse(drill.acknowledge_at)
        self.assertNotIn("acknowledgement", drill.clock_ids.mapped("kind"))

    def test_channel_in_no_figure(self):
        cases = self._case(at("10:00"), channel="drill") | self._case(at("10:00"))
        self.env.flush_all()
        rows = self.env["aftersales.report.clock"].search(
            [("case_id", "in", cases.ids)]
        )
        self.assertEqual(rows.case_id, cases[1])

    def test_channel_in_a_policy(self):
        self.policy.channel = "fax"
        self.frozen.move_to(at("10:00"))
        self.assertTrue(self._create_case(channel="fax").clock_ids)
        self.assertFalse(self._create_case(channel="letter").clock_ids)

    # A kind of promise ----------------------------------------------------------

    def test_kind_runs(self):
        case = self._case(at("10:00"))
        clock = self._clock(case, "fitting")
        self.assertEqual(clock.deadline, at("11:00"))
        self._fit(case, at("10:30"))
        self.assertEqual((clock.outcome, clock.decided_at), ("met", at("10:30")))

    def test_kind_on_screens(self):
        """The panel, the explanation, the matrix, the policy and the board's list."""
        case = self._case(at("10:00"))
        labels = [promise["label"] for promise in case.get_panel()["promises"]]
        self.assertIn("Fitting", labels)
        clock = self._clock(case, "fitting")
        self.assertIn("Fitting", clock.get_explanation()["title"])
        self.assertIn(["fitting", "Fitting"], self.policy.get_matrix()["kinds"])
        field = self.env["aftersales.policy.target"]._fields["kind"]
        self.assertEqual(
            dict(field._description_selection(self.env))["fitting"], "Fitting"
        )
        self.assertEqual(clock.display_name, "Fitting")

    def test_kind_in_figures(self):
        case = self._case(at("10:00"))
        self._fit(case, at("10:30"))
        self.env.flush_all()
        rows = self.env["aftersales.report.clock"].search([("case_id", "=", case.id)])
        self.assertEqual(rows.filtered(lambda r: r.kind == "fitting").attainment, 100)
        figures = self.env["aftersales.figure"]
        mine = [("case_id", "=", case.id)]
        value = figures._value("K-03", [*mine, ("kind", "=", "fitting")])
        self.assertEqual(value, (100, 1))

    def test_kind_on_the_portal(self):
        case = self._case(at("10:00"))
        page = html.fromstring(self.url_open(case.get_portal_url()).content)
        self.assertIn("We fit it by", page.text_content())

    def test_kind_in_the_replay(self):
        """The ledger says what the tables say, after everything that can happen."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("10:10"))
        self._move(case, "working", at("10:20"))
        self._fit(case, at("10:40"))
        found, _count = self.env["aftersales.difference"]._check_cases(case.ids)
        self.assertFalse(found)

    def test_kind_in_the_simulation(self):
        """What would have become of it is what became of it."""
        kept, late = self._case(at("09:00")), self._case(at("09:01"))
        self._fit(kept, at("09:30"))
        self._fit(late, at("11:00"))
        simulation = self.env["aftersales.policy.simulation"].create(
            {"policy_id": self.policy.id, "months": 1}
        )
        self.frozen.move_to(at("12:00"))
        simulation.action_run()
        commit = patch.object(self.registry["ir.cron"], "_commit_progress")
        with commit as progress:
            progress.return_value = 60
            self.env["aftersales.job"]._cron_work()
        self.assertEqual(simulation.state, "done", simulation.error)
        line = simulation.line_ids.filtered(lambda line: line.kind == "fitting")
        self.assertEqual((line.kept_count, line.broken_count), (1, 1))
        self.assertEqual((line.real_kept_count, line.real_broken_count), (1, 1))

    def test_kind_that_a_policy_makes_later(self):
        """A promise that another policy makes counts from where it is owed."""
        self.policy.size_from = 40
        case = self._case(at("10:00"))
        self.assertFalse(self._clock(case, "fitting"))
        self.frozen.move_to(at("10:15"))
        case.shoe_size = 42
        self.assertEqual(self._clock(case, "fitting").deadline, at("11:00"))

    def test_kind_that_was_fulfilled_before(self):
        """What was done before it was promised is not promised any more."""
        self.policy.size_from = 40
        case = self._case(at("10:00"))
        self._fit(case, at("10:05"))
        self.frozen.move_to(at("10:15"))
        case.shoe_size = 42
        self.assertTrue(self._clock(case, "resolution"))
        self.assertFalse(self._clock(case, "fitting"))

    def test_kind_explains_itself(self):
        """What met it is said in words."""
        case = self._case(at("10:00"))
        self._fit(case, at("10:30"))
        ledger = self._clock(case, "fitting").get_explanation()["ledger"]
        self.assertIn("Fitted", [line["cause"] for line in ledger])

    # Escalation rules -----------------------------------------------------------

    def test_action_of_an_escalation_rule(self):
        """It acts, is enough for a rule, and stands in the version of the policy."""
        target = self.policy.target_ids.filtered(lambda t: t.kind == "resolution")
        target.step_ids.unlink()
        self.env["aftersales.policy.step"].create(
            {"target_id": target.id, "do_activity": False, "do_drill": True}
        )
        case = self._case(at("09:00"))
        self._tick(self._clock(case, "resolution").deadline + timedelta(seconds=1))
        self.assertEqual(case.heard, "drill")
        versions = self.policy.version_ids.sorted("version")
        self.assertIn("Hold a Drill", str(versions[-1].changes))

    # The ledger -----------------------------------------------------------------

    def test_ledger_kind_on_timelines(self):
        case = self._case(at("10:00"), sale_order_id=self.order.id)
        self._fit(case, at("10:30"))
        entry = next(e for e in case.get_timeline() if e["kind"] == "fitted")
        self.assertEqual(
            (entry["title"], entry["icon"], entry["tone"]),
            ("Fitted", "fa-thumbs-up", "success"),
        )
        order = self.order.aftersales_timeline()
        self.assertIn("fitted", [entry["kind"] for entry in order])

    # The case -------------------------------------------------------------------

    def test_closing_condition(self):
        case = self._case(at("10:00"))
        self._move(case, "resolved", at("10:30"))
        with self.assertRaisesRegex(UserError, "has not paid yet"):
            case.action_close()
        case.is_paid = True
        case.action_close()
        self.assertEqual(case.stage_kind, "closed")

    def test_hooks(self):
        case = self._case(at("10:00"), is_paid=True)
        self._move(case, "closed", at("10:30"))
        self._move(case, "working", at("10:40"))
        self.assertEqual(case.heard, "resolved closed reopened")

    def test_reopening_days(self):
        case = self._case(at("10:00"), is_paid=True, shoe_size=48)
        self._move(case, "closed", at("10:30"))
        self._move(case, "working", at("10:30") + timedelta(days=300))
        self.assertEqual(case.cycle, 2)

    def test_next_step(self):
        case = self._case(at("10:00"), is_paid=True)
        self.assertNotIn("close", self._next_steps(case))
        self._move(case, "resolved", at("10:30"))
        self.assertIn("close", self._next_steps(case))
        case.with_user(self.user_team).action_reply("Bye.", next_step="close")
        self.assertEqual(case.stage_kind, "closed")

    def _next_steps(self, case):
        return [step["nextStep"] for step in case.get_panel()["next_steps"]]

    def test_fields(self):
        """A field of one's own is closed to hands, another open to the customer."""
        case = self._case(at("10:00"), shoe_size=42)
        with self.assertRaises(UserError):
            case.with_user(self.user_team).fitted_at = fields.Datetime.now()
        [values] = case.with_user(self.user_portal).read(["shoe_size"])
        self.assertEqual(values["shoe_size"], 42)

    # Messages and figures -------------------------------------------------------

    def test_reason_of_a_notice(self):
        case = self._case(at("10:00"), user_id=self.user_team.id)
        notice = self.env["aftersales.notice"]._prepare_for_cases(case, "strike")
        self.assertIn("Nobody fits shoes today.", notice.body)

    def test_figure(self):
        """The pivot and whoever asks by code say the same."""
        case = self._case(at("10:00"))
        self.env.flush_all()
        rows = self.env["aftersales.report.clock"]
        mine = [("case_id", "=", case.id)]
        [[pivot]] = rows._read_group(mine, aggregates=["fitting_share:avg"])
        value, count = self.env["aftersales.figure"]._value("X-01", mine)
        self.assertEqual((value, count), (pivot, len(case.clock_ids)))
        self.assertEqual(pivot, 100 / len(case.clock_ids))
