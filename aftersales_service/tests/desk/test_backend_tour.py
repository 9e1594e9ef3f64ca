from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestBackendTours(AftersalesCommon, HttpCase):
    """What people do all day, in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_tour_user()
        cls.case = cls._create_case(
            name="Tour: shoe too small", sale_order_id=cls.order.id, user_id=cls.user.id
        )
        cls._create_case(name="Tour: of a colleague", user_id=cls.user_team.id)

    def test_specialist_answers_and_moves_the_case(self):
        self.start_tour(
            "/odoo/aftersales", "aftersales_specialist_tour", login="as_tour"
        )
        self.assertEqual(self.case.stage_kind, "working")
        message = self.case.message_ids.filtered(
            lambda m: "Please send us a photo." in (m.body or "")
        )
        self.assertEqual(message.partner_ids, self.customer)
        kinds = set(self._events(self.case).mapped("kind"))
        self.assertIn("reply", kinds)

    def test_specialist_identifies_an_unknown_sender(self):
        case = self._create_case(
            name="Tour: who is it",
            partner_id=False,
            email_from='"Hans Meier" <hans@unknown.example.com>',
        )
        self.start_tour(
            "/odoo/aftersales", "aftersales_unknown_sender_tour", login="as_tour"
        )
        self.assertEqual(case.partner_id.email, "hans@unknown.example.com")
        self.assertEqual(case.partner_id.name, "Hans Meier")
        self.assertFalse(case.mark)
        kinds = self._events(case).mapped("kind")
        self.assertIn("marked", kinds)
        self.assertIn("unmarked", kinds)

    def test_specialist_takes_a_call(self):
        self.user.group_ids -= self.env.ref("aftersales_service.group_aftersales_team")
        self.user.group_ids += self.env.ref("aftersales_service.group_aftersales_user")
        caller = self.env["res.partner"].create({"name": "Tour Caller"})
        order = self._create_order(caller)
        self.start_tour("/odoo/aftersales", "aftersales_phone_tour", login="as_tour")
        case = self.env["aftersales.case"].search([("name", "=", "Tour: by phone")])
        self.assertEqual(case.partner_id, caller)
        self.assertEqual(case.sale_order_id, order)
        self.assertEqual(case.user_id, self.user)
        self.assertEqual(case.channel, "phone")

    @mute_logger("odoo.http")
    def test_draft_survives_an_error(self):
        nobody = self.env["res.partner"].create({"name": "No Address"})
        case = self._create_case(partner_id=nobody.id, user_id=self.user.id)
        self.start_tour(
            f"/odoo/aftersales/{case.id}", "aftersales_draft_kept_tour", login="as_tour"
        )

    def test_salesperson_sees_what_became_of_his_order(self):
        self.start_tour(
            f"/odoo/sales/{self.order.id}", "aftersales_order_tour", login="as_sales"
        )

    def test_manager_answers_three_questions_at_first_start(self):
        self.company.aftersales_onboarded = False
        self.team.sequence = -1
        self.env["mail.alias.domain"].create({"name": "shop.example.com"})
        self.team.alias_domain_id = self.env["mail.alias.domain"].search([], limit=1)
        self.start_tour(
            "/odoo/aftersales", "aftersales_onboarding_tour", login="as_manager"
        )
        self.assertTrue(self.company.aftersales_onboarded)
        self.assertEqual(self.team.alias_name, "helpdesk")

    def test_manager_mends_what_the_health_page_says(self):
        self.start_tour(
            "/odoo/aftersales-health", "aftersales_health_tour", login="as_manager"
        )
