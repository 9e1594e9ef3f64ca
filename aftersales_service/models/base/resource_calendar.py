from contextlib import contextmanager, nullcontext

from odoo import api, models
from odoo.tools import ormcache

from ...tools.business_time import (
    Attendance,
    Leave,
    Schedule,
    known_zone,
    to_epoch,
)
from ...tools.business_time import hours_to_seconds as to_seconds

# What of a calendar decides about its hours, besides its lines and leaves.
SCHEDULE_FIELDS = frozenset(
    {"tz", "two_weeks_calendar", "schedule_type", "flexible_hours", "company_id"}
)
# In the context of a change that is watched already: what changes within it needs no
# look of its own. Compared by identity, so it can never come over RPC.
_WATCHED = object()


class FreshSchedules(dict):
    """In the context of long work: the hours as its transaction sees them, whatever
    other threads have in the cache. {(calendar id, company id): Schedule}"""


class ResourceCalendar(models.Model):
    """Working hours as the engine reads them: plain, cached, of one company.

    When they change, whoever has planned something in them is told, see
    :meth:`_aftersales_on_hours_changed`.
    """

    _inherit = "resource.calendar"

    # Reading ------------------------------------------------------------------

    def _aftersales_schedule(self, company):
        """Return the open hours for the cases of a company.

        They are the same for every user and job: read as superuser, with the holidays
        of this company only. Flexible hours have no times, so nothing is open.

        :param company: ``res.company`` record, whose company-wide holidays count
        :return: ``business_time.Schedule``; without any hours for an empty recordset
        """
        return self._aftersales_schedule_of(self.id, company.id)

    @api.model
    def _aftersales_schedule_of(self, calendar_id, company_id):
        fresh = self.env.context.get("aftersales_schedules")
        if not isinstance(fresh, FreshSchedules):
            return self._aftersales_cached_schedule(calendar_id, company_id)
        key = calendar_id, company_id
        if key not in fresh:
            hours = self._aftersales_read_hours(calendar_id, company_id)
            fresh[key] = Schedule(*hours)
        return fresh[key]

    @api.model
    @ormcache("calendar_id", "company_id")
    def _aftersales_cached_schedule(self, calendar_id, company_id):
        return Schedule(*self._aftersales_read_hours(calendar_id, company_id))

    @api.model
    def _aftersales_read_hours(self, calendar_id, company_id):
        """Return what makes a ``Schedule``: zone, weekly hours and holidays."""
        calendar = self.sudo().browse(calendar_id).exists()
        if not calendar or calendar.schedule_type == "flexible":
            return ("UTC", (), ())
        company = self.env["res.company"].sudo().browse(company_id)
        return (
            known_zone(calendar.tz, company.aftersales_tz),
            tuple(calendar._aftersales_attendances()),
            tuple(calendar._aftersales_leaves(company_id)),
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

    # Changes ------------------------------------------------------------------

    def write(self, vals):
        """Write; what is planned in these hours is planned again."""
        decides = not {*SCHEDULE_FIELDS, "attendance_ids", "leave_ids"}.isdisjoint(vals)
        watched = self._aftersales_watched(self.ids) if decides else nullcontext(self)
        with watched as calendars:
            result = super(ResourceCalendar, calendars).write(vals)
        if "company_id" in vals:
            self.check_access("write")  # also as what they have become
        return result

    @contextmanager
    def _aftersales_watched(self, calendar_ids=None):
        """While hours change: see which running promises they concern, and have those
        planned again.

        :param calendar_ids: calendars that may change; all when not given
        :return: context manager that yields these records, whose changes of lines and
            holidays are watched with them
        """
        if self.env.context.get("aftersales_watched") is _WATCHED:
            yield self
            return
        before = self._aftersales_hours_in_use(calendar_ids)
        yield self.with_context(aftersales_watched=_WATCHED)
        self._aftersales_forget_schedules()
        changed = {
            key: hours
            for key, hours in before.items()
            if _times(hours) != _times(self._aftersales_read_hours(*key))
        }
        if changed:
            self._aftersales_on_hours_changed(changed)

    @api.model
    def _aftersales_hours_in_use(self, calendar_ids=None):
        """Hook: return {(calendar id, company id): zone, weekly hours, holidays} of the
        calendars that something is planned in; by ``_aftersales_read_hours``, for a
        savepoint that was rolled back leaves its hours in the cache.

        :param calendar_ids: ids to look among; all when not given
        """
        return {}

    @api.model
    def _aftersales_on_hours_changed(self, hours_before):
        """Hook: hours in use have changed.

        :param dict hours_before: as of :meth:`_aftersales_hours_in_use`, those changed
        """

    @api.model
    def _aftersales_forget_schedules(self):
        """Drop cached schedules now and again after the commit, so that a thread that
        read the old hours in between does not keep them."""
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)


def _times(hours):
    """Return hours without the names of the holidays."""
    zone, attendances, leaves = hours
    return zone, sorted(attendances, key=str), sorted(leave[:2] for leave in leaves)


def _leave_end(date_to):
    """Return the first second after a leave. Odoo ends a whole day at 23:59:59, which
    is meant to include that second."""
    end = to_epoch(date_to)
    return end + 1 if end % 60 == 59 else end
