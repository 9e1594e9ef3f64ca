"""The customer's link: who gets it, how long it lives, and what takes its place."""

from datetime import timedelta
from hashlib import sha256

from markupsafe import Markup

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from ...tools.signed_link import expiry_of, is_over, is_signed, sign
from .test_portal import PortalCase


@tagged("post_install", "-at_install")
class TestLinkSecret(PortalCase):
    def test_signature(self):
        secret = sign(self.env, "case", 7, 1)
        self.assertTrue(is_signed(self.env, secret, "case", 7, 1))
        self.assertFalse(is_signed(self.env, secret, "survey", 7, 1))
        self.assertFalse(is_signed(self.env, secret, "case", 8, 1))
        self.assertFalse(is_signed(self.env, secret, "case", 7, 2))

    def test_expiry_cannot_be_changed(self):
        secret = sign(self.env, "case", 7, 1, expiry=1000)
        self.assertTrue(is_signed(self.env, secret, "case", 7, 1))
        self.assertFalse(is_over(secret, 999))
        self.assertTrue(is_over(secret, 1000))
        _expiry, digest = secret.split("-")
        for head in ("0", "fff", "-3e8", " 3e8", ""):
            forged = f"{head}-{digest}"
            self.assertFalse(is_signed(self.env, forged, "case", 7, 1), head)

    def test_nonsense_is_no_secret(self):
        for text in (
            None,
            False,
            5,
            "",
            "-",
            "x-y",
            "é-é",
            "f" * 5000 + "-a",
            [],
            b"1",
        ):
            self.assertIsNone(expiry_of(text))
            self.assertFalse(is_signed(self.env, text, "case", 7, 1))

    def test_nothing_readable_is_stored(self):
        case = self._create_case()
        digest = case.access_token.split("-")[1]
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT c::text FROM aftersales_case c WHERE id = %s", [case.id]
        )
        self.assertNotIn(digest, self.env.cr.fetchone()[0])

    def test_no_reader_gets_it(self):
        case = self._create_case(user_id=self.user_specialist.id)
        digest = case.access_token.split("-")[1]
        case.invalidate_recordset()
        for user in (self.user_specialist, self.user_manager, self.user_portal):
            mine = case.with_user(user)
            case.access_token  # noqa: B018 as a mail would, earlier in the transaction
            self.assertFalse(mine.access_token)
            self.assertNotIn(digest, str(mine.read(["access_token", "access_url"])))
            self.assertNotIn(digest, mine.get_portal_url())
            self.assertNotIn(digest, mine._get_share_url(redirect=True, pid=1))
        share = self.env["portal.share"].with_user(self.user_specialist)
        wizard = share.with_context(active_model=case._name, active_id=case.id).create(
            {"res_model": case._name, "res_id": case.id}
        )
        self.assertNotIn("token", wizard.share_link)
        self.assertIn(f"/my/cases/{case.id}", wizard.share_link)


@tagged("post_install", "-at_install")
class TestLinkInMails(MailCase, PortalCase):
    def _share(self, case, partner):
        share = self.env["portal.share"].with_user(self.user_specialist)
        wizard = share.create(
            {
                "res_model": case._name,
                "res_id": case.id,
                "partner_ids": [(6, 0, partner.ids)],
            }
        )
        with self.mock_mail_gateway():
            wizard.action_send_mail()
        return [
            mail["body"]
            for mail in self._mails
            if mail["email_to"] == [partner.email_formatted]
        ]

    def test_shared_with_the_customer(self):
        case = self._create_case(user_id=self.user_specialist.id)
        [body] = self._share(case, case.partner_id)
        self.assertIn(f"access_token={case.access_token}", body)
        self.assertIn(f"pid={case.partner_id.id}", body)
        digest = case.access_token.split("-")[1]
        self.assertNotIn(digest, str(case.message_ids.mapped("body")))

    def test_an_address_that_was_entered_gets_none(self):
        """Who works on a case does not have the link sent to an address of their own
        choice."""
        case = self._create_case(user_id=self.user_specialist.id, channel="phone")
        mine = case.with_user(self.user_specialist)
        mine.email_from = "mine@private.example.com"
        with self.mock_mail_gateway():
            mine.action_reply(Markup('<a href="%s">Here</a>') % mine.customer_url)
        by_address = {mail["email_to"][0]: mail["body"] for mail in self._mails}
        self.assertIn("access_token", by_address[self.customer.email_formatted])
        self.assertNotIn("access_token", by_address["mine@private.example.com"])

    def test_shared_with_a_stranger(self):
        case = self._create_case(user_id=self.user_specialist.id)
        for partner in (self.other_customer, self.user_team.partner_id):
            [body] = self._share(case, partner)
            self.assertNotIn("access_token", body)


@tagged("post_install", "-at_install")
class TestLinkLife(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case()
        cls.link = f"/my/cases/{cls.case.id}?access_token={cls.case.access_token}"

    def _ended(self, days):
        """Let the case have been closed some days ago."""
        self.case.action_resolve()
        self.case.action_close()
        at = fields.Datetime.now() - timedelta(days=days)
        self.case._write_mirror({"link_counts_from": at})

    def _opens(self, link=None):
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            response = self.url_open(link or self.link)
        return self.case.number in response.text

    def test_while_the_case_is_open(self):
        self.case._write_mirror({"link_counts_from": "2020-01-01 00:00:00"})
        self.assertTrue(self._opens())

    def test_until_some_time_after_the_end(self):
        self._ended(89)
        self.assertTrue(self._opens())
        self.case._write_mirror(
            {"link_counts_from": fields.Datetime.now() - timedelta(days=91)}
        )
        self.assertFalse(self._opens())

    def test_the_setting_says_how_long(self):
        self._ended(20)
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("aftersales_service.link_days", "10")
        self.assertFalse(self._opens())
        parameters.set_param("aftersales_service.link_days", "nonsense")
        self.assertTrue(self._opens())

    def test_it_counts_from_the_end(self):
        self.case.action_resolve()
        self.assertFalse(self.case.link_counts_from)
        self.case.action_close()
        self.assertEqual(self.case.link_counts_from, self.case.closed_at)

    def test_a_mail_begins_it_anew(self):
        self._ended(91)
        self.case.message_post(
            body="One more thing",
            partner_ids=self.case.partner_id.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertTrue(self._opens())

    def test_over_is_over_everywhere(self):
        self._ended(91)
        case_id, token = self.case.id, self.case._link_token()
        pid = self.case.partner_id.id
        thread = self.env["aftersales.case"].with_user(self.env.ref("base.public_user"))
        for access in (
            {"token": token},
            {"hash": self.case._sign_token(pid), "pid": pid},
            {"token": 5},
            {"token": "é"},
        ):
            with self.subTest(access=access):
                self.assertFalse(thread._get_thread_with_access(case_id, **access))
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            self._post(f"/my/cases/{case_id}/accept?access_token={token}")
        self.assertFalse(self.case.accepted_at)

    def test_a_fresh_one_is_sent(self):
        self._ended(91)
        old = self.case._link_token()
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            response, page = self._page(self.link)
        self.assertEqual(response.status_code, 404)
        [form] = self._find(page, "form[action*='/link']")
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", queue.id)])
        triggers.unlink()
        response = self._post(form.get("action"), {"access_token": old})
        self.assertIn("We have sent you a new link", response.text)
        self.assertTrue(triggers.search([("cron_id", "=", queue.id)]), "and at once")
        message = self.case.message_ids[:1]
        self.assertEqual(message.partner_ids, self.case.partner_id)
        self.assertFalse(self._opens(), "the one before is dead")
        fresh = self.case.access_token
        self.assertNotEqual(fresh, old)
        self.assertTrue(self._opens(f"/my/cases/{self.case.id}?access_token={fresh}"))
        mails = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
        self.assertIn(fresh, mails.body_html)
        self.assertNotIn(fresh, message.body)
        with mute_logger("odoo.http"):
            self._post(f"/my/cases/{self.case.id}/link", {"access_token": old})
        self.assertEqual(self.case.message_ids[:1], message, "once")

    def test_none_is_offered_where_no_address_is_known(self):
        self._ended(91)
        self.case.partner_id.email = False
        self.case.email_from = False
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            _response, page = self._page(self.link)
        self.assertFalse(self._find(page, "form[action*='/link']"))

    def test_nobody_else_gets_one_sent(self):
        self._ended(91)
        before = len(self.case.message_ids)
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            for token in ("", "wrong", "0-00", sign(self.env, "case", 1, 0)):
                url = f"/my/cases/{self.case.id}/link"
                response = self._post(url, {"access_token": token})
                self.assertEqual(response.status_code, 404)
        self.assertEqual(len(self.case.message_ids), before)

    def test_one_from_before_they_were_signed(self):
        former = "6a2f0e4e-51b8-4a0e-9b9e-0a8d2f1c7c11"
        self.case._write_mirror(
            {"link_former_hash": sha256(former.encode()).hexdigest()}
        )
        link = f"/my/cases/{self.case.id}?access_token={former}"
        self.assertTrue(self._opens(link))
        self._ended(91)
        self.assertFalse(self._opens(link))
        self.case.sale_order_id = False
        self.case.partner_id = self.other_customer
        self.assertFalse(self.case.link_former_hash)

    def test_pages_keep_the_address_to_themselves(self):
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            for link in (self.link, "/my/cases/1?access_token=wrong"):
                headers = self.url_open(link).headers
                self.assertEqual(headers["Referrer-Policy"], "same-origin")
                self.assertIn("no-store", headers["Cache-Control"])

    def test_dead_and_unknown_look_the_same(self):
        self.authenticate(None, None)
        seen = set()
        with mute_logger("odoo.http"):
            for case_id in (self.case.id, 2**31 - 1, 2**40, 0):
                url = f"/my/cases/{case_id}?access_token=wrong"
                response, page = self._page(url)
                self.assertEqual(response.status_code, 404)
                seen.add(self._text(page, ".o_aftersales_closed_door"))
        [text] = seen
        self.assertIn("last mail you had from us", text)

    def test_button_of_a_mail_without_login(self):
        self.authenticate(None, None)
        query = f"model=aftersales.case&res_id={self.case.id}"
        with mute_logger("odoo.http"):
            response = self.url_open(f"/mail/view?{query}&access_token=wrong")
            self.assertIn("does not open anything", response.text)
            token = self.case.access_token
            response = self.url_open(f"/mail/view?{query}&access_token={token}")
        self.assertIn(self.case.number, response.text)
