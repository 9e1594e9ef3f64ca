from odoo import api, fields, models

from ..base.limits import limit


class AftersalesCase(models.Model):
    """Whom a customer puts in copy: a few of them are answered as well, more only when
    a colleague says so. Else one mail of a stranger makes us write to hundreds."""

    _inherit = "aftersales.case"

    email_cc_more = fields.Text(
        string="Further Copies",
        readonly=True,
        copy=False,
        help="Addresses that mails of the customer were copied to beyond the first "
        "ones. Answers go to them only when a colleague has said so.",
    )
    email_cc_more_count = fields.Integer(compute="_compute_email_cc_more_count")

    @api.depends("email_cc_more")
    def _compute_email_cc_more_count(self):
        for case in self:
            addresses = case._mail_cc_sanitized_raw_dict(case.email_cc_more)
            case.email_cc_more_count = len(addresses)

    @api.model
    def _protected_fields(self):
        """Who was put in copy follows from the mails."""
        return super()._protected_fields() | {"email_cc_more"}

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Copy answers to the first addresses of a first mail only."""
        kept, more = self._cap_copies(msg_dict.get("cc"))
        case = super().message_new({**msg_dict, "cc": kept}, custom_values)
        if more:
            case._write_mirror({"email_cc_more": more})
        return case

    def message_update(self, msg_dict, update_vals=None):
        """Let an answer add copies up to the same number."""
        kept, more = self._cap_copies(msg_dict.get("cc"))
        if more:
            self._write_mirror({"email_cc_more": more})
        return super().message_update({**msg_dict, "cc": kept}, update_vals)

    def _cap_copies(self, text):
        """Return the addresses that answers are copied to, and all those that wait for
        a colleague's word.

        :param str text: the copies of a mail, as its header has them
        """
        known = self._mail_cc_sanitized_raw_dict(self.email_cc)
        waiting = self._mail_cc_sanitized_raw_dict(self.email_cc_more)
        added = [
            written
            for email, written in self._mail_cc_sanitized_raw_dict(text).items()
            if email not in known and email not in waiting
        ]
        room = max(0, limit(self.env, "mail_copies") - len(known))
        more = [*waiting.values(), *added[room:]]
        return ", ".join(added[:room]), ", ".join(more)

    # Deciding -----------------------------------------------------------------

    def action_add_copies(self):
        """Copy answers to the further addresses as well from now on."""
        self._decide_copies(keep=True)
        return True

    def action_leave_copies(self):
        """Leave the further addresses out."""
        self._decide_copies(keep=False)
        return True

    def _decide_copies(self, *, keep):
        self.ensure_one()
        self.check_access("write")
        case = self.sudo()
        if keep:
            case.email_cc = ", ".join(filter(None, (case.email_cc, case.email_cc_more)))
        case._write_mirror({"email_cc_more": False})
