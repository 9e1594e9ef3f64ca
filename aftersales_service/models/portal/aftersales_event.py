from odoo import api, models

from ...tools.customer_actor import CustomerActor
from ..ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    """Who acts when a customer uses a link without login: the customer, not the
    anonymous user their browser runs as."""

    _inherit = "aftersales.event"

    @api.model
    def _current_actor(self):
        current = super()._current_actor()
        actor = self.env.context.get("aftersales_actor")
        if isinstance(actor, CustomerActor):
            customer = {"actor_kind": "customer", "actor_id": actor.partner_id}
            return {**current, **customer}
        return current

    @api.model
    def _kinds(self):
        """Add what customers decide."""
        return {
            **super()._kinds(),
            "accepted": EventKind(
                self.env._("Accepted by the customer"),
                "fa-thumbs-up",
                "success",
                milestone=True,
            ),
            "rejected": EventKind(
                self.env._("Not solved for the customer"),
                "fa-thumbs-down",
                "danger",
                milestone=True,
            ),
        }
