from odoo import api, models
from odoo.tools import SQL

from odoo.addons.aftersales_service.models.base.aftersales_figure import Figure


class AftersalesFigure(models.AbstractModel):
    _inherit = "aftersales.figure"

    @api.model
    def _figures(self):
        """Add the share of fittings among all promises that were made."""
        return {
            **super()._figures(),
            "X-01": Figure(
                self.env._("Fittings"),
                "aftersales.report.clock",
                "fitting_share",
                numerator=SQL("clock.kind = 'fitting'"),
                denominator=SQL("true"),
                period="received_date",
            ),
        }
