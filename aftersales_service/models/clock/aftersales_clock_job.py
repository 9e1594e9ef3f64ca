import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import from_epoch, to_epoch
from ...tools.core_api import commit_progress
from ..base.trust import system_only
from .aftersales_clock import ANNOUNCED, ERROR_RETRY

_logger = logging.getLogger(__name__)

BATCH_SIZE = 1000
# Times that a batch is begun when others change what it needs.
ATTEMPTS = 3
# Seconds until what failed is tried again, at most.
MAX_RETRY = 86400
# Seconds until a step of a ladder that was not taken is looked at again.
STEP_RETRY = 60


class AftersalesClock(models.Model):
    """The job that lets time pass on clocks, and what becomes of what fails."""

    _inherit = "aftersales.clock"

    @api.model
    @system_only
    def _cron_tick(self):
        """Do what is due: judge late promises, notice cases at risk.

        Every batch is locked, worked and committed on its own; rows that others work
        on are left for later. What fails is noted on the clock and tried again, ever
        more rarely, and never holds up the others.
        """
        now = to_epoch(fields.Datetime.now())
        while self._repeated(self._tick_batch, now):
            pass
        self._repeated(self._notify_again, now)

    @api.model
    def _tick_batch(self, now):
        """Do what is due on a batch of clocks, and commit.

        :return: whether there are more, and time for them
        """
        rows = self._lock_due(now)
        if not rows:
            return False
        # Those that follow in a chain are added to the list.
        count = len(rows)
        self._tick(rows, now)
        more = count == BATCH_SIZE
        left = commit_progress(self.env, count, remaining=int(more))
        return bool(left and more)

    @api.model
    def _notify_again(self, now):
        """Do what is left to do for clocks that have ended meanwhile: tell what could
        not be told, take the steps that waited."""
        rows = self._load(
            SQL("state = 'stopped' AND retry_at <= %s", from_epoch(now)),
            SQL("ORDER BY retry_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED", BATCH_SIZE),
        )
        if rows:
            owed = {row.id for row in rows if self._is_owed(row)}
            self._forget_failures([c.id for c in rows if c.id not in owed])
            self._tick([c for c in rows if c.id in owed], now)
            commit_progress(self.env, len(rows))

    @api.model
    def _is_owed(self, row):
        """Whether something is left to do for a clock that has ended."""
        return row.values["owes_steps"] or self._is_notification_due(row)

    @api.model
    def _is_notification_due(self, row):
        """Whether somebody still waits to be told of what could not be told."""
        pending = row.values["pending_event"]
        return pending in ANNOUNCED or bool(pending and self._is_listened_to())

    @api.model
    def _lock_due(self, now, limit=None):
        """Read and lock clocks that are due, most urgent first."""
        return self._load(
            SQL("state = 'running' AND next_event_at <= %s", from_epoch(now)),
            SQL(
                "ORDER BY next_event_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
                limit or BATCH_SIZE,
            ),
        )

    @api.model
    def _tick(self, rows, now):
        """Judge locked clocks and tell what happened, isolating what fails."""
        settled = self._isolated(rows, self._tick_rows, now)
        self._isolated(
            [c for c in settled if c.clock.steps and self._has_passed_steps(c, now)],
            self._take_due_steps,
            now,
            pending=False,
        )
        owing = [c for c in settled if c.values.get("owes_steps")]
        self._isolated(owing, self._take_steps_of_ended, now, pending=False)
        self._announce_news(settled, now)

    @api.model
    def _has_passed_steps(self, row, now):
        return bool(machine.passed_steps(row.clock, self._schedule(row), now))

    @api.model
    def _take_due_steps(self, rows, now):
        """Hook: steps of the ladder are due on these clocks.

        :param list rows: locked :class:`ClockRow` objects
        :param int now: epoch seconds
        """

    @api.model
    def _take_steps_of_ended(self, rows, now):
        """Hook: these clocks ended when they broke, and steps at their deadlines are
        left.

        :param list rows: locked :class:`ClockRow` objects
        :param int now: epoch seconds
        """

    @api.model
    def _tick_rows(self, rows, now):
        """Let time pass on clocks until an instant, and store what happened. Cycles
        that follow in a chain are added to the list."""
        healing = [row for row in rows if row.clock.error]
        for row in list(rows):
            if row.values["pending_event"]:
                row.news.append(row.values["pending_event"])
            if row.clock.state == "stopped":
                continue  # what follows on it has begun long since
            schedule = self._schedule(row)
            row.add(machine.tick(row.clock, schedule, now))
            followers = self._followers(row, schedule, now)
            for last in followers[-1:]:
                last.add(machine.tick(last.clock, schedule, now))
            rows += followers
        for row in rows:
            # What is due and cannot be done now must not be due at once again.
            due = row.clock.next_event_at
            if due is not None and due <= now:
                row.clock.next_event_at = now + STEP_RETRY
        quiet = [row for row in rows if not row.lines]
        self._store(rows, now)
        # The next of a chain, and one whose error ended, has a deadline of its own.
        dated = [c for c in rows if c.clock.chained]
        dated += [c for c in healing if not c.clock.error]
        moved = {row.values["case_id"] for row in dated}
        self.env["aftersales.case"].browse(moved)._refresh_clock_mirrors()
        for row in quiet:
            if row.clock.error:
                row.clock.next_event_at = now + ERROR_RETRY
        self._update(quiet)

    @api.model
    def _followers(self, row, schedule, now):
        """Return the cycles that follow on one of a chain. No pause moves a deadline
        set by hand; what follows on it waits from its start if its case does."""

        def wait(follower):
            case = self.env["aftersales.case"].browse(follower.values["case_id"])
            case._pause_as_stage(follower, schedule, follower.clock.started_at)

        by_hand = row.clock.fixed_deadline is not None
        return row.follow(schedule, now, wait if by_hand else None)[1:]

    @api.model
    def _announce_news(self, rows, now):
        """Announce what happened. A failure never undoes the fact: it is noted on the
        clock and tried again by the job."""
        listened = self._is_listened_to()
        for row in rows:
            pending = row.values.get("pending_event")
            if pending and pending not in row.news:
                row.news.insert(0, pending)
        self._isolated(
            [c for c in rows if c.news and (listened or ANNOUNCED & set(c.news))],
            self._announce,
            now,
        )

    @api.model
    def _isolated(self, rows, work, now, *, pending=True):
        """Do some work on all cycles at once, or one by one if that fails.

        :param work: function of a list of cycles, which it may add to, and an instant
        :param pending: whether to tell, when a failed one is tried again, what had
            happened to it
        :return: the cycles that were worked on
        """
        if not rows:
            return []
        ids = [row.id for row in rows]
        news = {row.id: list(row.news) for row in rows}
        _result, error = self._attempt(work, rows, now)
        if error is None:
            return rows
        done = []
        for row in self._load(
            SQL("id = ANY(%s)", ids), SQL("ORDER BY id FOR NO KEY UPDATE")
        ):
            row.news = list(news[row.id])
            single = [row]
            _result, error = self._attempt(work, single, now)
            if error is None:
                done += single
            else:
                told = news[row.id] or row.news
                self._note_failure(row.id, error, told if pending else [], now)
        return done

    @api.model
    def _note_failure(self, clock_id, error, news, now):
        """Note an error on a clock and when to try again: after one minute, then after
        twice as long each time, at most a day."""
        _logger.warning("After-sales clock %s failed: %s", clock_id, error)
        self.env.cr.execute(
            SQL(
                """
                UPDATE aftersales_clock
                   SET error_count = COALESCE(error_count, 0) + 1,
                       last_error = %(error)s,
                       pending_event = %(pending)s,
                       retry_at = %(now)s + LEAST(
                           60 * 2 ^ LEAST(COALESCE(error_count, 0), 20), %(max)s
                       ) * interval '1 second',
                       -- Its deadline is judged in time all the same.
                       next_event_at = LEAST(
                           %(now)s + LEAST(
                               60 * 2 ^ LEAST(COALESCE(error_count, 0), 20), %(max)s
                           ) * interval '1 second',
                           CASE WHEN outcome = 'none' AND deadline >= %(now)s
                                THEN deadline + interval '1 second' END
                       )
                 WHERE id = %(id)s
                """,
                id=clock_id,
                error=f"{type(error).__name__}: {error}"[:500],
                pending=next(
                    (c for c in news if c in ANNOUNCED), news[-1] if news else None
                ),
                now=from_epoch(now),
                max=MAX_RETRY,
            )
        )
        self._forget_cache()
