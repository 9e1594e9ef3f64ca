import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.core_api import commit_progress, hand_over
from .aftersales_job import LISTED, sentence
from .trust import system_only

_logger = logging.getLogger(__name__)

# Times in a row that a batch may be broken off; after each, others have their turn for
# a minute, and twice as long each time.
ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=1)


class AftersalesJob(models.Model):
    """How work in the background is done: batch by batch, one transaction each."""

    _inherit = "aftersales.job"

    @api.model
    @system_only
    def _cron_work(self):
        """Do the work that waits, the most urgent and oldest first, batch by batch."""
        while claim := self._repeated(self._claim):
            try:
                left = self._repeated(self._work_claimed, *claim)
            except OperationalError:
                continue  # it has its pause; others have their turn
            if not left:
                hand_over(self.env, "aftersales_service.ir_cron_job")
                return
        commit_progress(self.env, remaining=0)

    @api.model
    def _claim(self):
        """Choose the next job and commit that a batch of it is begun, so that this
        outlives a process that dies of the work.

        The pause written with it keeps others away until the batch is locked, and from
        a job of which nothing more is heard.

        :return: tuple of the job and the number of the attempt; None without work
        """
        self.flush_model()
        while rows := self.env.execute_query(self._claim_sql(fields.Datetime.now())):
            [(job_id, attempt)] = rows
            job = self.browse(job_id)
            job.invalidate_recordset(["attempts", "retry_at"], flush=False)
            if attempt > ATTEMPTS:
                job._fail(job._broken_off_error())
            commit_progress(self.env)
            if attempt <= ATTEMPTS:
                return job, attempt
        return None

    @api.model
    def _claim_sql(self, now):
        return SQL(
            """
            UPDATE aftersales_job
               SET attempts = attempts + 1,
                   retry_at = %(now)s + %(pause)s * power(2, attempts)
             WHERE id = (
                SELECT id FROM aftersales_job
                 WHERE state IN ('queued', 'running')
                   AND (not_before IS NULL OR not_before <= %(now)s)
                   AND (retry_at IS NULL OR retry_at <= %(now)s)
              ORDER BY priority, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
             ) RETURNING id, attempts
            """,
            now=now,
            pause=FIRST_PAUSE,
        )

    def _broken_off_error(self):
        return UserError(
            self.env._(
                "This work was interrupted %(count)s times without getting on. The log "
                "of the server says why; fix the cause, then press “Try Again”.",
                count=ATTEMPTS,
            )
        )

    @api.model
    def _work_claimed(self, job, attempt):
        """Work on the next batch of a job and commit it, unless somebody changes or has
        cancelled the job, or another worker has taken it since.

        :param int attempt: number of the attempt that was written down
        :return: seconds left to work
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM aftersales_job WHERE id = %s AND attempts = %s"
                " AND state IN ('queued', 'running') FOR NO KEY UPDATE SKIP LOCKED",
                job.id,
                attempt,
            )
        )
        processed = job._work_batch() if rows else 0
        return commit_progress(self.env, processed, remaining=1)

    def _work_batch(self):
        """Work on the next batch of a locked job; nothing is committed yet.

        :return: number of records worked on
        """
        self.ensure_one()
        before = self.done
        try:
            with self.env.cr.savepoint():
                if self.state == "queued":
                    self._begin()
                self._do_batch()
        except OperationalError:
            raise
        except UserError as error:
            # It cannot go on as things are, and says why.
            self._fail(error)
        except Exception as error:  # noqa: BLE001
            _logger.warning("After-sales work %s failed", self.id, exc_info=True)
            self._fail(error)
        self.write({"attempts": 0, "retry_at": False})
        return max(self.done - before, 0)

    def _fail(self, error):
        self.write(
            {
                "state": "failed",
                "error": sentence(error),
                "finished_at": fields.Datetime.now(),
            }
        )

    def _begin(self):
        values = {"state": "running"}
        if not self.started_at:
            total = self._method("count")(self._for_work())
            values.update(started_at=fields.Datetime.now(), total=total)
        self.write(values)

    def _do_batch(self):
        kind = self._job_kinds()[self.kind]
        job = self._for_work()
        ids = self._method("next")(job, job.cursor, kind.batch_size)
        if not ids:
            self._finish()
            return
        failures = self._isolated(job, ids)
        self._note({"failures": failures} if failures else None)
        self.write(
            {
                "cursor": ids[-1],
                "done": self.done + len(ids),
                "failed": self.failed + len(failures),
            }
        )
        if len(ids) < kind.batch_size:
            self._finish()

    def _finish(self):
        finish = self._method("finish")
        again_at = finish(self._for_work()) if finish else None
        if again_at:
            self.write({"cursor": 0, "not_before": again_at})
            self._wake(again_at)
        else:
            self.write({"state": "done", "finished_at": fields.Datetime.now()})

    def _isolated(self, job, ids):
        """Work on all records at once, or one by one if that fails.

        :return: list of what failed, as dicts of id and error
        """
        tally, error = self._attempt(self._method("work"), job, ids)
        if error is None:
            self._note(tally)
            return []
        if len(ids) == 1:
            return [{"id": ids[0], "error": sentence(error)}]
        return [failure for id_ in ids for failure in self._isolated(job, [id_])]

    def _note(self, tally):
        """Add to the result: numbers are summed, lists joined up to a limit.

        :param dict tally: what a batch found, or nothing
        """
        if not tally:
            return
        result = dict(self.result or {})
        for key, value in tally.items():
            known = self._found(key, None)
            if isinstance(value, list):
                result[key] = [*(known or ()), *value][:LISTED]
            else:
                result[key] = (known or 0) + value
        self.result = result

    def _found(self, key, default=0):
        """Return what the result says under a key, so far."""
        return (self.result or {}).get(key, default)

    def _for_work(self):
        """Return the job in its company, as those get it who do the work."""
        return self.with_company(self.company_id) if self.company_id else self

    def _method(self, name):
        """Return a method of those who do the work; None if they have none."""
        kind = self._job_kinds().get(self.kind)
        if kind is None:
            return None
        env = self._for_work().env
        return getattr(env[kind.model], f"{kind.prefix}_{name}", None)
