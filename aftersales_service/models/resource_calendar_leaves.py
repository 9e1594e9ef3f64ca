from odoo import api, models


class ResourceCalendarLeaves(models.Model):
    """A change of holidays is seen by the engine at once. The leaves of a single person
    are none of its business and cost nothing."""

    _inherit = "resource.calendar.leaves"

    @api.model_create_multi
    def create(self, vals_list):
        """Create, and let the engine read the holidays again."""
        leaves = super().create(vals_list)
        leaves._aftersales_forget_schedules()
        return leaves

    def write(self, vals):
        """Write, and let the engine read the holidays again."""
        self._aftersales_forget_schedules()
        result = super().write(vals)
        self._aftersales_forget_schedules()
        return result

    def unlink(self):
        """Delete, and let the engine read the holidays again."""
        self._aftersales_forget_schedules()
        return super().unlink()

    def _aftersales_forget_schedules(self):
        if any(not leave.resource_id for leave in self):
            self.env["resource.calendar"]._aftersales_forget_schedules()
