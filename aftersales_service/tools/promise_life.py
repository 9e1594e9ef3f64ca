"""One life of a promise: when it begins, pauses, ends, goes on, and is still owed.

``clock_machine`` says what an act does to a clock; here it is decided which act it is.
Pure, as the machine: no ORM, every instant passed in as epoch seconds. The engine makes
the facts of a case from the database and stores what comes of them; the simulation
makes the same facts out of the ledger. A rule is written here once, for both.

* An *event* is what happens to a case, by its code. What it fulfils ends first, so that
  the next cycle of a kind can begin with the same event.
* A case that is cancelled or excluded owes nothing, and one that is resolved nothing
  that resolving fulfils.
* A move to *cancelled* voids every promise; a move to a stage in ``met_by_stages``
  fulfils; one to a stage in ``terms["pauses"]`` pauses, any other resumes.
* A reopened case begins new cycles of the kinds that carry the time used before.
* What was void because a case was archived, excluded or cancelled runs again when that
  is restored: with its start, with the pauses it would have had, and only if it is
  still owed. What became owed meanwhile begins then, and is breached by that moment at
  the earliest.
"""

from dataclasses import dataclass, field

from . import clock_machine as machine
from .clock_machine import Clock
from .stage_kinds import OPEN_KINDS, SOLVED_KINDS

# Causes of a void that can be restored: then the promise runs again.
REVERSIBLE_CAUSES = ("spam", "test", "void", "internal", "archived", "cancelled")
# Causes of a void by a change of the rules: another change can make it a promise again.
CHANGE_CAUSES = ("policy_change", "policy_version", "policy_archived")


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

    :param dict terms: the ``snapshot`` of its clock, what it was promised with
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


def pause_cause(terms, stage):
    """Return why a promise pauses while its case is in a stage, None if it does not.

    This is the one rule of pausing: what else should pause is asked here.

    :param dict terms: the ``snapshot`` of its clock
    :param str stage: kind of the stage
    """
    return stage if stage in terms["pauses"] else None


def pause_as_stage(clock, schedule, at, terms, stage):
    """Pause or resume a promise as the stage of its case wants it.

    :return: ledger lines
    """
    if cause := pause_cause(terms, stage):
        return machine.pause(clock, schedule, at, cause)
    return machine.resume(clock, schedule, at, "stage")


def stands_still_in(kind, terms, stage):
    """Return whether the time in a kind of stage does not count to a promise: it
    pauses there, or the promise had ended and goes on in another cycle."""
    ended = kind.carried and stage not in OPEN_KINDS
    return ended or pause_cause(terms, stage) is not None


def missed_pauses(kind, terms, waiting, since, *, restored=False):
    """Return the pauses that a promise would have had if it had run since an instant.

    :param waiting: see :meth:`~.promise_kind.Facts.waiting`
    :param restored: whether the case is taken as never cancelled
    """
    return [
        [max(start, since), end, stage]
        for start, end, stage in waiting
        if end > since
        and stands_still_in(kind, terms, stage)
        and not (restored and stage == "cancelled")
    ]


# Reopen and restore -----------------------------------------------------------------


def is_reopening(old, new):
    """Return whether a move between two kinds of stage takes a case back to work."""
    return old in SOLVED_KINDS and new in OPEN_KINDS


def is_restoring(old, new):
    """Return whether a move between two kinds of stage restores a cancelled case."""
    return old == "cancelled" and new != "cancelled"


def reopens(kind, clock, terms, facts):
    """Return whether an ended promise has another cycle after a reopening: also one
    that was void because of the archive, once its case is in use again."""
    if not kind.carried or terms.get("on_reopen", "carry") == "none":
        return False
    undone = clock.void_cause in REVERSIBLE_CAUSES and facts.is_live
    return undone or clock.void_cause in (None, "carried")


def reopen(clock, schedule, at, terms):
    """Begin the cycle after a reopening.

    :return: tuple of the new clock and ledger lines
    """
    fresh = terms.get("on_reopen") == "fresh"
    return machine.reopen(clock, schedule, at, fresh=fresh)


def restores(kind, clock, facts, subject=""):
    """Return whether a voided promise runs again when the case is restored."""
    undone = clock.void_cause in REVERSIBLE_CAUSES
    return undone and kind.still_owed(facts, clock, subject)


def restore(clock, schedule, at, kind, terms, facts):
    """Begin a voided promise again as if it had never been void. No pause moves a time
    that was told or set by hand.

    :return: tuple of the new clock and ledger lines
    """
    missed = []
    if clock.fixed_deadline is None:
        waiting = facts.waiting(at)
        since = clock.stopped_at
        missed = missed_pauses(kind, terms, waiting, since, restored=True)
    return machine.restore(clock, schedule, at, missed)


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
    dropped = last.outcome == "void" and last.void_cause in CHANGE_CAUSES
    return start if later or dropped else None


def was_fulfilled(kind, start, waiting):
    """Return whether a stage that the case was in since an instant has fulfilled a
    promise that counts from there. One that carries its time is never so fulfilled.

    :param waiting: see :meth:`~.promise_kind.Facts.waiting`
    """
    return not kind.carried and any(
        stage in kind.met_by_stages and end > start for _start, end, stage in waiting
    )


def take_up(clock, kind, terms, last, waiting):
    """Give a new clock what it would have if it had been promised all along: start and
    pauses of the one that a change of the rules had made void, and the pauses since.

    :param clock: ``Clock`` that begins where it is owed from
    :param last: ``Clock`` of the last cycle, or None
    :param waiting: see :meth:`~.promise_kind.Facts.waiting`
    """
    known_until = clock.started_at
    if last and last.outcome == "void" and last.void_cause in CHANGE_CAUSES:
        clock.started_at, known_until = last.started_at, last.stopped_at
        clock.pauses = [list(pause) for pause in last.pauses]
        clock.carried_seconds = last.carried_seconds
    clock.pauses += missed_pauses(kind, terms, waiting, known_until)


# Clocks at work ---------------------------------------------------------------------


@dataclass
class ClockInWork:
    """A clock while it is worked on, and what happened to it."""

    clock: Clock
    lines: list = field(default_factory=list, kw_only=True)

    def add(self, lines):
        """Take the ledger lines of an act on the clock."""
        self.lines += lines

    def successor(self, clock):
        """Return the next cycle of the same promise."""
        return ClockInWork(clock)

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


def settle_begun(begun, schedule, facts, terms, now):
    """Let a cycle that has just begun wait if its case does, and judge what began so
    long ago that it is late already.

    :param ClockInWork begun: the clock of the new cycle
    :param dict terms: what it was promised with
    :param int now: epoch seconds
    :return: list of the cycle and those that follow it
    """
    rows = [begun]
    if pause_cause(terms, facts.stage):
        since = max(facts.moved_at(now), begun.clock.started_at)
        rows = begun.settle(schedule, since)
        last = rows[-1]
        last.add(pause_as_stage(last.clock, schedule, since, terms, facts.stage))
    return [*rows[:-1], *rows[-1].settle(schedule, now)]
