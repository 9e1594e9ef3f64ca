from odoo import api, models
from odoo.tools import ormcache

from ..tools.business_time import Attendance, Leave, Schedule, to_epoch
from ..tools.business_time import hours_to_seconds as to_seconds

# What of a calendar decides about its hours, besides its lines and leaves.
SCHEDULE_FIELDS = frozenset(
    {"tz", "two_weeks_calendar", "schedule_type", "flexible_hours", "company_id"}
)


class ResourceCalendar(models.Model):
    """Working hours as the engine reads them: plain, cached, of one company."""

    _inherit = "resource.calendar"

    def _aftersales_schedule(self, company):
        """Return the open hours for the cases of a company.

        They are the same for every user and job: read as superuser, with the holidays
        of this company only. Flexible hours have no times, so nothing is open.

        :param company: ``res.company`` record, whose company-wide holidays count
        :return: ``business_time.Schedule``; without any hours for an empty recordset
        """
        return self._aftersales_schedule_of(self.id, company.id)

    @api.model
    @ormcache("calendar_id", "company_id")
    def _aftersales_schedule_of(self, calendar_id, company_id):
        calendar = self.sudo().browse(calendar_id).exists()
        if not calendar or calendar.schedule_type == "flexible":
            return Schedule()
        return Schedule(
            calendar.tz or "UTC",
            calendar._aftersales_attendances(),
            calendar._aftersales_leaves(company_id),
        )

    def _aftersales_attendances(self):
        """Return the weekly hours as plain data; sections of the list are no hours."""
        self.ensure_one()
        return [
            Attendance(
                int(line.dayofweek),
                to_seconds(line.hour_from),
                to_seconds(line.hour_to),
                # As Odoo: in a two-week calendar a line without week is of the first
                int(line.week_type or 0) if self.two_weeks_calendar else None,
                line.day_period == "lunch",
            )
            for line in self.attendance_ids
            if not line.display_type
        ]

    def _aftersales_leaves(self, company_id):
        """Return the holidays as plain data: those of the calendar and those of the
        whole company, never another company's, never a single person's."""
        self.ensure_one()
        leaves = self.env["resource.calendar.leaves"].search_fetch(
            [
                ("resource_id", "=", False),
                ("time_type", "=", "leave"),
                ("calendar_id", "in", (False, self.id)),
                ("company_id", "in", (False, company_id)),
            ],
            ["name", "date_from", "date_to"],
        )
        return [
            Leave(to_epoch(leave.date_from), _leave_end(leave.date_to), leave.name)
            for leave in leaves
        ]

    def write(self, vals):
        """Write; running promises started from now on see the new hours."""
        result = super().write(vals)
        if SCHEDULE_FIELDS & set(vals):
            self._aftersales_forget_schedules()
        return result

    @api.model
    def _aftersales_forget_schedules(self):
        """Drop cached schedules now and again after the commit, so that a thread that
        read the old hours in between does not keep them."""
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)


def _leave_end(date_to):
    """Return the first second after a leave. Odoo ends a whole day at 23:59:59, which
    is meant to include that second."""
    end = to_epoch(date_to)
    return end + 1 if end % 60 == 59 else end
