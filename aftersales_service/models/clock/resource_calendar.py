from odoo import api, models
from odoo.tools import SQL


class ResourceCalendar(models.Model):
    """The hours that promises run or wait in."""

    _inherit = "resource.calendar"

    @api.model
    def _aftersales_hours_in_use(self, calendar_ids=None):
        """Add the calendars that promises run or wait in."""
        in_use = super()._aftersales_hours_in_use(calendar_ids)
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT calendar_id, company_id FROM aftersales_clock"
                " WHERE state <> 'stopped' AND calendar_id IS NOT NULL %s",
                SQL()
                if calendar_ids is None
                else SQL("AND calendar_id = ANY(%s)", list(calendar_ids)),
            )
        )
        return {**in_use, **{row: self._aftersales_read_hours(*row) for row in rows}}

    @api.model
    def _aftersales_on_hours_changed(self, hours_before):
        """Plan again what runs in hours that changed."""
        super()._aftersales_on_hours_changed(hours_before)
        self.env["aftersales.clock"]._replan_later(hours_before)
