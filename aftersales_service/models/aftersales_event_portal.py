from dataclasses import dataclass

from odoo import api, models


@dataclass(frozen=True)
class CustomerActor:
    """The customer in whose name a portal route acts. Travels in the context; a
    context that came over RPC holds plain JSON and can never contain one."""

    partner_id: int | None


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
