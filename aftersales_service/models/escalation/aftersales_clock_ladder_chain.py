from odoo import api, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import from_epoch
from .aftersales_clock_ladder import DueSteps


class AftersalesClock(models.Model):
    """The escalation steps of a chain: a promise that the next one follows ends as it
    is breached, and its steps at the deadline are taken afterwards."""

    _inherit = "aftersales.clock"

    @api.model
    def _complete(self, row, now):
        """Note that a broken promise of a chain, which ended at once because the next
        began, has steps at its deadline left: the job takes them."""
        decided_before = bool(row.values.get("decision"))
        result = super()._complete(row, now)
        ended_now = machine.follows(row.clock) and not decided_before
        if ended_now and self._steps_left_at_deadline(row):
            row.values.update(owes_steps=True, retry_at=from_epoch(now))
        return result

    @api.model
    def _take_steps_of_ended(self, rows, now):
        """Take the steps at the deadline of broken promises that ended by it: when the
        team is there, and only while the promise that follows is running. So of several
        missed unnoticed only the last is told, and none after an answer.

        :param list rows: locked rows
        :param int now: epoch seconds
        """
        known = self._known_records(rows)
        clocks = self._records(row.id for row in rows)
        followed = self._followed_by_running(rows)
        taken, special, failures = [], [], []
        for row in rows:
            due = self._due_at_end(row, now, followed)
            steps = self._sort_out(clocks[row.id], due.acting, known)
            plain, with_actions, errors = steps
            self._take_at_end(row, due, plain, now)
            taken += [(row, step) for step in plain]
            special += [(row, step) for step in with_actions]
            failures += [(row, due, error) for error in errors]
        self._store_at_end(rows)
        done, failed = self._take_one_by_one(
            special, now, self._due_at_end, self._fire_at_end
        )
        for row, due, error in failures + failed:
            self._record_step_failure(row, due, error, now)
        self._act(self._steps_due(taken + done), now)

    @api.model
    def _due_at_end(self, row, now, followed=None):
        """Return the :class:`DueSteps` steps of a clock that ended when it broke.

        :param followed: ids of the clocks whose next one is running, of all that are
            worked on; looked up when not given
        """
        steps = self._steps_left_at_deadline(row)
        if followed is None:
            followed = self._followed_by_running([row])
        if row.id not in followed:
            return DueSteps([], steps, None)
        opening = self._opening(row, now)
        ready = [s for s in steps if opening <= now or s.get("urgent")]
        return DueSteps(ready, [], opening if len(ready) < len(steps) else None)

    @api.model
    def _take_at_end(self, row, due, steps, now):
        """Claim some of the steps that act, skip those that are past, and set when to
        look again at what is left."""
        self._claim(row, due.past, now, fired=False)
        self._claim(row, steps, now, fired=True)
        left = self._steps_left_at_deadline(row)
        row.values.update(
            owes_steps=bool(left),
            retry_at=from_epoch(due.waits_until or now) if left else None,
        )
        undone = [step for step in due.acting if step in left]
        if not undone and not self._is_notification_due(row):
            row.values.update(error_count=0, last_error=None)

    @api.model
    def _store_at_end(self, rows):
        self._update(rows)
        self._write_ledger(rows)
        self._forget_cache()

    @api.model
    def _fire_at_end(self, row, due, steps, now):
        """Take steps of one clock that has ended, and store that."""
        self._take_at_end(row, due, steps, now)
        self._store_at_end([row])

    @api.model
    def _followed_by_running(self, rows):
        """Return the ids of those cycles whose next one is running."""
        found = self.env.execute_query(
            SQL(
                """
                SELECT ended.id
                  FROM aftersales_clock ended
                  JOIN aftersales_clock follower
                    ON follower.case_id = ended.case_id
                   AND follower.kind = ended.kind
                   AND follower.subject = ended.subject
                   AND follower.cycle = ended.cycle + 1
                 WHERE ended.id = ANY(%s) AND follower.state = 'running'
                """,
                [row.id for row in rows],
            )
        )
        return {clock_id for [clock_id] in found}

    @api.model
    def _steps_left_at_deadline(self, row):
        return [
            step
            for step in row.clock.steps
            if (step.get("offset") == 0 or step.get("percent") == 100)
            and step["key"] not in row.clock.steps_done
        ]

    @api.model
    def _claim(self, row, steps, now, *, fired):
        """Add the ledger lines of steps that an ended clock takes or skips."""
        clock = row.clock
        clock.steps_done = [*clock.steps_done, *(step["key"] for step in steps)]
        row.add(
            [
                {
                    "kind": "step_fired" if fired else "step_skipped",
                    "at": now,
                    "cause": step["key"],
                    "deadline_before": clock.deadline,
                    "deadline_after": clock.deadline,
                    "consumed_before": None,
                    "consumed_after": None,
                    "data": {"due": clock.deadline + 1},
                }
                for step in steps
            ]
        )
