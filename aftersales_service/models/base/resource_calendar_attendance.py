from odoo import api, models


class ResourceCalendarAttendance(models.Model):
    """A change of weekly hours is seen by the engine at once, and what is planned in
    them is planned again."""

    _inherit = "resource.calendar.attendance"

    @api.model_create_multi
    def create(self, vals_list):
        """Create; the promises that run in these hours are planned again."""
        default = self.env.context.get("default_calendar_id")
        ids = {vals.get("calendar_id", default) for vals in vals_list}
        with self._aftersales_watched(ids):
            return super().create(vals_list)

    def write(self, vals):
        """Write; the promises that run in these hours are planned again."""
        ids = {*self.calendar_id.ids, vals.get("calendar_id")}
        with self._aftersales_watched(ids):
            result = super().write(vals)
        if "calendar_id" in vals:
            self.check_access("write")  # also where they have come to
        return result

    def unlink(self):
        """Delete; the promises that run in these hours are planned again."""
        with self._aftersales_watched(self.calendar_id.ids):
            return super().unlink()

    def _aftersales_watched(self, calendar_ids):
        calendars = self.env["resource.calendar"]
        return calendars._aftersales_watched([id_ for id_ in calendar_ids if id_])
