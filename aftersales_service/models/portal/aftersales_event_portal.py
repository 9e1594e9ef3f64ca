from odoo import api, models

from ...tools.customer_actor import CustomerActor


class AftersalesEvent(models.Model):
    """Who acts when a customer uses a link without login: the customer, not the
    anonymous user his browser runs as."""

    _inherit = "aftersales.event"

    @api.model
    def _current_actor(self):
        actor = self.env.context.get("aftersales_actor")
        if isinstance(actor, CustomerActor):
            return {"actor_kind": "customer", "actor_id": actor.partner_id}
        return super()._current_actor()
