from unittest.mock import patch

from lxml import etree

from odoo.tests import tagged

from ..common import AftersalesCommon

RELATIONAL = ("many2one", "one2many", "many2many")


@tagged("post_install", "-at_install", "is_query_count")
class TestQueryCounts(AftersalesCommon):
    """What people open all day costs a fixed number of queries, however many records
    there are. Measured as a specialist with the rule of their own team."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["aftersales.case"].create(
            [
                {
                    "name": f"Case {index}",
                    "team_id": cls.team.id,
                    "partner_id": cls.customer.id,
                    "sale_order_id": cls.order.id,
                    "user_id": cls.user_team.id if index % 2 else False,
                }
                for index in range(90)
            ]
        )
        cls.Case = cls.env["aftersales.case"].with_user(cls.user_team)

    def _specification(self, model, view_type, view_id=None):
        """Return what the web client asks for, read from the view itself."""
        arch = model.get_view(view_id, view_type)["arch"]
        return self._fields_of(model, etree.fromstring(arch))

    def _fields_of(self, model, node):
        specification = {}
        for child in node.iterchildren(etree.Element):
            if child.tag != "field":
                specification.update(self._fields_of(model, child))
                continue
            name = child.get("name")
            field = model._fields[name]
            specification[name] = {}
            if field.type in RELATIONAL:
                nested = self._fields_of(model.env[field.comodel_name], child)
                specification[name] = {"fields": nested or {"display_name": {}}}
        return specification

    def _count(self, call):
        """Return the queries of a call with cold records and warm other caches."""
        call()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        call()
        return self.env.cr.sql_log_count - before

    def test_list_of_80(self):
        specification = self._specification(self.Case, "list")
        queries = self._count(
            lambda: self.Case.web_search_read(
                [("mark", "=", False)], specification, limit=80
            )
        )
        self.assertLessEqual(queries, 12)

    def test_rights_are_not_worked_out_value_by_value(self):
        """Whether a customer reads is asked for each value, and has to cost nothing."""
        names = ["name", "priority", "channel", "next_deadline", "user_id", "team_id"]
        cases = self.Case.search([("mark", "=", False)], limit=80)
        users = self.registry["res.users"]

        def asked(records):
            self.env.invalidate_all()
            with patch.object(
                users, "has_group", autospec=True, side_effect=users.has_group
            ) as has_group:
                records.read(names)
            return has_group.call_count

        self.assertEqual(len(cases), 80)
        self.assertLessEqual(asked(cases), asked(cases[0]) + 5)

    def test_kanban_with_activities(self):
        """What others planned costs the reader of a board at most four queries more,
        and is what core shows them."""
        cases = self.Case.search([("mark", "=", False)], limit=80)
        for case, user in zip(cases, (self.user_manager, self.user_team), strict=False):
            case.sudo().activity_schedule(
                "mail.mail_activity_data_call", user_id=user.id
            )
        specification = self._specification(self.Case, "kanban")
        self.assertIn("activity_ids", specification)

        def read():
            return cases.web_read(specification)

        planned = self._count(read)
        del specification["activity_ids"]
        self.assertLessEqual(planned, self._count(read) + 4)
        specification["activity_ids"] = {}
        self.env.invalidate_all()
        shown = [values["activity_ids"] for values in read()[:3]]
        self.assertEqual([len(ids) for ids in shown], [1, 1, 0])
        self.assertEqual(shown[0], cases[0].activity_ids.ids)

    def test_kanban_by_stage(self):
        specification = self._specification(self.Case, "kanban")
        queries = self._count(
            lambda: self.Case.web_read_group(
                [("mark", "=", False)],
                ["stage_id"],
                ["__count"],
                auto_unfold=True,
                unfold_read_specification=specification,
                unfold_read_default_limit=40,
            )
        )
        self.assertLessEqual(queries, 20)

    def test_form(self):
        case = self.Case.search([], limit=1)
        specification = self._specification(self.Case, "form")
        queries = self._count(lambda: case.web_read(specification))
        self.assertLessEqual(queries, 30)

    def test_order_form_costs_three_more_at_most(self):
        self.user_team.group_ids += self.env.ref("sales_team.group_sale_manager")
        order = self.order.with_user(self.user_team)
        specification = self._specification(order, "form")
        ours = {name for name in specification if name.startswith("aftersales_")}
        self.assertTrue(ours, "the order's form shows its cases")
        without = {k: v for k, v in specification.items() if k not in ours}
        self.assertLessEqual(
            self._count(lambda: order.web_read(specification)),
            self._count(lambda: order.web_read(without)) + 3,
        )

    def test_order_list_costs_nothing_more(self):
        order = self.order.with_user(self.user_team)
        specification = self._specification(
            order, "list", self.env.ref("sale.view_order_tree").id
        )
        ours = {name for name in specification if name.startswith("aftersales_")}
        self.assertFalse(ours)

    def test_stage_move_of_many(self):
        cases = self.env["aftersales.case"].search([("team_id", "=", self.team.id)])
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        cases.action_start()
        self.env.flush_all()
        queries = self.env.cr.sql_log_count - before
        self.assertLessEqual(queries, 25, f"for {len(cases)} cases")
