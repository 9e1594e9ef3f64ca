from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..mail_common import AftersalesMailCommon


@tagged("post_install", "-at_install")
class TestCopies(AftersalesMailCommon):
    """Whom answers are copied to."""

    def _copied(self, numbers, **values):
        addresses = [f"Copy {n} <copy{n}@gemini.example.com>" for n in numbers]
        return self._receive(self._mail(Cc=", ".join(addresses), **values))

    def _addresses(self, text):
        return sorted(self.case._mail_cc_sanitized_raw_dict(text))

    def setUp(self):
        super().setUp()
        self.case = self._copied(range(300))

    def test_a_first_mail_copies_to_a_few(self):
        self.assertEqual(len(self._addresses(self.case.email_cc)), 10)
        self.assertEqual(self.case.email_cc_more_count, 290)
        self.case.user_id = self.user_specialist
        recipients = self.case._reply_recipients()["outgoing_email_to"]
        self.assertEqual(recipients.count("@"), 10)

    def test_the_setting_says_how_many(self):
        self.env["ir.config_parameter"].set_param("aftersales_service.mail_copies", "2")
        self.case = self._copied(range(5), subject="Another one")
        self.assertEqual(len(self._addresses(self.case.email_cc)), 2)
        self.assertEqual(self.case.email_cc_more_count, 3)

    def test_an_answer_does_not_get_around_it(self):
        message = self.case.message_ids.sorted("id")[:1]
        self._copied(range(290, 310), reply_to=message)
        self.assertEqual(len(self._addresses(self.case.email_cc)), 10)
        self.assertEqual(self.case.email_cc_more_count, 300)

    def test_a_few_need_nobody(self):
        self.case = self._copied(range(3), subject="Another one")
        self.assertEqual(len(self._addresses(self.case.email_cc)), 3)
        self.assertFalse(self.case.email_cc_more)

    def test_a_colleague_decides(self):
        self.case.user_id = self.user_specialist
        mine = self.case.with_user(self.user_specialist)
        with self.assertRaises(UserError):
            mine.write({"email_cc_more": False})
        mine.action_leave_copies()
        self.assertEqual(len(self._addresses(self.case.email_cc)), 10)
        self.assertFalse(self.case.email_cc_more)

    def test_a_colleague_adds_them(self):
        self.case.user_id = self.user_specialist
        self.case.with_user(self.user_specialist).action_add_copies()
        self.assertEqual(len(self._addresses(self.case.email_cc)), 300)
        self.assertFalse(self.case.email_cc_more)

    def test_who_may_only_read_does_not_decide(self):
        for action in ("action_add_copies", "action_leave_copies"):
            with self.assertRaises(AccessError):
                getattr(self.case.with_user(self.user_management), action)()
