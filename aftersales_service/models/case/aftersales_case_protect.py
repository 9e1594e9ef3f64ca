from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from ..base.trust import is_system


class AftersalesCase(models.Model):
    """What of a case nobody writes, because it follows from what happens to it, and
    whom nobody makes its owner."""

    _inherit = "aftersales.case"

    @api.model
    def _protected_fields(self):
        """Return the names of the fields that only the case's own methods write: a
        value from outside is refused, so that nobody writes history around them.
        Extendable."""
        return {
            "number",
            "cycle",
            "stage_kind",
            "acknowledged_at",
            "first_response_at",
            "resolved_at",
            "accepted_at",
            "closed_at",
            "next_deadline",
            "next_warning_at",
            "awaiting_reply_since",
            "last_customer_message_at",
            "last_reply_at",
            "acknowledge_at",
            "salesperson_id",
            "commercial_partner_id",
            "email_normalized",
            "mark",
            "mark_reason",
            "marked_by_id",
            "marked_at",
        }

    @api.model
    def _initial_fields(self):
        """Return the names of the fields that are set once, when the case is made;
        extendable."""
        return {"received_at", "channel", "company_id", "origin_case_id"}

    def _refuse_protected(self, vals, names):
        forbidden = sorted(names & set(vals))
        if forbidden:
            labels = ", ".join(self._fields[name].string for name in forbidden)
            raise UserError(
                self.env._(
                    "“%s” cannot be written directly: it follows from what happens "
                    "to the case.",
                    labels,
                )
            )

    @api.constrains("user_id", "company_id")
    def _check_user(self):
        """Refuse an owner who is no colleague in the company of the case."""
        for case in self.sudo():
            user = case.user_id
            if user and not case._has_colleague(user):
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work in %(company)s. Choose a colleague.",
                        user=user.name,
                        company=case.company_id.name,
                    )
                )

    def _has_colleague(self, user):
        """Return whether a user works in the company of the case. Of who is logged in
        Odoo knows that without a query."""
        if user == self.env.user and not is_system(self.env):
            works = user._is_internal()
        else:
            works = user.active and not user.share
        return works and self.company_id.id in user._get_company_ids()
