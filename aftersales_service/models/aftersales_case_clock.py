from datetime import datetime

from odoo import fields, models
from odoo.tools import SQL

from ..tools import clock_machine as machine
from ..tools.business_time import to_epoch
from ..tools.clock_machine import Clock
from .aftersales_clock import Cycle


class AftersalesCase(models.Model):
    """The promises of a case: what starts, pauses and ends its clocks.

    Every method takes many cases and costs the same few queries for all of them.
    Instants are naive UTC ``datetime`` without microseconds.
    """

    _inherit = "aftersales.case"

    def _clocks_start(self, kinds, at):
        """Start the promises that the policies make; a kind that a case has had
        already is left alone.

        :param kinds: codes of kinds
        :param at: when they count from, a ``datetime`` or {case id: ``datetime``}
        """
        if not self:
            return
        instants = self._clock_instants(at)
        matched = self.env["aftersales.policy"]._match_plain(self, kinds, instants)
        known = self._clock_kinds_known(kinds)
        cycles = [
            case._new_cycle(target, to_epoch(instants[case.id]))
            for case in self.sudo()
            for kind, target in matched[case.id].items()
            if (case.id, kind) not in known
        ]
        self._clocks_begin(cycles, machine.start)

    def _clocks_stop(self, kinds, at, cause=None):
        """Fulfil promises: kept if that is not after their deadline.

        An acknowledgement also fulfils a first answer whose policy says so.

        :param kinds: codes of kinds
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code, for the ledger
        """
        wanted = set(kinds)
        kinds = wanted | ({"first_response"} & self._ack_kinds(wanted))

        def act(cycle, schedule, instant):
            kind, rules = cycle.values["kind"], cycle.values["snapshot"]
            if kind in wanted or rules["ack_counts"]:
                return machine.stop(cycle.clock, schedule, instant, cause)
            return []

        self._clocks_act(act, at, kinds)

    def _clocks_stage_changed(self, moves, at):
        """Pause, resume, fulfil or void promises because cases changed stage.

        :param dict moves: {case id: (old kind of stage, new kind)}
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()

        def act(cycle, schedule, instant):
            stage_kind = moves[cycle.values["case_id"]][1]
            if stage_kind == "cancelled":
                return machine.void(cycle.clock, schedule, instant, "cancelled")
            if stage_kind in rules[cycle.values["kind"]].met_by_stages:
                return machine.stop(cycle.clock, schedule, instant, "stage")
            if stage_kind in cycle.values["snapshot"]["pauses"]:
                return machine.pause(cycle.clock, schedule, instant, stage_kind)
            return machine.resume(cycle.clock, schedule, instant, "stage")

        self._clocks_act(act, at)

    def _clocks_void(self, at, cause):
        """End all promises without judging them; what was broken stays broken.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code: ``spam``, ``test``, ``cancelled``, ``merged`` …
        """

        def act(cycle, schedule, instant):
            return machine.void(cycle.clock, schedule, instant, cause)

        self._clocks_act(act, at)

    def _clocks_reopen(self, at):
        """Begin new cycles of the promises that live on after a reopening: they carry
        the time used before; the time in between counts as paused.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()

        def wanted(cycle):
            ended_itself = cycle.clock.void_cause in (None, "carried")
            return rules[cycle.values["kind"]].carried and ended_itself

        self._clocks_renew(at, wanted, machine.reopen)

    def _clocks_restart(self, at):
        """Begin anew the promises that were voided by a mark or cancellation taken
        back: from their first start, as if they had never been void.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """

        def wanted(cycle):
            return cycle.clock.void_cause not in (None, "carried")

        self._clocks_renew(at, wanted, machine.restart)

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

    # Parts --------------------------------------------------------------------

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

    def _clock_now(self):
        """Return the instant up to which clocks are judged: the present, or the one
        that history told after the fact has come to. A context that came over RPC
        holds plain JSON and can never contain a ``datetime``."""
        told = self.env.context.get("aftersales_now")
        return told if isinstance(told, datetime) else fields.Datetime.now()

    def _clock_instants(self, at):
        return dict.fromkeys(self.ids, at) if isinstance(at, datetime) else at

    def _clock_kinds_known(self, kinds):
        """Return the set of (case id, kind) that have been started before."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT case_id, kind FROM aftersales_clock"
                " WHERE case_id = ANY(%s) AND kind = ANY(%s)",
                list(self.ids),
                list(kinds),
            )
        )
        return set(rows)

    def _ack_kinds(self, kinds):
        return {"first_response"} if "acknowledgement" in kinds else set()

    def _new_cycle(self, target, at):
        """Return the first cycle of a promise to this case, not stored yet.

        :param dict target: plain data of the target, see ``_plain``
        :param int at: epoch seconds
        """
        self.ensure_one()
        business = self.team_id._service_calendar()
        calendar = business
        if target["calendar_mode"] == "calendar":
            calendar = business.browse(target["calendar_id"])
        elif target["calendar_mode"] == "always":
            calendar = business.browse()
        values = {
            "case_id": self.id,
            "company_id": self.company_id.id,
            "kind": target["kind"],
            "cycle": 1,
            "policy_id": target["policy_id"],
            "target_id": target["id"],
            "policy_version": target["policy_version"],
            "calendar_id": calendar.id or None,
            "tz": calendar.tz or "UTC",
            "snapshot": {
                "calendar_mode": target["calendar_mode"],
                "business_calendar_id": business.id,
                "pauses": target["pauses"],
                "ack_counts": target["ack_counts"],
                "warn_percent": target["warn_percent"],
            },
        }
        clock = Clock(
            started_at=at,
            target_seconds=target["target_seconds"],
            warn_percent=target["warn_percent"],
        )
        return Cycle(clock, values)

    def _clocks_act(self, act, at, kinds=None):
        """Do something to the clocks of the cases that have not ended.

        :param act: function of a cycle, its schedule and an instant in epoch seconds;
            returns ledger lines
        """
        if not self:
            return
        Clocks = self.env["aftersales.clock"].sudo()
        instants = self._clock_instants(at)
        cycles = Clocks._load_of_cases(self.ids, kinds)
        for cycle in cycles:
            instant = to_epoch(instants[cycle.values["case_id"]])
            cycle.add(act(cycle, Clocks._schedule(cycle), instant))
        self._clocks_store(cycles)

    def _clocks_begin(self, cycles, begin):
        """Start new cycles, pause those of waiting cases, and judge what began so long
        ago that it is late already."""
        Clocks = self.env["aftersales.clock"].sudo()
        now = to_epoch(self._clock_now())
        stage_kinds = {case.id: case.stage_kind for case in self.sudo()}
        for cycle in cycles:
            schedule = Clocks._schedule(cycle)
            cycle.add(begin(cycle.clock, schedule))
            stage_kind = stage_kinds[cycle.values["case_id"]]
            if stage_kind in cycle.values["snapshot"]["pauses"]:
                cycle.add(machine.pause(cycle.clock, schedule, now, stage_kind))
            cycle.add(machine.settle(cycle.clock, schedule, now))
        self._clocks_store(cycles)

    def _clocks_renew(self, at, wanted, renew):
        """Begin the next cycle of the promises whose last one has ended.

        :param wanted: function of the last cycle: whether it goes on
        :param renew: function of the old clock, schedule and instant; returns the new
            clock and ledger lines
        """
        if not self:
            return
        Clocks = self.env["aftersales.clock"].sudo()
        instants = self._clock_instants(at)
        last = {}
        for cycle in Clocks._load_of_cases(self.ids, ended=True):
            last[cycle.values["case_id"], cycle.values["kind"]] = cycle
        begun = []
        for (case_id, _kind), cycle in last.items():
            if cycle.clock.state != "stopped" or not wanted(cycle):
                continue
            instant = to_epoch(instants[case_id])
            clock, lines = renew(cycle.clock, Clocks._schedule(cycle), instant)
            successor = cycle.successor(clock)
            successor.add(lines)
            begun.append(successor)
        self._clocks_begin(begun, lambda clock, schedule: [])

    def _clocks_store(self, cycles):
        """Store what happened to cycles of these cases, mirror it and tell it."""
        Clocks = self.env["aftersales.clock"].sudo()
        now = to_epoch(self._clock_now())
        changed = Clocks._store(cycles, now)
        if changed:
            self._refresh_clock_mirrors()
            Clocks._tell(changed, now)
