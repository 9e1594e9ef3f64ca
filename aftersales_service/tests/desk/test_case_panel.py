from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..common import AftersalesCommon

PANEL = {
    "next_steps",
    "now",
    "promises",
    "order",
    "deliveries",
    "invoices",
    "suggested_orders",
    "customer",
    "recipients",
}
ORDER = {"id", "name", "state", "state_label", "date", "delivery_label", "lines"}
LINE = {"id", "name", "ordered", "delivered", "uom", "is_service", "concerned"}
DELIVERY = {"id", "name", "state", "state_label", "incoming", "date", "tracking"}
INVOICE = {"id", "name", "is_refund", "state", "state_label", "payment_state", "date"}


@tagged("post_install", "-at_install")
class TestPanel(AftersalesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(
            sale_order_id=cls.order.id,
            sale_line_ids=[Command.set(cls.order.order_line.ids)],
            user_id=cls.user_specialist.id,
        )
        cls.invoice = cls.order._create_invoices(final=True) or cls._invoice_by_hand()
        cls.invoice.action_post()
        cls.user_finance = new_test_user(
            cls.env,
            "as_finance",
            groups="base.group_user,account.group_account_invoice,stock.group_stock_user,"
            "aftersales_service.group_aftersales_manager",
        )

    @classmethod
    def _invoice_by_hand(cls):
        return cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "sale_line_ids": [Command.set(cls.order.order_line.ids)],
                        }
                    )
                ],
            }
        )

    def _panel(self, user, case=None):
        return (case or self.case).with_user(user).get_panel()

    def _unlink_order(self):
        self.case.write({"sale_line_ids": [Command.clear()], "sale_order_id": False})

    # Who may see it -------------------------------------------------------------

    def test_refused_to_who_may_not_read_the_case(self):
        for user in (self.user_other, self.user_responder):
            with self.assertRaises(AccessError):
                self._panel(user)
            with self.assertRaises(AccessError):
                self.case.with_user(user).get_timeline()
        unassigned = self._create_case()
        with self.assertRaises(AccessError):
            self._panel(self.user_specialist, unassigned)

    def test_salesperson_sees_the_panel_of_his_order(self):
        self.assertEqual(self._panel(self.user_sales)["order"]["id"], self.order.id)
        self._unlink_order()
        with self.assertRaises(AccessError):
            self._panel(self.user_sales)

    def test_specialist_without_other_rights_sees_goods_and_money(self):
        panel = self._panel(self.user_specialist)
        self.assertEqual(panel["order"]["name"], self.order.name)
        self.assertEqual(panel["order"]["lines"][0]["ordered"], 2)
        self.assertTrue(panel["order"]["lines"][0]["concerned"])
        self.assertEqual(panel["deliveries"][0]["name"], self.order.picking_ids.name)
        self.assertEqual(panel["invoices"][0]["name"], self.invoice.name)
        self.assertEqual(panel["invoices"][0]["payment_state"], "not_paid")

    def test_documents_open_only_for_who_has_rights_there(self):
        panel = self._panel(self.user_specialist)
        self.assertFalse(panel["deliveries"][0]["can_open"])
        self.assertFalse(panel["invoices"][0]["can_open"])
        panel = self._panel(self.user_finance)
        self.assertTrue(panel["deliveries"][0]["can_open"])
        self.assertTrue(panel["invoices"][0]["can_open"])

    def test_nothing_but_the_named_facts_leaves_the_server(self):
        panel = self._panel(self.user_specialist)
        self.assertEqual(set(panel), PANEL)
        self.assertEqual(set(panel["order"]), ORDER | {"more_lines"})
        self.assertEqual(set(panel["order"]["lines"][0]), LINE)
        self.assertEqual(
            set(panel["deliveries"][0]), DELIVERY | {"tracking_url", "can_open"}
        )
        self.assertEqual(
            set(panel["invoices"][0]), INVOICE | {"payment_label", "can_open"}
        )

    def test_order_opens_in_a_form_without_rights_in_sales(self):
        case = self.case.with_user(self.user_specialist)
        action = case.action_view_order()
        view = self.env.ref("aftersales_service.sale_order_view_form_aftersales")
        self.assertEqual(action["views"], [(view.id, "form")])
        order = self.order.with_user(self.user_specialist)
        arch_fields = order.get_view(view.id, "form")["models"]["sale.order"]
        self.assertTrue(order.read(arch_fields))

    def test_order_opens_in_the_form_of_sales_for_sales(self):
        self.user_manager.group_ids += self.env.ref("sales_team.group_sale_manager")
        action = self.case.with_user(self.user_manager).action_view_order()
        self.assertEqual(action["res_id"], self.order.id)
        view = self.env.ref("aftersales_service.sale_order_view_form_aftersales")
        self.assertNotIn((view.id, "form"), action["views"])

    def test_cost_in_queries(self):
        self._panel(self.user_team)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self._panel(self.user_team)
        self.assertLessEqual(self.env.cr.sql_log_count - before, 45)

    # What it says ---------------------------------------------------------------

    def test_promises_say_where_they_stand(self):
        kinds = {promise["kind"] for promise in self._panel(self.user_team)["promises"]}
        self.assertIn("first_response", kinds)
        clock = self.case.clock_ids.filtered(lambda c: c.kind == "first_response")
        promise = next(
            promise
            for promise in self._panel(self.user_team)["promises"]
            if promise["kind"] == "first_response"
        )
        self.assertEqual(promise["outcome"], "none")
        self.assertEqual(promise["deadline"], fields.Datetime.to_string(clock.deadline))

    def test_kept_promises_stand_below_open_ones(self):
        self.case.with_user(self.user_specialist).action_reply("Here you are.")
        promises = self._panel(self.user_team)["promises"]
        kept = [promise["outcome"] == "met" for promise in promises]
        self.assertIn(True, kept)
        self.assertEqual(kept, sorted(kept))

    def test_orders_are_suggested_until_one_is_linked(self):
        second = self._create_order(self.customer)
        self.assertFalse(self._panel(self.user_team)["suggested_orders"])
        self._unlink_order()
        panel = self._panel(self.user_team)
        self.assertIsNone(panel["order"])
        suggested = {order["id"] for order in panel["suggested_orders"]}
        self.assertEqual(suggested, {self.order.id, second.id})

    def test_other_open_cases_are_counted_and_named_if_one_may_read_them(self):
        other = self._create_case(
            name="Secret of a colleague", partner_id=self.customer.id
        )
        panel = self._panel(self.user_specialist)
        self.assertEqual(panel["customer"]["open_count"], 1)
        self.assertFalse(panel["customer"]["open_cases"])
        panel = self._panel(self.user_team)
        self.assertEqual(panel["customer"]["open_cases"][0]["id"], other.id)

    def test_unknown_sender(self):
        case = self._create_case(partner_id=False, email_from="who@else.example.com")
        panel = self._panel(self.user_team, case)
        self.assertIsNone(panel["customer"])
        self.assertFalse(panel["recipients"])

    def test_recipients_of_an_answer(self):
        self.case.email_cc = "boss@gemini.example.com"
        recipients = self._panel(self.user_team)["recipients"]
        self.assertEqual(recipients, [self.customer.name, "boss@gemini.example.com"])

    def test_changing_the_order_drops_the_lines_of_the_other(self):
        with Form(self.case) as form:
            form.sale_order_id = self._create_order(self.customer)
        self.assertFalse(self.case.sale_line_ids)

    # New cases ------------------------------------------------------------------

    def test_who_sees_only_his_own_cases_gets_those_he_enters(self):
        values = {"name": "By phone", "partner_id": self.customer.id}
        Case = self.env["aftersales.case"]
        case = Case.with_user(self.user_specialist).create(dict(values))
        self.assertEqual(case.user_id, self.user_specialist)
        self.assertFalse(Case.with_user(self.user_team).create(dict(values)).user_id)

    def test_new_form_shows_team_and_stage(self):
        values = (
            self.env["aftersales.case"]
            .with_user(self.user_team)
            .default_get(["team_id", "stage_id", "stage_kind", "company_id"])
        )
        self.assertEqual(values["team_id"], self.team.id)
        self.assertEqual(values["stage_id"], self._stage("new").id)
        self.assertEqual(values["stage_kind"], "new")
        self.assertEqual(values["company_id"], self.company.id)


@tagged("post_install", "-at_install")
class TestTimeline(AftersalesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(
            sale_order_id=cls.order.id, user_id=cls.user_team.id
        )

    def _kinds(self, entries):
        return [entry["kind"] for entry in entries]

    def test_case_tells_its_history_newest_first(self):
        case = self.case.with_user(self.user_team)
        case.action_start()
        case.write({"user_id": self.user_specialist.id, "team_id": self.team.id})
        entries = self.case.with_user(self.user_manager).get_timeline()
        self.assertEqual(entries[-1]["kind"], "received")
        instants = [entry["at"] for entry in entries]
        self.assertEqual(instants, sorted(instants, reverse=True))
        moved = next(e for e in entries if e["kind"] == "stage_changed")
        self.assertEqual(moved["detail"], "New → Working")
        self.assertEqual(moved["who"], self.user_team.name)
        assigned = next(e for e in entries if e["kind"] == "assigned")
        self.assertEqual(assigned["detail"], "As Team → As Specialist")

    def test_case_timeline_survives_a_deleted_colleague(self):
        self.case.user_id = self.user_other
        self.case.user_id = self.user_team
        self.user_other.unlink()
        entries = self.case.get_timeline()
        details = [e["detail"] for e in entries if e["kind"] == "assigned"]
        self.assertIn("As Team", details)

    def test_order_tells_order_goods_money_and_cases(self):
        self.case.with_user(self.user_team).action_resolve()
        entries = self.order.aftersales_timeline()
        kinds = self._kinds(entries)
        for kind in ("order_confirmed", "goods_out", "received", "resolved"):
            self.assertIn(kind, kinds)
        resolved = next(e for e in entries if e["kind"] == "resolved")
        self.assertEqual(resolved["res_id"], self.case.id)
        self.assertIn(self.case.number, resolved["title"])

    def test_order_tells_only_the_first_answer(self):
        case = self.case.with_user(self.user_team)
        case.action_reply("First")
        case.action_reply("Second")
        kinds = self._kinds(self.order.aftersales_timeline())
        self.assertEqual(kinds.count("reply"), 1)

    def test_order_tells_no_case_set_aside_or_unreadable(self):
        self.case._set_aside("test", "Trying out")
        self.assertNotIn("received", self._kinds(self.order.aftersales_timeline()))
        self.case.action_undo_mark()
        order = self.order.with_user(self.user_team)
        self.assertIn("received", self._kinds(order.aftersales_timeline()))
        order = self.order.with_user(self.user_specialist)
        self.assertNotIn("received", self._kinds(order.aftersales_timeline()))

    def test_order_refused_to_who_may_not_read_it(self):
        for method in ("aftersales_overview", "aftersales_timeline"):
            with self.assertRaises(AccessError):
                getattr(self.order.with_user(self.user_other), method)()

    def test_overview_lists_cases_with_stage_and_deadline(self):
        overview = self.order.with_user(self.user_team).aftersales_overview()
        self.assertTrue(overview["can_create"])
        (line,) = overview["cases"]
        self.assertEqual(line["stage"], "New")
        self.assertEqual(
            line["deadline"], fields.Datetime.to_string(self.case.next_deadline)
        )
        overview = self.order.with_user(self.user_sales).aftersales_overview()
        self.assertFalse(overview["can_create"])

    def test_overview_of_colleagues_without_any_right_to_cases(self):
        self.user_other.group_ids += self.env.ref("stock.group_stock_user")
        order = self.order.with_user(self.user_other)
        if order.has_access("read"):
            self.assertFalse(order.aftersales_overview()["cases"])


@tagged("post_install", "-at_install")
class TestLiveChannel(AftersalesCommon):
    def _channels(self, user):
        websocket = self.env["ir.websocket"].with_user(user)
        return websocket._aftersales_channels(
            [f"aftersales_case_{self.company.id}", "aftersales_case_999999", "other"]
        )

    def test_only_readers_of_cases_hear_of_changes_in_their_companies(self):
        own = f"aftersales_case_{self.company.id}"
        self.assertEqual(self._channels(self.user_team), [own, "other"])
        self.assertEqual(self._channels(self.user_sales), [own, "other"])
        self.assertEqual(self._channels(self.user_other), ["other"])
        self.assertEqual(self._channels(self.user_portal), ["other"])
