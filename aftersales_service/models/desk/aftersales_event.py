from odoo import api, models

from ..ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    """The lines of cases that people took from their queue."""

    _inherit = "aftersales.event"

    _picked_idx = models.Index("(at, actor_id) WHERE kind = 'picked'")

    @api.model
    def _kinds(self):
        """Add them."""
        return {
            **super()._kinds(),
            "picked": EventKind(self.env._("Taken from the queue")),
        }
