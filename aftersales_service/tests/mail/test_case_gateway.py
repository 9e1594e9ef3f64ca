"""Mails that open cases."""

import email
import email.policy
import threading
import zlib
from datetime import datetime, timedelta

import psycopg2

from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.mail.mail_thread import LOCK_SPACE
from ...tools import forwarded, mail_headers
from ..mail_common import AftersalesMailCommon


@tagged("post_install", "-at_install")
class TestMailGateway(AftersalesMailCommon):
    # A new case ---------------------------------------------------------------

    def test_mail_opens_case_of_customer_on_his_order(self):
        case = self._receive_case()
        self.assertRecordValues(
            case,
            [
                {
                    "name": "Left shoe too small",
                    "channel": "mail",
                    "team_id": self.team.id,
                    "partner_id": self.customer.id,
                    "sale_order_id": self.order.id,
                    "email_normalized": "ana@gemini.example.com",
                    "stage_kind": "new",
                    "user_id": False,
                }
            ],
        )
        message = self._messages(case)
        self.assertEqual(len(message), 1)
        self.assertEqual(message.author_id, self.customer)
        self.assertIn("too small", message.body)
        self.assertEqual(self._kinds(case)[:1], ["received"])
        line = self._events(case, "customer_message")
        self.assertRecordValues(
            line,
            [
                {
                    "actor_kind": "customer",
                    "actor_id": self.customer.id,
                    "source_kind": "mail.message",
                    "source_id": message.id,
                    "at": datetime(2026, 11, 23, 9),
                }
            ],
        )
        self.assertEqual(case.awaiting_reply_since, datetime(2026, 11, 23, 9))

    def test_unknown_sender_opens_case_without_customer(self):
        case = self._receive_case(sender="Stranger <who@nowhere.example.com>")
        self.assertFalse(case.partner_id)
        self.assertFalse(case.sale_order_id)
        self.assertEqual(case.email_normalized, "who@nowhere.example.com")
        self.assertTrue(
            case.awaiting_reply_since, "The sender waits like a known customer"
        )

    def test_order_number_in_body_wins(self):
        second = self._create_order(self.customer)
        case = self._receive_case(f"It is about {second.name}, the second one.")
        self.assertEqual(case.sale_order_id, second)

    def test_other_customers_order_is_never_linked(self):
        case = self._receive_case(f"It is about {self.other_order.name}.")
        self.assertNotEqual(case.sale_order_id, self.other_order)

    def test_attachment_is_kept(self):
        source = self._fixture("with_attachment.eml")
        case = self._receive(source)
        attachments = self._messages(case).attachment_ids
        self.assertEqual(attachments.mapped("name"), ["shoe.png"])
        self.assertEqual(attachments.res_id, case.id)

    def test_people_in_copy_are_kept_without_our_own_address(self):
        case = self._receive_case(
            to="sales@gemini.example.com",
            Cc=f"Bo <bo@gemini.example.com>, {self.address}",
        )
        self.assertIn("bo@gemini.example.com", case.email_cc)
        self.assertNotIn("support@", case.email_cc)

    # When it was received -----------------------------------------------------

    def test_receipt_of_our_server_counts_not_the_senders_date(self):
        received = datetime(2026, 11, 23, 8, 40, 5)
        case = self._receive_case(
            received=received, Date="Wed, 01 Jan 2020 00:00:00 +0000"
        )
        self.assertEqual(case.received_at, received)
        self.assertEqual(self._events(case, "received").at, received)
        self.assertEqual(self._events(case, "customer_message").at, received)

    def test_receipt_is_not_before_the_previous_fetch(self):
        server = self.env["fetchmail.server"].create(
            {"name": "Mailbox", "server_type": "imap", "date": "2026-11-23 08:55:00"}
        )
        source = self._mail(received=datetime(2026, 11, 22, 1))
        case = self._receive(source, default_fetchmail_server_id=server.id)
        self.assertEqual(case.received_at, datetime(2026, 11, 23, 8, 55))

    def test_receipt_in_the_future_is_now(self):
        case = self._receive_case(received=datetime(2027, 1, 1))
        self.assertEqual(case.received_at, datetime(2026, 11, 23, 9))

    # The same mail again ------------------------------------------------------

    def test_same_message_id_twice_makes_one_case(self):
        source = self._mail()
        self.assertEqual(len(self._receive(source)), 1)
        self.assertFalse(self._receive(source), "A mail fetched again opens nothing")

    def test_mail_to_two_addresses_makes_one_case_of_the_first_named(self):
        self._create_team("returns")
        case = self._receive_case(to=f"returns@ourcompany.example.com, {self.address}")
        self.assertEqual(case.team_id.name, "returns")

    def _create_team(self, name):
        return self.env["aftersales.team"].create(
            {
                "name": name,
                "company_id": self.company.id,
                "alias_name": name,
                "alias_domain_id": self.team.alias_domain_id.id,
            }
        )

    def test_delivery_to_second_mailbox_makes_no_second_case(self):
        self._create_team("returns")
        source = self._mail()
        self._receive(source)
        again = source.replace(b"To: support@", b"To: returns@")
        self.assertFalse(self._receive(again))

    def test_database_refuses_the_same_mail_from_a_second_worker(self):
        case = self._receive_case(message_id="<twice@gemini.example.com>")
        other = self._create_case()
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env["mail.message"].create(
                {
                    "model": "aftersales.case",
                    "res_id": other.id,
                    "message_type": "email",
                    "message_id": "<twice@gemini.example.com>",
                }
            )
        self.assertTrue(case.exists())

    def _work_elsewhere(self, message_id):
        """Let another worker hold a mail for a moment.

        :return: whether the mail counts as processed when it is done
        """
        key = zlib.crc32(message_id.encode()) - 2**31
        other = db_connect(self.env.cr.dbname).cursor()
        other.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, key])
        done = threading.Timer(0.3, other.close)
        done.start()
        self.addCleanup(done.join)
        thread = self.env["mail.thread"]
        result = thread._aftersales_is_processed_elsewhere(message_id)
        self.assertTrue(other.closed, "It must be waited for")
        return result

    def test_mail_that_fails_elsewhere_is_ours(self):
        self.assertFalse(self._work_elsewhere("<nowhere@gemini.example.com>"))

    def test_mail_that_is_done_elsewhere_is_dropped(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(
                "SELECT message_id FROM mail_message"
                " WHERE message_id IS NOT NULL LIMIT 1"
            )
            [committed] = cr.fetchone()
        self.assertTrue(self._work_elsewhere(committed))

    # Colleagues ---------------------------------------------------------------

    def test_forward_becomes_the_customers_case(self):
        for name, subject in (
            ("forward_gmail.eml", "Left shoe too small"),
            ("forward_outlook_es.eml", "Zapato izquierdo pequeño"),
            ("forward_apple.eml", "Left shoe too small"),
            ("forward_attached.eml", "Left shoe too small"),
        ):
            with self.subTest(name):
                case = self._receive(self._fixture(name))
                self.assertEqual(len(case), 1)
                self.assertEqual(case.partner_id, self.customer)
                self.assertEqual(case.sale_order_id, self.order)
                self.assertEqual(case.email_normalized, "ana@gemini.example.com")
                self.assertEqual(case.name, subject)
                self.assertIn(self.user_other.partner_id, case.message_partner_ids)
                self.assertTrue(case.acknowledge_at, "The customer is told")

    def test_forward_hides_the_colleagues_words_from_the_customer(self):
        case = self._receive(self._fixture("forward_gmail.eml"))
        message = self._messages(case)
        self.assertTrue(message.is_internal)
        self.assertTrue(message.subtype_id.internal)
        self.assertIn("furious", message.body)
        self.assertNotIn("furious", case.description)
        self.assertIn("does not fit", case.description)
        line = self._events(case, "customer_message")
        self.assertEqual((line.cause, line.actor_id), ("forwarded", self.customer.id))

    def test_forward_of_internal_mail_is_the_colleagues_own_case(self):
        body = (
            "---------- Forwarded message ---------\n"
            f"From: A Colleague <{self.user_team.email}>\n"
            "Date: Mon, 23 Nov 2026\nSubject: Lunch\n"
            "To: all@ourcompany.example.com\n\nHi"
        )
        case = self._receive_case(
            body, sender=self.user_other.email_formatted, subject="Fwd: Lunch"
        )
        self.assertEqual(case.partner_id, self.user_other.partner_id)

    def test_colleague_who_writes_himself_has_his_own_case(self):
        case = self._receive_case(sender=self.user_other.email_formatted)
        self.assertEqual(case.partner_id, self.user_other.partner_id)
        self.assertFalse(case.first_response_at, "Their own mail is no answer")
        self.assertTrue(case.awaiting_reply_since)

    # Blocked senders ----------------------------------------------------------

    def test_blocked_sender_opens_spam_and_can_be_taken_back(self):
        spam = self._receive_case(sender="win@lottery.example.com")
        spam._set_aside("spam", "Lottery")
        spam._block_senders()
        later = self._receive_case(sender="Win <WIN@lottery.example.com>")
        self.assertEqual(later.mark, "spam")
        self.assertFalse(later.acknowledge_at)
        self.assertIn("too small", self._messages(later).body, "Nothing is lost")
        later.action_undo_mark()
        self.assertTrue(
            later.acknowledge_at, "The sender was never told that it arrived"
        )
        last = self._receive_case(sender="win@lottery.example.com")
        self.assertFalse(last.mark)

    def test_other_senders_are_not_blocked(self):
        spam = self._receive_case(sender="win@lottery.example.com")
        spam._set_aside("spam", "Lottery")
        spam._block_senders()
        self.assertFalse(self._receive_case().mark)

    def test_only_who_has_written_is_blocked(self):
        """Nobody silences a customer by writing their address on a case."""
        by_phone = self._create_case(channel="phone", email_from="bob@example.com")
        changed = self._receive_case(sender="win@lottery.example.com")
        changed.email_from = "bob@example.com"
        dialog = self.env["aftersales.case.mark"].with_user(self.user_manager)
        for case in (by_phone, changed, by_phone | changed):
            values = {"case_ids": case.ids, "reason": "x", "block_sender": True}
            with self.assertRaises(UserError), self.env.cr.savepoint():
                dialog.create(values).action_apply()
            self.assertFalse(any(case.mapped("sender_blocked")))
            self.assertFalse(any(case.mapped("mark")))
        self.assertFalse(self._receive_case(sender="bob@example.com").mark)

    # Cost ---------------------------------------------------------------------

    def test_query_count_of_a_new_mail(self):
        self._receive_case()
        self.env.invalidate_all()
        source = self._mail()
        with self.mock_mail_gateway(), self.assertQueryCount(62):
            self.env["mail.thread"].sudo().message_process(None, source)
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestMailTools(AftersalesMailCommon):
    """The pure helpers, by table."""

    def _message(self, **headers):
        source = self._mail(**headers)
        return email.message_from_bytes(source, policy=email.policy.SMTP)

    def test_automatic_mails(self):
        automatic = (
            {"Auto_Submitted": "auto-replied"},
            {"Auto_Submitted": "auto-generated; type=x"},
            {"X_Autoreply": "yes"},
            {"Precedence": "bulk"},
            {"Precedence": "junk"},
            {"Precedence": "auto_reply"},
            {"Return_Path": "<>"},
            {"content_type": "multipart/report; report-type=delivery-status"},
        )
        for headers in automatic:
            with self.subTest(**headers):
                self.assertTrue(mail_headers.is_automatic(self._message(**headers)))

    def test_written_mails(self):
        written = (
            {},
            {"Auto_Submitted": "no"},
            {"Precedence": "normal"},
            {"X_Auto_Response_Suppress": "All"},
            {"List_Id": "<list.example.com>"},
        )
        for headers in written:
            with self.subTest(**headers):
                self.assertFalse(mail_headers.is_automatic(self._message(**headers)))

    def test_mails_no_machine_may_answer(self):
        silent = (
            {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
            {"Precedence": "list"},
            {"List_Unsubscribe": "<mailto:off@example.com>"},
            {"Auto_Submitted": "auto-replied"},
        )
        for headers in silent:
            with self.subTest(**headers):
                self.assertFalse(mail_headers.may_be_answered(self._message(**headers)))
        self.assertTrue(mail_headers.may_be_answered(self._message()))

    def test_machine_addresses(self):
        for address in (
            "mailer-daemon@x.example",
            "noreply@x.example",
            "no-reply+12@x.example",
            "do_not_reply@x.example",
            "bounce-77@x.example",
        ):
            with self.subTest(address):
                self.assertTrue(mail_headers.is_machine_address(address))
        for address in (
            "nora.reply@x.example",
            "ana@noreply.example",
            "postma@x.example",
        ):
            with self.subTest(address):
                self.assertFalse(mail_headers.is_machine_address(address))

    def test_receipt_without_usable_header_is_now(self):
        now = datetime(2026, 11, 23, 9)
        for value in ("", "nonsense", "from a by b; not a date"):
            message = self._message(Received=value)
            self.assertEqual(mail_headers.received_at(message, None, now), now)

    def test_receipt_is_bounded_when_no_fetch_is_known(self):
        now = datetime(2026, 11, 23, 9)
        message = self._message(received=datetime(2026, 1, 1))
        self.assertEqual(
            mail_headers.received_at(message, None, now), now - timedelta(days=1)
        )

    def test_topmost_receipt_counts(self):
        source = self._mail(received=datetime(2026, 11, 23, 8, 30))
        forged = b"Received: from a by b; Mon, 23 Nov 2026 01:00:00 +0000\r\nFrom:"
        message = email.message_from_bytes(
            source.replace(b"From:", forged, 1), policy=email.policy.SMTP
        )
        self.assertEqual(
            mail_headers.received_at(
                message, datetime(2026, 11, 23), datetime(2026, 11, 23, 9)
            ),
            datetime(2026, 11, 23, 8, 30),
        )

    def test_heads_of_forwards_by_language(self):
        heads = {
            "en": ("FW:", "From: {0}\nSent: Monday\nTo: Us\nSubject: {1}"),
            "es": ("RV:", "De: {0}\nEnviado el: lunes\nPara: Nos\nAsunto: {1}"),
            "de": ("WG:", "Von: {0}\nGesendet: Montag\nAn: Uns\nBetreff: {1}"),
            "fr": ("TR :", "De : {0}\nEnvoyé : lundi\nÀ : Nous\nObjet : {1}"),
            "it": ("I:", "Da: {0}\nInviato: lunedì\nA: Noi\nOggetto: {1}"),
            "zh_CN": ("转发：", "发件人: {0}\n发送时间: 周一\n收件人: 我们\n主题: {1}"),
            "zh_TW": ("轉寄:", "寄件者: {0}\n寄件日期: 週一\n收件者: 我們\n主旨: {1}"),
            "ko": ("FW:", "보낸 사람: {0}\n보낸 날짜: 월\n받는 사람: 우리\n제목: {1}"),
            "ar": ("Fwd:", "من: {0}\nتاريخ: الاثنين\nإلى: نحن\nالموضوع: {1}"),
            "subject first": ("Fwd:", "Subject: {1}\nDate: Mon\nFrom: {0}\nTo: Us"),
            "bold": ("Fwd:", "*From:* {0}\n*Sent:* Monday\n*To:* Us\n*Subject:* {1}"),
        }
        for lang, (prefix, head) in heads.items():
            with self.subTest(lang):
                text = (
                    "Look.\n\n" + head.format("Ana <ana@x.example>", "Shoe") + "\n\nHi"
                )
                found = forwarded.find_forwarded(f"{prefix} Shoe", text)
                self.assertEqual(found, ("Ana", "ana@x.example", "Shoe", "Hi"))

    def test_answer_with_a_quoted_head_is_no_forward(self):
        text = (
            "Yes.\n\nFrom: Ana <ana@x.example>\nSent: Monday\nTo: Us\nSubject: Shoe\n"
        )
        self.assertIsNone(forwarded.find_forwarded("RE: Shoe", text))

    def test_forward_without_a_head_is_none(self):
        self.assertIsNone(forwarded.find_forwarded("Fwd: Shoe", "See attached.\n"))
