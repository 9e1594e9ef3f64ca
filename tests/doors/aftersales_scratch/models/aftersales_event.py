from odoo import api, models

from odoo.addons.aftersales_service.models.ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    _inherit = "aftersales.event"

    @api.model
    def _kinds(self):
        """Add the fitting, which the simulation tells again."""
        return {
            **super()._kinds(),
            "fitted": EventKind(
                self.env._("Fitted"),
                "fa-thumbs-up",
                "success",
                milestone=True,
                records={"stage": "aftersales.stage"},
                events=("fitted",),
            ),
        }
