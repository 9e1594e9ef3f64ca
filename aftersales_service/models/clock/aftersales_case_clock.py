from contextlib import suppress
from datetime import datetime

from odoo import fields, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools import promise_life as life
from ...tools.business_time import NoWorkingTime, to_epoch
from ...tools.clock_machine import Clock
from ...tools.promise_life import Facts
from .aftersales_clock_row import ClockRow

# What a time told to a customer is judged by if no policy says more.
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
    """The promises of a case: what begins, pauses and ends its clocks.

    Which act follows from what happened is decided by ``tools/promise_life``; here the
    facts are read, and what comes of them is stored. Every method takes many cases and
    costs the same few queries for all of them. Instants are naive UTC ``datetime``
    without microseconds.
    """

    _inherit = "aftersales.case"

    # What happens to the case -----------------------------------------------------

    def _on_created(self):
        """Begin what counts from the receipt; what is made archived has its promises,
        as void."""
        super()._on_created()
        received = {case.id: case.received_at for case in self}
        for codes, cases in self.grouped(
            lambda case: case._events_of_receipt()
        ).items():
            cases._clocks_event(codes, received)
        archived = self.filtered(lambda case: not case.active)
        archived._clocks_void(fields.Datetime.now(), "archived")

    def _events_of_receipt(self):
        """Return the codes of what the receipt of the case means to its promises."""
        self.ensure_one()
        return life.receipt_codes(
            in_person=self.channel in self._channels_that_are("in_person"),
            owned=bool(self.user_id),
            flagged=self.handling_class in self._flagged_classes(),
        )

    def _on_moved(self, kinds, at):
        """Let moves pause, resume, fulfil, void, reopen or restore promises."""
        super()._on_moved(kinds, at)
        reopened = self.filtered(lambda case: life.is_reopening(*kinds[case.id]))
        revived = self.filtered(lambda case: life.is_revival(*kinds[case.id]))
        (self - reopened - revived)._clocks_stage_changed(kinds, at)
        reopened._clocks_reopen(at)
        revived._clocks_restore(at)
        worked = self.filtered(
            lambda case: (
                kinds[case.id][1] not in ("new", "cancelled")
                and case._is_worked_by_owner()
            )
        )
        worked._clocks_event("work_started", at)

    def _is_worked_by_owner(self):
        """Whether a move by the present user is the owner's work on a case that is to
        be begun at once."""
        self.ensure_one()
        user = self.env.user
        flagged = self.handling_class in self._flagged_classes()
        return flagged and user._is_internal() and user in (self.user_id or user)

    def _on_marked(self, at):
        """Promises of excluded cases are void; of restored ones they run again."""
        super()._on_marked(at)
        for mark, cases in self.grouped("mark").items():
            if mark:
                cases._clocks_void(at, mark)
            else:
                cases._clocks_restore(at)

    # Events -----------------------------------------------------------------------

    def _clocks_event(self, codes, at, *, cause=None, subject="", deadline=None):
        """Let something that happened to the cases begin and end their promises.

        This is the one way in which features drive clocks; which kinds an event starts
        and fulfils is said by ``aftersales.policy.target._clock_kinds``. What it
        fulfils comes first, so that the next cycle of a kind can start with it.

        :param codes: code of an event, or several of the same instant
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code for the ledger, the first event's when not given
        :param subject: what exactly, for kinds that live side by side: a text, or
            {case id: text}
        :param deadline: the ``datetime`` told to the customer, for a kind that is told
        """
        codes = (codes,) if isinstance(codes, str) else tuple(codes)
        rules = self.env["aftersales.policy.target"]._clock_kinds().items()
        ended = [kind for kind, rule in rules if life.may_fulfil(rule, codes)]
        voided = [kind for kind, rule in rules if life.voids(rule, codes)]
        begun = [kind for kind, rule in rules if life.begins(rule, codes)]
        if ended:
            self._clocks_stop(
                ended, at, cause or codes[0], subject=subject, codes=codes
            )
        if voided:
            self._clocks_void(at, cause or codes[0], voided)
        if begun:
            # What is made archived has its promises, as void.
            cases = self if "received" in codes else self.filtered("active")
            cases._clocks_start(begun, at, subject=subject, deadline=deadline)

    def _clocks_start(self, kinds, at, *, subject="", deadline=None):
        """Begin the promises that the policies make, each as its kind repeats.

        :param kinds: codes of kinds
        :param at: when they count from, a ``datetime`` or {case id: ``datetime``}
        :param subject: what exactly, see :meth:`_clocks_event`
        :param deadline: the ``datetime`` told to the customer, for a kind that is told
        """
        if not self:
            return
        instants = self._clock_instants(at)
        matched = self._clock_targets(kinds)
        if not any(matched.values()):
            return
        subjects = self._clock_subjects(subject)
        self._clocks_replace(matched, instants, subjects)
        known = self._clock_cycles_known()
        facts = self._clock_facts()
        begun = []
        for case in self.sudo():
            # The first answer is begun before the next one, which waits for it.
            for kind, target in sorted(matched[case.id].items()):
                about = subjects[case.id]
                row = case._first_or_next_cycle(
                    target, instants[case.id], known, about, facts[case.id]
                )
                if row:
                    case._complete_cycle(row, deadline)
                    known[case.id, kind, row.values["subject"]] = (1, True)
                    begun.append(row)
        self._clocks_begin(begun, machine.start, facts)

    def _clocks_stop(self, kinds, at, cause=None, *, subject="", codes=None):
        """Fulfil promises: met if that is not after their deadline.

        :param kinds: codes of kinds
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code, for the ledger
        :param subject: what exactly, see :meth:`_clocks_event`; empty: all subjects of
            a kind
        :param codes: of the events that fulfil them, where they decide; None: whatever
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        subjects = self._clock_subjects(subject)

        def act(row, schedule, instant):
            about, ended = row.values["subject"], subjects[row.values["case_id"]]
            if about and ended and about != ended:
                return []
            rule = rules[row.values["kind"]]
            if codes and not life.fulfils(rule, codes, row.values["snapshot"]):
                return []
            return machine.stop(row.clock, schedule, instant, cause)

        self._clocks_act(act, at, kinds)

    def _clocks_void(self, at, cause, kinds=None):
        """End promises without judging them; what was breached stays breached.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code: ``spam``, ``test``, ``cancelled``, ``merged`` …
        :param kinds: codes of kinds, all when not given
        """

        def act(row, schedule, instant):
            return machine.void(row.clock, schedule, instant, cause)

        self._clocks_act(act, at, kinds)

    def _clocks_stage_changed(self, moves, at):
        """Pause, resume, fulfil or void promises because cases changed stage.

        :param dict moves: {case id: (old kind of stage, new kind)}
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()

        def act(row, schedule, instant):
            return life.follow_stage(
                row.clock,
                schedule,
                instant,
                rules[row.values["kind"]],
                row.values["snapshot"],
                moves[row.values["case_id"]][1],
                row.values["subject"],
            )

        self._clocks_act(act, at)

    def _clocks_reopen(self, at):
        """Begin new cycles of the promises that live on after a reopening.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        facts = self._clock_facts()

        def wanted(row):
            values = row.values
            rule, known = rules[values["kind"]], facts[values["case_id"]]
            return life.reopens(rule, row.clock, values["snapshot"], known)

        def renew(row, schedule, instant):
            return life.reopen(row.clock, schedule, instant, row.values["snapshot"])

        self._clocks_renew(at, wanted, renew, facts)

    def _clocks_restore(self, at):
        """Begin again the promises that were void because a case was archived, excluded
        or cancelled, and that are still owed.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        live = self.filtered(lambda case: case._has_live_promises())
        if not live:
            return
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        facts = live._clock_facts(whole=True)

        def wanted(row):
            values = row.values
            rule, known = rules[values["kind"]], facts[values["case_id"]]
            return life.restores(rule, row.clock, known, values["subject"])

        def renew(row, schedule, instant):
            values = row.values
            rule, known = rules[values["kind"]], facts[values["case_id"]]
            return life.restore(
                row.clock, schedule, instant, rule, values["snapshot"], known
            )

        live._clocks_renew(live._clock_instants(at), wanted, renew, facts)

    def _has_live_promises(self):
        """Whether promises of the case can run: it is open and in use."""
        self.ensure_one()
        return self._own_facts().is_live

    # Facts --------------------------------------------------------------------------

    def _clock_facts(self, *, whole=False):
        """Return {case id: :class:`Facts`} of what is known of the cases.

        :param whole: with what only the ledger knows: moves, and loss of the owner
        """
        facts = {case.id: case._own_facts() for case in self.sudo()}
        if whole:
            for case_id, at in self._owner_lost_at().items():
                facts[case_id].owner_lost_at = to_epoch(at)
            self._add_moves(facts)
        return facts

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

    # Mirrors --------------------------------------------------------------------------

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

    # Parts ----------------------------------------------------------------------------

    def _clock_now(self):
        """Return the instant up to which clocks are judged: the present, or the one
        that history told after the fact has come to."""
        return self.env["aftersales.event"]._as_of() or fields.Datetime.now()

    def _clock_instants(self, at):
        return dict.fromkeys(self.ids, at) if isinstance(at, datetime) else at

    def _clock_subjects(self, subject):
        return dict.fromkeys(self.ids, subject) if isinstance(subject, str) else subject

    def _clock_targets(self, kinds):
        """Return {case id: {kind: plain data of the target}} of what is promised, by
        the policies of the day of receipt. A time told to a customer is a promise with
        or without a policy."""
        received = {case.id: case.received_at for case in self.sudo()}
        matched = self.env["aftersales.policy"]._match_plain(self, kinds, received)
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        for kind in (kind for kind in kinds if rules[kind].told):
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

    def _first_or_next_cycle(self, target, at, known, subject, facts):
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
        return self._new_cycle(target, to_epoch(at), **values)

    def _complete_cycle(self, cycle, deadline):
        """Set what only some kinds of promises have: an instant told to the customer,
        or the instant from which on the case is long-running."""
        if deadline is not None:
            cycle.clock.fixed_deadline = to_epoch(deadline)
            cycle.clock.target_seconds = max(
                cycle.clock.fixed_deadline - cycle.clock.started_at, 0
            )
        cycle.clock.floor_at = None
        if long_running := cycle.values["snapshot"].get("long_running_seconds"):
            schedule = self.env["aftersales.clock"].sudo()._schedule(cycle)
            received = to_epoch(self.sudo().received_at)
            with suppress(NoWorkingTime):  # planning it will say so
                floor = schedule.add(received, long_running)
                if floor > cycle.clock.started_at:
                    cycle.clock.floor_at = floor

    def _new_cycle(self, target, at, **values):
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

    def _pause_as_stage(self, row, schedule, instant):
        """Pause or resume a cycle as the stage of its case wants it."""
        terms = row.values["snapshot"]
        row.add(
            life.pause_as_stage(row.clock, schedule, instant, terms, self.stage_kind)
        )

    def _clocks_act(self, act, at, kinds=None):
        """Do something to the clocks of the cases that have not ended, after judging
        what lies before.

        :param act: function of a row, its schedule and an instant in epoch seconds;
            returns ledger lines
        """
        if not self:
            return
        Clocks = self.env["aftersales.clock"].sudo()
        instants = self._clock_instants(at)
        changed = []
        for row in Clocks._load_of_cases(self.ids, kinds):
            instant = to_epoch(instants[row.values["case_id"]])
            schedule = Clocks._schedule(row)
            rows = [row]
            if row.clock.chained:
                rows = row.settle(schedule, instant)
            rows[-1].add(act(rows[-1], schedule, instant))
            changed += rows
        self._clocks_store(changed)

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
            and facts[row.values["case_id"]].stage in row.values["snapshot"]["pauses"]
        }
        unread = [case_id for case_id in waiting if not facts[case_id].moves]
        if unread:
            self._add_moves(facts, unread)

    def _clocks_renew(self, at, wanted, renew, facts):
        """Begin the next cycle of the promises whose last one has ended.

        :param wanted: function of the last row: whether it goes on
        :param renew: function of the old row, schedule and instant; returns the new
            clock and ledger lines
        :param dict facts: {case id: :class:`Facts`}
        """
        if not self:
            return
        Clocks = self.env["aftersales.clock"].sudo()
        instants = self._clock_instants(at)
        begun = []
        for row in Clocks._last_of_cases(self.ids):
            if row.clock.state != "stopped" or not wanted(row):
                continue
            instant = to_epoch(instants[row.values["case_id"]])
            clock, lines = renew(row, Clocks._schedule(row), instant)
            successor = row.successor(clock)
            successor.add(lines)
            begun.append(successor)
        self._clocks_begin(begun, lambda clock, schedule: [], facts)
        # What they follow may have changed while nothing ran, and something begun.
        for instant, cases in self.grouped(lambda case: instants[case.id]).items():
            cases._clocks_rematch(instant)

    def _clocks_store(self, cycles):
        """Store what happened to cycles of these cases, mirror it and tell it."""
        Clocks = self.env["aftersales.clock"].sudo()
        now = to_epoch(self._clock_now())
        changed = Clocks._store(cycles, now)
        if changed:
            self._refresh_clock_mirrors()
            Clocks._tell(changed, now)
