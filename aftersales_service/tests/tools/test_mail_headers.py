from email import message_from_bytes, policy

from odoo.tests import BaseCase, tagged

from ...tools import mail_headers


@tagged("post_install", "-at_install")
class TestMailHeaders(BaseCase):
    def test_recipients_of_damaged_headers(self):
        source = (
            b"To: ana@x.example[[, us@x.example\r\nCc: %b a@x.example\r\n"
            b"Delivered-To: us@x.example\r\n\r\nx" % (b"(" * 5_000)
        )
        found = message_from_bytes(source, policy=policy.compat32)
        self.assertEqual(mail_headers.recipients_in_order(found)[-1], "us@x.example")
        self.assertEqual(
            mail_headers.recipients_anyhow(found),
            ["ana@x.example", "us@x.example", "a@x.example", "us@x.example"],
        )

    def test_a_receipt_of_a_reader_is_no_failure(self):
        source = (
            b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
            b"Content-Type: message/disposition-notification\r\n\r\n"
            b"Disposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n"
        )
        found = message_from_bytes(source, policy=policy.SMTP)
        self.assertEqual(mail_headers.delivery_action(found), "opened")
