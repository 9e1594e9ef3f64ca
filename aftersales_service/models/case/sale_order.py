from datetime import timedelta

from odoo import fields, models


class SaleOrder(models.Model):
    """How the order of a customer's message is found."""

    _inherit = "sale.order"

    def _aftersales_is_live(self):
        """Whether a customer's message most likely concerns the order: it is not
        delivered in full yet, or it is recent."""
        self.ensure_one()
        recent = fields.Datetime.now() - timedelta(
            days=self.company_id.aftersales_order_days
        )
        return self.delivery_status in ("pending", "started", "partial") or (
            self.date_order and self.date_order >= recent
        )

    def _aftersales_references(self):
        """Return what a customer may call the order, in upper case: our number and
        their own reference."""
        self.ensure_one()
        return {
            reference.upper()
            for reference in (self.name, self.client_order_ref)
            if reference
        }
