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
    # What is known of the case, as ``_clocks_wanted`` of real ones looks at it
    acknowledged: bool = False
    owned: bool = False
    owner_lost: int | None = None
    classified: bool = False
    last_reply: int | None = None
    waits_since: int | None = None
    # (from, kind of stage), oldest first
    moves: list = field(default_factory=list)
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
            # The case was taken back to work first, then his wait is promised.
            self.waits_since = self.waits_since or fact.at
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
        self.owned = bool(fact.data.get("user"))
        codes = ["received"]
        if self.channel not in self.rules.in_person:
            codes += ["received_from_afar", "customer_message"]
            self.waits_since = fact.at
        if not self.owned:
            codes.append("received_by_nobody")
        self._event(codes, fact)
        if fact.data.get("active") is False:
            self.active = False
            self._void(fact, "archived")

    def _tell_acknowledged(self, fact):
        self.acknowledged = True
        self._stop({"acknowledgement"}, fact)

    def _tell_customer_message(self, fact):
        if self._is_live():
            self._event(["customer_message"], fact)

    def _tell_reply(self, fact):
        codes = ["reply"] if self.answered else ["reply", "first_reply"]
        self.answered, self.waits_since = True, None
        self.last_reply = max(self.last_reply or fact.at, fact.at)
        self._event(codes, fact)

    def _tell_assigned(self, fact):
        if "user_id" not in fact.data:
            return
        self.owned = bool(fact.data["user_id"][1])
        self.owner_lost = fact.at
        if self._is_live():
            self._event(["assigned" if self.owned else "owner_lost"], fact)

    def _tell_classified(self, fact):
        if "category_id" not in fact.data:
            return
        self.classified = bool(fact.data["category_id"][1])
        if self.classified and self._is_live():
            self._event(["classified"], fact)

    def _tell_stage_changed(self, fact):
        if fact.cause == "team":
            return
        before, self.stage = fact.data["from_kind"], fact.data["to_kind"]
        self.moves.append((fact.at, self.stage))
        if self.stage not in self.rules.open_stages:
            self.waits_since = None
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
        self._restart(fact)

    def _tell_archived(self, fact):
        self.active = bool(fact.data["active"][1])
        if not self.active:
            self._void(fact, "archived")
        else:
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
        clock = self._new_clock(kind, fact.at)
        machine.start(clock, self.promises[kind].schedule)
        self._begin(kind, clock, fact.now)

    def _new_clock(self, kind, at):
        promise, repeats = self.promises[kind], self.rules.kinds[kind].repeats
        clock = Clock(at, promise.target_seconds, chained=repeats == "chain")
        if promise.long_running:
            floor = promise.schedule.add(self.received, promise.long_running)
            clock.floor_at = floor if floor > clock.started_at else None
        return clock

    def _may_start(self, rule):
        """Whether a case can owe what a kind of promise is about."""
        if not self.active or self.mark or self.stage == "cancelled":
            return False
        in_work = self.stage in self.rules.open_stages
        return in_work or "resolved" not in rule.met_by_stages

    def _begin(self, kind, clock, now):
        promise = self.promises[kind]
        self.cycles.setdefault(kind, []).append(clock)
        if self.stage in promise.pauses:
            rests = self.moves[-1][0] if self.moves else now
            since = max(rests, clock.started_at)
            self._settle(kind, since)
            machine.pause(self._last(kind), promise.schedule, since, self.stage)
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
            undone = last.void_cause in self.rules.undoable and self._is_live()
            ended_itself = undone or last.void_cause in (None, "carried")
            goes_on = promise.on_reopen != "none"
            if self.rules.kinds[kind].carried and ended_itself and goes_on:
                fresh = promise.on_reopen == "fresh"
                clock, _lines = machine.reopen(
                    last, promise.schedule, fact.at, fresh=fresh
                )
                self._begin(kind, clock, fact.now)
        if self._is_live():
            self._start_missing(fact)

    def _restart(self, fact):
        if not self._is_live():
            return
        for kind, promise in self.promises.items():
            last = self._last(kind)
            if last is None or last.state != "stopped":
                continue
            if last.void_cause in self.rules.undoable and self._still_owes(kind, last):
                rests = self._rests_since(kind, last, fact.at)
                clock, _lines = machine.restart(last, promise.schedule, fact.at, rests)
                self._begin(kind, clock, fact.now)
        self._start_missing(fact)

    def _start_missing(self, fact):
        """Begin what is owed since a time in which nothing ran; it is broken by the
        end of that time at the earliest."""
        rules = self.rules.kinds
        for kind, start in self._owed_since().items():
            last = self._last(kind)
            begun = last and (last.state != "stopped" or start < last.stopped_at)
            if kind not in self.promises or begun or not self._may_start(rules[kind]):
                continue
            rests = self._rests(start, fact.at)
            ends = () if rules[kind].carried else rules[kind].met_by_stages
            if not any(stage in ends for _low, _high, stage in rests):
                clock = self._new_clock(kind, start)
                clock.pauses = [
                    list(rest) for rest in rests if self._rests_in(kind, rest[2])
                ]
                schedule = self.promises[kind].schedule
                machine.start(clock, schedule)
                machine.judge_change(clock, schedule, fact.at, "policy_change")
                self._begin(kind, clock, fact.now)

    def _owed_since(self):
        """Return {kind: since when it is owed}, of the kinds that repeat."""
        owed = {}
        if not self.owned:
            owed["assignment"] = self.owner_lost or self.received
        if self.answered and self.waits_since:
            owed["next_response"] = self.waits_since
        if self.last_reply and not self.waits_since:
            owed["update"] = self.last_reply
        return owed

    def _still_owes(self, kind, last):
        """Whether a promise that was voided has not been fulfilled since."""
        if kind == "acknowledgement":
            return not self.acknowledged and not self.answered
        owed = self._owed_since()
        if kind == "update":
            return owed.get(kind, self.received) <= last.started_at
        return {
            "first_response": not self.answered,
            "next_response": (self.last_reply or 0) < last.stopped_at,
            "classification": not self.classified,
            "assignment": kind in owed,
        }.get(kind, True)

    def _rests_since(self, kind, last, at):
        """Return the pauses that a promise would have had since it was void."""
        rests = self._rests(last.stopped_at, at)
        return [
            rest
            for rest in rests
            if rest[2] != "cancelled" and self._rests_in(kind, rest[2])
        ]

    def _rests(self, since, until):
        """Return (from, to, kind of stage) of the times in which nobody of ours had to
        act."""
        ends = [at for at, _stage in self.moves[1:]] + [until]
        return [
            (max(low, since), high, stage)
            for (low, stage), high in zip(self.moves, ends, strict=False)
            if stage not in ("new", "working") and low < high and high > since
        ]

    def _rests_in(self, kind, stage):
        """Whether the time in a kind of stage does not count to a promise."""
        ended = self.rules.kinds[kind].carried and stage not in self.rules.open_stages
        return ended or stage in self.promises[kind].pauses

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
        if cycles[-1].state != "stopped":
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
