"""What running promises do when the hours they are counted in change."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ...tools import clock_machine as machine
from ...tools.business_time import Attendance, Leave, Schedule, to_epoch
from ..base.aftersales_job import JobKind
from ..base.resource_calendar import FreshSchedules

CAUSE = "calendar_change"
# Somebody who read the old hours just before they changed may write what was planned
# in them a little later: after this time everything is looked at once more.
SECOND_LOOK = timedelta(minutes=2)


class AftersalesJob(models.Model):
    _inherit = "aftersales.job"

    @api.model
    def _job_kinds(self):
        """Add planning again after a change of working hours or holidays."""
        return {
            **super()._job_kinds(),
            "replan": JobKind(
                self.env._("Deadlines planned again"),
                "aftersales.clock",
                "_replan_job",
                priority=0,
            ),
        }


class AftersalesClock(models.Model):
    """Planning again, in the background.

    Only promises that are still to be judged are touched: running ones have another
    deadline, paused ones other seconds left where hours changed that were counted
    already. An outcome never changes. Cases are not written; what they mirror follows
    by SQL.
    """

    _inherit = "aftersales.clock"

    @api.model
    def _replan_later(self, hours_before):
        """Have the promises that run in working hours planned again.

        :param dict hours_before: {(calendar id, company id): the hours until now, see
            ``resource.calendar._aftersales_hours_in_use``}
        """
        now = to_epoch(fields.Datetime.now())
        by_calendar = {}
        for (calendar_id, company_id), hours in hours_before.items():
            before = by_calendar.setdefault(calendar_id, {})
            before[str(company_id)] = _future_hours(hours, now)
        calendars = self.env["resource.calendar"].sudo().browse(by_calendar)
        for calendar in calendars:
            self.env["aftersales.job"]._enqueue(
                "replan",
                {"calendar_id": calendar.id, "before": by_calendar[calendar.id]},
                dedup_key=str(calendar.id),
                subject=calendar,
                company=calendar.company_id,
            )

    # The work -----------------------------------------------------------------

    @api.model
    def _replan_job_count(self, job):
        """Return how many promises run in the working hours."""
        query = SQL(
            "SELECT count(*) FROM aftersales_clock WHERE %s", self._replan_sql(job)
        )
        return self.env.execute_query(query)[0][0]

    @api.model
    def _replan_job_next(self, job, after, limit):
        """Return the ids of the next promises, not locked yet."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM aftersales_clock WHERE %s AND id > %s"
                " ORDER BY id LIMIT %s",
                self._replan_sql(job),
                after,
                limit,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _replan_sql(self, job):
        return SQL(
            "calendar_id = %s AND state <> 'stopped' AND outcome = 'none'"
            " AND carried_breach IS NOT TRUE",
            job.params["calendar_id"],
        )

    @api.model
    def _replan_job_work(self, job, ids):
        """Plan promises again and list those promised to a customer that now end when
        nobody is there.

        :return: dict: how many moved earlier, later, were broken by it or have no time
            any more, and the ids of promised times to look after
        """
        clocks = self.with_context(aftersales_schedules=FreshSchedules())
        now = to_epoch(fields.Datetime.now())
        rows = clocks._load(
            SQL("id = ANY(%s) AND state <> 'stopped'", ids),
            SQL("ORDER BY id FOR NO KEY UPDATE"),
        )
        before = {row.id: row.clock.deadline for row in rows}
        looks = {row.id: row.clock.next_event_at for row in rows}
        changed = [c for row in rows for c in clocks._replan_row(row, job, now)]
        tally = _tally(changed, before)
        if not job.not_before:
            tally["promises"] = clocks._replan_promises(rows, job)
        # Steps of a ladder may move although the deadline does not.
        moved = [c for c in rows if c.clock.next_event_at != looks[c.id]]
        clocks._update([row for row in moved if not row.lines])
        clocks._replan_store(changed, now)
        return {key: value for key, value in tally.items() if value}

    @api.model
    def _replan_row(self, row, job, now):
        """Plan one promise again.

        :return: the cycles that something happened to
        """
        schedule = self._schedule(row)
        look_at = row.clock.next_event_at
        row.add(machine.replan(row.clock, schedule, now, CAUSE))
        if row.lines:
            for line in row.lines:
                line.update(source_kind=job._name, source_id=job.id)
            return self._replan_follow(row, schedule, now)
        if row.values["error_count"]:
            row.clock.next_event_at = look_at  # when what failed is tried again
        return []

    @api.model
    def _replan_follow(self, row, schedule, now):
        """Return a promise planned again and those that follow it in a chain, the last
        of which pauses as the stage of its case wants it."""
        rows = row.follow(schedule, now)
        if len(rows) > 1:  # only then is the case read
            case = self.env["aftersales.case"].browse(row.values["case_id"])
            case._pause_as_stage(rows[-1], schedule, now)
        return rows

    @api.model
    def _replan_store(self, rows, now):
        """Store and mirror what happened, and tell it. Hours that are gone are told
        once for all at the end, see :meth:`_replan_job_finish`."""
        cases = self.env["aftersales.case"].browse(
            {row.values["case_id"] for row in rows}
        )
        changed = self._store(rows, now)
        cases._refresh_clock_mirrors()
        for row in changed:
            row.news = [code for code in row.news if code != "error"]
        self._announce_news(changed, now)

    @api.model
    def _replan_promises(self, rows, job):
        """Return the ids of promises promised to a customer whose time was in service
        hours before the change and is not any more; a message to them is prepared."""
        before = {
            int(company_id): _schedule_of(hours)
            for company_id, hours in job.params["before"].items()
        }
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        found = []
        for row in rows:
            told, company_id = row.clock.fixed_deadline, row.values["company_id"]
            if told is None or not rules[row.values["kind"]].is_promised_time:
                continue
            # The last second before the time must be one in which somebody is there.
            was_open = company_id in before and before[company_id].is_open(told - 1)
            if was_open and not self._schedule(row).is_open(told - 1):
                found.append(row.id)
        if found:
            self._on_promised_times_closed(self.browse(found))
        return found

    @api.model
    def _on_promised_times_closed(self, clocks):
        """Hook: times promised to customers fall into closed hours since a change.

        :param clocks: ``aftersales.clock`` records, as superuser
        """

    @api.model
    def _on_replanned(self, clocks):
        """Hook: all promises in some working hours are planned again.

        :param clocks: those promised to customers that fall into closed hours now, as
            superuser
        """

    @api.model
    def _replan_job_finish(self, job):
        """Tell the leaders, and look once more a little later."""
        if job.not_before:
            return None
        self._replan_zone(job)
        promises = self.browse(job._found("promises", ())).exists()
        self._on_replanned(promises)
        if job._found("without_time"):
            self._on_error(
                self.search(
                    [
                        ("calendar_id", "=", job.params["calendar_id"]),
                        ("state", "=", "running"),
                        ("last_error", "=", machine.NO_WORKING_TIME),
                    ]
                )
            )
        return fields.Datetime.now() + SECOND_LOOK

    @api.model
    def _replan_zone(self, job):
        """Note the present zone of the working hours on what is still to be judged."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE aftersales_clock clock
                   SET tz = calendar.tz
                  FROM resource_calendar calendar
                 WHERE calendar.id = clock.calendar_id AND calendar.id = %s
                   AND state <> 'stopped' AND outcome = 'none'
                   AND clock.tz IS DISTINCT FROM calendar.tz
                """,
                job.params["calendar_id"],
            )
        )
        self._forget_cache()

    # In words -----------------------------------------------------------------

    @api.model
    def _replan_job_describe(self, job):
        """Say what came of it, one sentence for each finding."""
        return "\n".join(
            sentence
            for key, sentence in self._replan_sentences(job).items()
            if job._found(key)
        ) or self.env._("No deadline moved.")

    @api.model
    def _replan_sentences(self, job):
        count = job._found
        return {
            "later": self.env._(
                "%(count)s deadlines moved to later.", count=count("later")
            ),
            "earlier": self.env._(
                "%(count)s deadlines moved to earlier.", count=count("earlier")
            ),
            "breached": self.env._(
                "%(count)s promises were breached by the change.",
                count=count("breached"),
            ),
            "without_time": self.env._(
                "%(count)s promises have no deadline any more, because the working "
                "hours hold no working time. Enter working times.",
                count=count("without_time"),
            ),
            "promises": self._replan_promise_words(job),
        }

    @api.model
    def _replan_promise_words(self, job):
        """Return the promised times that now fall into closed hours, one line for
        each."""
        clocks = self.browse(job._found("promises", ())).exists()
        lines = [
            self.env._(
                "- %(case)s: %(time)s",
                case=clock.case_id.display_name,
                time=format_datetime(self.env, clock.deadline),
            )
            for clock in clocks
        ]
        head = self.env._(
            "%(count)s times promised to customers now fall outside working hours. "
            "They stay as they are; a message to each customer is prepared:",
            count=len(clocks),
        )
        return "\n".join([head, *lines])


def _tally(rows, before):
    """Return how many of the changed promises ended how."""
    tally = dict.fromkeys(("earlier", "later", "breached", "without_time"), 0)
    for row in rows:
        clock, old = row.clock, before.get(row.id)
        if row.id is None:
            continue
        if clock.breach_cause == CAUSE:
            tally["breached"] += 1
        elif clock.error:
            tally["without_time"] += 1
        elif clock.deadline is not None and old is not None and clock.deadline != old:
            tally["earlier" if clock.deadline < old else "later"] += 1
    return tally


def _future_hours(hours, now):
    """Return hours as plain JSON, without the holidays that are over."""
    zone, attendances, leaves = hours
    return {
        "tz": zone,
        "attendances": [list(line) for line in attendances],
        "leaves": [[leave.start, leave.end] for leave in leaves if leave.end > now],
    }


def _schedule_of(hours):
    """Return the ``Schedule`` of hours as plain JSON."""
    return Schedule(
        hours["tz"],
        [Attendance(*line) for line in hours["attendances"]],
        [Leave(*leave) for leave in hours["leaves"]],
    )
