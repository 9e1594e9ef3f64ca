from odoo import api, models


class ResourceCalendarAttendance(models.Model):
    """A change of weekly hours is seen by the engine at once."""

    _inherit = "resource.calendar.attendance"

    @api.model_create_multi
    def create(self, vals_list):
        """Create, and let the engine read the hours again."""
        lines = super().create(vals_list)
        lines.calendar_id._aftersales_forget_schedules()
        return lines

    def write(self, vals):
        """Write, and let the engine read the hours again."""
        result = super().write(vals)
        self.calendar_id._aftersales_forget_schedules()
        return result

    def unlink(self):
        """Delete, and let the engine read the hours again."""
        calendars = self.calendar_id
        result = super().unlink()
        calendars._aftersales_forget_schedules()
        return result
