from contextlib import nullcontext

from odoo import api, models


class ResourceCalendarLeaves(models.Model):
    """A change of holidays is seen by the engine at once, and what is planned in those
    hours is planned again. The leaves of a single person are none of its business and
    cost nothing."""

    _inherit = "resource.calendar.leaves"

    @api.model_create_multi
    def create(self, vals_list):
        """Create; the promises that run in these hours are planned again."""
        context = self.env.context
        concerned = [
            vals.get("calendar_id", context.get("default_calendar_id"))
            for vals in vals_list
            if not vals.get("resource_id", context.get("default_resource_id"))
        ]
        with self._aftersales_watched(concerned):
            return super().create(vals_list)

    def write(self, vals):
        """Write; the promises that run in the hours before and after are planned
        again."""
        becomes_general = not vals.get("resource_id", True)
        leaves = self if becomes_general else self.filtered(_is_general)
        concerned = [leave.calendar_id.id for leave in leaves]
        if concerned and "calendar_id" in vals:
            concerned.append(vals["calendar_id"])
        with self._aftersales_watched(concerned):
            return super().write(vals)

    def unlink(self):
        """Delete; the promises that run in these hours are planned again."""
        concerned = [leave.calendar_id.id for leave in self.filtered(_is_general)]
        with self._aftersales_watched(concerned):
            return super().unlink()

    def _aftersales_watched(self, calendar_ids):
        """Watch calendars, or all if one of the ids is empty: holidays without working
        hours are the whole company's."""
        if not calendar_ids:
            return nullcontext()
        return self.env["resource.calendar"]._aftersales_watched(
            calendar_ids if all(calendar_ids) else None
        )


def _is_general(leave):
    """Whether a leave is a holiday for everybody, not one of a single person."""
    return not leave.resource_id
