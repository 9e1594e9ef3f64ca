from contextlib import suppress
from datetime import datetime

from odoo import models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools import promise_life as life
from ...tools.business_time import NoWorkingTime, to_epoch
from ...tools.clock_machine import Clock
from .aftersales_clock_row import ClockRow

# What a time promised to a customer is judged by if no policy says more.
DEFAULT_TARGET = {
    "id": None,
    "policy_id": None,
    "policy_version": None,
    "target_seconds": 0,
    "calendar_mode": "team",
    "calendar_id": False,
    "ack_counts": False,
    "pauses": [],
    "warn_percent": 80,
}


class AftersalesCase(models.Model):
    """How a promise begins: by which target, with which number, and from when on."""

    _inherit = "aftersales.case"

    def _clock_instants(self, at):
        return dict.fromkeys(self.ids, at) if isinstance(at, datetime) else at

    def _clock_subjects(self, subject):
        return dict.fromkeys(self.ids, subject) if isinstance(subject, str) else subject

    def _clock_targets(self, kinds):
        """Return {case id: {kind: plain data of the target}} of what is promised, by
        the policies of the day of receipt. A time promised to a customer is a promise
        with or without a policy."""
        received = {case.id: case.received_at for case in self.sudo()}
        matched = self.env["aftersales.policy"]._match_plain(self, kinds, received)
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        for kind in (kind for kind in kinds if rules[kind].is_promised_time):
            for found in matched.values():
                found.setdefault(kind, {**DEFAULT_TARGET, "kind": kind})
        return matched

    def _clock_cycles_known(self):
        """Return {(case id, kind, subject): (last cycle, whether it goes on)}."""
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, kind, subject, max(cycle), bool_or(state <> 'stopped')"
                " FROM aftersales_clock WHERE case_id = ANY(%s)"
                " GROUP BY case_id, kind, subject",
                list(self.ids),
            )
        )
        return {tuple(row[:3]): tuple(row[3:]) for row in rows}

    def _clocks_replace(self, matched, instants, subjects):
        """End the promises in whose place new ones are told: void if they were still
        open, for the customer knows of the new time before the old one."""
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        kinds = {
            kind
            for found in matched.values()
            for kind in found
            if rules[kind].repeats == "moved"
        }

        def act(row, schedule, instant):
            if row.values["subject"] != subjects[row.values["case_id"]]:
                return []
            return machine.void(row.clock, schedule, instant, "moved")

        if kinds:
            self._clocks_act(act, instants, kinds)

    def _first_or_next_row(self, target, at, known, subject, facts):
        """Return the cycle that a start begins, or None if it begins none.

        :param dict target: plain data of the target
        :param at: ``datetime`` it counts from
        :param dict known: see :meth:`_clock_cycles_known`
        :param facts: :class:`Facts` of the case
        """
        self.ensure_one()
        rule = self.env["aftersales.policy.target"]._clock_kinds()[target["kind"]]
        subject = subject if rule.per_subject else ""
        number, goes_on = known.get((self.id, target["kind"], subject), (0, False))

        def runs(kind):
            return known.get((self.id, kind, ""), (0, False))[1]

        if not life.may_owe(rule, facts):
            return None
        if not life.begins_next(rule, facts, number, goes_on, runs):
            return None
        values = {"subject": subject, "cycle": number + 1}
        return self._new_row(target, to_epoch(at), **values)

    def _complete_row(self, row, deadline):
        """Set what only some kinds of promises have: an instant promised to the
        customer, or the instant from which on the case is long-running."""
        if deadline is not None:
            row.clock.fixed_deadline = to_epoch(deadline)
            row.clock.target_seconds = max(
                row.clock.fixed_deadline - row.clock.started_at, 0
            )
        row.clock.floor_at = None
        if long_running := row.values["snapshot"].get("long_running_seconds"):
            schedule = self.env["aftersales.clock"].sudo()._schedule(row)
            received = to_epoch(self.sudo().received_at)
            with suppress(NoWorkingTime):  # planning it will say so
                floor = schedule.add(received, long_running)
                if floor > row.clock.started_at:
                    row.clock.floor_at = floor

    def _new_row(self, target, at, **values):
        """Return a cycle of a promise to this case, not stored yet.

        :param dict target: plain data of the target, see ``_plain``
        :param int at: epoch seconds
        :param values: further columns
        """
        self.ensure_one()
        kind = target["kind"]
        rules = self._rule_values(target)
        clock = Clock(
            started_at=at,
            target_seconds=target["target_seconds"],
            warn_percent=target["warn_percent"],
            chained=rules["snapshot"]["chained"],
            steps=rules["snapshot"]["steps"],
        )
        around = {
            "case_id": self.id,
            "company_id": self.company_id.id,
            "kind": kind,
            "subject": "",
            "cycle": 1,
            **rules,
            **values,
        }
        return ClockRow(clock, around)

    def _rule_values(self, target):
        """Return the columns that copy the rules of a target onto a clock."""
        business = self.team_id._service_calendar()
        calendar = business
        if target["calendar_mode"] == "calendar":
            calendar = business.browse(target["calendar_id"])
        elif target["calendar_mode"] == "always":
            calendar = business.browse()
        rule = self.env["aftersales.policy.target"]._clock_kinds()[target["kind"]]
        return {
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
                "steps": target.get("steps", []),
                "on_reopen": target.get("on_reopen", "carry"),
                "long_running_seconds": target.get("long_running_seconds", 0),
                "chained": rule.repeats == "chain",
            },
        }

    def _clocks_begin(self, rows, begin, facts, *, changed_at=None, cause=None):
        """Start new cycles, pause those of waiting cases, and judge what began so long
        ago that it is late already.

        :param begin: function of a clock and its schedule; returns ledger lines
        :param dict facts: {case id: :class:`Facts`}
        :param changed_at: instant of the change of the case that the cycles start
            from, if any: none of them is breached before it
        """
        Clocks = self.env["aftersales.clock"].sudo()
        now = to_epoch(self._clock_now())
        self._add_moves_of_waiting(rows, facts, now)
        changed = []
        for row in rows:
            schedule = Clocks._schedule(row)
            row.add(begin(row.clock, schedule))
            if changed_at is not None:
                instant = to_epoch(changed_at)
                row.add(machine.judge_change(row.clock, schedule, instant, cause))
            known, terms = facts[row.values["case_id"]], row.values["snapshot"]
            changed += life.settle_begun(row, schedule, known, terms, now)
        self._clocks_store(changed)

    def _add_moves_of_waiting(self, rows, facts, now):
        """Add the moves of those cases that a cycle which counts from before now waits
        with: it waits since the case does."""
        waiting = {
            row.values["case_id"]
            for row in rows
            if row.clock.started_at < now
            and life.pause_cause(
                row.values["snapshot"], facts[row.values["case_id"]].stage
            )
        }
        unread = [case_id for case_id in waiting if not facts[case_id].moves]
        if unread:
            self._add_moves(facts, unread)
