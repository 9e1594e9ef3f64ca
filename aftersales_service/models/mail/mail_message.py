from odoo import api, fields, models
from odoo.exceptions import AccessError

# In the context of the thread that makes a message: it has decided whose it is and what
# follows. Compared by identity, so it can never come over RPC.
POSTED = object()
# What somebody said, when, to whom, where, and who they were.
VERBATIM_FIELDS = frozenset(
    {
        "aftersales_doubt",
        "attachment_ids",
        "author_guest_id",
        "author_id",
        "body",
        "create_date",
        "date",
        "email_from",
        "incoming_email_cc",
        "incoming_email_to",
        "is_internal",
        "message_id",
        "message_type",
        "model",
        "outgoing_email_to",
        "parent_id",
        "partner_ids",
        "reply_to",
        "reply_to_force_new",
        "res_id",
        "subject",
        "subtype_id",
    }
)


class MailMessage(models.Model):
    """What a customer and the team said to each other is evidence."""

    _inherit = "mail.message"

    # Two workers that fetch the same mail at the same moment do not see each other's
    # message: the database does.
    _aftersales_mail_uniq = models.UniqueIndex(
        "(message_id) WHERE model = 'aftersales.case' AND message_type = 'email'",
        "This e-mail has been received already.",
    )

    aftersales_doubt = fields.Selection(
        [("colleague", "Says to be a colleague's"), ("stranger", "Unknown sender")],
        string="Sender in Doubt",
        readonly=True,
        copy=False,
        help="A mail whose sender somebody has to confirm.",
    )

    _aftersales_doubt_idx = models.Index("(res_id) WHERE aftersales_doubt IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        """Make messages; what is said on a case is posted on it, so that its author,
        instant and consequences are true."""
        messages = super().create(vals_list)
        if not self.env.su and self.env.context.get("aftersales_posted") is not POSTED:
            messages._aftersales_refuse_change()
        return messages

    def write(self, vals):
        """Write; what was said on a case stays as it was said, and nothing becomes said
        afterwards."""
        concerned = not self.env.su and not VERBATIM_FIELDS.isdisjoint(vals)
        if concerned:
            self._aftersales_refuse_change()
        result = super().write(vals)
        if concerned:
            self._aftersales_refuse_change()
        return result

    def unlink(self):
        """Delete; what was said on a case stays."""
        if not self.env.su:
            self._aftersales_refuse_change()
        return super().unlink()

    def _aftersales_refuse_change(self):
        if self.sudo().filtered(lambda message: message._aftersales_is_said()):
            raise AccessError(self._aftersales_verbatim_sentence())

    @api.model
    def _aftersales_doubtful_domain(self):
        return [("model", "=", "aftersales.case"), ("aftersales_doubt", "!=", False)]

    @api.model
    def _aftersales_doubtful(self, case_ids):
        """Return {id of a case: its oldest message whose sender is in doubt}."""
        domain = self._aftersales_doubtful_domain()
        messages = self.search([*domain, ("res_id", "in", case_ids)], order="id desc")
        return {message.res_id: message for message in messages}

    def _aftersales_is_said(self):
        """Whether the message was said between a customer and us on a case."""
        self.ensure_one()
        return (
            self.model == "aftersales.case"
            and self.message_type in ("comment", "email", "auto_comment")
            and not self.subtype_id.internal
        )

    def _aftersales_verbatim_sentence(self):
        return self.env._(
            "What was written to or by a customer stays as it was written. Write "
            "another message instead."
        )
