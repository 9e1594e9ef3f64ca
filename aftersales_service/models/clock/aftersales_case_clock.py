from collections import defaultdict
from contextlib import suppress
from datetime import datetime

from odoo import fields, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import NoWorkingTime, to_epoch
from ...tools.clock_machine import Clock
from ..case.aftersales_case import FLAGGED_CLASSES, IN_PERSON_CHANNELS
from ..case.aftersales_case_stage import is_reopening
from ..case.aftersales_stage import OPEN_KINDS
from .aftersales_clock import Cycle

# Causes of a void that can be taken back: then the promise runs again.
UNDOABLE_CAUSES = ("spam", "test", "void", "internal", "archived", "cancelled")
# Causes of a void by a change of the rules: another change can make it a promise again.
CHANGE_CAUSES = ("policy_change", "policy_version", "policy_archived")
# What a time told to a customer is judged by if no policy says more.
DEFAULT_PROMISE = {
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
    """The promises of a case: what starts, pauses and ends its clocks.

    Every method takes many cases and costs the same few queries for all of them.
    Instants are naive UTC ``datetime`` without microseconds.
    """

    _inherit = "aftersales.case"

    # Events -----------------------------------------------------------------

    # What happens to the case -----------------------------------------------------

    def _on_created(self):
        """Start what counts from the receipt; what is made archived has its promises,
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
        codes = ["received"]
        if self.channel not in IN_PERSON_CHANNELS:
            codes += ["received_from_afar", "customer_message"]
        if not self.user_id:
            codes.append("received_by_nobody")
        if self.handling_class in FLAGGED_CLASSES:
            codes.append("flagged")
        return tuple(codes)

    def _on_changed(self, names, before):
        """Let a change take effect on the promises, those of another policy first.
        Archiving ends them; taking a case back starts them again."""
        super()._on_changed(names, before)
        now = fields.Datetime.now()
        concerned = names.union(*before.values())
        if concerned & self.env["aftersales.policy"]._match_fields():
            self._clocks_rematch(now)
        if before:
            self._clocks_follow(before)
        if "active" in names:
            in_use = self.filtered("active")
            in_use._clocks_restart(now)
            (self - in_use)._clocks_void(now, "archived")

    def _on_moved(self, kinds, at):
        """Let moves pause, resume, fulfil, void, reopen or restart promises."""
        super()._on_moved(kinds, at)
        reopened = self.filtered(lambda case: is_reopening(*kinds[case.id]))
        revived = self.filtered(
            lambda case: (
                kinds[case.id][0] == "cancelled" and kinds[case.id][1] != "cancelled"
            )
        )
        (self - reopened - revived)._clocks_stage_changed(kinds, at)
        reopened._clocks_reopen(at)
        revived._clocks_restart(at)
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
        flagged = self.handling_class in FLAGGED_CLASSES
        return flagged and user._is_internal() and user in (self.user_id or user)

    def _on_marked(self, at):
        """Promises of cases set aside are void; taken back, they run again."""
        super()._on_marked(at)
        for mark, cases in self.grouped("mark").items():
            if mark:
                cases._clocks_void(at, mark)
            else:
                cases._clocks_restart(at)

    def _clocks_event(self, codes, at, *, cause=None, subject="", deadline=None):
        """Let something that happened to the cases start and fulfil their promises.

        This is the one way in which features drive clocks; which kinds an event starts
        and fulfils is said by ``aftersales.policy.target._clock_kinds``. What it
        fulfils comes first, so that the next cycle of a kind can start with it.

        :param codes: code of an event, or several of the same instant
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code for the ledger, the first event's when not given
        :param subject: what exactly, for kinds that live side by side: a text, or
            {case id: text}
        :param deadline: the ``datetime`` told to the customer, for kind ``promise``
        """
        codes = (codes,) if isinstance(codes, str) else tuple(codes)
        rules = self.env["aftersales.policy.target"]._clock_kinds().items()
        met = [kind for kind, rule in rules if set(codes) & set(rule.met_by)]
        begun = [kind for kind, rule in rules if set(codes) & set(rule.starts)]
        if met:
            self._clocks_stop(met, at, cause or codes[0], subject=subject)
        if begun:
            # What is made archived has its promises, as void.
            cases = self if "received" in codes else self.filtered("active")
            cases._clocks_start(begun, at, subject=subject, deadline=deadline)

    def _clocks_start(self, kinds, at, *, subject="", deadline=None):
        """Start the promises that the policies make, each as its kind repeats: see
        ``ClockKind.repeats``.

        :param kinds: codes of kinds
        :param at: when they count from, a ``datetime`` or {case id: ``datetime``}
        :param subject: what exactly, see :meth:`_clocks_event`
        :param deadline: the ``datetime`` told to the customer, for kind ``promise``
        """
        if not self:
            return
        instants = self._clock_instants(at)
        matched = self._clock_targets(kinds)
        if not any(matched.values()):
            return
        subjects = self._clock_subjects(subject)
        self._clocks_move_aside(matched, instants, subjects)
        known = self._clock_cycles_known({*kinds, "first_response"})
        cycles = []
        for case in self.sudo():
            # The first answer is begun before the next one, which waits for it.
            for kind, target in sorted(case._targets_alive(matched[case.id]).items()):
                about = subjects[case.id]
                cycle = case._first_or_next_cycle(target, instants, known, about)
                if cycle:
                    case._complete_cycle(cycle, deadline)
                    known[case.id, kind, cycle.values["subject"]] = (1, True)
                    cycles.append(cycle)
        self._clocks_begin(cycles, machine.start)

    def _clocks_stop(self, kinds, at, cause=None, *, subject=""):
        """Fulfil promises: kept if that is not after their deadline.

        An acknowledgement also fulfils a first answer whose policy says so.

        :param kinds: codes of kinds
        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code, for the ledger
        :param subject: what exactly, see :meth:`_clocks_event`; empty: all subjects of
            a kind
        """
        wanted = set(kinds)
        kinds = wanted | ({"first_response"} & self._ack_kinds(wanted))
        subjects = self._clock_subjects(subject)

        def act(cycle, schedule, instant):
            kind, rules = cycle.values["kind"], cycle.values["snapshot"]
            about, ended = cycle.values["subject"], subjects[cycle.values["case_id"]]
            if about and ended and about != ended:
                return []
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
            rule = rules[cycle.values["kind"]]
            if stage_kind == "cancelled":
                return machine.void(cycle.clock, schedule, instant, "cancelled")
            if stage_kind in rule.met_by_stages and (
                not rule.stage_subjects
                or cycle.values["subject"] in rule.stage_subjects
            ):
                return machine.stop(cycle.clock, schedule, instant, "stage")
            if stage_kind in cycle.values["snapshot"]["pauses"]:
                return machine.pause(cycle.clock, schedule, instant, stage_kind)
            return machine.resume(cycle.clock, schedule, instant, "stage")

        self._clocks_act(act, at)

    def _clocks_void(self, at, cause, kinds=None):
        """End promises without judging them; what was broken stays broken.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        :param str cause: code: ``spam``, ``test``, ``cancelled``, ``merged`` …
        :param kinds: codes of kinds, all when not given
        """

        def act(cycle, schedule, instant):
            return machine.void(cycle.clock, schedule, instant, cause)

        self._clocks_act(act, at, kinds)

    def _clocks_reopen(self, at):
        """Begin new cycles of the promises that live on after a reopening: they carry
        the time used before, the time in between counts as paused. A policy may want
        them fresh, or not at all.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        live = set(self.filtered(lambda case: case._has_live_promises()).ids)

        def wanted(cycle):
            cause, rules_then = cycle.clock.void_cause, cycle.values["snapshot"]
            # It may have been resolved in the archive, and taken back since.
            undone = cause in UNDOABLE_CAUSES and cycle.values["case_id"] in live
            lives_on = rules_then.get("on_reopen", "carry") != "none"
            carried = rules[cycle.values["kind"]].carried and lives_on
            return carried and (undone or cause in (None, "carried"))

        def renew(cycle, schedule, instant):
            fresh = cycle.values["snapshot"].get("on_reopen") == "fresh"
            return machine.reopen(cycle.clock, schedule, instant, fresh=fresh)

        self._clocks_renew(at, wanted, renew)

    def _clocks_restart(self, at):
        """Begin anew the promises that were voided by a mark or cancellation taken
        back and are still to be kept: from their first start, as if they had never been
        void.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        live = self.filtered(lambda case: case._has_live_promises())
        if not live:
            return
        instants = live._clock_instants(at)
        owed = live._clocks_still_owed()
        rests = live._stage_rests(live.ids, to_epoch(max(instants.values())))

        def wanted(cycle):
            undone = cycle.clock.void_cause in UNDOABLE_CAUSES
            return undone and owed[cycle.values["case_id"]](cycle)

        def renew(cycle, schedule, instant):
            missed = live._rests_since(cycle, rests[cycle.values["case_id"]])
            return machine.restart(cycle.clock, schedule, instant, missed)

        live._clocks_renew(instants, wanted, renew)

    def _clocks_still_owed(self):
        """Return {case id: function of an ended cycle: whether it is still to be kept},
        by what is known of the cases."""
        wanted = self._clocks_wanted()
        return {
            case.id: lambda cycle, case=case: case._still_owes(cycle, wanted[case.id])
            for case in self.sudo()
        }

    def _still_owes(self, cycle, wanted):
        """Whether a promise that was voided has not been fulfilled since; extendable.

        :param dict wanted: see :meth:`_clocks_wanted`
        """
        self.ensure_one()
        kind = cycle.values["kind"]
        if kind == "acknowledgement":
            return not self.acknowledged_at and not self.first_response_at
        if kind == "update":
            # An answer meanwhile begins another one.
            return (
                to_epoch(wanted.get(kind, self.received_at)) <= cycle.clock.started_at
            )
        if kind == "next_response":
            replied = self.last_reply_at and to_epoch(self.last_reply_at)
            return not replied or replied < cycle.clock.stopped_at
        known = ("first_response", "classification", "assignment")
        return kind not in known or kind in wanted

    def _rests_since(self, cycle, rests):
        """Return the pauses that a promise would have had since it was void.

        :param rests: see :meth:`_stage_rests`
        """
        since = cycle.clock.stopped_at
        if cycle.clock.fixed_deadline is not None:
            return []
        return [
            [max(low, since), high, stage_kind]
            for low, high, stage_kind in rests
            if high > since
            and stage_kind != "cancelled"
            and self._rests_in(cycle, stage_kind)
        ]

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

    # Changes of the case ------------------------------------------------------

    def _clocks_follow(self, before):
        """Let a change of owner or classification take effect on the promises.

        :param dict before: {case: {field: old value}}, see ``_ledger_values``
        """
        now = fields.Datetime.now()
        changed = {
            case: old
            for case, values in before.items()
            if case._has_live_promises() and (old := case._changed_values(values))
        }
        for code, concerns in self._clock_changes().items():
            cases = [case for case, old in changed.items() if concerns(case, old)]
            if cases:
                self.browse().union(*cases)._clocks_event(code, now)
        self._clocks_calm(changed, now)

    def _changed_values(self, values):
        """Return {field: old value} of what differs from the old values."""
        return {n: old for n, old in values.items() if self._ledger_value(n) != old}

    def _clocks_calm(self, changed, at):
        """Work on what is not urgent any more need not start at once."""
        calmed = [
            case.id
            for case, old in changed.items()
            if old.get("handling_class") in FLAGGED_CLASSES
            and case.handling_class not in FLAGGED_CLASSES
        ]
        self.browse(calmed)._clocks_void(at, "calmed", ["start_work"])

    def _clock_changes(self):
        """Return {event: function of a case and {changed field: old value}}: what of a
        change of the case concerns its promises; extendable."""
        return {
            "assigned": lambda case, old: "user_id" in old and case.user_id,
            "owner_lost": lambda case, old: "user_id" in old and not case.user_id,
            "classified": lambda case, old: "category_id" in old and case.category_id,
            "flagged": lambda case, old: (
                old.get("handling_class", "urgent") not in FLAGGED_CLASSES
                and case.handling_class in FLAGGED_CLASSES
            ),
        }

    def _has_live_promises(self):
        """Whether promises of the case can be alive: it is open and in use."""
        self.ensure_one()
        return self.stage_kind in OPEN_KINDS and not self.mark and self.active

    def _clocks_rematch(self, at, *, cause="policy_change", versions=False):
        """Choose the policies of open cases again, and change their running promises
        to what is chosen now.

        A promise keeps its start and its pauses. One that no policy makes any more is
        void; one that is made now and was not before counts from where it would have
        counted. Decided promises, times told to a customer and deadlines set by hand
        stay, and so does a promise whose own policy was only archived.

        :param at: when, a ``datetime``
        :param str cause: code for the ledger
        :param versions: also bring promises up to the present version of their policy
        """
        cases = self.filtered(lambda case: case._has_live_promises())
        if cases:
            matched, last = cases._rematch_running(at, cause, versions)
            cases._clocks_start_missing(matched, last, at, cause)

    def _rematch_running(self, at, cause, versions=False):
        """Change the running promises of open cases to what is chosen now; see
        :meth:`_clocks_rematch`.

        :return: tuple ({case id: {kind: plain data of the target}}, {(case id, kind):
            last cycle})
        """
        kinds = self._clock_kinds_by_policy()
        received = {case.id: case.received_at for case in self}
        matched = self.env["aftersales.policy"]._match_plain(self, kinds, received)
        Clocks = self.env["aftersales.clock"].sudo()
        instant = to_epoch(at)
        last, changed = {}, []
        for cycle in Clocks._load_of_cases(self.ids, kinds, ended=True):
            values = cycle.values
            key = values["case_id"], values["kind"]
            if key not in last or last[key].values["cycle"] < values["cycle"]:
                last[key] = cycle
            if cycle.clock.state != "stopped":
                target = matched[values["case_id"]].get(values["kind"])
                changed += self._rematch_cycle(cycle, target, instant, cause, versions)
        self._clocks_store(changed)
        return matched, last

    def _clock_kinds_by_policy(self):
        """Return the kinds that policies alone decide about."""
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        return [kind for kind, rule in rules.items() if not rule.per_subject]

    def _rematch_cycle(self, cycle, target, instant, cause, versions=False):
        """Change one running cycle to another target.

        :param target: plain data of a target, or None if no policy makes the promise
        :param int instant: epoch seconds
        :return: the cycles that something happened to
        """
        Clocks = self.env["aftersales.clock"].sudo()
        if not self._is_rematched(cycle, target, versions):
            return []
        old = Clocks._schedule(cycle)
        cycles = cycle.settle(old, instant)
        last = cycles[-1]
        if target is None:
            last.add(machine.void(last.clock, old, instant, cause))
            return cycles
        if not last.clock.is_open or last.clock.state == "stopped":
            return cycles
        case = self.browse(cycle.values["case_id"]).sudo()
        last.values.update(case._rule_values(target), is_manual=False)
        last.changed_rules = True
        schedule = Clocks._schedule(last)
        case._complete_cycle(last, None)
        last.add(
            machine.retarget(
                last.clock,
                old,
                schedule,
                instant,
                target_seconds=target["target_seconds"],
                warn_percent=target["warn_percent"],
                steps=target.get("steps", []),
                cause=cause,
            )
        )
        case._pause_as_stage(last, schedule, instant)
        followers = last.follow(schedule, instant)
        case._pause_as_stage(followers[-1], schedule, instant)
        return [*cycles[:-1], *followers]

    def _is_rematched(self, cycle, target, versions):
        values, clock = cycle.values, cycle.clock
        if clock.fixed_deadline is not None or not clock.is_open:
            return False
        if target is None:
            # One whose policy was archived is let run.
            return self._is_promised_now(values)
        if target["id"] != values["target_id"]:
            return True
        return versions and target["policy_version"] != values["policy_version"]

    def _is_promised_now(self, values):
        rows = self.env["aftersales.policy"]._rows_of(values["company_id"])
        return any(
            target["id"] == values["target_id"]
            for row in rows
            for target in row.targets.values()
        )

    def _clocks_start_missing(self, matched, last, at, cause):
        """Start promises that are made since a change of the case: they count from
        where they would have counted, and are broken at the change at the earliest.

        :param dict last: {(case id, kind): last cycle}
        """
        wanted = self._clocks_wanted()
        missing = [
            (case, target, previous, to_epoch(start))
            for case in self.sudo()
            for kind, start in wanted[case.id].items()
            if (target := matched[case.id].get(kind))
            and self._may_start_anew(previous := last.get((case.id, kind)), start)
        ]
        if not missing:
            return
        rests = self._stage_rests({case.id for case, *_rest in missing}, to_epoch(at))
        cycles = [
            case._cycle_after(previous, target, start, rests.get(case.id, ()))
            for case, target, previous, start in missing
            if not self._was_fulfilled(target["kind"], start, rests.get(case.id, ()))
        ]
        self._clocks_begin(cycles, machine.start, changed_at=at, cause=cause)

    def _may_start_anew(self, previous, start):
        """Whether a promise can begin after its last cycle: there is none, or a change
        of the case had made it void, or its kind repeats and it counts from later."""
        if previous is None:
            return True
        if previous.clock.state != "stopped":
            return False
        rule = self.env["aftersales.policy.target"]._clock_kinds()[
            previous.values["kind"]
        ]
        repeats = rule.repeats in ("again", "chain")
        later = repeats and to_epoch(start) >= previous.clock.stopped_at
        return later or previous.clock.void_cause in CHANGE_CAUSES

    def _cycle_after(self, previous, target, start, rests):
        """Return the cycle of a promise that is made again, or for the first time. It
        has the pauses that it would have had.

        :param rests: see :meth:`_stage_rests`
        """
        number = previous.values["cycle"] if previous else 0
        cycle = self._new_cycle(target, start, cycle=number + 1)
        clock, known_until = cycle.clock, start
        if previous and previous.clock.void_cause in CHANGE_CAUSES:
            old = previous.clock
            clock.started_at, known_until = old.started_at, old.stopped_at
            clock.pauses = [list(pause) for pause in old.pauses]
            clock.carried_seconds = old.carried_seconds
        clock.pauses += [
            [max(low, known_until), high, stage_kind]
            for low, high, stage_kind in rests
            if high > known_until and self._rests_in(cycle, stage_kind)
        ]
        self._complete_cycle(cycle, None)
        return cycle

    def _was_fulfilled(self, kind, start, rests):
        """Whether a case was resolved since an instant, and with it what counts from
        there, for good."""
        rule = self.env["aftersales.policy.target"]._clock_kinds()[kind]
        return not rule.carried and any(
            stage_kind in rule.met_by_stages and high > start
            for _low, high, stage_kind in rests
        )

    def _rests_in(self, cycle, stage_kind):
        """Whether the time in a kind of stage does not count to a promise."""
        values = cycle.values
        rule = self.env["aftersales.policy.target"]._clock_kinds()[values["kind"]]
        ended = rule.carried and stage_kind not in OPEN_KINDS
        return ended or stage_kind in values["snapshot"]["pauses"]

    def _stage_rests(self, case_ids, until):
        """Return {case id: [(from, to, kind of stage)]}: the times in which nobody of
        ours had to act, by the ledger.

        :param int until: epoch seconds
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, at, data->>'to_kind'"
                " FROM aftersales_event"
                " WHERE case_id = ANY(%s) AND kind = 'stage_changed'"
                " ORDER BY case_id, id",
                list(case_ids),
            )
        )
        rests = defaultdict(list)
        for (case_id, at, kind), later in zip(rows, [*rows, None][1:], strict=True):
            same_case = later is not None and later[0] == case_id
            low, high = to_epoch(at), to_epoch(later[1]) if same_case else until
            if kind not in ("new", "working") and low < high:
                rests[case_id].append((low, high, kind))
        return rests

    def _clocks_wanted(self):
        """Return {case id: {kind: ``datetime`` it counts from}}: the promises that are
        still to be kept by what is known of the cases; extendable."""
        wanted, lost = {}, self._owner_lost_at()
        for case in self:
            kinds = wanted[case.id] = {}
            received = case.received_at
            kinds["resolution"] = kinds["work"] = received
            if not case.first_response_at:
                kinds["first_response"] = received
            elif case.awaiting_reply_since:
                kinds["next_response"] = case.awaiting_reply_since
            if case.last_reply_at and not case.awaiting_reply_since:
                kinds["update"] = case.last_reply_at
            if not case.category_id:
                kinds["classification"] = received
            if not case.user_id:
                kinds["assignment"] = lost.get(case.id, received)
        return wanted

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
        if "promise" in kinds:
            for found in matched.values():
                found.setdefault("promise", {**DEFAULT_PROMISE, "kind": "promise"})
        return matched

    def _clock_cycles_known(self, kinds):
        """Return {(case id, kind, subject): (last cycle, whether it goes on)}."""
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, kind, subject, max(cycle), bool_or(state <> 'stopped')"
                " FROM aftersales_clock WHERE case_id = ANY(%s) AND kind = ANY(%s)"
                " GROUP BY case_id, kind, subject",
                list(self.ids),
                list(kinds),
            )
        )
        return {tuple(row[:3]): tuple(row[3:]) for row in rows}

    def _clocks_move_aside(self, matched, instants, subjects):
        """End the promises in whose place new ones are told: void if they were still
        open, for the customer knows of the new time before the old one."""
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        kinds = {
            kind
            for found in matched.values()
            for kind in found
            if rules[kind].repeats == "moved"
        }

        def act(cycle, schedule, instant):
            if cycle.values["subject"] != subjects[cycle.values["case_id"]]:
                return []
            return machine.void(cycle.clock, schedule, instant, "moved")

        if kinds:
            self._clocks_act(act, instants, kinds)

    def _targets_alive(self, found):
        """Return the targets that can begin: what is resolved owes nothing that the
        resolution fulfils, and what is cancelled or set aside owes nothing.

        :param dict found: {kind: plain data of a target}
        """
        self.ensure_one()
        if self.stage_kind == "cancelled" or self.mark:
            return {}
        if self.stage_kind in OPEN_KINDS:
            return found
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        return {
            kind: target
            for kind, target in found.items()
            if "resolved" not in rules[kind].met_by_stages
        }

    def _first_or_next_cycle(self, target, instants, known, subject):
        """Return the cycle that a start begins, or None if it begins none.

        :param dict known: see :meth:`_clock_cycles_known`
        """
        self.ensure_one()
        rule = self.env["aftersales.policy.target"]._clock_kinds()[target["kind"]]
        subject = subject if rule.per_subject else ""
        number, goes_on = known.get((self.id, target["kind"], subject), (0, False))
        if goes_on or (number and rule.repeats == "once"):
            return None
        if target["kind"] == "next_response" and not self.first_response_at:
            # The next answer is not promised while the first one is still due.
            if known.get((self.id, "first_response", ""), (0, False))[1]:
                return None
        values = {"subject": subject, "cycle": number + 1}
        return self._new_cycle(target, to_epoch(instants[self.id]), **values)

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

    def _ack_kinds(self, kinds):
        return {"first_response"} if "acknowledgement" in kinds else set()

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
        return Cycle(clock, around)

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

    def _pause_as_stage(self, cycle, schedule, instant):
        """Pause or resume a cycle as the stage of its case wants it."""
        if self.stage_kind in cycle.values["snapshot"]["pauses"]:
            lines = machine.pause(cycle.clock, schedule, instant, self.stage_kind)
        else:
            lines = machine.resume(cycle.clock, schedule, instant, "stage")
        cycle.add(lines)

    def _clocks_act(self, act, at, kinds=None):
        """Do something to the clocks of the cases that have not ended, after judging
        what lies before.

        :param act: function of a cycle, its schedule and an instant in epoch seconds;
            returns ledger lines
        """
        if not self:
            return
        Clocks = self.env["aftersales.clock"].sudo()
        instants = self._clock_instants(at)
        changed = []
        for cycle in Clocks._load_of_cases(self.ids, kinds):
            instant = to_epoch(instants[cycle.values["case_id"]])
            schedule = Clocks._schedule(cycle)
            cycles = [cycle]
            if cycle.clock.chained:
                cycles = cycle.settle(schedule, instant)
            cycles[-1].add(act(cycles[-1], schedule, instant))
            changed += cycles
        self._clocks_store(changed)

    def _clocks_begin(self, cycles, begin, *, changed_at=None, cause=None):
        """Start new cycles, pause those of waiting cases, and judge what began so long
        ago that it is late already.

        :param begin: function of a clock and its schedule; returns ledger lines
        :param changed_at: instant of the change of the case that the cycles start
            from, if any: none of them is broken before it
        """
        Clocks = self.env["aftersales.clock"].sudo()
        now = to_epoch(self._clock_now())
        cases = {case.id: case for case in self.sudo()}
        rests = self._rests_now(cycles, now)
        changed = []
        for cycle in cycles:
            schedule = Clocks._schedule(cycle)
            cycle.add(begin(cycle.clock, schedule))
            if changed_at is not None:
                instant = to_epoch(changed_at)
                cycle.add(machine.judge_change(cycle.clock, schedule, instant, cause))
            case = cases[cycle.values["case_id"]]
            begun = [cycle]
            if case.stage_kind in cycle.values["snapshot"]["pauses"]:
                since = max(rests.get(case.id, now), cycle.clock.started_at)
                begun = cycle.settle(schedule, since)
                case._pause_as_stage(begun[-1], schedule, since)
            changed += [*begun[:-1], *begun[-1].settle(schedule, now)]
        self._clocks_store(changed)

    def _rests_now(self, cycles, now):
        """Return {case id: epoch seconds since when it rests}, of those cases that a
        cycle which counts from before now waits with."""
        cases = {case.id: case for case in self.sudo()}
        ids = {
            cycle.values["case_id"]
            for cycle in cycles
            if cycle.clock.started_at < now
            and cases[cycle.values["case_id"]].stage_kind
            in cycle.values["snapshot"]["pauses"]
        }
        if not ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT ON (case_id) case_id, at FROM aftersales_event"
                " WHERE case_id = ANY(%s) AND kind = 'stage_changed'"
                " ORDER BY case_id, id DESC",
                list(ids),
            )
        )
        return {case_id: to_epoch(at) for case_id, at in rows}

    def _clocks_renew(self, at, wanted, renew):
        """Begin the next cycle of the promises whose last one has ended.

        :param wanted: function of the last cycle: whether it goes on
        :param renew: function of the old cycle, schedule and instant; returns the new
            clock and ledger lines
        """
        if not self:
            return
        Clocks = self.env["aftersales.clock"].sudo()
        instants = self._clock_instants(at)
        last = {}
        for cycle in Clocks._load_of_cases(self.ids, ended=True):
            values = cycle.values
            key = values["case_id"], values["kind"], values["subject"]
            if key not in last or last[key].values["cycle"] < values["cycle"]:
                last[key] = cycle
        begun = []
        for (case_id, _kind, _subject), cycle in last.items():
            if cycle.clock.state != "stopped" or not wanted(cycle):
                continue
            instant = to_epoch(instants[case_id])
            clock, lines = renew(cycle, Clocks._schedule(cycle), instant)
            successor = cycle.successor(clock)
            successor.add(lines)
            begun.append(successor)
        self._clocks_begin(begun, lambda clock, schedule: [])
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
