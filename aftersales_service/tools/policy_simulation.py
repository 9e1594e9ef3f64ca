"""What would have become of promises that were never made: the facts of a case
reenacted for other clocks.

Pure, as ``promise_life``, whose rules it follows: no ORM, every instant passed in as
epoch seconds. The ledger's lines are reenacted in the order in which they were
recorded; each changes the facts that are known of the case, and is an event to its
promises.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from . import clock_machine as machine
from . import promise_life as life
from .clock_machine import Clock
from .promise_kind import ClockKind, Facts
from .promise_life import ClockInWork
from .stage_kinds import OPEN_KINDS

# Kinds of ledger lines that are reenacted, besides those that are events themselves.
FACTS = (
    "received",
    "acknowledged",
    "customer_message",
    "reply",
    "assigned",
    "classified",
    "stage_changed",
    "marked",
    "unmarked",
    "archived",
)
# Events that these lines are.
EVENTS = frozenset(
    {
        "received",
        "received_from_afar",
        "received_by_nobody",
        "acknowledged",
        "customer_message",
        "reply",
        "first_reply",
        "assigned",
        "owner_lost",
        "classified",
    }
)


class Line(NamedTuple):
    """One ledger line: what happened, when, and when it was written down.

    :param events: codes of what it means to promises, where the line says so itself
    """

    kind: str
    at: int
    now: int
    cause: str | None
    data: dict
    events: tuple = ()


class Promise(NamedTuple):
    """What one case would have been promised of one kind.

    :param ClockKind kind: its rules
    :param schedule: hours in which the time is counted
    :param dict terms: what it is promised with: ``pauses``, ``on_reopen`` …
    :param long_running: open seconds after receipt before which nothing is promised
    """

    kind: ClockKind
    target_seconds: int
    schedule: object
    terms: dict
    long_running: int = 0


def can_be_reenacted(kind, events):
    """Return whether all that begins and ends promises of a kind is in the ledger.

    :param ClockKind kind: its rules
    :param events: codes of the events that ledger lines are
    """
    codes = {*kind.starts, *kind.met_by, *kind.void_by}
    return bool(codes) and not kind.per_subject and codes <= set(events)


@dataclass
class Story:
    """One case while its lines are reenacted.

    :param promises: {code of a kind: :class:`Promise`}
    :param in_person: channels on which nothing is acknowledged
    :param facts: what is known of the case so far
    """

    promises: dict
    in_person: frozenset
    facts: Facts
    # code of a kind → its cycles, oldest first
    cycles: dict = field(default_factory=dict)

    def reenact(self, lines, until):
        """Tell all lines up to an instant.

        :param list lines: :class:`Line` in the order in which they were recorded
        :param int until: what is open then stays open
        :return: {code of a kind: list of clocks}
        """
        lines = [line for line in lines if line.now <= until]
        place = 0
        while place < len(lines):
            line = lines[place]
            place += 1
            if line.kind != "customer_message":
                self._reenact(line)
                continue
            # The case was taken back to work first, then the wait is promised.
            self.facts.waits_since = self.facts.waits_since or line.at
            at = line.at
            while place < len(lines) and _belongs(lines[place], line):
                follower = lines[place]
                self._reenact(follower)
                if follower.kind == "stage_changed":
                    at = follower.at
                place += 1
            if self.facts.is_live:
                self._event(["customer_message"], line._replace(at=at))
        for code in self.cycles:
            self._settle(code, until)
        return {
            code: [cycle.clock for cycle in cycles]
            for code, cycles in self.cycles.items()
        }

    # Lines --------------------------------------------------------------------

    def _reenact(self, line):
        if line.kind in FACTS:
            getattr(self, f"_reenact_{line.kind}")(line)
        elif line.events:
            self.facts.happened.update(dict.fromkeys(line.events, line.at))
            self._event(line.events, line)

    def _reenact_received(self, line):
        self.facts.received_at = line.at
        self.facts.owned = bool(line.data.get("user"))
        codes = life.receipt_codes(
            in_person=line.data.get("channel") in self.in_person,
            owned=self.facts.owned,
            flagged=False,
        )
        if "customer_message" in codes:
            self.facts.waits_since = line.at
        self._event(codes, line)
        if line.data.get("active") is False:
            self.facts.active = False
            self._void(line, "archived")

    def _reenact_acknowledged(self, line):
        self.facts.acknowledged = True
        self._event(["acknowledged"], line)

    def _reenact_reply(self, line):
        facts = self.facts
        codes = life.reply_codes(is_first=not facts.answered, by_owner=False)
        facts.answered, facts.waits_since = True, None
        facts.last_reply_at = max(facts.last_reply_at or line.at, line.at)
        self._event(codes, line)

    def _reenact_assigned(self, line):
        if "user_id" in line.data:
            self.facts.owned = bool(line.data["user_id"][1])
            self.facts.owner_lost_at = line.at
            self._reenact_change(line)

    def _reenact_classified(self, line):
        if "category_id" in line.data:
            self.facts.classified = bool(line.data["category_id"][1])
        self._reenact_change(line)

    def _reenact_change(self, line):
        if self.facts.is_live:
            codes = life.change_codes(line.data, ())
            if codes:
                self._event(codes, line)

    def _reenact_stage_changed(self, line):
        if line.cause == "team":
            return
        facts = self.facts
        before, facts.stage = line.data["from_kind"], line.data["to_kind"]
        facts.moves.append((line.at, facts.stage))
        if facts.stage not in OPEN_KINDS:
            facts.waits_since = None
        if life.is_reopening(before, facts.stage):
            self._reopen(line)
        elif life.is_restoring(before, facts.stage):
            self._restore(line)
        else:
            self._follow_stage(line)

    def _reenact_marked(self, line):
        self.facts.marked = True
        self._void(line, line.cause)

    def _reenact_unmarked(self, line):
        self.facts.marked = False
        self._restore(line)

    def _reenact_archived(self, line):
        self.facts.active = bool(line.data["active"][1])
        if not self.facts.active:
            self._void(line, "archived")
        else:
            self._restore(line)

    # Promises -------------------------------------------------------------------

    def _event(self, codes, line):
        for code, promise in self.promises.items():
            if life.fulfils(promise.kind, codes, promise.terms):
                clock = self._running(code, line.at)
                if clock:
                    machine.stop(clock, promise.schedule, line.at)
            elif life.voids(promise.kind, codes):
                clock = self._running(code, line.at)
                if clock:
                    machine.void(clock, promise.schedule, line.at, codes[0])
        # The first answer comes before the next one, which waits for it: by their
        # codes.
        for code in sorted(self.promises):
            if life.begins(self.promises[code].kind, codes):
                self._start(code, line)

    def _start(self, code, line):
        kind, count = self.promises[code].kind, len(self.cycles.get(code, ()))
        if not life.may_owe(kind, self.facts):
            return
        if life.begins_next(kind, self.facts, count, self._runs(code), self._runs):
            clock = self._new_clock(code, line.at)
            machine.start(clock, self.promises[code].schedule)
            self._begin(code, clock, line.now)

    def _new_clock(self, code, at):
        promise = self.promises[code]
        chained = promise.kind.repeats == "chain"
        clock = Clock(at, promise.target_seconds, chained=chained)
        if promise.long_running:
            received = self.facts.received_at
            floor = promise.schedule.add(received, promise.long_running)
            clock.floor_at = floor if floor > clock.started_at else None
        return clock

    def _begin(self, code, clock, now):
        promise = self.promises[code]
        self.cycles.setdefault(code, []).extend(
            life.settle_begun(
                ClockInWork(clock), promise.schedule, self.facts, promise.terms, now
            )
        )

    def _follow_stage(self, line):
        for code, promise in self.promises.items():
            clock = self._running(code, line.at)
            if clock:
                life.follow_stage(
                    clock,
                    promise.schedule,
                    line.at,
                    promise.kind,
                    promise.terms,
                    self.facts.stage,
                )

    def _void(self, line, cause):
        for code, promise in self.promises.items():
            clock = self._running(code, line.at)
            if clock:
                machine.void(clock, promise.schedule, line.at, cause)

    def _reopen(self, line):
        for code, promise in self.promises.items():
            last = self._ended(code)
            if last and life.reopens(promise.kind, last, promise.terms, self.facts):
                clock, _lines = life.reopen(
                    last, promise.schedule, line.at, promise.terms
                )
                self._begin(code, clock, line.now)
        self._start_missing(line)

    def _restore(self, line):
        if not self.facts.is_live:
            return
        for code, promise in self.promises.items():
            last = self._ended(code)
            if last and life.restores(promise.kind, last, self.facts):
                clock, _lines = life.restore(
                    last,
                    promise.schedule,
                    line.at,
                    promise.kind,
                    promise.terms,
                    self.facts,
                )
                self._begin(code, clock, line.now)
        self._start_missing(line)

    def _start_missing(self, line):
        """Begin what is owed since a time in which nothing ran; it is breached by the
        end of that time at the earliest."""
        if not self.facts.is_live:
            return
        waiting = self.facts.waiting(line.at)
        for code, promise in self.promises.items():
            last = self._last(code)
            start = life.missing_since(promise.kind, self.facts, last)
            if start is None or life.was_fulfilled(promise.kind, start, waiting):
                continue
            clock = self._new_clock(code, start)
            life.take_up(clock, promise.kind, promise.terms, last, waiting)
            machine.start(clock, promise.schedule)
            machine.judge_change(clock, promise.schedule, line.at, "policy_change")
            self._begin(code, clock, line.now)

    # Cycles -----------------------------------------------------------------------

    def _last(self, code):
        cycles = self.cycles.get(code)
        return cycles[-1].clock if cycles else None

    def _runs(self, code):
        last = self._last(code)
        return last is not None and last.state != "stopped"

    def _ended(self, code):
        """Return the last clock of a kind if it has ended."""
        last = self._last(code)
        return last if last is not None and last.state == "stopped" else None

    def _running(self, code, at):
        """Return the clock that goes on at an instant, after judging what lies
        before."""
        if not self._runs(code):
            return None
        if self._last(code).chained:
            self._settle(code, at)
        return self._last(code)

    def _settle(self, code, now):
        """Judge what lies before an instant, of a chain cycle by cycle."""
        cycles = self.cycles[code]
        if self._runs(code):
            cycles += cycles[-1].settle(self.promises[code].schedule, now)[1:]


def _belongs(follower, message):
    """Whether a line is what a customer's message did to its case at once."""
    if follower.kind == "stage_changed":
        return follower.cause == "customer_reply"
    return follower.kind == "archived" and follower.now == message.now
