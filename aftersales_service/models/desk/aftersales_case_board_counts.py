from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.business_time import known_zone

FIGURES = ("open", "at_risk", "overdue", "waiting")
# So many days back a pick out of order is shown.
PICK_DAYS = 7


class AftersalesCase(models.Model):
    """What the board counts, each figure in one query."""

    _inherit = "aftersales.case"

    @api.model
    def _board_figures(self, domain, now):
        """Return what is counted, all by one query: {(name, user id or False): list of
        numbers}. All but the open cases are few rows found by an index."""
        parts = [
            self._board_open_sql(domain, now),
            self._board_updates_sql(domain, now),
            self._board_failing_sql(domain),
            self._board_picks_sql(domain, now),
            self._board_tomorrow_sql(domain, now),
        ]
        rows = self.env.execute_query(SQL(" UNION ALL ").join(parts))
        return {(name, user_id or False): ids for name, user_id, ids in rows}

    @api.model
    def _board_counts(self, figures):
        """Return {user id, or False: {figure: number of open cases}}."""
        return {
            user_id: dict(zip(FIGURES, numbers, strict=True))
            for (name, user_id), numbers in figures.items()
            if name == "open"
        }

    @api.model
    def _board_open_sql(self, domain, now):
        query = self._search(domain)
        query.groupby = SQL("user_id")
        counts = (
            SQL("count(*)::int"),
            SQL(
                "count(*) FILTER (WHERE next_warning_at <= %s"
                " AND next_deadline >= %s)::int",
                now,
                now,
            ),
            SQL("count(*) FILTER (WHERE next_deadline < %s)::int", now),
            SQL("count(*) FILTER (WHERE awaiting_reply_since IS NOT NULL)::int"),
        )
        return query.select(
            SQL("'open'"), SQL("user_id"), SQL("ARRAY[%s]", SQL(", ").join(counts))
        )

    @api.model
    def _board_updates_sql(self, domain, now):
        query = self._search([*domain, ("is_update_overdue", "=", True)])
        query.groupby = SQL("user_id")
        return query.select(
            SQL("'updates'"), SQL("user_id"), SQL("ARRAY[count(*)::int]")
        )

    @api.model
    def _board_failing_sql(self, domain):
        query = self._search(domain)
        return SQL(
            "SELECT 'failing', NULL::int, ARRAY[count(*)::int] FROM aftersales_clock"
            " WHERE error_count > 0 AND case_id IN (%s)",
            query.select(),
        )

    @api.model
    def _board_picks_sql(self, domain, now):
        """Return the cases that people took though others were more pressing; what has
        become of them since is no matter."""
        query = self._search([leaf for leaf in domain if leaf[0] != "is_open"])
        return SQL(
            "SELECT 'out_of_order', actor_id, array_agg(DISTINCT case_id)"
            " FROM aftersales_event WHERE kind = 'picked' AND at >= %s"
            " AND actor_kind = 'user' AND (data ->> 'out_of_order')::bool"
            " AND case_id IN (%s) GROUP BY actor_id",
            now - timedelta(days=PICK_DAYS),
            query.select(),
        )

    @api.model
    def _board_tomorrow_sql(self, domain, now):
        return self._tomorrow_query(domain, now).select(
            SQL("'tomorrow'"), SQL("NULL::int"), SQL("ARRAY[count(*)::int]")
        )

    @api.model
    def _tomorrow_query(self, domain, now):
        """Return the ``Query`` of promises that break before tomorrow ends, if nothing
        is done; of an overdue case, those that are still to be kept."""
        # The nearest deadline of a case is on it: the others need no look.
        last = max(self._ends_of_tomorrow(now))
        cases = self._search([*domain, ("next_deadline", "<", last)])
        query = self.env["aftersales.clock"]._search(
            self._tomorrow_domain(now), bypass_access=True
        )
        query.add_where(SQL("aftersales_clock.case_id IN (%s)", cases.select()))
        return query

    @api.model
    def _tomorrow_domain(self, now):
        """Return the domain of promises that break before tomorrow ends, if nothing is
        done; each company has its own tomorrow."""
        ends = self._ends_of_tomorrow(now)
        until = Domain.OR(
            [("deadline", "<", end), ("company_id", "in", company_ids)]
            for end, company_ids in ends.items()
        )
        if len(ends) == 1:
            until = Domain("deadline", "<", next(iter(ends)))
        open_ones = [
            ("state", "=", "running"),
            ("outcome", "=", "none"),
            ("carried_breach", "=", False),
            ("deadline", ">=", now),
        ]
        return list(Domain(open_ones) & until)

    @api.model
    def _ends_of_tomorrow(self, now):
        """Return {end of tomorrow: ids of those of the reader's companies that have
        it then}."""
        ends = {}
        for company in self.env.companies:
            end = self._end_of_tomorrow(company, now)
            ends.setdefault(end, []).append(company.id)
        return ends

    @api.model
    def _end_of_tomorrow(self, company, now):
        """Return when the day after today ends for a company, as ``datetime`` UTC."""
        zone = pytz.timezone(known_zone(company.sudo().aftersales_tz))
        today = pytz.utc.localize(now).astimezone(zone).date()
        midnight = datetime.combine(today + timedelta(days=2), time.min)
        return zone.localize(midnight).astimezone(pytz.utc).replace(tzinfo=None)

    def _compute_is_update_overdue(self):
        domain = [("id", "in", self.ids), ("is_update_overdue", "=", True)]
        overdue = self.with_context(active_test=False).search(domain)
        for case in self:
            case.is_update_overdue = case in overdue

    def _search_is_update_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("id", "in", self._overdue_updates_sql(fields.Datetime.now()))]

    @api.model
    def _overdue_updates_sql(self, now):
        """Return the ids of cases whose progress update is overdue, as ``SQL``.

        A missed update ends its cycle, and the next one starts at the missed deadline:
        the update is overdue until one is kept.
        """
        return SQL(
            """(
            SELECT clock.case_id FROM aftersales_clock AS clock
             WHERE clock.state = 'running' AND clock.snapshot->'chained' = 'true'
               AND (clock.outcome = 'breached' OR clock.deadline < %s OR EXISTS (
                   SELECT FROM aftersales_clock AS earlier
                    WHERE earlier.case_id = clock.case_id AND earlier.kind = clock.kind
                      AND earlier.subject = clock.subject
                      AND earlier.cycle = clock.cycle - 1
                      AND earlier.outcome = 'breached'))
            )""",
            now,
        )
