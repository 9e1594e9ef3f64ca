from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_portal import PortalCase


@tagged("post_install", "-at_install")
class TestColleagueOnPortal(PortalCase):
    """Who may see the customer's page does not therefore act as the customer."""

    def setUp(self):
        super().setUp()
        self.case = self._create_case(sale_order_id=self.order.id)
        self.case._transition(self._stage("resolved"))
        self.colleagues = {
            "as_sales": {},
            "as_management": {},
            "as_team": {},
            "as_manager": {},
            # Every colleague who reads mails of the case has its link.
            "as_other": {"access_token": self.case.access_token},
        }

    def _acts(self, access):
        token = self.order._portal_ensure_token() if access else None
        yield f"/my/cases/{self.case.id}/accept", access
        yield f"/my/cases/{self.case.id}/reject", {"text": "Forged words", **access}
        order_access = {"access_token": token} if token else {}
        yield f"/my/orders/{self.order.id}/cases/new", {**self._form(), **order_access}

    def test_a_colleague_decides_nothing_for_the_customer(self):
        before = len(self._events(self.case))
        cases = self.env["aftersales.case"].search_count([])
        for login, access in self.colleagues.items():
            self.authenticate(login, login)
            for url, data in self._acts(access):
                with self.subTest(login=login, url=url):
                    response = self._post(url, data)
                    self.assertEqual(response.status_code, 403)
                    self.assertIn("for the customer to decide", response.text)
        self.assertEqual(self.case.stage_kind, "resolved")
        self.assertEqual(len(self._events(self.case)), before)
        self.assertEqual(self.env["aftersales.case"].search_count([]), cases)
        self.assertFalse(self.case.website_message_ids)

    def test_nor_does_other_code_in_their_name(self):
        case = self.case.with_user(self.user_team).sudo()
        with self.assertRaises(AccessError):
            case._portal_accept(self.customer)
        with self.assertRaises(AccessError):
            case._portal_reject("", self.customer)

    def test_the_ledger_says_by_what_way_the_customer_came(self):
        self.authenticate("as_portal", "as_portal")
        self._post(f"/my/cases/{self.case.id}/reject", {"text": "It is not."})
        line = self._events(self.case, "rejected")
        self.assertEqual((line.actor_kind, line.actor_via), ("customer", "login"))
        said = self._events(self.case, "customer_message")[-1]
        self.assertEqual((said.actor_kind, said.actor_via), ("customer", "login"))
        self.case._transition(self._stage("resolved"))
        self.authenticate(None, None)
        self._post(
            f"/my/cases/{self.case.id}/accept", {"access_token": self.case.access_token}
        )
        line = self._events(self.case, "accepted")
        self.assertEqual((line.actor_kind, line.actor_via), ("customer", "link"))

    def test_a_colleague_who_is_the_customer_decides(self):
        self.case.write(
            {"partner_id": self.user_other.partner_id.id, "sale_order_id": False}
        )
        self.case.with_user(self.user_other).sudo()._portal_accept(
            self.user_other.partner_id
        )
        self.assertTrue(self.case.accepted_at)
