"""Messages on a case: what they mean, whom they reach, who is told."""

import base64
from datetime import datetime

from markupsafe import Markup

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import clause
from ..mail_common import AftersalesMailCommon


@tagged("post_install", "-at_install")
class TestCustomerMessages(AftersalesMailCommon):
    """What the customer writes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(user_id=cls.user_specialist.id)

    def _answer(self, case=None, **kwargs):
        """Let the customer answer our last message by mail."""
        message = self._messages(case or self.case)[-1]
        return self._receive(self._mail("Thank you.", reply_to=message, **kwargs))

    def test_answer_joins_its_case(self):
        self._reply(self.case)
        self.assertFalse(self._answer(), "An answer opens no case")
        last = self._messages(self.case)[-1]
        self.assertEqual(last.author_id, self.customer)
        self.assertIn("Thank you.", last.body)

    def test_oldest_unanswered_message_is_the_one_that_waits(self):
        self._reply(self.case)
        self.later(minutes=10)
        self._answer()
        self.later(minutes=10)
        self._answer()
        self.assertEqual(self.case.awaiting_reply_since, datetime(2026, 11, 23, 9, 10))
        self.assertEqual(
            self.case.last_customer_message_at, datetime(2026, 11, 23, 9, 20)
        )
        self.assertEqual(len(self._events(self.case, "customer_message")), 2)

    def test_answer_takes_a_waiting_case_back_to_work(self):
        self._reply(self.case, next_step="wait_customer")
        self.assertEqual(self.case.stage_kind, "waiting_customer")
        self.later(minutes=10)
        self._answer()
        self.assertEqual(self.case.stage_kind, "working")
        move = self._events(self.case, "stage_changed")[-1]
        self.assertEqual(
            (move.cause, move.at), ("customer_reply", datetime(2026, 11, 23, 9, 10))
        )

    def test_answer_leaves_a_case_waiting_for_somebody_else(self):
        self._reply(self.case)
        self.case.action_wait_third_party()
        self._answer()
        self.assertEqual(self.case.stage_kind, "waiting_third_party")

    def test_answer_received_before_a_move_takes_effect_after_it(self):
        self._reply(self.case, next_step="wait_customer")
        self._answer(received=datetime(2026, 11, 23, 8, 50))
        moves = self._events(self.case, "stage_changed")
        self.assertEqual(moves.mapped("at"), sorted(moves.mapped("at")))
        self.assertEqual(self.case.stage_kind, "working")

    def test_answer_reopens_a_resolved_case(self):
        self._reply(self.case, next_step="resolve")
        self.later(hours=1)
        self._answer()
        self.assertEqual((self.case.stage_kind, self.case.cycle), ("working", 2))
        self.assertEqual(
            self._events(self.case, "stage_changed")[-1].cause, "customer_reply"
        )
        self.assertFalse(self.case.resolved_at)

    def test_answer_reopens_a_closed_case_within_the_period(self):
        self._reply(self.case, next_step="resolve")
        self.case.action_close()
        self.later(days=14)
        self._answer()
        self.assertEqual(self.case.stage_kind, "working")

    def test_later_answer_becomes_a_new_case_that_follows(self):
        self._reply(self.case, next_step="resolve")
        self.case.action_close()
        self.later(days=14, seconds=1)
        new = self._answer(subject="Re: Left shoe too small")
        self.assertEqual(self.case.stage_kind, "closed")
        self.assertRecordValues(
            new,
            [
                {
                    "origin_case_id": self.case.id,
                    "partner_id": self.customer.id,
                    "team_id": self.team.id,
                    "channel": "mail",
                    "stage_kind": "new",
                }
            ],
        )
        self.assertIn("Thank you.", self._messages(new).body)

    def test_answer_to_a_cancelled_case_becomes_a_new_case(self):
        self._reply(self.case)
        self.case.action_cancel()
        new = self._answer()
        self.assertEqual(new.origin_case_id, self.case)
        self.assertEqual(self.case.stage_kind, "cancelled")

    def test_message_on_the_portal_counts_like_a_mail(self):
        self._reply(self.case, next_step="resolve")
        self.case.with_user(self.user_portal).message_post(
            body="Still too small.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertEqual(self.case.stage_kind, "working")
        self.assertTrue(self.case.awaiting_reply_since)
        self.assertEqual(self._bell(self.user_specialist).notification_type, "inbox")

    def test_message_by_link_counts_by_its_author(self):
        self._reply(self.case, next_step="resolve")
        public = self.env.ref("base.public_user")
        self.case.with_user(public).sudo().message_post(
            author_id=self.customer.id,
            body="Still too small.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertEqual(self.case.stage_kind, "working")
        line = self._events(self.case, "customer_message")[-1]
        self.assertEqual(
            (line.actor_kind, line.actor_id), ("customer", self.customer.id)
        )

    def test_late_message_on_the_portal_becomes_a_new_case(self):
        self._reply(self.case, next_step="resolve")
        self.case.action_close()
        self.later(days=15)
        message = self.case.with_user(self.user_portal).message_post(
            body="Still too small.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        new = self.env["aftersales.case"].browse(message.res_id)
        self.assertEqual(new.origin_case_id, self.case)
        self.assertEqual((new.channel, new.partner_id), ("portal", self.customer))
        self.assertTrue(new.awaiting_reply_since)

    def test_person_of_the_same_company_writes_as_the_customer(self):
        self._reply(self.case)
        colleague = self.env["res.partner"].create(
            {
                "name": "Bo",
                "parent_id": self.customer_company.id,
                "email": "bo@gemini.example.com",
            }
        )
        self._answer(sender="Bo <bo@gemini.example.com>")
        line = self._events(self.case, "customer_message")
        self.assertEqual(line.actor_id, colleague.id)

    def test_answer_takes_a_case_out_of_the_archive(self):
        self._reply(self.case, next_step="resolve")
        self.case.action_archive()
        self._answer()
        self.assertTrue(self.case.active)
        self.assertEqual(self.case.stage_kind, "working")
        self.assertTrue(self.case.next_deadline)

    def test_answer_leaves_a_case_set_aside_in_the_archive(self):
        self._reply(self.case)
        self.case._set_aside("spam", "Advertising")
        self.case.action_archive()
        self._answer()
        self.assertFalse(self.case.active)

    def test_third_person_is_kept_and_moves_nothing(self):
        self._reply(self.case, next_step="resolve")
        self._answer(sender="Carrier <dispatch@carrier.example.com>")
        last = self._messages(self.case)[-1]
        self.assertIn("Thank you.", last.body)
        self.assertEqual(self.case.stage_kind, "resolved")
        self.assertFalse(self._events(self.case, "customer_message"))
        self.assertFalse(self.case.awaiting_reply_since)

    def test_answer_without_references_is_led_by_its_number(self):
        self._reply(self.case)
        new = self._receive(
            self._mail("More.", subject=f"AW: something [{self.case.number}]")
        )
        self.assertFalse(new)
        self.assertIn("More.", self._messages(self.case)[-1].body)

    def test_number_of_another_company_does_not_lead_there(self):
        """Both companies count from 1: the address says whose number it is."""
        company = self.env["res.company"].create({"name": "Sister Ltd"})
        team = self.env["aftersales.team"].create(
            {"name": "Sister Team", "company_id": company.id}
        )
        theirs = self._create_case(team_id=team.id)
        theirs._write_mirror(
            {"number": self.case.number, "received_at": datetime(2020, 1, 1)}
        )
        theirs._write_mirror({"next_deadline": datetime(2020, 1, 1)})
        self.env.flush_all()
        self._receive(self._mail("More.", subject=f"Re: [{self.case.number}]"))
        self.assertIn("More.", self._messages(self.case)[-1].body)
        self.assertNotIn("More.", "".join(self._messages(theirs).mapped("body")))

    def test_stranger_who_names_a_number_gets_his_own_case(self):
        new = self._receive(
            self._mail(
                "Let me in.",
                sender="lee@readymat.example.com",
                subject=f"Re: [{self.case.number}]",
            )
        )
        self.assertEqual(new.partner_id, self.other_customer)
        self.assertFalse(self.case.message_ids.filtered(lambda m: "Let me" in m.body))

    def test_nobody_writes_to_the_customer_in_a_colleagues_name(self):
        source = self._mail(
            "Send your card number.",
            sender=self.user_team.email_formatted,
            subject=f"Re: [{self.case.number}]",
        )
        new = self._receive(source)
        self.assertEqual(len(new), 1)
        self.assertFalse(self._sent_to("ana@gemini.example.com"))
        self.assertFalse(self.case.first_response_at)

    def test_only_the_customer_puts_people_in_copy(self):
        self._reply(self.case)
        self._answer(
            sender="Carrier <dispatch@carrier.example.com>",
            Cc="spy@carrier.example.com",
        )
        self.assertFalse(self.case.email_cc)
        self._answer(Cc=f"bo@gemini.example.com, {self.address}")
        self.assertIn("bo@gemini.example.com", self.case.email_cc)
        self.assertNotIn(self.address, self.case.email_cc)

    def test_refused_reopening_keeps_the_message(self):
        self._reply(self.case, next_step="resolve")
        self.patch(
            self.registry["aftersales.case"],
            "_transition_refusals",
            lambda case, stage: ["Not now."],
        )
        self._answer()
        self.assertEqual(self.case.stage_kind, "resolved")
        self.assertTrue(self.case.awaiting_reply_since)
        self.assertIn("Thank you.", self._messages(self.case)[-1].body)

    def test_new_case_waits_from_its_receipt_and_an_ended_one_does_not(self):
        case = self._create_case(received_at=datetime(2026, 11, 23, 8))
        self.assertEqual(case.awaiting_reply_since, datetime(2026, 11, 23, 8))
        case.action_resolve()
        self.assertFalse(case.awaiting_reply_since)

    def test_set_aside_case_stays_set_aside(self):
        self._reply(self.case)
        self.case._set_aside("void", "Entered twice")
        self._answer()
        self.assertEqual(self.case.stage_kind, "new")
        self.assertIn("Thank you.", self._messages(self.case)[-1].body)

    # Automatic mails ----------------------------------------------------------

    def test_automatic_answers_move_nothing_and_reach_nobody(self):
        self._reply(self.case, next_step="wait_customer")
        before = self.case.read(["stage_id", "awaiting_reply_since", "write_date"])
        for headers in (
            {"Auto_Submitted": "auto-replied"},
            {"X_Autoreply": "yes"},
            {"Precedence": "bulk"},
        ):
            with self.subTest(**headers):
                source = self._mail(
                    "I am on holiday.",
                    reply_to=self._messages(self.case)[-1],
                    **headers,
                )
                self.assertFalse(self._receive(source))
                message = self._messages(self.case)[-1]
                self.assertIn("on holiday", message.body)
                self.assertTrue(message.is_internal)
                self.assertFalse(message.notification_ids)
                self.assertFalse(self._new_mails)
        self.assertEqual(
            self.case.read(["stage_id", "awaiting_reply_since", "write_date"]), before
        )
        self.assertEqual(len(self._events(self.case, "auto_message")), 3)
        self.assertFalse(self._events(self.case, "customer_message"))

    def test_colleagues_out_of_office_never_reaches_the_customer(self):
        self._reply(self.case)
        source = self._mail(
            "I am on holiday.",
            sender=self.user_team.email_formatted,
            reply_to=self._messages(self.case)[-1],
            Auto_Submitted="auto-replied",
        )
        self._receive(source)
        self.assertFalse(self._sent_to("ana@gemini.example.com"))
        self.assertEqual(len(self._events(self.case, "reply")), 1)

    def test_bounce_tells_the_owner_and_moves_nothing(self):
        reply = self._reply(self.case, next_step="wait_customer")
        source = self._fixture("bounce.eml")
        source = source.replace(b"<original@x>", reply.message_id.encode())
        self.assertFalse(self._receive(source))
        last = self._messages(self.case)[-1]
        self.assertIn("could not be delivered", last.body)
        self.assertEqual(self.case.stage_kind, "waiting_customer")

    # The bell -----------------------------------------------------------------

    def _bell(self, user):
        return self._messages(self.case)[-1].notification_ids.filtered(
            lambda n: n.res_partner_id == user.partner_id
        )

    def test_owner_is_told_in_the_bell_however_he_is_told_otherwise(self):
        self._reply(self.case)
        for preference in ("email", "inbox"):
            with self.subTest(preference):
                self.user_specialist.notification_type = preference
                self._reset_bus()
                self._answer()
                self.assertEqual(
                    self._bell(self.user_specialist).notification_type, "inbox"
                )
                self.env.cr.precommit.run()
                channels = self.env["bus.bus"].sudo().search([]).mapped("message")
                self.assertTrue(any("mail.message/inbox" in text for text in channels))

    def test_leader_is_told_of_an_answer_on_a_case_without_owner(self):
        self.case.user_id = False
        self._reply(self.case)
        self._answer()
        self.assertEqual(self._bell(self.user_manager).notification_type, "inbox")
        self.assertFalse(self._bell(self.user_specialist), "Not the whole team")

    def test_new_case_rings_no_bell(self):
        case = self._receive_case()
        self.assertFalse(self._messages(case).notification_ids)

    def test_query_count_of_an_answer(self):
        self._reply(self.case, user=self.user_specialist)
        self._answer()
        self.env.invalidate_all()
        source = self._mail("Thank you.", reply_to=self._messages(self.case)[-1])
        self.env.invalidate_all()
        with self.mock_mail_gateway(), self.assertQueryCount(59):
            self.env["mail.thread"].sudo().message_process(None, source)
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestReplies(AftersalesMailCommon):
    """What we write."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(user_id=cls.user_specialist.id)

    def test_reply_goes_to_the_customer_from_the_team(self):
        message = self._reply(self.case)
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertEqual(mail["email_from"], f'"Test Team" <{self.address}>')
        self.assertEqual(mail["reply_to"], f'"Test Team" <{self.address}>')
        self.assertIn("Please send a photo.", mail["body"])
        self.assertIn(self.case.number, mail["subject"])
        self.assertEqual(message.author_id, self.user_team.partner_id)

    def test_customers_mail_leads_to_his_case_without_login(self):
        self._reply(self.case)
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertIn("See your case", mail["body"])
        self.assertIn(f"access_token={self.case.access_token}", mail["body"])

    @clause("FT-22")
    def test_what_was_said_stays_verbatim_beside_the_summary(self):
        case = self._receive_case("In my very own words.")
        case.user_id = self.user_specialist
        own = case.with_user(self.user_specialist)
        own.description = "<p>Sole came off</p>"
        said = self._messages(case) | self._reply(case, user=self.user_specialist)
        for message in said.with_user(self.user_specialist):
            with self.assertRaisesRegex(AccessError, "stays as it was written"):
                message.body = "Other words"
            with self.assertRaisesRegex(AccessError, "stays as it was written"):
                message.unlink()
            with self.assertRaises(UserError):
                own._message_update_content(message, body="Other words")
        self.assertIn("In my very own words.", said[0].body)
        note = own.message_post(body="A note", subtype_xmlid="mail.mt_note")
        note.body = "A better note"
        self.assertIn("better", note.body)

    def test_reply_counts_once_as_the_first_answer(self):
        told = []
        self.patch(
            self.registry["aftersales.case"],
            "_clocks_event",
            lambda case, codes, at, cause=None: told.append((codes, at, cause)),
        )
        message = self._reply(self.case)
        self.later(minutes=5)
        self._reply(self.case)
        first, second = datetime(2026, 11, 23, 9), datetime(2026, 11, 23, 9, 5)
        self.assertEqual(self.case.first_response_at, first)
        self.assertEqual(self.case.last_reply_at, second)
        codes = ("reply", "first_reply")
        self.assertEqual(told[0], (codes, first, "human_reply"))
        self.assertEqual(told[1], (("reply",), second, "human_reply"))
        lines = self._events(self.case, "reply")
        self.assertEqual(lines.mapped("at"), [first, second])
        self.assertEqual(lines[0].source_id, message.id)
        self.assertEqual(lines[0].actor_id, self.user_team.id)

    def test_reply_ends_the_customers_wait(self):
        case = self._receive_case()
        self.assertTrue(case.awaiting_reply_since)
        self._reply(case)
        self.assertFalse(case.awaiting_reply_since)

    def test_reply_takes_the_next_step(self):
        self._reply(self.case, next_step="wait_customer")
        self.assertEqual(self.case.stage_kind, "waiting_customer")
        self._reply(self.case, next_step="resolve")
        self.assertEqual(self.case.stage_kind, "resolved")

    def test_refused_next_step_sends_nothing(self):
        self.case.action_cancel()
        before = self._messages(self.case)
        with self.assertRaisesRegex(UserError, "cancelled"), self.env.cr.savepoint():
            self._reply(self.case, next_step="resolve")
        self.assertEqual(self._messages(self.case), before)
        with self.assertRaisesRegex(UserError, "no such next step"):
            self._reply(self.case, next_step="unlink")

    def test_empty_reply_is_refused(self):
        for body in ("", "  \n ", "<p><br></p>", "<p>&nbsp;</p>", False):
            with (
                self.subTest(body),
                self.assertRaisesRegex(UserError, "Write an answer"),
            ):
                self._reply(self.case, body)

    def test_reply_without_customer_is_refused(self):
        case = self._receive_case(sender="who@nowhere.example.com")
        with self.assertRaisesRegex(UserError, "Choose or create the customer"):
            self._reply(case)

    def test_reply_without_address_is_refused(self):
        partner = self.env["res.partner"].create({"name": "No address"})
        case = self._create_case(partner_id=partner.id)
        with self.assertRaisesRegex(UserError, "has no e-mail address"):
            self._reply(case)

    def test_reply_keeps_text_and_drops_script(self):
        message = self._reply(self.case, "Is 5 < 6?\nEnter <b12> & <S00047>.")
        self.assertIn("5 &lt; 6", message.body)
        self.assertIn("Enter &lt;b12&gt; &amp; &lt;S00047&gt;.", message.body)
        self.assertIn("<br", message.body)
        message = self._reply(
            self.case, "<p onclick='x()'>Hi</p><script>alert(1)</script><b>there</b>"
        )
        self.assertIn("<b>there</b>", message.body)
        self.assertNotIn("script", message.body)
        self.assertNotIn("onclick", message.body)

    def test_reply_needs_the_right_to_write(self):
        with self.assertRaises(AccessError):
            self._reply(self.case, user=self.user_other)
        self.case.sale_order_id = self.order
        with self.assertRaises(AccessError):
            self._reply(self.case, user=self.user_sales)

    def test_reply_goes_to_those_in_copy_and_where_he_wrote_from(self):
        case = self._receive_case(Cc=f"Bo <bo@elsewhere.example.com>, {self.address}")
        case.email_from = "ana.private@mail.example.com"
        self._reply(case)
        for email in (
            "ana@gemini.example.com",
            "ana.private@mail.example.com",
            "bo@elsewhere.example.com",
        ):
            self.assertTrue(self._sent_to(email), email)
        self.assertFalse(self._sent_to(self.address), "Never to ourselves")

    # Files --------------------------------------------------------------------

    def _file(self, user, **values):
        return (
            self.env["ir.attachment"]
            .with_user(user)
            .create(
                {
                    "name": "a.txt",
                    "datas": base64.b64encode(b"x"),
                    "res_id": 0,
                    **values,
                }
            )
        )

    def test_own_upload_is_sent(self):
        for model in ("mail.compose.message", False):
            file = self._file(self.user_team, res_model=model)
            message = self._reply(self.case, attachment_ids=file.ids)
            self.assertEqual(message.attachment_ids, file)
            self.assertEqual(
                (file.res_model, file.res_id), (self.case._name, self.case.id)
            )

    def test_foreign_file_is_refused(self):
        other = self._create_case(partner_id=self.other_customer.id)
        foreign = (
            self._file(self.user_manager, res_model="mail.compose.message"),
            self._file(self.user_team, res_model=other._name, res_id=other.id),
        )
        for file in foreign:
            with self.assertRaisesRegex(AccessError, "does not belong"):
                self._reply(self.case, attachment_ids=file.ids)
        with self.assertRaisesRegex(AccessError, "does not exist"):
            self._reply(self.case, attachment_ids=[0x7FFFFFFF])

    # Other ways to write ------------------------------------------------------

    def test_note_is_no_reply(self):
        with self.mock_mail_gateway():
            self.case.with_user(self.user_team).message_post(
                body="Ask the warehouse.",
                message_type="comment",
                subtype_xmlid="mail.mt_note",
            )
        self.assertFalse(self.case.first_response_at)
        self.assertFalse(self._sent_to("ana@gemini.example.com"))

    def test_notices_of_the_system_are_no_replies(self):
        for message_type in ("notification", "auto_comment", "out_of_office"):
            with self.subTest(message_type), self.mock_mail_gateway():
                self.case.with_user(self.user_team).sudo().message_post(
                    body="By rule.",
                    message_type=message_type,
                    subtype_xmlid="mail.mt_comment",
                )
                self.assertFalse(self.case.first_response_at)
        self.case.message_post(
            author_id=self.env.ref("base.partner_root").id,
            body="By the system.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertFalse(self.case.first_response_at)

    def test_standard_composer_suggests_the_customer_and_those_in_copy(self):
        case = self._receive_case(Cc="Bo <bo@elsewhere.example.com>")
        self._reply(case)
        suggested = case._message_get_suggested_recipients(reply_discussion=True)
        emails = [recipient["email"] for recipient in suggested]
        self.assertIn("ana@gemini.example.com", emails)
        self.assertIn("bo@elsewhere.example.com", emails)
        self.assertNotIn(self.address, emails)

    def test_standard_composer_sends_from_the_team(self):
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.user_team)
            .with_context(
                default_model="aftersales.case",
                default_res_ids=self.case.ids,
                default_composition_mode="comment",
                default_subtype_xmlid="mail.mt_comment",
            )
            .create(
                {
                    "body": Markup("<p>Here you are.</p>"),
                    "partner_ids": [(4, self.customer.id)],
                }
            )
        )
        with self.mock_mail_gateway():
            composer._action_send_mail()
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertEqual(mail["email_from"], f'"Test Team" <{self.address}>')
        self.assertTrue(self.case.first_response_at)

    def test_mail_of_a_colleague_counts_and_is_sent_on(self):
        case = self._receive_case()
        source = self._mail(
            "We send you another one.",
            sender=self.user_team.email_formatted,
            reply_to=self._messages(case)[-1],
            received=datetime(2026, 11, 23, 8, 58),
        )
        self.assertFalse(self._receive(source))
        self.assertEqual(case.first_response_at, datetime(2026, 11, 23, 8, 58))
        [mail] = self._sent_to("ana@gemini.example.com")
        self.assertEqual(mail["email_from"], f'"Test Team" <{self.address}>')
        self.assertIn("another one", mail["body"])
        self.assertEqual(self._messages(case)[-1].author_id, self.user_team.partner_id)

    def test_mail_of_a_colleague_to_the_customers_message_is_sent_on(self):
        known = "ana@gemini.example.com"
        for email in (known, "who@nowhere.example.com"):
            with self.subTest(email):
                values = {} if email == known else {"partner_id": False}
                case = self._create_case(email_from=email, **values)
                told = case.message_post(
                    author_id=case.partner_id.id or False,
                    body="Where is it?",
                    email_from=email,
                    message_type="comment",
                    subtype_xmlid="mail.mt_comment",
                )
                source = self._mail(
                    "We send you another one.",
                    sender=self.user_team.email_formatted,
                    reply_to=told,
                )
                self._receive(source)
                self.assertEqual(len(self._sent_to(email)), 1)

    def test_mail_of_a_colleague_who_wrote_to_the_customer_is_not_doubled(self):
        case = self._receive_case()
        source = self._mail(
            "We send you another one.",
            sender=self.user_team.email_formatted,
            reply_to=self._messages(case)[-1],
            Cc="ana@gemini.example.com",
        )
        self._receive(source)
        self.assertTrue(case.first_response_at)
        self.assertFalse(self._sent_to("ana@gemini.example.com"))

    def test_colleagues_answer_to_a_note_stays_inside(self):
        self.case.message_subscribe(partner_ids=self.customer.ids)
        note = self.case.with_user(self.user_team).message_post(
            body="Is it the sole?",
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            partner_ids=self.user_other.partner_id.ids,
        )
        source = self._mail(
            "Yes, it is.", sender=self.user_other.email_formatted, reply_to=note
        )
        self._receive(source)
        self.assertFalse(self._sent_to("ana@gemini.example.com"))
        self.assertFalse(self.case.first_response_at)

    def test_files_of_what_was_said_stay(self):
        case = self._create_case(user_id=self.user_manager.id)
        said = case.message_post(
            body="See the picture.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("picture.txt", b"a shoe")],
        )
        noted = case.message_post(body="Draft.", attachments=[("draft.txt", b"x")])
        with self.assertRaisesRegex(AccessError, "stays as it was written"):
            said.attachment_ids.with_user(self.user_manager).unlink()
        with self.assertRaisesRegex(AccessError, "stays as it was written"):
            said.attachment_ids._delete_and_notify()
        noted.attachment_ids.with_user(self.user_manager).unlink()
        self.assertFalse(noted.attachment_ids.exists())

    def test_employee_as_customer_of_our_own_company(self):
        ours = self.company.partner_id
        (self.user_other | self.user_team).partner_id.parent_id = ours
        case = self._create_case(partner_id=self.user_other.partner_id.id)
        self._reply(case)
        self.assertTrue(case.first_response_at, "A colleague's answer is an answer")
        case.with_user(self.user_other).sudo().message_post(
            body="Thanks.", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertTrue(case.awaiting_reply_since, "Here they are the customer")
