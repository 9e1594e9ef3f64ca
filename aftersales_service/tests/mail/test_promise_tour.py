from odoo.tests import HttpCase, tagged

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestPromiseTours(AftersalesCommon, HttpCase):
    """Telling a time and setting one, in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_tour_user()
        cls.case = cls._create_case(user_id=cls.user.id)

    def _promise(self, kind):
        return self.case.clock_ids.filtered(lambda clock: clock.kind == kind)

    def test_specialist_promises_a_time(self):
        self.start_tour(
            f"/odoo/aftersales/{self.case.id}",
            "aftersales_promise_tour",
            login="as_tour",
        )
        promise = self._promise("promise")
        self.assertEqual((promise.subject, promise.outcome), ("callback", "met"))
        self.assertEqual(self._promise("first_response").outcome, "met")

    def test_manager_sets_a_deadline(self):
        self.start_tour(
            f"/odoo/aftersales/{self.case.id}",
            "aftersales_manual_deadline_tour",
            login="as_manager",
        )
        clock = self._promise("resolution")
        self.assertEqual(clock.manual_reason, "Asked for on the phone")
        self.assertEqual(clock.manual_user_id, self.user_manager)
