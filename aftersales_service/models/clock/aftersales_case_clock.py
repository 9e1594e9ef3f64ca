from odoo import fields, models

from ...tools import clock_machine as machine
from ...tools import promise_life as life
from ...tools.business_time import to_epoch


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
        """Begin what counts from the receipt. A case made archived gets its clocks
        first; then they are void."""
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
        revived = self.filtered(lambda case: life.is_restoring(*kinds[case.id]))
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
        :param deadline: the ``datetime`` promised to the customer, for a kind that is
            such a time
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
            # A case made archived gets its clocks first; they are void afterwards.
            cases = self if "received" in codes else self.filtered("active")
            cases._clocks_start(begun, at, subject=subject, deadline=deadline)

    def _clocks_start(self, kinds, at, *, subject="", deadline=None):
        """Begin the promises that the policies make, each as its kind repeats.

        :param kinds: codes of kinds
        :param at: when they count from, a ``datetime`` or {case id: ``datetime``}
        :param subject: what exactly, see :meth:`_clocks_event`
        :param deadline: the ``datetime`` promised to the customer, for a kind that is
            such a time
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
            # A case made archived gets its clocks first; they are void afterwards.
            facts[case.id].active = True
            # The first answer comes before the next one, which waits for it: by code.
            for kind, target in sorted(matched[case.id].items()):
                about = subjects[case.id]
                row = case._first_or_next_row(
                    target, instants[case.id], known, about, facts[case.id]
                )
                if row:
                    case._complete_row(row, deadline)
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
        :param codes: of events: only what they fulfil; None: all of the kinds
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

        def has_next(row):
            values = row.values
            rule, known = rules[values["kind"]], facts[values["case_id"]]
            return life.reopens(rule, row.clock, values["snapshot"], known)

        def renew(row, schedule, instant):
            return life.reopen(row.clock, schedule, instant, row.values["snapshot"])

        self._clocks_renew(at, has_next, renew, facts)

    def _clocks_restore(self, at):
        """Begin again the promises that were void because a case was archived, excluded
        or cancelled, and that are still owed.

        :param at: when, a ``datetime`` or {case id: ``datetime``}
        """
        live = self.filtered(lambda case: case._is_live())
        if not live:
            return
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        facts = live._clock_facts(whole=True)

        def has_next(row):
            values = row.values
            rule, known = rules[values["kind"]], facts[values["case_id"]]
            return life.restores(rule, row.clock, known, values["subject"])

        def renew(row, schedule, instant):
            values = row.values
            rule, known = rules[values["kind"]], facts[values["case_id"]]
            return life.restore(
                row.clock, schedule, instant, rule, values["snapshot"], known
            )

        live._clocks_renew(live._clock_instants(at), has_next, renew, facts)

    def _is_live(self):
        """Whether promises of the case can run: it is open and in use."""
        self.ensure_one()
        return self._own_facts().is_live

    # Parts ----------------------------------------------------------------------------

    def _clock_now(self):
        """Return the instant up to which clocks are judged: the present, or the one in
        the context of whoever writes history after the fact, as the demo data does."""
        return self.env["aftersales.event"]._as_of() or fields.Datetime.now()

    def _pause_as_stage(self, row, schedule, instant):
        """Pause or resume a cycle as the stage of its case wants it."""
        terms = row.values["snapshot"]
        row.add(
            life.pause_as_stage(row.clock, schedule, instant, terms, self.stage_kind)
        )

    def _clocks_act(self, act, at, kinds=None):
        """Do something to the clocks of the cases that have not ended; a chain is
        judged up to there first, cycle by cycle.

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

    def _clocks_renew(self, at, has_next, renew, facts):
        """Begin the next cycle of the promises whose last one has ended.

        :param has_next: function of the last row: whether another cycle follows
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
            if row.clock.state != "stopped" or not has_next(row):
                continue
            instant = to_epoch(instants[row.values["case_id"]])
            clock, lines = renew(row, Clocks._schedule(row), instant)
            successor = row.successor(clock)
            successor.add(lines)
            begun.append(successor)
        self._clocks_begin(begun, lambda clock, schedule: [], facts)
        # Policies may have changed while nothing ran: they are chosen again.
        for instant, cases in self.grouped(lambda case: instants[case.id]).items():
            cases._clocks_rematch(instant)

    def _clocks_store(self, rows):
        """Store what happened to cycles of these cases, mirror it and tell it."""
        Clocks = self.env["aftersales.clock"].sudo()
        now = to_epoch(self._clock_now())
        changed = Clocks._store(rows, now)
        if changed:
            self._refresh_clock_mirrors()
            Clocks._announce_news(changed, now)
