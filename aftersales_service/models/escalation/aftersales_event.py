from odoo import api, models

from ..ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    """What the ledger tells of escalation steps, escalations and prepared messages."""

    _inherit = "aftersales.event"

    @api.model
    def _kinds(self):
        """Add them."""
        return {
            **super()._kinds(),
            "step_fired": EventKind(self.env._("Escalation step taken")),
            "step_skipped": EventKind(self.env._("Escalation step skipped, late")),
            "escalated": EventKind(self.env._("Escalated")),
            "escalation_acknowledged": EventKind(self.env._("Escalation acknowledged")),
            "notice_prepared": EventKind(
                self.env._("Message to the customer prepared")
            ),
            "notice_sent": EventKind(self.env._("Prepared message sent")),
        }
