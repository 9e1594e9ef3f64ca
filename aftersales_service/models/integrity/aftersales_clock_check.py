"""What the checker needs to know of promises, and the list of failing ones."""

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools import replay
from ...tools.business_time import from_epoch


class AftersalesClock(models.Model):
    """Lines of the ledger that say enough to check everything else by them, and
    failures in words."""

    _inherit = "aftersales.clock"

    error_since = fields.Datetime(string="Failing Since", readonly=True)
    failure = fields.Char(
        compute="_compute_failure", help="What went wrong, and what to do about it."
    )

    @api.depends_context("lang")
    @api.depends("error_count", "last_error", "state")
    def _compute_failure(self):
        for clock in self:
            clock.failure = clock._failure_words() if clock.error_count else False

    def _failure_words(self):
        self.ensure_one()
        if self.last_error == machine.NO_WORKING_TIME:
            return self.env._(
                "No deadline can be found: the working hours “%s” hold no working "
                "time. Enter working times.",
                self.calendar_id.sudo().name,
            )
        return self.env._(
            "A step could not be taken: %s. Fix its cause, then try again.",
            self.last_error,
        )

    # Ledger -------------------------------------------------------------------

    @api.model
    def _ledger_data(self, cycle, line):
        """Add durations, why a promise is void, and fingerprints of the rules and of
        the frozen reasons: what of a clock would otherwise stand in one place only."""
        data = super()._ledger_data(cycle, line)
        clock, values = cycle.clock, cycle.values
        if clock.stopped_at or clock.decided_at:
            names = ("calendar_seconds", "business_seconds", "net_seconds")
            data.update((name, values[name]) for name in names)
        if line["kind"] in replay.DECISIVE:
            data["decision"] = replay.digest(values["decision"])
            if clock.void_cause:
                data["void_cause"] = clock.void_cause
        if line["kind"] in ("clock_started", "clock_retargeted"):
            data["rules"] = replay.digest(values["snapshot"])
        return data

    # Failures -----------------------------------------------------------------

    @api.model
    def _store(self, cycles, now):
        """Note since when clocks have no deadline."""
        stored = super()._store(cycles, now)
        self._note_since(
            [
                cycle.id
                for cycle in stored
                if cycle.clock.error and cycle.values["error_count"] == 1
            ],
            now,
        )
        return stored

    @api.model
    def _note_failure(self, clock_id, error, news, now):
        """Note since when a clock fails."""
        result = super()._note_failure(clock_id, error, news, now)
        self._note_since([clock_id], now)
        return result

    @api.model
    def _note_since(self, ids, now):
        """Note the instant of the first failure in a row."""
        if ids:
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_clock SET error_since = %s"
                    " WHERE id = ANY(%s) AND error_count = 1",
                    from_epoch(now),
                    ids,
                )
            )
            self._forget_cache()
