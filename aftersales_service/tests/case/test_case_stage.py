from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon, clause

NONSENSE = (999999999, 10**12, -1, False, 0, True, 1.5, "abc", [1], {"id": 1})


@tagged("post_install", "-at_install")
class TestCaseStage(AftersalesCommon):
    def test_each_move_of_the_table(self):
        """The table of the documentation, written out once more by hand."""
        open_kinds = ["new", "working", "waiting_customer", "waiting_third_party"]
        allowed = {
            **{
                kind: [*open_kinds, "resolved", "closed", "cancelled"]
                for kind in open_kinds
            },
            "resolved": [*open_kinds[1:], "closed"],
            "closed": open_kinds[1:],
            "cancelled": ["new", "working"],
        }
        kinds = [*open_kinds, "resolved", "closed", "cancelled"]
        for start in kinds:
            for target in kinds:
                if start == target:
                    continue
                case = self._create_case()
                if start != "new":
                    case.stage_id = self._stage(start)
                with self.subTest(start=start, target=target):
                    if target in allowed[start]:
                        case.stage_id = self._stage(target)
                        self.assertEqual(case.stage_kind, target)
                    else:
                        with self.assertRaisesRegex(UserError, "cannot move to"):
                            case.stage_id = self._stage(target)
                        self.assertEqual(case.stage_kind, start)

    @clause("FT-2")
    def test_leaving_intake_needs_a_customer(self):
        case = self._create_case(partner_id=False)
        with self.assertRaisesRegex(UserError, "the customer first"):
            case.action_start()
        self.assertEqual(case.stage_kind, "new")
        case.action_cancel()
        self.assertEqual(case.stage_kind, "cancelled")

    def test_resolved_and_closed_are_two_facts(self):
        case = self._create_case()
        case.action_resolve()
        self.assertTrue(case.resolved_at)
        self.assertFalse(case.closed_at)
        case.action_close()
        self.assertTrue(case.closed_at)

    def test_closing_an_open_case_resolves_it_first(self):
        case = self._create_case()
        case.action_close()
        moves = self._events(case, "stage_changed")
        self.assertEqual(
            [(line.data["from_kind"], line.data["to_kind"]) for line in moves],
            [("new", "resolved"), ("resolved", "closed")],
        )
        self.assertEqual(case.resolved_at, case.closed_at)

    def test_reopening_counts_a_cycle(self):
        case = self._create_case()
        case.action_resolve()
        case.action_start()
        self.assertEqual((case.cycle, case.resolved_at), (2, False))
        case.action_close()
        case.action_start()
        self.assertEqual((case.cycle, case.closed_at), (3, False))
        self.assertEqual(len(self._events(case, "reopened")), 2)

    def test_reopening_ends_with_the_teams_period(self):
        case = self._create_case()
        case.action_close()
        closed_at = fields.Datetime.now() - timedelta(days=14, minutes=1)
        case._write_mirror({"closed_at": closed_at})
        with self.assertRaisesRegex(UserError, "more than 14 days ago"):
            case.action_start()
        self.team.reopen_days = 15
        case.action_start()
        self.assertEqual(case.stage_kind, "working")

    def test_nonsense_stage_by_rpc_is_a_sentence(self):
        case = self._create_case().with_user(self.user_team)
        for nonsense in NONSENSE:
            with (
                self.subTest(stage=nonsense),
                self.assertRaisesRegex(UserError, "does not exist any more"),
            ):
                case.write({"stage_id": nonsense})
        self.assertEqual(case.stage_kind, "new")
        for nonsense in filter(None, NONSENSE):
            with (
                self.subTest(new=nonsense),
                self.assertRaisesRegex(UserError, "does not exist any more"),
            ):
                case.create({"name": "New", "stage_id": nonsense})

    def test_stage_of_another_team_is_refused(self):
        other = self.env["aftersales.team"].create({"name": "Repairs"})
        stage = self.env["aftersales.stage"].create(
            {"name": "On the bench", "kind": "working", "team_ids": other.ids}
        )
        with self.assertRaisesRegex(UserError, "does not use this stage"):
            self._create_case().stage_id = stage

    def test_first_stage_of_a_kind_follows_the_configuration(self):
        """Asked again after each change, from the side of the stage and the team's."""
        Stage = self.env["aftersales.stage"]
        shipped = self._stage("new")
        self.assertEqual(Stage._of_kind("new", self.team), shipped)
        first = Stage.create({"name": "Desk", "kind": "new", "sequence": 1})
        self.assertEqual(Stage._of_kind("new", self.team), first)
        other = self.team.copy({"name": "Other"})
        other.stage_ids = first
        self.assertEqual(Stage._of_kind("new", self.team), shipped)
        self.assertEqual(Stage._of_kind("new"), shipped)
        self.assertEqual(Stage._of_kind("new", other), first)
        first.active = False
        self.assertEqual(Stage._of_kind("new", other), shipped)

    def test_one_refused_case_moves_none(self):
        case, blocked = self._create_case(), self._create_case(partner_id=False)
        with self.assertRaises(UserError):
            (case | blocked).action_start()
        self.assertEqual(case.stage_kind, "new")

    def test_import_reaches_its_stage_by_transition(self):
        case = self._create_case(stage_id=self._stage("working").id)
        self.assertEqual(case.stage_kind, "working")
        self.assertEqual(len(self._events(case, "stage_changed")), 1)
        with self.assertRaisesRegex(UserError, "the customer first"):
            self._create_case(partner_id=False, stage_id=self._stage("working").id)

    def test_base_import_passes_the_guard(self):
        result = self.env["aftersales.case"].load(
            ["name", "team_id", "partner_id/.id", "stage_id"],
            [
                ["Good", "Test Team", str(self.customer.id), "Working"],
                ["Bad", "Test Team", "", "Working"],
            ],
        )
        self.assertFalse(result["ids"])
        self.assertIn("the customer first", result["messages"][0]["message"])

    def test_server_action_passes_the_guard(self):
        case = self._create_case(partner_id=False)
        action = self.env["ir.actions.server"].create(
            {
                "name": "Start",
                "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                "state": "object_write",
                "update_path": "stage_id",
                "evaluation_type": "value",
                "resource_ref": f"aftersales.stage,{self._stage('working').id}",
                "value": str(self._stage("working").id),
            }
        )
        with self.assertRaisesRegex(UserError, "the customer first"):
            action.with_context(active_model="aftersales.case", active_id=case.id).run()

    def test_automated_action_sees_every_move(self):
        """Also those that a method makes, not a person's drag."""
        tag = self.env["aftersales.tag"].create({"name": "Seen"})
        self.env["base.automation"].create(
            {
                "name": "On resolved",
                "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                "trigger": "on_create_or_write",
                "filter_pre_domain": "[('stage_kind', '!=', 'resolved')]",
                "filter_domain": "[('stage_kind', '=', 'resolved')]",
                "trigger_field_ids": [
                    (
                        4,
                        self.env["ir.model.fields"]
                        ._get("aftersales.case", "stage_id")
                        .id,
                    )
                ],
                "action_server_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Tag it",
                            "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                            "state": "code",
                            "code": f"record.write({{'tag_ids': [(4, {tag.id})]}})",
                        },
                    )
                ],
            }
        )
        case = self._create_case()
        case._transition(self._stage("resolved"))
        self.assertEqual(case.tag_ids, tag)

    def test_kind_of_a_stage_in_use_is_fixed(self):
        case = self._create_case()
        with self.assertRaisesRegex(UserError, "holds cases"):
            case.stage_id.kind = "working"
        unused = self.env["aftersales.stage"].create({"name": "X", "kind": "working"})
        unused.kind = "cancelled"

    # Set aside --------------------------------------------------------------

    def _mark(self, case, **values):
        wizard = self.env["aftersales.case.mark"].with_user(self.user_team)
        wizard.with_context(active_ids=case.ids).create(
            {"mark": "test", "reason": "only a try", **values}
        ).action_apply()

    def test_set_aside_stops_the_promises_and_can_be_undone(self):
        case = self._create_case()
        received_at = case.received_at
        self.assertTrue(case.next_deadline)
        self._mark(case)
        self.assertEqual((case.mark, case.mark_reason), ("test", "only a try"))
        self.assertEqual(case.marked_by_id, self.user_team)
        self.assertFalse(case.next_deadline)
        self.assertEqual(set(case.clock_ids.mapped("outcome")), {"void"})
        self.assertEqual(set(case.clock_ids.mapped("void_cause")), {"test"})

        case.with_user(self.user_team).action_undo_mark()
        self.assertFalse(case.mark)
        running = case.clock_ids.filtered(lambda clock: clock.state == "running")
        self.assertIn("first_response", running.mapped("kind"))
        self.assertEqual(set(running.mapped("started_at")), {received_at})

    def test_a_case_set_aside_does_not_move(self):
        case = self._create_case()
        self._mark(case)
        with self.assertRaisesRegex(UserError, "excluded"):
            case.action_start()

    def test_another_team_takes_a_case_in_its_own_stage(self):
        stage = self.env["aftersales.stage"].create(
            {"name": "On the bench", "kind": "working", "team_ids": self.team.ids}
        )
        other = self.env["aftersales.team"].create({"name": "Repairs"})
        case = self._create_case(stage_id=stage.id)
        untouched = self._create_case(stage_id=self._stage("working").id)
        (case | untouched).team_id = other
        self.assertEqual(case.stage_id, self._stage("working"))
        self.assertEqual(self._events(case, "stage_changed")[-1].cause, "team")
        self.assertEqual(len(self._events(untouched, "stage_changed")), 1)

    def test_a_case_made_archived_promises_nothing(self):
        case = self._create_case(active=False)
        self.assertEqual(set(case.clock_ids.mapped("outcome")), {"void"})
        self.assertFalse(case.next_deadline)

    def test_archiving_ends_the_promises_and_can_be_undone(self):
        case = self._create_case()
        case.action_archive()
        self.assertEqual(set(case.clock_ids.mapped("void_cause")), {"archived"})
        self.assertFalse(case.next_deadline)
        case.action_unarchive()
        running = case.clock_ids.filtered(lambda clock: clock.state == "running")
        self.assertEqual(set(running.mapped("kind")), {"first_response", "resolution"})
        self.assertEqual(len(self._events(case, "archived")), 2)

    @mute_logger("odoo.sql_db")
    def test_set_aside_needs_a_reason(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._mark(self._create_case(), reason=False)
