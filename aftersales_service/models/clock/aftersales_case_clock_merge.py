from odoo import api, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import from_epoch, to_epoch


class AftersalesCase(models.Model):
    """What becomes of promises when cases are merged."""

    _inherit = "aftersales.case"

    # Merging --------------------------------------------------------------------

    def _clocks_absorb(self, others, at):
        """Let one case take over the promises of others that are merged into it.

        What is open on the others is void, what was broken there stays broken. The
        oldest wait of all for an answer is the wait of this case from now on, and the
        time spent on a solution is the union of the times spent, never their sum.

        :param others: ``aftersales.case`` records, of the same company
        :param at: when, a ``datetime``
        """
        self.ensure_one()
        Clocks = self.env["aftersales.clock"].sudo()
        instant = to_epoch(at)
        own = Clocks._load_of_cases(self.ids, ended=True)
        theirs = Clocks._load_of_cases(others.ids, ended=True)
        changed = []
        for row in theirs:
            if row.clock.state != "stopped":
                changed += row.settle(Clocks._schedule(row), instant)
        waits = self._absorb_waits(own, [*theirs, *changed], instant)
        before = Clocks._load_of_cases(others._absorbed_before(self), ended=True)
        changed += waits
        changed += self._absorb_durations(own, [*theirs, *before], others, instant)
        for row in [*theirs, *changed]:
            if row.values["case_id"] in others._ids:
                schedule = Clocks._schedule(row)
                row.add(machine.void(row.clock, schedule, instant, "merged"))
                changed += [row] if row not in changed else []
        (self | others)._clocks_store(list({id(c): c for c in changed}.values()))

    def _absorbed_before(self, survivor):
        """Return the ids of the cases that were merged into these before, by the
        ledger: also into those, and so on."""
        found, todo = {*self.ids, survivor.id}, self.ids
        while todo:
            rows = self.env.execute_query(
                SQL(
                    "SELECT DISTINCT absorbed::int4 FROM aftersales_event,"
                    " jsonb_array_elements_text(data->'absorbed') absorbed"
                    " WHERE kind = 'clock_merged' AND case_id = ANY(%s)",
                    todo,
                )
            )
            todo = [row[0] for row in rows if row[0] not in found]
            found.update(todo)
        return found - {*self.ids, survivor.id}

    def _absorb_waits(self, own, theirs, instant):
        """Let the oldest open wait for an answer be this case's wait. One that was
        broken already is not broken a second time, but goes on here."""
        waits = [row for row in theirs if self._is_wait(row)]
        mine = [row for row in own if self._is_wait(row) and row.clock.is_open]
        still_open = [c.clock.started_at for c in waits if c.clock.is_open]
        if not mine:
            oldest = min(waits, key=lambda c: c.clock.started_at, default=None)
            return self._begin_wait(oldest.clock, instant) if oldest else []
        if not still_open:
            return []
        schedule_of = self.env["aftersales.clock"].sudo()._schedule
        for row in mine:
            row.changed_rules = True
            schedule = schedule_of(row)
            row.add(machine.move_start(row.clock, schedule, instant, min(still_open)))
        return mine

    def _begin_wait(self, wait, instant):
        """Return the new wait of a case that had none, at an instant before now.

        :param wait: ``Clock`` of the wait it takes over
        """
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        waits = {kind: rule for kind, rule in rules.items() if rule.waits}
        # A confirmation of receipt may have been the first answer.
        facts = self._own_facts()
        facts.answered = facts.answered or any(
            clock.outcome == "met" and waits[clock.kind].repeats == "once"
            for clock in self.sudo().clock_ids
            if clock.kind in waits
        )
        # The first answer comes once; all later ones repeat.
        kinds = [k for k, r in waits.items() if (r.repeats != "once") == facts.answered]
        target = next(iter(self._clock_targets(kinds)[self.id].values()), None)
        if not target:
            return []
        at, known = from_epoch(wait.started_at), self._clock_cycles_known()
        row = self.sudo()._first_or_next_row(target, at, known, "", facts)
        if not row:
            return []
        if not wait.is_open:
            row.clock.carried_breach = True
            row.clock.deadline = wait.deadline
        schedule = self.env["aftersales.clock"].sudo()._schedule(row)
        row.add(machine.start(row.clock, schedule, "merged"))
        row.add(machine.judge_change(row.clock, schedule, instant, "merged"))
        return [row]

    def _absorb_durations(self, own, theirs, others, instant):
        """Let the solution of this case count the time spent on the others as well."""
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        changed = []
        for row in own:
            kind = row.values["kind"]
            same = [c.clock for c in theirs if c.values["kind"] == kind]
            if row.clock.state == "stopped" or not rules[kind].carried or not same:
                continue
            fresh = row.values["snapshot"].get("on_reopen") == "fresh"
            earlier = [c for c in own if c.values["kind"] == kind and c is not row]
            lines = machine.absorb(
                row.clock,
                self.env["aftersales.clock"].sudo()._schedule(row),
                instant,
                earlier=[] if fresh else [c.clock for c in earlier],
                others=same,
            )
            for line in lines:
                if line["kind"] == "clock_merged":
                    line["data"]["absorbed"] = others.ids
            row.changed_rules = True
            row.add(lines)
            changed.append(row)
        return changed

    @api.model
    def _is_wait(self, row):
        """Whether a row is a wait of a customer for an answer that is still to come."""
        rule = self.env["aftersales.policy.target"]._clock_kinds()[row.values["kind"]]
        return rule.waits and row.clock.state != "stopped"
