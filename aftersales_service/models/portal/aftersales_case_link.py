from datetime import timedelta
from hashlib import sha256

from markupsafe import Markup, escape
from werkzeug.urls import url_encode

from odoo import api, fields, models
from odoo.tools import consteq, email_normalize
from odoo.tools.misc import hmac

from ...tools.core_api import wake_job
from ...tools.signed_link import is_signed, sign
from ...tools.stage_kinds import ENDED_KINDS
from ..base.limits import limit
from ..mail.aftersales_notify import MAIL_QUEUE

SCOPE = "case"


class AftersalesCase(models.Model):
    """The link that opens a case for its customer without a login.

    Its secret is signed, not stored, and no reader sees it: it stands in the mails that
    go to the customer, and only there. It works as long as the case is open and for a
    while after it ended; every mail to the customer gives it that time anew.
    """

    _inherit = "aftersales.case"

    access_token = fields.Char(
        compute="_compute_access_token",
        store=False,
        help="Secret of the customer's link, for the system; empty when the link is "
        "over.",
    )
    link_version = fields.Integer(
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="Another one ends every link there is.",
    )
    link_counts_from = fields.Datetime(
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="Since when the life of the link of an ended case is counted.",
    )
    link_former_hash = fields.Char(
        copy=False,
        readonly=True,
        groups="base.group_system",
        export_string_translation=False,
        help="Digest of the secret that the link had before it was signed.",
    )

    @api.model
    def _protected_fields(self):
        """What decides about the link follows from what happens."""
        names = {"link_version", "link_counts_from", "link_former_hash"}
        return super()._protected_fields() | names | {"access_token"}

    # The secret -----------------------------------------------------------------

    @api.depends("link_version", "link_counts_from", "stage_kind")
    @api.depends_context("uid")
    def _compute_access_token(self):
        """Reading a case is no right to act as its customer: the system alone gets the
        secret."""
        trusted = self.env.su
        for case in self:
            lives = trusted and case.id and not case._link_is_over()
            case.access_token = case._link_token() if lives else ""

    def _link_token(self):
        return sign(self.env, SCOPE, self.id, self.sudo().link_version)

    def _link_is_over(self):
        """Return whether the case ended so long ago that its link opens it no more."""
        since = self.sudo().link_counts_from
        if self.stage_kind not in ENDED_KINDS or not since:
            return False
        days = limit(self.env, "link_days")
        return fields.Datetime.now() > since + timedelta(days=days)

    def _current_token(self, token):
        """Return the secret as it is made today for one from before they were signed;
        any other as it is, and nothing for what cannot be one.

        :param token: what came in, of any type
        """
        if not isinstance(token, str) or not token.isascii():
            return ""
        former = self.sudo().link_former_hash
        if former and consteq(sha256(token.encode()).hexdigest(), former):
            return self._link_token()
        return token

    def _portal_ensure_token(self):
        """Return the secret of the link, to the system alone. Nothing is written."""
        return self._link_token() if self.env.su else ""

    def _sign_token(self, pid):
        """Return what says, in a link, which person it was sent to.

        :param int pid: id of the ``res.partner``
        """
        self.ensure_one()
        return hmac(self.env(su=True), "aftersales.person", (self._link_token(), pid))

    def _get_share_url(
        self, redirect=False, signup_partner=False, pid=None, share_token=True
    ):
        """Give the secret to the system alone; colleagues share the plain address,
        which the mail to the customer turns into the customer's link."""
        if not self.env.su:
            self.ensure_one()
            self.check_access("read")
            return self.access_url
        return super()._get_share_url(
            redirect=redirect,
            signup_partner=signup_partner,
            pid=pid,
            share_token=share_token,
        )

    @api.model
    def _get_thread_with_access(self, thread_id, *, token=None, **kwargs):
        """Open the conversation to a link that is not over."""
        if token or kwargs.get("hash"):
            case = self.browse(thread_id).sudo().exists()
            if not case or case._link_is_over():
                token, kwargs = None, {**kwargs, "hash": None, "pid": None}
            elif token:
                token = case._current_token(token)
        return super()._get_thread_with_access(thread_id, token=token, **kwargs)

    # How long it lives ------------------------------------------------------------

    def _on_moved(self, kinds, at):
        """Begin the last days of the link with the end of the case."""
        result = super()._on_moved(kinds, at)
        ended = self.filtered(lambda case: kinds[case.id][1] in ENDED_KINDS)
        ended.sudo()._write_mirror({"link_counts_from": at})
        return result

    def _renew_link(self):
        """Give the link of ended cases its full time again."""
        ended = self.filtered(lambda case: case.stage_kind in ENDED_KINDS)
        ended._write_mirror({"link_counts_from": fields.Datetime.now()})

    def _void_link(self):
        """End every link there is, those from before they were signed as well."""
        for case in self:
            case._write_mirror(
                {"link_version": case.link_version + 1, "link_former_hash": False}
            )

    def _let_go(self, entity):
        """End the links of the customer before: they show what is not theirs."""
        self._void_link()
        return super()._let_go(entity)

    # Mails to the customer ----------------------------------------------------------

    def _notify_by_email_render_layout(
        self, message, recipients_group, msg_vals=False, render_values=None
    ):
        """Let addresses of the case be the customer's link in mails to the customer."""
        body = super()._notify_by_email_render_layout(
            message, recipients_group, msg_vals=msg_vals, render_values=render_values
        )
        case = self.sudo()
        if len(case) == 1 and case._goes_to_customer(message, recipients_group):
            case._renew_link()
            return case._with_links(body, recipients_group)
        return body

    def _goes_to_customer(self, message, group):
        """Return whether all recipients of a mail may have the link: the customer, and
        whom of the customer's people a colleague has addressed. An address that was
        entered on the case of a known customer proves nothing.

        :param dict group: recipients as Odoo classifies them
        """
        partners = self.env["res.partner"].browse(group["recipients_ids"])
        emails = {email_normalize(email) for email in group["recipients_emails"]}
        if not (partners or emails) or emails - {self.email_normalized}:
            return False
        if emails and self.partner_id and not self._came_from_its_address():
            return False
        addressed = message.partner_ids.filtered("partner_share") & partners.filtered(
            lambda partner: partner.commercial_partner_id == self.commercial_partner_id
        )
        return not partners - addressed - self.partner_id

    def _with_links(self, body, group):
        address = f"{self.get_base_url()}{self.access_url}"
        secret = {"access_token": self._link_token()}
        if len(group["recipients_ids"]) == 1:
            [pid] = group["recipients_ids"]
            secret |= {"pid": pid, "hash": self._sign_token(pid)}
        link = escape(f"{address}?{url_encode(secret)}")
        return Markup(str(body).replace(f'"{address}"', f'"{link}"'))  # noqa: S704

    # A link that is over --------------------------------------------------------------

    @api.model
    def _portal_case_of_past_link(self, case_id, token):
        """Return the case, superuser, of a link that has worked until it was over; none
        for any other, nor where no address is known that a fresh one can go to."""
        case = self.sudo().browse(case_id).exists()
        if not case or case.mark or not case._link_is_over():
            return self.browse()
        if not case._acknowledgement_email():
            return self.browse()
        ours = is_signed(self.env, token, SCOPE, case.id, case.link_version)
        former = case._current_token(token) not in ("", token)
        return case if ours or former else self.browse()

    def _portal_send_link(self):
        """Send the customer another link in place of one that is over. That one is
        dead for good: who has found it somewhere gets nothing by it."""
        self.ensure_one()
        self._void_link()
        self._renew_link()
        case = self.with_context(lang=self._customer_lang())
        subject = case.env._("[%s] The link to your case", self.number)
        case._post_to_customer(subject, case._fresh_link_body())
        # Somebody waits for it before a screen.
        wake_job(self.env, MAIL_QUEUE)

    def _fresh_link_body(self):
        link = Markup('<a href="%s">%s</a>') % (
            self.get_base_url() + self.access_url,
            self.env._("See your case"),
        )
        words = self.env._(
            "Here is a new link to your case %s. The one before does not work any "
            "more.",
            self.number,
        )
        return Markup("<p>%s</p><p>%s</p>") % (words, link)
