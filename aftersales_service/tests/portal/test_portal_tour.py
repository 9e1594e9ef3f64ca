"""A customer in a real browser."""

from odoo.tests import HttpCase, tagged

from ..common import AftersalesCommon, clause


@tagged("post_install", "-at_install")
class TestPortalTour(AftersalesCommon, HttpCase):
    @clause("FT-52")
    def test_report_reply_and_accept(self):
        self.start_tour("/my/orders", "aftersales_portal_report", login="as_portal")
        case = self.env["aftersales.case"].search(
            [("sale_order_id", "=", self.order.id)]
        )
        self.assertEqual(case.name, "The left sole came off.")
        self.assertEqual(case.case_type, "complaint")
        self.assertEqual(case.sale_line_ids, self.order.order_line)
        said = case.website_message_ids.filtered(
            lambda message: message.author_id == self.customer
        )
        self.assertEqual(len(said), 2)

        case.with_user(self.user_manager).message_post(
            body="A new pair is on its way.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        case.with_user(self.user_manager).action_resolve()
        self.start_tour("/my/cases", "aftersales_portal_accept", login="as_portal")
        self.assertEqual(case.stage_kind, "closed")
        self.assertTrue(case.accepted_at)

    def test_not_solved_by_link(self):
        case = self._create_case()
        case.action_resolve()
        link = f"/my/cases/{case.id}?access_token={case.access_token}"
        self.start_tour(link, "aftersales_portal_not_solved")
        self.assertEqual(case.stage_kind, "working")
        said = case.website_message_ids
        self.assertEqual(len(said), 2)
        self.assertEqual(said.author_id, self.customer)
