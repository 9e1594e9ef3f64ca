"""How many cases a customer opens in a day."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .test_portal import PortalCase


@tagged("post_install", "-at_install")
class TestPortalNumber(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order.access_token = "secret"
        for name, most in (("daily_cases", "3"), ("daily_cases_per_link", "2")):
            cls.env["ir.config_parameter"].set_param(f"aftersales_service.{name}", most)

    def _report(self, number, *, order=None, token=None):
        return self._post(
            self._new_url(order, token),
            self._form(order, key=f"key {number}", description=f"Words {number}"),
        )

    def _reported(self):
        return self.env["aftersales.case"].search([("portal_key", "!=", False)])

    def test_of_one_customer(self):
        self.authenticate("as_portal", "as_portal")
        for number in range(3):
            self._report(number)
        self.assertEqual(len(self._reported()), 3)
        response = self._report(3)
        self.assertEqual(len(self._reported()), 3)
        self.assertIn("that is the limit", response.text)
        self.assertIn("Words 3", response.text, "what was typed is kept")

    def test_the_same_form_twice_is_one(self):
        self.authenticate("as_portal", "as_portal")
        for number in (0, 1, 2, 2, 2):
            response = self._report(number)
        self.assertIn("We have your report", response.text)

    def test_of_the_whole_company(self):
        colleague = self.customer.copy({"name": "Bo", "email": "bo@example.com"})
        colleague.parent_id = self.customer.commercial_partner_id
        for number in range(3):
            self._create_case(
                name=str(number), partner_id=colleague.id, channel="portal"
            )
        self.authenticate("as_portal", "as_portal")
        self._report(0)
        self.assertFalse(self._reported())

    def test_by_one_link(self):
        self.authenticate(None, None)
        for number in range(3):
            self._report(number, token="secret")
        self.assertEqual(len(self._reported()), 2)
        self.authenticate("as_portal", "as_portal")
        self._report(3)
        self.assertEqual(len(self._reported()), 3, "a login has more")

    def test_others_are_not_concerned(self):
        for number in range(3):
            self._create_case(name=f"mail {number}", channel="mail")
            self._create_case(
                name=str(number), partner_id=self.other_customer.id, channel="portal"
            )
        old = self._create_case(channel="portal", name="Of yesterday")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE aftersales_case SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(hours=25), old.id],
        )
        self.authenticate("as_portal", "as_portal")
        for number in range(3):
            self._report(number)
        self.assertEqual(len(self._reported()), 3)
