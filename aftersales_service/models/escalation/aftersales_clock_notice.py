from odoo import api, models


class AftersalesClock(models.Model):
    """Prepared messages follow what becomes of the promise."""

    _inherit = "aftersales.clock"

    @api.model
    def _on_breached(self, clocks):
        """Hook: what is prepared says from now on that the promise was broken."""
        result = super()._on_breached(clocks)
        self.env["aftersales.notice"]._follow_breach(clocks)
        return result

    @api.model
    def _on_promised_times_closed(self, clocks):
        """Hook: a message to each customer is prepared."""
        super()._on_promised_times_closed(clocks)
        self.env["aftersales.notice"]._prepare(clocks, "holiday")
