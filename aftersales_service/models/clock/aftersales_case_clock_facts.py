from odoo import models
from odoo.tools import SQL

from ...tools.business_time import to_epoch
from ...tools.promise_kind import Facts


class AftersalesCase(models.Model):
    """What the promises of a case are judged by, and what a case mirrors of them."""

    _inherit = "aftersales.case"

    # Facts ----------------------------------------------------------------------

    def _clock_facts(self, *, whole=False):
        """Return {case id: :class:`Facts`} of what is known of the cases.

        :param whole: with what only the ledger knows: moves, loss of the owner, and
            when events happened
        """
        facts = {case.id: case._own_facts() for case in self.sudo()}
        if whole:
            self._add_history(facts)
            self._add_moves(facts)
        return facts

    def _add_history(self, facts):
        """Add to facts since when cases have no owner any more, and when the events
        happened last that kinds of ledger lines name in their rows."""
        for case_id, at in self._owner_lost_at().items():
            facts[case_id].owner_lost_at = to_epoch(at)
        kinds = self.env["aftersales.event"]._kinds().items()
        events = {code: kind.events for code, kind in kinds if kind.events}
        if not events:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, kind, max(at) FROM aftersales_event"
                " WHERE case_id = ANY(%s) AND kind = ANY(%s) GROUP BY case_id, kind",
                list(facts),
                list(events),
            )
        )
        for case_id, kind, at in rows:
            happened = facts[case_id].happened
            for event in events[kind]:
                happened[event] = max(to_epoch(at), happened.get(event, 0))

    def _own_facts(self):
        """Return the :class:`Facts` that the case itself holds."""
        self.ensure_one()

        def epoch(at):
            return to_epoch(at) if at else None

        return Facts(
            received_at=to_epoch(self.received_at),
            stage=self.stage_kind,
            marked=bool(self.mark),
            active=self.active,
            owned=bool(self.user_id),
            classified=bool(self.category_id),
            acknowledged=bool(self.acknowledged_at),
            answered=bool(self.first_response_at),
            last_reply_at=epoch(self.last_reply_at),
            waits_since=epoch(self.awaiting_reply_since),
        )

    def _add_moves(self, facts, case_ids=None):
        """Add to facts the moves of the cases, by the ledger. Another stage of the same
        kind, because a case changed its team, is none.

        :param dict facts: {case id: :class:`Facts`}
        :param case_ids: of which, all when not given
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, at, data->>'to_kind' FROM aftersales_event"
                " WHERE case_id = ANY(%s) AND kind = 'stage_changed'"
                " AND cause IS DISTINCT FROM 'team' ORDER BY case_id, id",
                list(facts if case_ids is None else case_ids),
            )
        )
        for case_id, at, stage in rows:
            facts[case_id].moves.append((to_epoch(at), stage))

    def _owner_lost_at(self):
        """Return {case id: ``datetime``} since when those that had an owner have
        none."""
        ids = self.filtered(lambda case: not case.user_id).ids
        if not ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT ON (case_id) case_id, at FROM aftersales_event"
                " WHERE case_id = ANY(%s) AND kind = 'assigned'"
                " AND data ? 'user_id' ORDER BY case_id, id DESC",
                ids,
            )
        )
        return dict(rows)

    # Mirrors --------------------------------------------------------------------

    def _refresh_clock_mirrors(self):
        """Copy the nearest deadline and warning of running clocks onto the cases, by
        SQL and only where they changed. Broken promises that still run are among them,
        so a case is overdue exactly while ``next_deadline`` lies in the past."""
        if not self:
            return
        rows = self.env.execute_query(self._clock_mirrors_sql())
        changed = self.browse([row[0] for row in rows])
        names = ["next_deadline", "next_warning_at"]
        changed.modified(names)
        changed.invalidate_recordset(names, flush=False)

    def _clock_mirrors_sql(self):
        # Locked in the order of ids, so that two batches cannot block each other.
        return SQL(
            """
            WITH cases AS (
                SELECT id FROM aftersales_case
                 WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
            ), mirror AS (
                SELECT cases.id, min(clock.deadline) AS next_deadline,
                       min(clock.warning_at) AS next_warning_at
                  FROM cases
             LEFT JOIN aftersales_clock clock
                    ON clock.case_id = cases.id AND clock.state = 'running'
              GROUP BY cases.id
            )
            UPDATE aftersales_case AS aftersales
               SET next_deadline = mirror.next_deadline,
                   next_warning_at = mirror.next_warning_at
              FROM mirror
             WHERE aftersales.id = mirror.id
               AND (aftersales.next_deadline, aftersales.next_warning_at)
                   IS DISTINCT FROM (mirror.next_deadline, mirror.next_warning_at)
            RETURNING aftersales.id
            """,
            list(self.ids),
        )
