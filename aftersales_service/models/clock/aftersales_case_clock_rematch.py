from odoo import fields, models

from ...tools import clock_machine as machine
from ...tools import promise_life as life
from ...tools.business_time import to_epoch


class AftersalesCase(models.Model):
    """What a change of the case means to its promises: events of their own, and perhaps
    another policy."""

    _inherit = "aftersales.case"

    # Changes of the case ------------------------------------------------------------

    def _on_changed(self, names, before):
        """Let a change take effect on the promises, those of another policy first.
        Archiving ends them; they run again when the case is restored."""
        super()._on_changed(names, before)
        now = fields.Datetime.now()
        concerned = names.union(*before.values())
        if concerned & self.env["aftersales.policy"]._match_fields():
            self._clocks_rematch(now)
        if before:
            self._clocks_follow(before, now)
        if "active" in names:
            in_use = self.filtered("active")
            in_use._clocks_restore(now)
            (self - in_use)._clocks_void(now, "archived")

    def _clocks_follow(self, before, at):
        """Let a change of owner or classification take effect on the promises.

        :param dict before: {case: {field: old value}}, see ``_ledger_values``
        """
        by_code = {}
        for case, values in before.items():
            if case._is_live():
                for code in case._events_of_change(values):
                    by_code.setdefault(code, []).append(case.id)
        for code, case_ids in by_code.items():
            self.browse(case_ids)._clocks_event(code, at)

    def _events_of_change(self, before):
        """Return the codes of what a change of the case means to its promises;
        extendable.

        :param dict before: {field: old value}
        """
        self.ensure_one()
        changes = {
            name: (old, new)
            for name, old in before.items()
            if (new := self._ledger_value(name)) != old
        }
        return life.change_codes(changes, self._flagged_classes())

    # Another policy -------------------------------------------------------------------

    def _clocks_rematch(self, at, *, cause="policy_change", versions=False):
        """Choose the policies of open cases again, and change their running promises
        to what is chosen now.

        A promise keeps its start and its pauses. One that no policy makes any more is
        void, or ends with its breach, whether the job had noticed that or not; one that
        is made now and was not before counts from where it would have counted. Decided
        promises, times promised to a customer and deadlines set by hand stay, and so
        does a promise whose own policy was only archived.

        :param at: when, a ``datetime``
        :param str cause: code for the ledger
        :param versions: also bring promises up to the present version of their policy
        """
        cases = self.filtered(lambda case: case._is_live())
        if cases:
            matched, last = cases._rematch_running(at, cause, versions)
            cases._clocks_start_missing(matched, last, at, cause)

    def _rematch_running(self, at, cause, versions=False):
        """Change the running promises of open cases to what is chosen now; see
        :meth:`_clocks_rematch`.

        :return: tuple ({case id: {kind: plain data of the target}}, {(case id, kind):
            last row})
        """
        kinds = self._clock_kinds_by_policy()
        received = {case.id: case.received_at for case in self}
        matched = self.env["aftersales.policy"]._match_plain(self, kinds, received)
        Clocks = self.env["aftersales.clock"].sudo()
        instant = to_epoch(at)
        last, changed = {}, []
        for row in Clocks._last_of_cases(self.ids, kinds):
            case_id, kind = row.values["case_id"], row.values["kind"]
            last[case_id, kind] = row
            if row.clock.state != "stopped":
                target = matched[case_id].get(kind)
                changed += self._rematch_row(row, target, instant, cause, versions)
        self._clocks_store(changed)
        return matched, last

    def _clock_kinds_by_policy(self):
        """Return the kinds that policies alone decide about."""
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        return [kind for kind, rule in rules.items() if not rule.per_subject]

    def _rematch_row(self, row, target, instant, cause, versions=False):
        """Change one running cycle to another target.

        :param target: plain data of a target, or None if no policy makes the promise
        :param int instant: epoch seconds
        :return: the rows that something happened to
        """
        Clocks = self.env["aftersales.clock"].sudo()
        if not self._is_rematched(row, target, versions):
            return []
        old = Clocks._schedule(row)
        rows = row.settle(old, instant)
        last = rows[-1]
        if target is None:
            last.add(machine.void(last.clock, old, instant, cause))
            return rows
        if not last.clock.is_open or last.clock.state == "stopped":
            return rows
        case = self.browse(row.values["case_id"]).sudo()
        last.values.update(case._rule_values(target), is_manual=False)
        last.changed_rules = True
        schedule = Clocks._schedule(last)
        case._complete_row(last, None)
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
        return [*rows[:-1], *followers]

    def _is_rematched(self, row, target, versions):
        values, clock = row.values, row.clock
        if clock.fixed_deadline is not None:
            return False
        if target is None:
            # One whose policy was archived is let run.
            return self._is_promised_now(values)
        if not clock.is_open:
            return False
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

    # What is missing ------------------------------------------------------------------

    def _clocks_start_missing(self, matched, last, at, cause):
        """Begin promises that are made since a change of the case: they count from
        where they would have counted, and are breached at the change at the earliest.

        :param dict last: {(case id, kind): last row}
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        facts = self._clock_facts()
        self._add_history(facts)
        missing = []
        for case in self.sudo():
            for kind, target in matched[case.id].items():
                row = last.get((case.id, kind))
                clock = row and row.clock
                start = life.missing_since(rules[kind], facts[case.id], clock)
                if start is not None:
                    missing.append((case, target, row, start))
        if not missing:
            return
        self._add_moves(facts, {case.id for case, *_rest in missing})
        until = to_epoch(at)
        rows = [
            case._row_after(row, target, start, facts[case.id].waiting(until))
            for case, target, row, start in missing
            if not life.was_fulfilled(
                rules[target["kind"]], start, facts[case.id].waiting(until)
            )
        ]
        self._clocks_begin(rows, machine.start, facts, changed_at=at, cause=cause)

    def _row_after(self, previous, target, start, waiting):
        """Return the cycle of a promise that is made again, or for the first time.

        :param previous: its last row, or None
        :param waiting: see ``Facts.waiting``
        """
        number = previous.values["cycle"] if previous else 0
        row = self._new_row(target, start, cycle=number + 1)
        rule = self.env["aftersales.policy.target"]._clock_kinds()[target["kind"]]
        terms, last = row.values["snapshot"], previous and previous.clock
        life.take_up(row.clock, rule, terms, last, waiting)
        self._complete_row(row, None)
        return row
