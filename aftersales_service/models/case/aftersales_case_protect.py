from odoo import api, models
from odoo.exceptions import UserError


class AftersalesCase(models.Model):
    """What of a case nobody writes, because it follows from what happens to it."""

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
