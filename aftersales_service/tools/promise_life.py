"""One life of a promise: when it begins, pauses, ends, goes on, and is still owed.

``clock_machine`` says what an act does to a clock; here it is decided which act it is.
Pure, as the machine: no ORM, every instant passed in as epoch seconds. The engine makes
the facts of a case from the database and stores what comes of them; the simulation
makes the same facts out of the ledger. A rule is written here once, for both.

* An *event* is what happens to a case, by its code. What it fulfils ends first, so that
  the next cycle of a kind can begin with the same event.
* A case that is cancelled or excluded owes nothing, and one that is resolved nothing
  that resolving fulfils.
* Leaving the open stages ends, cancels or pauses a promise, as its kind says; a stage
  that a policy lets it pause in pauses it.
* A reopened case begins new cycles of the kinds that carry the time used before.
* What was void because a case was archived, excluded or cancelled runs again when that
  is restored: with its start, with the pauses it would have had, and only if it is
  still owed. What became owed meanwhile begins then, and is breached by that moment at
  the earliest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from . import clock_machine as machine
from .clock_machine import Clock
from .stage_kinds import OPEN_KINDS, SOLVED_KINDS

# Causes of a void that can be restored: then the promise runs again.
UNDOABLE_CAUSES = ("spam", "test", "void", "internal", "archived", "cancelled")
# Causes of a void by a change of the rules: another change can make it a promise again.
CHANGE_CAUSES = ("policy_change", "policy_version", "policy_archived")


# What is known ----------------------------------------------------------------------


@dataclass
class Facts:
    """What is known of a case, as far as its promises are concerned.

    :param int received_at: when the customer's message reached us
    :param str stage: kind of stage it is in
    :param owner_lost_at: since when one that had an owner has none
    :param answered: whether a person has answered the customer
    :param waits_since: the customer's oldest message without an answer
    :param list moves: (instant, kind of stage) of its moves, oldest first
    """

    received_at: int
    stage: str = "new"
    marked: bool = False
    active: bool = True
    owned: bool = False
    owner_lost_at: int | None = None
    classified: bool = False
    acknowledged: bool = False
    answered: bool = False
    last_reply_at: int | None = None
    waits_since: int | None = None
    moves: list = field(default_factory=list)

    @property
    def is_live(self):
        """Whether promises can run: the case is open and in use."""
        return self.stage in OPEN_KINDS and not self.marked and self.active

    def rests(self, until):
        """Return (from, to, kind of stage) of the times up to an instant in which
        nobody of ours had to act."""
        ends = [at for at, _stage in self.moves[1:]] + [until]
        return [
            (start, end, stage)
            for (start, stage), end in zip(self.moves, ends, strict=False)
            if stage not in ("new", "working") and start < end
        ]

    def moved_at(self, otherwise):
        """Return when the case came into its stage.

        :param int otherwise: what to return if it has never moved
        """
        return self.moves[-1][0] if self.moves else otherwise


def unknown(_facts):
    """Return since when a promise is wanted that no fact tells of: never."""
    return None


def still_wanted(_facts, _clock, _subject):
    """Return whether a voided promise that nothing fulfils behind its back is still
    owed: always."""
    return True


def freely(_facts, _runs):
    """Return whether a promise that waits for no other may begin: always."""
    return True


class ClockKind(NamedTuple):
    """The rules of one kind of promise. A kind without rules does not exist."""

    label: str
    # codes of events that begin it, that fulfil it, and that make it void
    starts: tuple = ()
    met_by: tuple = ()
    void_by: tuple = ()
    # (event, name of a term): the event fulfils it where the terms say so
    met_if: tuple = ()
    # kinds of stage that fulfil the promise when a case arrives there
    met_by_stages: tuple = ()
    # whether a policy may let it pause while somebody else has to act
    pausable: bool = False
    # what another start does: ``once``: nothing, ever; ``again``: a new cycle unless
    # one goes on; ``chain``: as again, and a breached one is followed at its deadline;
    # ``moved``: a new cycle in place of the one that goes on
    repeats: str = "once"
    # whether a reopened case begins a new cycle that carries the time used up
    carried: bool = False
    # whether a case can have several side by side, told apart by their subject
    per_subject: bool = False
    # if not empty, the stage fulfils only these subjects
    stage_subjects: tuple = ()
    # whether it is a time told to the customer, a promise with or without a policy
    told: bool = False
    # whether the customer waits with it for our next words
    waits: bool = False
    # function of the facts: since when it is to be kept by what is known, or None
    wanted: Callable = unknown
    # function of facts, ended clock and subject: whether a voided one is still owed
    still_owed: Callable = still_wanted
    # function of facts and of a function that says whether a kind runs: whether it may
    # begin beside what runs already
    may_begin: Callable = freely
    # whether something here makes its events, so that policies can promise it
    offered: bool = True
    # name of the case's method that says it to the customer: of the clock and whether
    # it is late; empty: the customer is not told of it
    portal: str = ""


# The rules of single kinds ----------------------------------------------------------


def from_receipt(facts):
    """Wanted from the receipt of the case on, whatever has happened since."""
    return facts.received_at


def until_answered(facts):
    """Wanted until a person has answered."""
    return None if facts.answered else facts.received_at


def while_waiting(facts):
    """Wanted while a customer who was answered before waits again."""
    return facts.waits_since if facts.answered else None


def after_our_word(facts):
    """Wanted since our last word, while the customer does not wait for another."""
    return None if facts.waits_since is not None else facts.last_reply_at


def until_classified(facts):
    """Wanted until the case has a category."""
    return None if facts.classified else facts.received_at


def until_owned(facts):
    """Wanted until somebody has the case: since its receipt, or since nobody has it
    any more."""
    if facts.owned:
        return None
    return facts.received_at if facts.owner_lost_at is None else facts.owner_lost_at


def owed_unconfirmed(facts, _clock, _subject):
    """A confirmation is owed until it was sent, or a person has answered."""
    return not facts.acknowledged and not facts.answered


def owed_unanswered(facts, _clock, _subject):
    """A first answer is owed until it was given."""
    return until_answered(facts) is not None


def owed_since_last_word(facts, clock, _subject):
    """A report is owed unless an answer meanwhile begins another one."""
    since = after_our_word(facts)
    return (facts.received_at if since is None else since) <= clock.started_at


def owed_without_reply(facts, clock, _subject):
    """A next answer is owed unless somebody has answered since it was void."""
    return facts.last_reply_at is None or facts.last_reply_at < clock.stopped_at


def owed_unclassified(facts, _clock, _subject):
    """A classification is owed until there is one."""
    return until_classified(facts) is not None


def owed_unowned(facts, _clock, _subject):
    """An owner is owed until there is one."""
    return until_owned(facts) is not None


def not_before(first):
    """Return a rule: it may begin when a person has answered, or nothing of a kind that
    comes before it is running.

    :param str first: code of the kind that comes before
    """
    return lambda facts, runs: facts.answered or not runs(first)


# What happened, as events -----------------------------------------------------------


def receipt_codes(*, in_person, owned, flagged):
    """Return the codes of what the receipt of a case means to its promises.

    :param in_person: whether whoever took it spoke with the customer
    :param flagged: whether work on it begins at once
    """
    codes = ["received"]
    if not in_person:
        codes += ["received_from_afar", "customer_message"]
    if not owned:
        codes.append("received_by_nobody")
    if flagged:
        codes.append("flagged")
    return tuple(codes)


def reply_codes(*, is_first, by_owner):
    """Return the codes of what an answer of a person means.

    :param by_owner: whether it is the work of who has the case
    """
    codes = ["reply"]
    if is_first:
        codes.append("first_reply")
    if by_owner:
        codes.append("work_started")
    return tuple(codes)


def change_codes(changes, flagged_classes):
    """Return the codes of what a change of the case means.

    :param dict changes: {field: (old value, new value)} of what changed
    :param flagged_classes: handling classes whose work begins at once
    """
    codes = []
    if "user_id" in changes:
        codes.append("assigned" if changes["user_id"][1] else "owner_lost")
    if "category_id" in changes and changes["category_id"][1]:
        codes.append("classified")
    if "handling_class" in changes:
        old, new = (value in flagged_classes for value in changes["handling_class"])
        if old != new:
            codes.append("flagged" if new else "calmed")
    return tuple(codes)


# Begin and end by events ------------------------------------------------------------


def begins(kind, codes):
    """Return whether events begin a promise of a kind."""
    return not set(codes).isdisjoint(kind.starts)


def fulfils(kind, codes, terms):
    """Return whether events fulfil a promise.

    :param dict terms: what it was promised with; True for a term that decides here
    """
    return not set(codes).isdisjoint(kind.met_by) or any(
        code in codes and terms.get(term) for code, term in kind.met_if
    )


def may_fulfil(kind, codes):
    """Return whether events fulfil promises of a kind under some terms."""
    return not set(codes).isdisjoint(
        (*kind.met_by, *(code for code, _t in kind.met_if))
    )


def voids(kind, codes):
    """Return whether events make promises of a kind void."""
    return not set(codes).isdisjoint(kind.void_by)


def may_owe(kind, facts):
    """Return whether a case can owe what a kind of promise is about."""
    if not facts.active or facts.marked or facts.stage == "cancelled":
        return False
    return facts.stage in OPEN_KINDS or "resolved" not in kind.met_by_stages


def begins_next(kind, facts, count, goes_on, runs):
    """Return whether a start begins another cycle.

    :param int count: how many there have been
    :param bool goes_on: whether the last of them has not ended
    :param runs: function of the code of a kind: whether one of it goes on
    """
    if goes_on or (count and kind.repeats == "once"):
        return False
    return kind.may_begin(facts, runs)


# Stages -----------------------------------------------------------------------------


def follow_stage(clock, schedule, at, kind, terms, stage, subject=""):
    """Pause, resume, fulfil or void a promise because its case came into a stage.

    :param ClockKind kind: its rules
    :param dict terms: what it was promised with; ``pauses`` decides here
    :param str stage: kind of the stage
    :return: ledger lines
    """
    if stage == "cancelled":
        return machine.void(clock, schedule, at, "cancelled")
    concerned = not kind.stage_subjects or subject in kind.stage_subjects
    if stage in kind.met_by_stages and concerned:
        return machine.stop(clock, schedule, at, "stage")
    return pause_as_stage(clock, schedule, at, terms, stage)


def pause_as_stage(clock, schedule, at, terms, stage):
    """Pause or resume a promise as the stage of its case wants it.

    :return: ledger lines
    """
    if stage in terms["pauses"]:
        return machine.pause(clock, schedule, at, stage)
    return machine.resume(clock, schedule, at, "stage")


def rests_in(kind, terms, stage):
    """Return whether the time in a kind of stage does not count to a promise."""
    ended = kind.carried and stage not in OPEN_KINDS
    return ended or stage in terms["pauses"]


def missed_pauses(kind, terms, rests, since, *, restored=False):
    """Return the pauses that a promise would have had since an instant.

    :param rests: see :meth:`Facts.rests`
    :param restored: whether the case is taken as never cancelled
    """
    return [
        [max(start, since), end, stage]
        for start, end, stage in rests
        if end > since
        and rests_in(kind, terms, stage)
        and not (restored and stage == "cancelled")
    ]


# Reopen and restore -----------------------------------------------------------------


def is_reopening(old, new):
    """Return whether a move between two kinds of stage takes a case back to work."""
    return old in SOLVED_KINDS and new in OPEN_KINDS


def is_revival(old, new):
    """Return whether a move between two kinds of stage restores a cancelled case."""
    return old == "cancelled" and new != "cancelled"


def reopens(kind, clock, terms, facts):
    """Return whether an ended promise has another cycle after a reopening. It may have
    been resolved in the archive, and restored since."""
    if not kind.carried or terms.get("on_reopen", "carry") == "none":
        return False
    undone = clock.void_cause in UNDOABLE_CAUSES and facts.is_live
    return undone or clock.void_cause in (None, "carried")


def reopen(clock, schedule, at, terms):
    """Begin the cycle after a reopening.

    :return: tuple of the new clock and ledger lines
    """
    fresh = terms.get("on_reopen") == "fresh"
    return machine.reopen(clock, schedule, at, fresh=fresh)


def restores(kind, clock, facts, subject=""):
    """Return whether a voided promise runs again when the case is restored."""
    undone = clock.void_cause in UNDOABLE_CAUSES
    return undone and kind.still_owed(facts, clock, subject)


def restore(clock, schedule, at, kind, terms, facts):
    """Begin a voided promise again as if it had never been void. No pause moves a time
    that was told or set by hand.

    :return: tuple of the new clock and ledger lines
    """
    missed = []
    if clock.fixed_deadline is None:
        rests = facts.rests(at)
        since = clock.stopped_at
        missed = missed_pauses(kind, terms, rests, since, restored=True)
    return machine.restart(clock, schedule, at, missed)


# What is missing --------------------------------------------------------------------


def missing_since(kind, facts, last):
    """Return since when a promise is owed that does not run, or None.

    It may begin after its last cycle if a change of the rules had made that void, or if
    its kind repeats and it is owed from later on.

    :param last: ended or running ``Clock`` of the last cycle, or None
    """
    start = kind.wanted(facts)
    if start is None or not may_owe(kind, facts):
        return None
    if last is None:
        return start
    if last.state != "stopped":
        return None
    later = kind.repeats in ("again", "chain") and start >= last.stopped_at
    return start if later or last.void_cause in CHANGE_CAUSES else None


def was_fulfilled(kind, start, rests):
    """Return whether a case was resolved since an instant, and with it what counts
    from there, for good.

    :param rests: see :meth:`Facts.rests`
    """
    return not kind.carried and any(
        stage in kind.met_by_stages and end > start for _start, end, stage in rests
    )


def take_up(clock, kind, terms, last, rests):
    """Give a new clock what it would have if it had been promised all along: of one
    that a change had made void its start and pauses, and all pauses since.

    :param clock: ``Clock`` that begins where it is owed from
    :param last: ``Clock`` of the last cycle, or None
    :param rests: see :meth:`Facts.rests`
    """
    known_until = clock.started_at
    if last and last.void_cause in CHANGE_CAUSES:
        clock.started_at, known_until = last.started_at, last.stopped_at
        clock.pauses = [list(pause) for pause in last.pauses]
        clock.carried_seconds = last.carried_seconds
    clock.pauses += missed_pauses(kind, terms, rests, known_until)


# Cycles -----------------------------------------------------------------------------


@dataclass
class Cycle:
    """One cycle of a promise while it is worked on: its clock, and what happened to
    it."""

    clock: Clock
    lines: list = field(default_factory=list, kw_only=True)

    def add(self, lines):
        """Take the ledger lines of an act on the clock."""
        self.lines += lines

    def successor(self, clock):
        """Return the next cycle of the same promise."""
        return Cycle(clock)

    def settle(self, schedule, instant):
        """Judge what lies before an instant.

        :return: list of this cycle and, of a chain, those that follow; the last one
            is the one that goes on
        """
        self.add(machine.settle(self.clock, schedule, instant))
        return self.follow(schedule, instant)

    def follow(self, schedule, instant, begin=None):
        """Return this cycle and those that follow it in a chain up to an instant.

        :param begin: function of each that follows, called before it is judged
        """
        cycles = [self]
        while machine.follows(cycles[-1].clock):
            clock, lines = machine.chain(cycles[-1].clock, schedule)
            follower = cycles[-1].successor(clock)
            follower.add(lines)
            if begin:
                begin(follower)
            follower.add(machine.settle(clock, schedule, instant))
            cycles.append(follower)
        return cycles


def settle_begun(cycle, schedule, facts, terms, now):
    """Let a cycle that has just begun wait if its case does, and judge what began so
    long ago that it is late already.

    :param Cycle cycle: the new cycle
    :param dict terms: what it was promised with
    :param int now: epoch seconds
    :return: list of the cycle and those that follow it
    """
    begun = [cycle]
    if facts.stage in terms["pauses"]:
        since = max(facts.moved_at(now), cycle.clock.started_at)
        begun = cycle.settle(schedule, since)
        last = begun[-1]
        last.add(pause_as_stage(last.clock, schedule, since, terms, facts.stage))
    return [*begun[:-1], *begun[-1].settle(schedule, now)]
