from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize

from ...tools import mail_headers
from ...tools.forwarded import is_forward

# Recipients of a mail that are looked at, of as many as it may have.
MAX_RECIPIENTS = 50


class AftersalesCase(models.Model):
    """Who wrote a mail, decided once, when it comes in.

    The sender of a mail is a claim. A customer's costs us work at most and is believed
    where the mail answers one of ours; a colleague's would be sent on to the customer
    in the name of the team, so our mail server must have confirmed it. A mail is taken
    as one of:

    * ``customer``: the customer's words;
    * ``reply``: our answer, sent on to the customer;
    * ``note``: a colleague's words to colleagues;
    * ``colleague``: a note that says to be a colleague's, until somebody says it is;
    * ``stranger``: a note of somebody unknown to the case, until it is said who;
    * ``automatic``: a machine's.
    """

    _inherit = "aftersales.case"

    doubtful_message_id = fields.Many2one(
        "mail.message",
        compute="_compute_doubtful_message",
        export_string_translation=False,
    )
    is_sender_doubted = fields.Boolean(
        string="Sender to Confirm",
        compute="_compute_doubtful_message",
        search="_search_is_sender_doubted",
    )
    doubtful_kind = fields.Char(
        compute="_compute_doubtful_message", export_string_translation=False
    )
    doubtful_sender = fields.Char(
        compute="_compute_doubtful_message", export_string_translation=False
    )

    # Deciding ---------------------------------------------------------------------

    @api.model
    def _mail_taken_as(self, mail, message_dict, case):
        """Return what a mail is taken as.

        :param mail: ``IncomingMail``
        :param dict message_dict: what the gateway read of the mail
        :param case: the case it goes to, empty when it opens one
        """
        if mail.automatic:
            return "automatic"
        author = self._mail_author(message_dict)
        if not case or case._is_customer(author, message_dict.get("email_from")):
            return "customer"
        if not case._is_colleague(author):
            return "stranger"
        if not case.team_id._vouches_for(mail):
            return "colleague"
        if not case.with_user(author.main_user_id).has_access("write"):
            return "note"
        return "reply" if case._is_to_customer(mail, message_dict) else "note"

    def _is_to_customer(self, mail, message_dict):
        """Whether a colleague's mail is an answer to the customer: it went to them, or
        it answers, to the team alone, what we had told the colleague of the customer's
        message. Everything else is talk among colleagues."""
        self.ensure_one()
        recipients = mail_headers.recipients_in_order(mail.message)[:MAX_RECIPIENTS]
        if any(self._is_customer_address(email) for email in recipients):
            return True
        if is_forward(message_dict.get("subject"), ""):
            return False
        parent = self.env["mail.message"].sudo().browse(message_dict.get("parent_id"))
        return (
            self._is_of_customer(parent)
            and bool(recipients)
            and {*recipients} <= self._answer_addresses()
        )

    def _is_customer_address(self, email):
        if email in (self.partner_id.email_normalized, self.email_normalized):
            return True
        people = self.commercial_partner_id.child_ids | self.commercial_partner_id
        return email in people.mapped("email_normalized")

    def _is_of_customer(self, message):
        """Whether a message is one of the customer on this case."""
        return (
            message.model == self._name
            and message.res_id == self.id
            and message._aftersales_is_said()
            and self._is_customer(message.author_id, message.email_from)
        )

    def _answer_addresses(self):
        """Return the addresses that what we tell of this case is answered to."""
        reply_to = self._notify_get_reply_to()[self.id]
        return {self._team_email(), email_normalize(reply_to or "", strict=False)}

    # In doubt -----------------------------------------------------------------------

    def _compute_doubtful_message(self):
        found = self.env["mail.message"].sudo()._aftersales_doubtful(self.ids)
        for case in self:
            message = found.get(case.id, self.env["mail.message"])
            case.doubtful_message_id = message
            case.is_sender_doubted = bool(message)
            case.doubtful_kind = message.aftersales_doubt
            case.doubtful_sender = message.email_from

    def _search_is_sender_doubted(self, operator, value):
        if operator != "in":
            return NotImplemented
        doubtful = SQL(
            "(SELECT res_id FROM mail_message"
            " WHERE model = %s AND aftersales_doubt IS NOT NULL)",
            self._name,
        )
        return [("id", "in", doubtful)]

    def action_confirm_sender(self):
        """Say that the oldest mail in doubt is from whom it says: a colleague's words
        go to the customer now, a stranger's are the customer's.

        :raise UserError: when there is none, or nobody to send it to
        """
        self.ensure_one()
        self.check_access("write")
        message_sudo = self._doubtful_message()
        if message_sudo.aftersales_doubt == "colleague":
            self._send_confirmed(message_sudo)
        else:
            self._take_as_customer(message_sudo)
        return self._end_doubt(message_sudo, "confirmed")

    def action_refuse_sender(self):
        """Say that the oldest mail in doubt stays a note.

        :raise UserError: when there is none
        """
        self.ensure_one()
        self.check_access("write")
        return self._end_doubt(self._doubtful_message(), "refused")

    def _doubtful_message(self):
        message_sudo = self.sudo().doubtful_message_id
        if not message_sudo:
            raise UserError(
                self.env._("Somebody has decided about the sender already.")
            )
        return message_sudo

    def _send_confirmed(self, message_sudo):
        """Send a colleague's words to the customer, as their answer of now."""
        recipients = self._reply_recipients()
        self.sudo().message_post(
            author_id=message_sudo.author_id.id,
            body=message_sudo.body,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=message_sudo.attachment_ids.ids,
            **recipients,
        )

    def _take_as_customer(self, message_sudo):
        """Let a stranger's message be the customer's; answers go to that address as
        well from now on."""
        comment = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        message_sudo.write({"subtype_id": comment, "is_internal": False})
        case_sudo = self.sudo()
        if message_sudo.email_from not in (case_sudo.email_cc or ""):
            addresses = [case_sudo.email_cc, message_sudo.email_from]
            case_sudo.email_cc = ", ".join(filter(None, addresses))
        case_sudo._on_customer_message(message_sudo, fields.Datetime.now(), "customer")

    def _end_doubt(self, message_sudo, cause):
        line = self._event(
            self,
            "sender_judged",
            fields.Datetime.now(),
            cause=cause,
            source_kind=message_sudo._name,
            source_id=message_sudo.id,
            data={"sender": message_sudo.email_from},
        )
        self.env["aftersales.event"]._append([line])
        message_sudo.aftersales_doubt = False
        self.invalidate_recordset(["doubtful_message_id", "is_sender_doubted"])
        self._notify_changed()
        return True

    def _tell_how_taken(self, mail, author):
        """Tell a colleague whose mail became a note that the customer has not got it.

        :param author: ``res.partner`` whose address the mail bears
        """
        self.ensure_one()
        user = author.user_ids.filtered("active")[:1]
        case = self.with_context(lang=user.lang)
        if mail.taken_as == "colleague":
            words = case.env._(
                "A mail from your address about case %s was kept as a note and not "
                "sent to the customer, because our mail server did not confirm that it "
                "is yours. Whoever has the case can send it with one click.",
                self.number,
            )
        else:
            words = case.env._(
                "Your mail about case %s was kept as a note. The customer has not got "
                "it: if it is meant for them, write them in “To”, or answer in the "
                "case.",
                self.number,
            )
        self.env["aftersales.notify"]._mail_colleagues(
            [
                {
                    "user": user,
                    "company": self.company_id,
                    "subject": case.env._("Kept as a note: %s", self.number),
                    "body": Markup("<p>%s</p>") % words,
                }
            ]
        )
