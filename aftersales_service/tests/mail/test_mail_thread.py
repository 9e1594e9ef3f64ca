"""Mails as they really arrive: damaged, huge, hostile. Each has a clear result and
loses nothing."""

import base64
from datetime import datetime
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.tests import tagged

from ..mail_common import AftersalesMailCommon


@tagged("post_install", "-at_install")
class TestMailRobustness(AftersalesMailCommon):
    def _receive_quietly(self, source):
        """Receive a mail; nothing above INFO may be logged.

        :return: the new cases
        """
        with self.assertNoLogs("odoo", level="WARNING"):
            return self._receive(source)

    # Damaged ------------------------------------------------------------------

    def test_unknown_charset_is_read_as_a_known_one(self):
        for name, text in (
            ("x-unknown", "Größe 42".encode()),
            ("nonsense-8859", "Größe 42".encode("cp1252")),
        ):
            with self.subTest(name):
                source = self._mail(content_type=f'text/plain; charset="{name}"')
                head = source.partition(b"\r\n\r\n")[0]
                case = self._receive_quietly(head + b"\r\n\r\n" + text)
                self.assertIn("Größe 42", self._messages(case).body)

    def test_unknown_charset_in_a_part(self):
        case = self._receive_quietly(self._fixture("unknown_charset_part.eml"))
        self.assertIn("Grüße", self._messages(case).body)

    def test_multipart_without_boundary(self):
        source = self._mail("Text without any part.", content_type="multipart/mixed")
        case = self._receive_quietly(source)
        self.assertEqual(len(case), 1)

    def test_multipart_cut_off(self):
        source = self._fixture("with_attachment.eml")
        for end in (600, 800, len(source) - 60):
            with self.subTest(end):
                cut = source[:end].replace(b"<photo@", f"<photo{end}@".encode())
                case = self._receive_quietly(cut)
                self.assertEqual(len(case), 1)
                self.assertEqual(case.partner_id, self.customer)

    def test_broken_base64_keeps_the_text(self):
        source = self._fixture("with_attachment.eml").replace(b"iVBORw0K", b"!!!\xff==")
        case = self._receive_quietly(source)
        self.assertIn("Look at the sole.", self._messages(case).body)

    def test_mail_that_cannot_be_read_at_all_is_kept_as_a_file(self):
        def fail(*_args, **_kwargs):
            raise ValueError("unreadable")

        self.patch(
            self.registry["mail.thread"],
            "_message_parse_extract_payload_postprocess",
            fail,
        )
        case = self._receive_quietly(self._mail("Precious words."))
        message = self._messages(case)
        self.assertIn("damaged", message.body)
        [file] = message.attachment_ids
        self.assertIn(b"Precious words.", base64.b64decode(file.datas))

    def test_damaged_headers(self):
        for headers in (
            {"sender": "=?utf-8?q?broken"},
            {"sender": "Ana <ana@gemini.example.com> <"},
            {"sender": '"Ana" <ana@gemini.example.com'},
            {"sender": "ana@gemini.example.com, second@gemini.example.com"},
            {"Cc": "undisclosed-recipients:;"},
            {"Cc": "<@>, , <>"},
            {"References": "<<>> not an id"},
            {"Date": "yesterday"},
            {"Date": None},
            {"MIME_Version": None},
            {"Received": None},
            {"Received": ";;;"},
        ):
            with self.subTest(**headers):
                case = self._receive_quietly(self._mail(**headers))
                self.assertEqual(len(case), 1)
                self.assertIn("too small", self._messages(case).body)

    def test_mail_without_sender(self):
        for sender in (None, "", "<>", "nobody"):
            with self.subTest(sender):
                source = self._mail(From=sender, sender="x")
                case = self._receive_quietly(source)
                self.assertEqual(len(case), 1)
                self.assertFalse(case.partner_id)
                self.assertFalse(case.acknowledge_at, "There is nobody to tell")
                self.assertTrue(case.awaiting_reply_since)

    def test_mail_without_message_id(self):
        case = self._receive_quietly(
            self._mail().replace(b"Message-ID:", b"X-Was-Message-ID:")
        )
        self.assertTrue(self._messages(case).message_id)

    def test_null_bytes(self):
        case = self._receive_quietly(self._mail("Nul\x00 byte", subject="A\x00B"))
        self.assertEqual(len(case), 1)
        self.assertIn("byte", self._messages(case).body)

    # Empty and huge -----------------------------------------------------------

    def test_empty_subject_and_body(self):
        case = self._receive_quietly(self._mail("", subject=""))
        self.assertEqual(case.name, "No subject")
        self.assertEqual(len(self._messages(case)), 1)

    def test_huge_subject_is_shortened_and_kept_whole_on_the_message(self):
        subject = "small shoe " * 2000
        case = self._receive_quietly(self._mail(subject=subject))
        self.assertEqual(len(case.name), 250)
        self.assertTrue(case.name.endswith("…"))
        self.assertEqual(
            "".join(self._messages(case).subject.split()), "".join(subject.split())
        )

    def test_attachment_of_20_mb(self):
        content = b"\x89PNG" + b"0123456789abcdef" * (20 * 1024 * 1024 // 16)
        part = base64.encodebytes(content).decode()
        body = (
            "--b\r\nContent-Type: text/plain\r\n\r\nBig.\r\n"
            '--b\r\nContent-Type: application/zip; name="big.zip"\r\n'
            'Content-Disposition: attachment; filename="big.zip"\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n{part}\r\n--b--\r\n"
        )
        source = self._mail(body, content_type="multipart/mixed; boundary=b")
        case = self._receive_quietly(source)
        [file] = self._messages(case).attachment_ids
        self.assertEqual(file.file_size, len(content))

    def test_very_long_text(self):
        case = self._receive_quietly(self._mail("long line " * 200_000))
        self.assertEqual(case.partner_id, self.customer)

    # Hostile ------------------------------------------------------------------

    def test_script_is_taken_out_of_the_text(self):
        source = self._mail(
            "<p onmouseover='x()'>Hi</p><script>alert(1)</script>"
            "<a href='javascript:alert(2)'>go</a><form action='/x'></form>",
            content_type="text/html; charset=utf-8",
            subject="<script>alert(3)</script>",
        )
        case = self._receive_quietly(source)
        body = self._messages(case).body
        for word in ("script", "onmouseover", "alert", "<form"):
            self.assertNotIn(word, body)
        self._run_acknowledgements()
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertNotIn("<script", mail["body"])

    def test_template_code_in_a_subject_is_not_run(self):
        case = self._receive_quietly(self._mail(subject="{{ object.company_id.name }}"))
        self._run_acknowledgements()
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertIn("{{ object.company_id.name }}", mail["subject"])
        self.assertTrue(case.acknowledged_at)

    def test_header_injection_in_a_subject(self):
        source = self._mail(subject="=?utf-8?q?A=0D=0ABcc=3A_spy=40x=2Eexample?=")
        case = self._receive_quietly(source)
        self.assertNotIn("\n", case.name)
        self._run_acknowledgements()
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertFalse(mail["EmailMessage"]["Bcc"])

    def test_date_in_the_future(self):
        case = self._receive_quietly(self._mail(Date="Fri, 01 Jan 2100 00:00:00 +0000"))
        self.assertEqual(case.received_at, datetime(2026, 11, 23, 9))

    def test_order_number_hidden_in_a_flood_of_words(self):
        body = " ".join(f"X{number}" for number in range(5000))
        self.assertEqual(len(self._receive_quietly(self._mail(body))), 1)

    # Machines -----------------------------------------------------------------

    def test_two_machines_that_answer_each_other_come_to_rest(self):
        case = self._receive_quietly(self._mail())
        self._run_acknowledgements()
        for _round in range(3):
            message = self._messages(case)[-1]
            source = self._mail(
                "I am away.", reply_to=message, Auto_Submitted="auto-replied"
            )
            self.assertFalse(self._receive_quietly(source))
            self.assertFalse(self._new_mails, "A machine is not answered")
            self._run_acknowledgements()
            self.assertFalse(self._new_mails)

    def test_of_many_mails_of_one_sender_none_is_dropped(self):
        """A marketplace, a web form, a large customer."""
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "3")
        for _index in range(5):
            self.assertEqual(len(self._receive_quietly(self._mail())), 1)
        case = self._create_case()
        message = self._reply(case)
        for _index in range(5):
            self._receive_quietly(self._mail("Again.", reply_to=message))
        self.assertEqual(self._kinds(case).count("customer_message"), 5)

    def test_bounce_to_the_team_opens_no_case(self):
        source = self._fixture("bounce.eml", To=self.address)
        self.assertFalse(self._receive_quietly(source))

    def test_mail_to_a_team_of_another_model_is_left_alone(self):
        """What the gateway does for other documents stays as it is."""
        partner = self.env["res.partner"].create({"name": "P"})
        message = partner.message_post(
            body="x", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        source = self._mail(
            "Answer.", reply_to=message, to="catchall@ourcompany.example.com"
        )
        self.assertFalse(self._receive_quietly(source))
        self.assertIn("Answer.", partner.message_ids[0].body)

    # Disturbed ----------------------------------------------------------------

    def test_fetched_answer_that_meets_other_work_is_tried_again(self):
        """A fetch marks the mail as read whatever happens: it must not be lost."""
        case = self._create_case()
        message = self._reply(case)
        cases = self.registry["aftersales.case"]
        message_update, failures = cases.message_update, [SerializationFailure()] * 2

        def disturbed(*args, **kwargs):
            if failures:
                raise failures.pop()
            return message_update(*args, **kwargs)

        server = self.env["fetchmail.server"].create({"name": "Box"})
        with (
            patch.object(cases, "message_update", disturbed),
            patch.object(self.env.cr, "rollback") as rollback,
        ):
            self._receive(
                self._mail("Thank you.", reply_to=message),
                default_fetchmail_server_id=server.id,
            )
        self.assertEqual(rollback.call_count, 2)
        said = self._messages(case).filtered(lambda m: "Thank you." in m.body)
        self.assertEqual(len(said), 1)
