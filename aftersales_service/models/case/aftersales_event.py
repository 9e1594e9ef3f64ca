from odoo import api, models

from ..ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    """What the ledger tells of a case."""

    _inherit = "aftersales.event"

    @api.model
    def _kinds(self):
        """Add them."""
        return {
            **super()._kinds(),
            "received": EventKind(
                self.env._("Received"), "fa-inbox", "info", milestone=True
            ),
            "assigned": EventKind(
                self.env._("Assigned"), "fa-user", records={"user_id": "res.users"}
            ),
            "team_changed": EventKind(
                self.env._("Team changed"),
                "fa-users",
                records={"team_id": "aftersales.team"},
            ),
            "customer_changed": EventKind(
                self.env._("Customer changed"),
                "fa-address-card-o",
                records={"partner_id": "res.partner"},
            ),
            "order_changed": EventKind(
                self.env._("Order changed"),
                "fa-shopping-cart",
                records={"sale_order_id": "sale.order"},
            ),
            "classified": EventKind(
                self.env._("Classified"),
                "fa-tag",
                records={"category_id": "aftersales.category"},
            ),
            "stage_changed": EventKind(
                self.env._("Stage changed"),
                "fa-arrow-right",
                records={"from": "aftersales.stage", "to": "aftersales.stage"},
            ),
            "resolved": EventKind(
                self.env._("Resolved"), "fa-check", "success", milestone=True
            ),
            "closed": EventKind(self.env._("Closed"), "fa-lock", milestone=True),
            "reopened": EventKind(
                self.env._("Reopened"), "fa-folder-open-o", "warning", milestone=True
            ),
            "archived": EventKind(self.env._("Archived"), "fa-archive"),
            "marked": EventKind(self.env._("Excluded"), "fa-ban", "warning"),
            "unmarked": EventKind(self.env._("Restored"), "fa-undo"),
        }
