from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ...tools.order_reference import order_references
from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestCaseCustomer(AftersalesCommon):
    def _mail_case(self, email, **values):
        return self._create_case(
            partner_id=False, email_from=email, channel="mail", **values
        )

    def test_customer_is_found_by_address_in_any_spelling(self):
        case = self._mail_case('"Ana R." <ANA@Gemini.Example.com>')
        self.assertEqual(case.partner_id, self.customer)
        self.assertEqual(case.commercial_partner_id, self.customer_company)

    def test_unknown_sender_stays_unknown(self):
        case = self._mail_case("nobody@nowhere.example.com")
        self.assertFalse(case.partner_id)
        self.assertFalse(case.sale_order_id)

    def test_colleague_is_not_a_customer(self):
        self.assertFalse(self._mail_case(self.user_team.email).partner_id)

    def test_contact_of_another_company_is_not_used(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["res.partner"].create(
            {"name": "Hidden", "email": "h@h.example.com", "company_id": other.id}
        )
        self.assertFalse(self._mail_case("h@h.example.com").partner_id)

    def test_among_doubles_the_buyer_is_meant(self):
        self.env["res.partner"].create({"name": "Old", "email": "two@two.example.com"})
        buyer = self.env["res.partner"].create(
            {"name": "Buyer", "email": "two@two.example.com"}
        )
        self._create_order(buyer)
        self.assertEqual(self._mail_case("two@two.example.com").partner_id, buyer)

    # Order ------------------------------------------------------------------

    def test_the_only_live_order_is_linked(self):
        self.assertEqual(
            self._mail_case("ana@gemini.example.com").sale_order_id, self.order
        )

    def test_among_several_orders_a_person_chooses(self):
        second = self._create_order(self.customer_company)
        case = self._mail_case("ana@gemini.example.com")
        self.assertFalse(case.sale_order_id)
        self.assertEqual(case.suggested_order_ids, self.order | second)

    def test_a_named_order_of_the_entity_wins(self):
        second = self._create_order(self.customer_company)
        by_subject = self._mail_case(
            "ana@gemini.example.com", name=f"About {second.name.lower()}: too small"
        )
        self.assertEqual(by_subject.sale_order_id, second)
        by_text = self._mail_case(
            "ana@gemini.example.com",
            name="Too small",
            description=f"<p>my order <b>{second.name}</b>.</p>",
        )
        self.assertEqual(by_text.sale_order_id, second)

    def test_the_customers_own_reference_is_known(self):
        second = self._create_order(self.customer_company, client_order_ref="PO-7788")
        case = self._mail_case("ana@gemini.example.com", name="po-7788 is late")
        self.assertEqual(case.sale_order_id, second)

    def test_never_another_customers_order(self):
        case = self._mail_case(
            "nobody@nowhere.example.com", name=f"About {self.other_order.name}"
        )
        self.assertFalse(case.sale_order_id)
        case = self._mail_case(
            "ana@gemini.example.com", name=f"About {self.other_order.name}"
        )
        self.assertNotEqual(case.sale_order_id, self.other_order)

    def test_an_old_delivered_order_is_not_guessed(self):
        self.order.picking_ids.move_ids.quantity = 2
        self.order.picking_ids.button_validate()
        self.order.date_order = fields.Datetime.now() - timedelta(days=181)
        case = self._mail_case("ana@gemini.example.com")
        self.assertFalse(case.sale_order_id)
        self.company.aftersales_order_days = 200
        case = self._mail_case("ana@gemini.example.com")
        self.assertEqual(case.sale_order_id, self.order)

    def test_batch_needs_no_query_per_case(self):
        def create(count):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["aftersales.case"].create(
                [
                    {
                        "name": "x",
                        "team_id": self.team.id,
                        "email_from": "ana@gemini.example.com",
                    }
                    for _index in range(count)
                ]
            )
            return self.env.cr.sql_log_count - before

        create(1)
        few, many = create(10), create(110)
        self.assertLessEqual(many - few, 25, "at most a quarter query per case")

    # One click --------------------------------------------------------------

    def test_create_contact_of_an_unknown_sender(self):
        case = self._mail_case('"New Person" <new@person.example.com>')
        case.with_user(self.user_manager).action_create_customer()
        self.assertEqual(case.partner_id.name, "New Person")
        self.assertEqual(case.partner_id.email, "new@person.example.com")

    def test_create_contact_needs_something_to_reach_him_by(self):
        case = self._create_case(partner_id=False)
        with self.assertRaisesRegex(UserError, "Enter one"):
            case.action_create_customer()

    def test_link_by_order_number_finds_the_customer(self):
        case = self._mail_case("private@mail.example.com")
        wizard = self.env["aftersales.case.link"].create(
            {"case_id": case.id, "order_reference": self.order.name.lower()}
        )
        self.assertEqual(wizard.sale_order_id, self.order)
        wizard.action_link()
        self.assertEqual(case.partner_id, self.customer)
        self.assertEqual(case.sale_order_id, self.order)
        self.assertIn(self.customer, case.message_partner_ids)

    def test_link_takes_no_wildcards(self):
        wizard = self.env["aftersales.case.link"].create(
            {"case_id": self._create_case().id, "order_reference": "%"}
        )
        self.assertFalse(wizard.sale_order_id)

    def test_link_to_contact_finds_his_order(self):
        case = self._mail_case("private@mail.example.com")
        self.env["aftersales.case.link"].create(
            {"case_id": case.id, "partner_id": self.customer.id}
        ).action_link()
        self.assertEqual(case.sale_order_id, self.order)

    # Text -------------------------------------------------------------------

    def test_references_in_a_text(self):
        text = "My order S00047, ref. SO/2026/0012 (web-1001) of 4500012345 — A1, 鞋S9"
        self.assertEqual(
            order_references(text),
            {"S00047", "SO/2026/0012", "WEB-1001", "4500012345", "鞋S9"},
        )

    def test_a_huge_text_gives_few_references(self):
        text = " ".join(f"X{number}" for number in range(10_000, 60_000))
        self.assertLessEqual(len(order_references(text)), 300)
