from odoo import models
from odoo.exceptions import AccessError

# What somebody said, when, to whom, and who they were.
VERBATIM_FIELDS = frozenset(
    {
        "attachment_ids",
        "author_id",
        "body",
        "date",
        "email_from",
        "is_internal",
        "message_type",
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

    def write(self, vals):
        """Write; what was said on a case stays as it was said."""
        if not self.env.su and VERBATIM_FIELDS & set(vals):
            self._aftersales_refuse_change()
        return super().write(vals)

    def unlink(self):
        """Delete; what was said on a case stays."""
        if not self.env.su:
            self._aftersales_refuse_change()
        return super().unlink()

    def _aftersales_refuse_change(self):
        if self.sudo().filtered(lambda message: message._aftersales_is_said()):
            raise AccessError(self._aftersales_verbatim_sentence())

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
