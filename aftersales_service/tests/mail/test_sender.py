from odoo.exceptions import UserError
from odoo.tests import tagged

from ..mail_common import AftersalesMailCommon

UNPROVEN = {"Authentication_Results": None}


class SenderCase(AftersalesMailCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.colleague = cls.user_team.email_formatted

    def setUp(self):
        super().setUp()
        self.case = self._receive_case()
        self.case.user_id = self.user_specialist
        self.said = self._messages(self.case, "email")[-1]

    def _answer(self, body="Words", sender=None, reply_to=None, **mail):
        """Let a mail answer one on the case; return what became of it."""
        mail.setdefault("subject", "Re: Left shoe too small")
        source = self._mail(
            body,
            sender=sender or self.colleague,
            reply_to=reply_to or self.said,
            **mail,
        )
        cases = self._receive(source)
        self.assertFalse(cases, "It answers a case")
        return self._messages(self.case)[-1]

    def _told_by_mail(self, user):
        """Return the texts of the mails to a colleague that wait to be sent."""
        mails = self.env["mail.mail"].sudo()
        to_user = [("recipient_ids", "in", user.partner_id.ids)]
        return mails.search(to_user, order="id").mapped("body_html")

    def _assert_note(self, message):
        self.assertTrue(message.subtype_id.internal)
        self.assertFalse(self._sent_to(self.customer.email))
        self.assertNotIn("reply", self._kinds(self.case))
        self.assertFalse(self.case.first_response_at)


@tagged("post_install", "-at_install")
class TestColleaguesMail(SenderCase):
    """A colleague's mail goes to the customer only if it is theirs and meant so."""

    def test_an_answer_to_the_team_goes_to_the_customer(self):
        message = self._answer("Please send a photo.")
        self.assertFalse(message.subtype_id.internal)
        self.assertEqual(len(self._sent_to(self.customer.email)), 1)
        self.assertEqual(self._kinds(self.case).count("reply"), 1)

    def test_an_answer_to_all_is_not_sent_twice(self):
        to = f"{self.customer.email}, {self.address}"
        self._answer("Please send a photo.", to=to)
        self.assertFalse(self._sent_to(self.customer.email))
        self.assertEqual(self._kinds(self.case).count("reply"), 1)

    def test_what_our_server_does_not_confirm_is_kept_as_a_note(self):
        evil = "mx.evil.example; dmarc=pass header.from=ourcompany.example.com"
        failed = "imap.ourcompany.example.com; dmarc=fail"
        for result in (None, evil, failed):
            with self.subTest(result=result):
                message = self._answer("We refund all.", Authentication_Results=result)
                self._assert_note(message)
                self.assertEqual(message.aftersales_doubt, "colleague")
        self.assertIn("sender_doubted", self._kinds(self.case))
        self.assertEqual(len(self._told_by_mail(self.user_team)), 3)
        told = self._messages(self.case)[-1].notification_ids.res_partner_id
        self.assertIn(self.user_specialist.partner_id, told)

    def test_without_a_setting_nobody_is_believed(self):
        self.team.sender_trust = "none"
        self._assert_note(self._answer())
        self.assertEqual(self.team.sender_server_seen, "imap.ourcompany.example.com")
        self.team.action_trust_seen_server()
        self.assertFalse(self._answer().subtype_id.internal)

    def test_everybody_is_believed_where_that_is_wanted(self):
        self.team.sender_trust = "all"
        self.assertFalse(self._answer(**UNPROVEN).subtype_id.internal)

    def test_confirming_sends_it_once(self):
        self._answer("Please send a photo.", **UNPROVEN)
        case = self.case.with_user(self.user_specialist)
        self.assertEqual(case.doubtful_kind, "colleague")
        found = self.env["aftersales.case"].search([("is_sender_doubted", "=", True)])
        self.assertEqual(found, self.case)
        with self.mock_mail_gateway():
            case.action_confirm_sender()
        reply = self._messages(self.case)[-1]
        self.assertEqual(reply.author_id, self.user_team.partner_id)
        self.assertEqual(len(self._sent_to(self.customer.email)), 1)
        self.assertEqual(self._kinds(self.case).count("reply"), 1)
        self.assertFalse(case.doubtful_message_id)
        with self.assertRaises(UserError):
            case.action_confirm_sender()

    def test_refusing_leaves_the_note(self):
        message = self._answer("We refund all.", **UNPROVEN)
        self.case.with_user(self.user_specialist).action_refuse_sender()
        self._assert_note(message)
        self.assertFalse(self.case.doubtful_message_id)
        self.assertEqual(self._events(self.case, "sender_judged").cause, "refused")

    # Meant for whom -----------------------------------------------------------------

    def test_a_forward_to_another_mailbox_of_ours_is_a_note(self):
        other = self.env["aftersales.team"].create(
            {
                "name": "Warehouse",
                "alias_name": "warehouse",
                "alias_domain_id": self.team.alias_domain_id.id,
            }
        )
        for to in (other.alias_email, self.address):
            with self.subTest(to=to):
                message = self._answer(
                    "INTERNAL REMARK", to=to, subject="Fwd: Left shoe too small"
                )
                self._assert_note(message)
                self.assertIn("kept as a note", self._told_by_mail(self.user_team)[-1])

    def test_talk_among_colleagues_with_the_team_in_copy_is_a_note(self):
        message = self._answer(
            "Is this the one who never pays?",
            to=self.user_manager.email,
            Cc=self.address,
        )
        self._assert_note(message)
        self.assertFalse(message.aftersales_doubt)

    def test_an_answer_to_a_note_is_a_note(self):
        with self.mock_mail_gateway():
            note = self.case.with_user(self.user_specialist).message_post(
                body="What do you think?",
                subtype_xmlid="mail.mt_note",
                partner_ids=self.user_team.partner_id.ids,
            )
        self._assert_note(self._answer("He never pays.", reply_to=note))

    def test_a_reader_without_the_right_to_answer_writes_a_note(self):
        message = self._answer(sender=self.user_management.email_formatted)
        self._assert_note(message)


@tagged("post_install", "-at_install")
class TestCustomersMail(SenderCase):
    def test_an_answer_is_believed_and_moves_the_case(self):
        reply = self._reply(self.case, next_step="wait_customer")
        message = self._answer(
            "Here it is.", sender=self.customer.email, reply_to=reply, **UNPROVEN
        )
        self.assertFalse(message.subtype_id.internal)
        self.assertEqual(self.case.stage_kind, "working")

    def test_an_answer_to_a_note_that_reached_the_customer_is_theirs(self):
        self._reply(self.case, next_step="wait_customer")
        with self.mock_mail_gateway():
            note = self.case.with_user(self.user_specialist).message_post(
                body="As you said",
                subtype_xmlid="mail.mt_note",
                partner_ids=self.customer.ids,
            )
        message = self._answer("Yes.", sender=self.customer.email, reply_to=note)
        self.assertFalse(message.subtype_id.internal)
        self.assertEqual(self.case.stage_kind, "working")
        self.assertEqual(self._kinds(self.case).count("customer_message"), 2)

    def test_a_number_leads_into_the_case_if_our_server_confirms_it(self):
        subject = f"About {self.case.number}"
        self.assertFalse(self._receive(self._mail("More.", subject=subject)))
        self.assertIn("More.", self._messages(self.case)[-1].body)

    def test_a_number_alone_opens_a_case_that_one_click_joins(self):
        subject = f"About {self.case.number}"
        self.later(minutes=5)
        other = self._receive_case("More of it.", subject=subject, **UNPROVEN)
        self.assertNotIn("More of it.", self._messages(self.case)[-1].body)
        mine = other.with_user(self.user_team)
        self.assertEqual(mine.named_case_id, self.case)
        self.later(minutes=5)
        mine.action_join_named_case()
        self.assertIn("More of it.", self._messages(self.case)[-1].body)
        self.assertEqual(other.stage_kind, "cancelled")
        self.assertEqual(other.origin_case_id, self.case)
        self.assertFalse(mine.named_case_id)
        running = other.clock_ids.filtered(lambda clock: clock.state != "stopped")
        self.assertFalse(running)
        with self.assertRaises(UserError):
            mine.action_join_named_case()

    def test_it_can_be_kept_apart(self):
        subject = f"About {self.case.number}"
        other = self._receive_case("Else.", subject=subject, **UNPROVEN)
        other.with_user(self.user_team).action_keep_apart()
        self.assertFalse(other.perhaps_of_case_id)
        self.assertTrue(other.is_open)

    def test_a_case_that_is_not_seen_is_not_told(self):
        """Its number and subject stand in its name."""
        subject = f"About {self.case.number}"
        other = self._receive_case("Else.", subject=subject, **UNPROVEN)
        other.user_id = self.user_other
        self.user_other.group_ids += self.env.ref(
            "aftersales_service.group_aftersales_user"
        )
        self.assertTrue(other.with_user(self.user_other).has_access("read"))
        self.assertFalse(other.with_user(self.user_other).named_case_id)


@tagged("post_install", "-at_install")
class TestStrangersMail(SenderCase):
    STRANGER = "Max <max@elsewhere.example>"

    def test_it_is_kept_and_told_and_never_relayed(self):
        self.case.message_subscribe(partner_ids=self.customer.ids)
        message = self._answer("Pay me.", sender=self.STRANGER)
        self._assert_note(message)
        self.assertEqual(message.aftersales_doubt, "stranger")
        told = message.notification_ids.res_partner_id
        self.assertEqual(told, self.user_specialist.partner_id)
        self.assertNotIn("max@elsewhere", self.case.email_cc or "")

    def test_one_click_makes_it_the_customers(self):
        reply = self._reply(self.case, next_step="wait_customer")
        self._answer("It is me.", sender=self.STRANGER, reply_to=reply)
        self.assertEqual(self.case.stage_kind, "waiting_customer")
        self.case.with_user(self.user_specialist).action_confirm_sender()
        self.assertEqual(self.case.stage_kind, "working")
        self.assertIn("max@elsewhere.example", self.case.email_cc)
        self._reply(self.case)
        self.assertTrue(self._sent_to("max@elsewhere.example"))

    def test_the_customer_before_is_a_stranger(self):
        self.case.message_subscribe(partner_ids=self.customer.ids)
        self.case.email_cc = "friend@gemini.example.com"
        self.case.write({"partner_id": self.other_customer.id, "sale_order_id": False})
        self.assertNotIn(self.customer, self.case.message_partner_ids)
        self._reply(self.case)
        self.assertTrue(self._sent_to(self.other_customer.email))
        self.assertFalse(self._sent_to("gemini.example.com"))
        message = self._answer("Hello?", sender=self.customer.email)
        self.assertEqual(message.aftersales_doubt, "stranger")
