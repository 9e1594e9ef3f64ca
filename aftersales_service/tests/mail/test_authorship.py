from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon
from ..mail_common import AftersalesMailCommon

PUBLIC = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment"}


@tagged("post_install", "-at_install")
class TestAuthorship(AftersalesMailCommon):
    """A person writes in their own name, now, through the case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(user_id=cls.user_specialist.id)

    def _post(self, user, **values):
        case = self.case.with_user(user)
        with self.mock_mail_gateway():
            return case.message_post(body="Words", **{**PUBLIC, **values}).sudo()

    def _assert_nothing_was_said(self):
        messages = self.case.message_ids
        self.assertFalse(
            messages.filtered(lambda message: message._aftersales_is_said())
        )
        self.assertFalse(self._events(self.case, "reply"))
        self.assertFalse(self._events(self.case, "customer_message"))

    # In another's name ------------------------------------------------------------

    def test_nobody_posts_in_the_name_of_another(self):
        others = (self.customer, self.user_team.partner_id, self.company.partner_id)
        for user in (self.user_specialist, self.user_manager):
            for other in others:
                with self.subTest(user=user.login, other=other.name):
                    with self.assertRaises(AccessError):
                        self._post(user, author_id=other.id)
        self._assert_nothing_was_said()

    def test_an_address_makes_nobody_else_the_author(self):
        message = self._post(self.user_specialist, email_from=self.customer.email)
        self.assertEqual(message.author_id, self.user_specialist.partner_id)
        self.assertEqual(len(self._events(self.case, "reply")), 1)
        self.assertFalse(self._events(self.case, "customer_message"))

    def test_a_message_is_of_now_and_answers_come_to_the_team(self):
        start = fields.Datetime.now()
        message = self._post(
            self.user_specialist,
            date="2020-01-01 00:00:00",
            create_date="2020-01-01 00:00:00",
            message_id="<forged@evil.example>",
            reply_to="thief@evil.example",
        )
        self.assertGreaterEqual(message.date, start)
        self.assertGreater(message.create_date.year, 2020)
        self.assertNotIn("forged", message.message_id)
        self.assertIn(self.address, message.reply_to)

    def test_what_the_customer_sees_counts_whatever_it_is_called(self):
        types = ("notification", "auto_comment", "email", "email_outgoing")
        for message_type in (*types, "out_of_office"):
            with self.subTest(message_type=message_type):
                message = self._post(self.user_specialist, message_type=message_type)
                self.assertEqual(message.message_type, "comment")
        self.assertEqual(len(self._events(self.case, "reply")), 5)

    def test_a_scheduled_answer_is_its_writers(self):
        scheduled = self.env["mail.scheduled.message"].with_user(self.user_specialist)
        values = {
            "model": "aftersales.case",
            "res_id": self.case.id,
            "body": "Later",
            "scheduled_date": "2026-11-24 09:00:00",
        }
        author = self.user_specialist.partner_id
        forged = scheduled.create({**values, "author_id": self.customer.id})
        own = scheduled.create({**values, "author_id": author.id})
        with self.assertRaises(AccessError):
            forged.post_message()
        own.post_message()
        self.assertEqual(self.case.website_message_ids.author_id, author)
        self.assertEqual(len(self._events(self.case, "reply")), 1)

    def test_a_notification_is_in_ones_own_name_and_for_colleagues(self):
        case = self.case.with_user(self.user_specialist)
        colleague = self.user_team.partner_id
        with self.assertRaises(AccessError):
            case.message_notify(
                body="x", partner_ids=colleague.ids, author_id=self.customer.id
            )
        with self.assertRaises(AccessError):
            case.message_notify(body="x", partner_ids=self.customer.ids)
        with self.mock_mail_gateway():
            told = case.message_notify(body="x", partner_ids=colleague.ids)
        self.assertEqual(told.author_id, self.user_specialist.partner_id)

    # Who may answer ---------------------------------------------------------------

    def test_who_may_only_read_writes_notes(self):
        readers = (self.user_management, self.user_sales)
        self.case.sale_order_id = self.order
        for user in readers:
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self._post(user)
                with self.assertRaises(AccessError):
                    self._post(user, message_type="notification")
                note = self._post(user, subtype_xmlid="mail.mt_note")
                self.assertTrue(note.subtype_id.internal)
        self._assert_nothing_was_said()

    # Past the case ----------------------------------------------------------------

    def test_no_message_is_made_but_on_the_case(self):
        """Its ledger line, its promises and its recipients would be missing."""
        comment = self.env.ref("mail.mt_comment")
        users = (
            *(self.user_specialist, self.user_manager, self.user_portal),
            self.env.ref("base.user_admin"),
        )
        for user in users:
            for extra in ({"subtype_id": comment.id}, {}):
                values = {
                    "model": "aftersales.case",
                    "res_id": self.case.id,
                    "body": "Forged",
                    "message_type": "comment",
                    "date": "2026-01-01",
                    **extra,
                }
                with self.subTest(user=user.login, extra=extra):
                    with self.assertRaises(AccessError):
                        self.env["mail.message"].with_user(user).create(values)
        self._assert_nothing_was_said()

    def test_no_message_comes_with_a_write_or_a_context(self):
        values = {
            "model": "aftersales.case",
            "body": "Forged",
            "message_type": "comment",
            "subtype_id": self.env.ref("mail.mt_comment").id,
        }
        mine = self.case.with_user(self.user_specialist)
        for message in (values, {**values, "date": "2020-01-01"}):
            with self.assertRaises(AccessError):
                mine.write({"message_ids": [Command.create(message)]})
            with self.assertRaises(AccessError):
                mine.create({"name": "x", "message_ids": [Command.create(message)]})
        messages = self.env["mail.message"].with_user(self.user_specialist)
        forging = messages.with_context(
            aftersales_posted=True,
            **{f"default_{key}": value for key, value in values.items()},
            default_res_id=self.case.id,
        )
        with self.assertRaises(AccessError):
            forging.create({"body": "Forged"})
        self._assert_nothing_was_said()

    def test_no_message_becomes_one_of_the_conversation(self):
        note = self._post(self.user_specialist, subtype_xmlid="mail.mt_note")
        elsewhere = self.customer.message_post(
            body="x", author_id=self.user_manager.partner_id.id, **PUBLIC
        )
        comment = self.env.ref("mail.mt_comment").id
        with self.assertRaises(AccessError):
            note.with_user(self.user_specialist).write({"subtype_id": comment})
        with self.assertRaises(AccessError):
            elsewhere.with_user(self.env.ref("base.user_admin")).write(
                {"model": "aftersales.case", "res_id": self.case.id}
            )
        self._assert_nothing_was_said()

    def test_what_was_said_stays_what_it_was_and_where(self):
        said = self._post(self.user_specialist)
        changes = {
            "partner_ids": [Command.clear()],
            "message_id": "<other@evil.example>",
            "reply_to": "thief@evil.example",
            "model": "res.partner",
            "res_id": self.other_customer.id,
            "parent_id": False,
            "body": "",
            "date": "2020-01-01",
            "author_id": self.customer.id,
            "message_type": "notification",
            "attachment_ids": [Command.clear()],
            "outgoing_email_to": "",
            "incoming_email_cc": "",
        }
        for user in (self.user_specialist, self.env.ref("base.user_admin")):
            for name, value in changes.items():
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(AccessError):
                        said.with_user(user).write({name: value})
            with self.assertRaises(AccessError):
                said.with_user(user).unlink()


@tagged("post_install", "-at_install")
class TestEvidenceFiles(AftersalesMailCommon):
    """Files of what was said are evidence, too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(user_id=cls.user_specialist.id)
        cls.message = cls.case.message_post(
            body="See the photo.",
            author_id=cls.customer.id,
            attachments=[("photo.txt", b"as sent")],
            **PUBLIC,
        )
        cls.file = cls.message.attachment_ids

    def test_a_file_stays_as_it_was_sent_and_where(self):
        changes = {
            "raw": b"FORGED",
            "datas": "Rk9SR0VE",
            "name": "other.txt",
            "mimetype": "text/html",
            "res_model": "res.partner",
            "res_id": self.customer.id,
            "public": True,
            "type": "url",
            "url": "https://evil.example",
        }
        users = (self.user_specialist, self.user_manager)
        for user in (*users, self.env.ref("base.user_admin")):
            for name, value in changes.items():
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(AccessError):
                        self.file.with_user(user).write({name: value})
        self.assertEqual(self.file.raw, b"as sent")

    def test_a_file_that_lay_elsewhere_is_evidence_as_well(self):
        """What decides is the message, not the record a file belongs to."""
        self.file.sudo().write({"res_model": "res.partner", "res_id": self.customer.id})
        admin = self.env.ref("base.user_admin")
        with self.assertRaises(AccessError):
            self.file.with_user(admin).write({"raw": b"FORGED"})
        with self.assertRaises(AccessError):
            self.file.with_user(admin).unlink()
        with self.assertRaises(AccessError):
            self.file.sudo().unlink()

    def test_files_of_notes_and_other_documents_are_ones_own(self):
        note = self.case.with_user(self.user_specialist).message_post(
            body="x", attachments=[("note.txt", b"x")], subtype_xmlid="mail.mt_note"
        )
        for file in (note.attachment_ids, self._file_of_a_contact()):
            file.with_user(self.user_specialist).write({"name": "renamed.txt"})
            file.with_user(self.user_specialist).unlink()
            self.assertFalse(file.exists())

    def _file_of_a_contact(self):
        partner = self.user_specialist.partner_id
        return (
            self.env["ir.attachment"]
            .with_user(self.user_specialist)
            .create({"name": "x", "res_model": "res.partner", "res_id": partner.id})
        )


@tagged("post_install", "-at_install")
class TestChatterRoutes(AftersalesCommon, HttpCase):
    """The routes call as superuser, with words of the browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(user_id=cls.user_specialist.id)

    def _post(self, access=None, **post_data):
        return self.make_jsonrpc_request(
            "/mail/message/post",
            {
                "thread_model": "aftersales.case",
                "thread_id": self.case.id,
                "post_data": {"body": "Words", **post_data},
                **(access or {}),
            },
        )

    def _forms(self):
        for message_type in ("comment", "notification", "auto_comment", "email"):
            for subtype in ("mail.mt_comment", "mail.mt_note", None):
                named = {"subtype_xmlid": subtype} if subtype else {}
                yield {"message_type": message_type, **named}

    def test_a_customer_writes_to_us_whatever_the_browser_calls_it(self):
        link = {"token": self.case._portal_ensure_token()}
        for login, access in (("as_portal", {}), (None, link)):
            self.authenticate(login, login)
            for number, form in enumerate(self._forms(), 1):
                with self.subTest(login=login, **form):
                    self._post(access, **form)
                    said = self.case.website_message_ids.sorted("id")[-1]
                    self.assertEqual(said.message_type, "comment")
                    self.assertFalse(said.subtype_id.internal)
                    told = self._events(self.case, "customer_message")
                    self.assertEqual(len(told) % 12, number % 12)

    def test_a_colleague_answers_or_writes_a_note(self):
        self.authenticate("as_specialist", "as_specialist")
        for form in self._forms():
            with self.subTest(**form):
                before = len(self._events(self.case, "reply"))
                self._post(**form)
                is_answer = form.get("subtype_xmlid") == "mail.mt_comment"
                after = len(self._events(self.case, "reply"))
                self.assertEqual(after - before, int(is_answer))

    def test_who_may_only_read_does_not_answer(self):
        self.authenticate("as_management", "as_management")
        with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
            self._post(message_type="comment", subtype_xmlid="mail.mt_comment")
        self._post(message_type="comment", subtype_xmlid="mail.mt_note")
        self.assertFalse(self._events(self.case, "reply"))
