"""What would have become of promises that were never made: the facts of a case told
again to other clocks.

Pure, as ``clock_machine``: no ORM, every instant passed in as epoch seconds. The facts
are the ledger's, in the order in which they were recorded; what is a start, a pause or
an end follows from the same rules as for real promises.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from . import clock_machine as machine
from .clock_machine import Clock

# Kinds of ledger lines that are told again.
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
RESTED = ("resolved", "closed")


class Fact(NamedTuple):
    """One ledger line: what happened, when, and when it was written down."""

    kind: str
    at: int
    now: int
    cause: str | None
    data: dict


class Rules(NamedTuple):
    """What applies to the promises of all cases.

    :param kinds: {kind: its ``ClockKind``}
    :param open_stages: kinds of stage in which a case is in work
    :param in_person: channels on which nothing is acknowledged
    :param undoable: causes of a void that can be taken back
    """

    kinds: dict
    open_stages: tuple
    in_person: tuple
    undoable: tuple


class Promise(NamedTuple):
    """What one case would have been promised of one kind.

    :param schedule: hours in which the time is counted
    :param pauses: kinds of stage in which it pauses
    :param on_reopen: ``carry``, ``fresh`` or ``none``
    :param long_running: open seconds after receipt before which nothing is promised
    """

    target_seconds: int
    schedule: object
    pauses: tuple = ()
    ack_counts: bool = False
    on_reopen: str = "carry"
    long_running: int = 0


@dataclass
class Story:
    """One case while its facts are told again.

    :param promises: {kind: :class:`Promise`}
    """

    rules: Rules
    promises: dict
    channel: str | None = None
    stage: str = "new"
    mark: bool = False
    active: bool = True
    received: int = 0
    answered: bool = False
    # kind → its cycles, oldest first
    cycles: dict = field(default_factory=dict)

    def tell(self, facts, until):
        """Tell all facts up to an instant.

        :param list facts: :class:`Fact` in the order in which they were recorded
        :param int until: what is open then stays open
        :return: {kind: list of clocks}
        """
        facts = [fact for fact in facts if fact.now <= until]
        place = 0
        while place < len(facts):
            fact = facts[place]
            place += 1
            if fact.kind != "customer_message":
                getattr(self, f"_tell_{fact.kind}")(fact)
                continue
            # The case was taken back to work first, then the customer waits.
            at = fact.at
            while place < len(facts) and _belongs(facts[place], fact):
                follower = facts[place]
                getattr(self, f"_tell_{follower.kind}")(follower)
                if follower.kind == "stage_changed":
                    at = follower.at
                place += 1
            self._tell_customer_message(fact._replace(at=at))
        for kind in self.cycles:
            self._settle(kind, until)
        return self.cycles

    # Facts --------------------------------------------------------------------

    def _tell_received(self, fact):
        self.received = fact.at
        self.channel = fact.data.get("channel")
        codes = ["received"]
        if self.channel not in self.rules.in_person:
            codes += ["received_from_afar", "customer_message"]
        if not fact.data.get("user"):
            codes.append("received_by_nobody")
        self._event(codes, fact)
        if fact.data.get("active") is False:
            self.active = False
            self._void(fact, "archived")

    def _tell_acknowledged(self, fact):
        self._stop({"acknowledgement"}, fact)

    def _tell_customer_message(self, fact):
        if self._is_live():
            self._event(["customer_message"], fact)

    def _tell_reply(self, fact):
        codes = ["reply"] if self.answered else ["reply", "first_reply"]
        self.answered = True
        self._event(codes, fact)

    def _tell_assigned(self, fact):
        if "user_id" in fact.data and self._is_live():
            owner = fact.data["user_id"][1]
            self._event(["assigned" if owner else "owner_lost"], fact)

    def _tell_classified(self, fact):
        category = fact.data.get("category_id")
        if category and category[1] and self._is_live():
            self._event(["classified"], fact)

    def _tell_stage_changed(self, fact):
        if fact.cause == "team":
            return
        before, self.stage = fact.data["from_kind"], fact.data["to_kind"]
        if before in RESTED and self.stage in self.rules.open_stages:
            self._reopen(fact)
        elif before == "cancelled" and self.stage != "cancelled":
            self._restart(fact)
        else:
            self._follow_stage(fact)

    def _tell_marked(self, fact):
        self.mark = True
        self._void(fact, fact.cause)

    def _tell_unmarked(self, fact):
        self.mark = False
        if self.active and self.stage in self.rules.open_stages:
            self._restart(fact)

    def _tell_archived(self, fact):
        self.active = bool(fact.data["active"][1])
        if not self.active:
            self._void(fact, "archived")
        elif not self.mark and self.stage in self.rules.open_stages:
            self._restart(fact)

    def _is_live(self):
        in_work = self.stage in self.rules.open_stages
        return in_work and not self.mark and self.active

    # Clocks ---------------------------------------------------------------------

    def _event(self, codes, fact):
        kinds = self.rules.kinds
        codes = set(codes)
        self._stop({k for k in self.promises if codes & set(kinds[k].met_by)}, fact)
        # The first answer is begun before the next one, which waits for it.
        for kind in sorted(self.promises):
            if codes & set(kinds[kind].starts):
                self._start(kind, fact)

    def _stop(self, wanted, fact):
        for kind, promise in self.promises.items():
            counts = "acknowledgement" in wanted and kind == "first_response"
            if kind in wanted or (counts and promise.ack_counts):
                clock = self._running(kind, fact.at)
                if clock:
                    machine.stop(clock, promise.schedule, fact.at)

    def _start(self, kind, fact):
        rule, last = self.rules.kinds[kind], self._last(kind)
        goes_on = last is not None and last.state != "stopped"
        if goes_on or (last is not None and rule.repeats == "once"):
            return
        if not self._may_start(rule):
            return
        if kind == "next_response" and not self.answered and self._first_is_due():
            return
        promise = self.promises[kind]
        clock = Clock(fact.at, promise.target_seconds, chained=rule.repeats == "chain")
        if promise.long_running:
            floor = promise.schedule.add(self.received, promise.long_running)
            clock.floor_at = floor if floor > clock.started_at else None
        machine.start(clock, promise.schedule)
        self._begin(kind, clock, fact.now)

    def _may_start(self, rule):
        """Whether a case can owe what a kind of promise is about."""
        if not self.active or self.mark or self.stage == "cancelled":
            return False
        in_work = self.stage in self.rules.open_stages
        return in_work or "resolved" not in rule.met_by_stages

    def _begin(self, kind, clock, now):
        promise = self.promises[kind]
        if self.stage in promise.pauses:
            machine.pause(clock, promise.schedule, now, self.stage)
        self.cycles.setdefault(kind, []).append(clock)
        self._settle(kind, now)

    def _follow_stage(self, fact):
        for kind, promise in self.promises.items():
            rule, clock = self.rules.kinds[kind], self._running(kind, fact.at)
            if not clock:
                continue
            if self.stage == "cancelled":
                machine.void(clock, promise.schedule, fact.at, "cancelled")
            elif self.stage in rule.met_by_stages:
                machine.stop(clock, promise.schedule, fact.at)
            elif self.stage in promise.pauses:
                machine.pause(clock, promise.schedule, fact.at, self.stage)
            else:
                machine.resume(clock, promise.schedule, fact.at)

    def _void(self, fact, cause):
        for kind, promise in self.promises.items():
            clock = self._running(kind, fact.at)
            if clock:
                machine.void(clock, promise.schedule, fact.at, cause)

    def _reopen(self, fact):
        for kind, promise in self.promises.items():
            last = self._last(kind)
            if last is None or last.state != "stopped":
                continue
            ended_itself = last.void_cause in (None, "carried")
            goes_on = promise.on_reopen != "none"
            if self.rules.kinds[kind].carried and ended_itself and goes_on:
                fresh = promise.on_reopen == "fresh"
                clock, _lines = machine.reopen(
                    last, promise.schedule, fact.at, fresh=fresh
                )
                self._begin(kind, clock, fact.now)

    def _restart(self, fact):
        for kind, promise in self.promises.items():
            last = self._last(kind)
            if last is None or last.state != "stopped":
                continue
            if last.void_cause in self.rules.undoable:
                clock, _lines = machine.restart(last, promise.schedule, fact.at)
                self._begin(kind, clock, fact.now)

    def _last(self, kind):
        cycles = self.cycles.get(kind)
        return cycles[-1] if cycles else None

    def _running(self, kind, at):
        """Return the cycle that goes on at an instant, after judging what lies
        before."""
        last = self._last(kind)
        if last is None or last.state == "stopped":
            return None
        if last.chained:
            self._settle(kind, at)
        return self.cycles[kind][-1]

    def _settle(self, kind, now):
        """Judge what lies before an instant, of a chain cycle by cycle."""
        schedule, cycles = self.promises[kind].schedule, self.cycles[kind]
        if cycles[-1].state == "stopped":
            return
        machine.settle(cycles[-1], schedule, now)
        while machine.follows(cycles[-1]):
            clock, _lines = machine.chain(cycles[-1], schedule)
            machine.settle(clock, schedule, now)
            cycles.append(clock)

    def _first_is_due(self):
        first = self._last("first_response")
        return first is not None and first.state != "stopped"


def _belongs(follower, message):
    """Whether a fact is what a customer's message did to its case at once."""
    if follower.kind == "stage_changed":
        return follower.cause == "customer_reply"
    return follower.kind == "archived" and follower.now == message.now
