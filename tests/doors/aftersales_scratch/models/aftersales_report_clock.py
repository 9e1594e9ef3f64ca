from odoo import fields, models


class AftersalesReportClock(models.Model):
    _inherit = "aftersales.report.clock"

    fitting_share = fields.Float(aggregator="avg", exportable=False)

    def _select_measures(self):
        """Add the measure of the figure."""
        figure = self.env["aftersales.figure"]._figures()["X-01"]
        return {**super()._select_measures(), "fitting_share": figure.sql}
