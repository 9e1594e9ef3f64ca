import re
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import (
    email_normalize,
    email_split,
    formataddr,
    html2plaintext,
    html_sanitize,
    is_html_empty,
    plaintext2html,
)
from odoo.tools.mail import email_split_and_format_normalize

from ...tools.core_api import own_addresses
from ...tools.stage_kinds import OPEN_KINDS
from .aftersales_case_mail import WRITTEN_TYPES

# An editor's HTML begins with a tag. A text that only holds one, "Enter <S00047>",
# is a text: nothing of it may be lost.
_HTML = re.compile(
    r"\s*<(a|b|blockquote|br|div|em|h[1-6]|i|ol|p|pre|span|strong|table|ul)\b",
    re.IGNORECASE,
)


# Meanings of messages that the owner of a case is told of.
TOLD_TO_OWNER = ("customer", "forwarded", "colleague", "stranger")


class NextStep(NamedTuple):
    """What a button of the reply box does after the answer was sent."""

    label: str
    icon: str
    # name of the case's method
    method: str
    # kinds of stage in which it is offered
    stages: tuple = OPEN_KINDS


class AftersalesCase(models.Model):
    """What goes out to the customer, and who is notified of what comes in."""

    _inherit = "aftersales.case"

    # The reply box ------------------------------------------------------------

    def action_reply(self, body, attachment_ids=None, next_step=None):
        """Answer the customer, and take the next step, in one transaction.

        :param str body: HTML that begins with a tag, cleaned to what a mail may hold;
            else plain text
        :param list attachment_ids: ids of ``ir.attachment`` the user uploaded, or
            that belong to the case
        :param str next_step: code, see :meth:`_reply_next_steps`; None for none
        :return: True
        :raise UserError: when there is no text, nobody to send it to, or the next
            step is not allowed
        """
        self.ensure_one()
        self.check_access("write")
        steps = self._reply_next_steps()
        if next_step and next_step not in steps:
            raise UserError(self.env._("There is no such next step: %s.", next_step))
        self.message_post(
            body=self._prepare_reply_body(body),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=self._check_reply_attachments(attachment_ids or []),
            **self._reply_recipients(),
        )
        if next_step:
            getattr(self, steps[next_step].method)()
        return True

    @api.model
    def _reply_next_steps(self):
        """Return what can be done with an answer in one go, as {code: NextStep};
        extendable."""
        return {
            "wait_customer": NextStep(
                self.env._("Send and wait for customer"),
                "fa-pause",
                "action_wait_customer",
            ),
            "resolve": NextStep(
                self.env._("Send and resolve"), "fa-check", "action_resolve"
            ),
        }

    def _prepare_reply_body(self, body):
        body = body or ""
        if _HTML.match(body):
            body = html_sanitize(
                body, sanitize_attributes=True, sanitize_style=True, sanitize_form=True
            )
        else:
            body = plaintext2html(body)
        if is_html_empty(body) or not html2plaintext(body).strip():
            raise UserError(self.env._("Write an answer before you send it."))
        return Markup(body)

    def _check_reply_attachments(self, attachment_ids):
        """Return the ids, after making sure that the files are the case's own or were
        just uploaded by the user. A guessed id would send a stranger's file."""
        attachments = self.env["ir.attachment"].browse(attachment_ids).exists()
        attachments_sudo = attachments.sudo()
        foreign = attachments_sudo.filtered(
            lambda file: not self._is_own_file(file) and not self._is_upload(file)
        )
        if foreign or len(attachments) != len(set(attachment_ids)):
            raise AccessError(
                self.env._(
                    "A file does not belong to this case, or does not exist any more. "
                    "Attach it again."
                )
            )
        uploads_sudo = attachments_sudo.filtered(lambda file: not file.res_id)
        uploads_sudo.write({"res_model": self._name, "res_id": self.id})
        return attachments.ids

    def _is_own_file(self, attachment):
        return attachment.res_model == self._name and attachment.res_id == self.id

    def _is_upload(self, attachment):
        return (
            attachment.create_uid == self.env.user
            and not attachment.res_id
            and not attachment.res_field
            and attachment.res_model in (False, self._name, "mail.compose.message")
        )

    def _reply_recipients(self):
        """Return whom an answer goes to, as arguments of ``message_post``.

        The customer; the address they wrote from, where it is another than their
        contact's; those they put in copy.

        :raise UserError: when there is no customer, or no address of the customer
        """
        self.ensure_one()
        customer = self.partner_id
        if not customer:
            raise UserError(
                self.env._(
                    "There is nobody to answer yet. Choose or create the customer of "
                    "case %s first.",
                    self.number,
                )
            )
        emails = self._other_recipients(customer.email_normalized)
        if not customer.email_normalized and not emails:
            raise UserError(
                self.env._(
                    "%s has no e-mail address. Enter one on the contact first.",
                    customer.display_name,
                )
            )
        return {
            "partner_ids": customer.ids if customer.email_normalized else [],
            "outgoing_email_to": ",".join(emails) or False,
        }

    def _other_recipients(self, known):
        """Return further addresses to answer, formatted, without our own.

        :param str known: address that is served already
        """
        emails = {
            email_normalize(email): email
            for text in (self.email_cc, self.email_from)
            for email in email_split_and_format_normalize(text or "")
        }
        emails.pop(known, None)
        if emails:
            for own in [*own_addresses(self.env, emails), self._team_email()]:
                emails.pop(own, None)
        return list(emails.values())

    # The sender ---------------------------------------------------------------

    def _team_email(self):
        address = email_split(self.sudo().team_id._sender_address() or "")
        return address[0].lower() if address else False

    def message_post(self, **kwargs):
        """Post a message. What goes to the customer is sent by the team; what a
        colleague answers in their own mail program is sent on to the customer; what a
        customer writes to a case that is over goes to a new one.

        :raise AccessError: see :meth:`_as_written`
        """
        kwargs = self._as_written(kwargs)
        if kwargs.get("message_type") not in WRITTEN_TYPES:
            return super().message_post(**kwargs)
        case = self._case_to_post_on(kwargs)
        kwargs = case._prepare_post(kwargs)
        return super(AftersalesCase, case).message_post(**kwargs)

    def _case_to_post_on(self, values):
        """Return the case itself, or a new one that follows it when it is over. Mails
        were routed to the right case before."""
        case_sudo = self.sudo()
        author = self._post_author(values)
        if (
            self._incoming_mail()
            or not self._is_public_post(values)
            or case_sudo._takes_messages()
            or not case_sudo._is_customer(author, values.get("email_from"))
        ):
            return self
        follow_up = case_sudo.create(
            {
                **case_sudo._prepare_follow_up_values(author),
                "name": self.name,
                "channel": "portal",
            }
        )
        return follow_up.with_env(self.env)

    def _prepare_post(self, values):
        """Return the values of a message, with sender and recipients put right."""
        mail = self._mail_of_message(values)
        author = self._post_author(values)
        case_sudo = self.sudo()
        if mail and not self._is_public_post(values):
            return case_sudo._prepare_mailed_note(values)
        if (
            (mail and (mail.automatic or self.env.context.get("aftersales_opening")))
            or not self._is_public_post(values)
            or not case_sudo._is_colleague(author)
        ):
            return values
        values = dict(values)
        sender = case_sudo.team_id._sender_address()
        if sender:
            values.update(author_id=author.id, email_from=sender)
        if mail:
            case_sudo._send_on(values)
        return values

    def _prepare_mailed_note(self, values):
        """Return the values of a note that came as a mail. The gateway would send it on
        to whom it answers, and that may be the customer."""
        told = self.env["res.partner"].browse(values.get("partner_ids") or ())
        colleagues = told.filtered(lambda partner: not partner.partner_share)
        return {**values, "partner_ids": colleagues.ids}

    def _send_on(self, values):
        """Add the customer to the recipients of a colleague's mail, unless the mail
        itself went to them."""
        customer = self.partner_id
        if customer.email_normalized:
            partner_ids = {*(values.get("partner_ids") or ()), customer.id}
            values["partner_ids"] = list(partner_ids)
        elif self.email_normalized:
            values["outgoing_email_to"] = self.email_normalized

    def _message_compute_subject(self):
        """The number in brackets leads an answer back, even if it lost its
        references."""
        self.ensure_one()
        return f"[{self.number}] {self.name}" if self.number else self.name

    def _notify_get_reply_to(self, default=None, author_id=False):
        """Answers go to the team's address."""
        teams_sudo = self.sudo().team_id
        addresses = {
            team: formataddr((team.name, team.alias_email))
            for team in teams_sudo
            if team.alias_email
        }
        with_address = self.filtered(lambda case: case.sudo().team_id in addresses)
        result = {case.id: addresses[case.sudo().team_id] for case in with_address}
        others = self - with_address
        if others or not self:
            result.update(
                super(AftersalesCase, others)._notify_get_reply_to(
                    default=default, author_id=author_id
                )
            )
        return result

    def _message_get_suggested_recipients_batch(
        self,
        reply_discussion=False,
        reply_message=None,
        no_create=True,
        primary_email=False,
        additional_partners=None,
    ):
        """Never suggest the team's own address as a recipient."""
        suggested = super()._message_get_suggested_recipients_batch(
            reply_discussion=reply_discussion,
            reply_message=reply_message,
            no_create=no_create,
            primary_email=primary_email,
            additional_partners=additional_partners,
        )
        for case in self:
            own = case._team_email()
            suggested[case.id] = [
                recipient
                for recipient in suggested[case.id]
                if email_normalize(recipient.get("email") or "") != own
            ]
        return suggested

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """Name the customer's button in their words."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        for name, _matches, data in groups:
            if name in ("portal_customer", "portal"):
                button = data.setdefault("button_access", {})
                button["title"] = self.env._("See your case")
        return groups

    # Who is told --------------------------------------------------------------

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        """Nobody is told of automatic mails and of spam; machines that answer
        machines never meet."""
        mail = self._mail_of_message(msg_vals or {})
        if mail and (mail.automatic or self.sudo().mark == "spam"):
            return []
        # A customer may not read who answers them; telling that person needs it.
        case = self.sudo() if self.env.user.share else self
        return super(AftersalesCase, case)._notify_thread(
            message, msg_vals=msg_vals, **kwargs
        )

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Tell the owner in the bell that somebody answered, however they want to be
        told of other things."""
        values = dict(msg_vals or {"partner_ids": message.sudo().partner_ids.ids})
        user = self.env["res.users"]
        if self and not kwargs.get("notify_skip_followers"):
            user = self._user_to_notify(values)
        partner_id = user.partner_id.id
        if user:
            values["partner_ids"] = [*(values.get("partner_ids") or ()), partner_id]
        recipients = super()._notify_get_recipients(message, msg_vals=values, **kwargs)
        for data in recipients:
            if user and data["id"] == partner_id:
                data["notif"] = "inbox"
        return recipients

    def _user_to_notify(self, values):
        case = self.sudo()
        if case._message_meaning(values) not in TOLD_TO_OWNER:
            return case.env["res.users"]
        # A new case is found in the queue; nobody is told but its owner.
        opening = self.env.context.get("aftersales_opening")
        user = case.user_id if opening else case._responsible_user()
        is_author = user.partner_id.id == values.get("author_id")
        return user.filtered(lambda u: u.active and not u.share and not is_author)
