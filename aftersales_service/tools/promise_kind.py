"""What is known of a case, and what the kinds of promises make of it.

A kind is a row of rules; most rules are functions of the facts of a case. Pure: no ORM,
every instant in epoch seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from .stage_kinds import OPEN_KINDS

# What is known ----------------------------------------------------------------------


@dataclass
class Facts:
    """What is known of a case, as far as its promises are concerned.

    What only the ledger knows is filled in where it is asked for.

    :param int received_at: when the customer's message reached us
    :param str stage: kind of stage it is in
    :param marked: whether it is excluded, as spam, test …
    :param active: whether it is not archived
    :param owned: whether somebody has it
    :param owner_lost_at: since when one that had an owner has none; by the ledger
    :param classified: whether it has a category
    :param acknowledged: whether its receipt was confirmed
    :param answered: whether a person has answered the customer
    :param last_reply_at: when a person answered last
    :param waits_since: the customer's oldest message without an answer
    :param list moves: (instant, kind of stage) of its moves, oldest first; by the
        ledger
    :param dict happened: {event: when it happened last}, of the events that kinds of
        ledger lines name in their rows; by the ledger
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
    happened: dict = field(default_factory=dict)

    @property
    def is_live(self):
        """Whether promises can run: the case is open and in use."""
        return self.stage in OPEN_KINDS and not self.marked and self.active

    def waiting(self, until):
        """Return (from, to, kind of stage) of the times up to an instant outside of
        *new* and *working*: those after the end of the work included."""
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
    """Default of ``wanted``: a case that is promised it later does not owe it."""
    return None


def still_wanted(_facts, _clock, _subject):
    """Default of ``still_owed``: always, as nothing fulfils it while it is void."""
    return True


def freely(_facts, _runs):
    """Default of ``may_begin``: always, as it waits for no other promise."""
    return True


class ClockKind(NamedTuple):
    """The rules of one kind of promise."""

    label: str
    # codes of events that begin it, that fulfil it, and that make it void
    starts: tuple = ()
    met_by: tuple = ()
    void_by: tuple = ()
    # (event, key of the terms): the event fulfils it only where that term is true
    met_if: tuple = ()
    # kinds of stage that fulfil the promise when a case arrives there
    met_by_stages: tuple = ()
    # whether a policy may let it pause while somebody else has to act
    pausable: bool = False
    # what another start does: ``once``: nothing, though a reopened or restored case has
    # a new cycle; ``again``: a new cycle unless
    # one goes on; ``chain``: as again, and a breached one is followed at its deadline;
    # ``moved``: a new cycle in place of the one that goes on
    repeats: str = "once"
    # whether a reopened case begins a new cycle that carries the time used up
    carried: bool = False
    # whether a case can have several side by side, told apart by their subject
    per_subject: bool = False
    # if not empty, the stage fulfils only these subjects
    stage_subjects: tuple = ()
    # whether it is a time promised to the customer, a promise with or without a policy
    is_promised_time: bool = False
    # whether the customer waits for our answer with it: merged cases join such ones
    waits: bool = False
    # function of the facts: since when a case owes it, or None; asked when a case is
    # promised it later than it began, or restored
    wanted: Callable = unknown
    # function of facts, ended clock and subject: whether a voided one is still owed
    still_owed: Callable = still_wanted
    # function of facts and of a function that says whether a kind runs: whether it may
    # begin beside what runs already
    may_begin: Callable = freely
    # whether something here makes its events, so that policies can promise it
    offered: bool = True
    # name of the case's method that says it to the customer, called with the clock and
    # whether it is late; empty: the customer does not read of it
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
    """A progress update is owed unless an answer meanwhile begins another one."""
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


def after_first(first):
    """Return a rule: it may begin when a person has answered, or nothing of a kind that
    comes before it is running.

    :param str first: code of the kind that comes before
    """
    return lambda facts, runs: facts.answered or not runs(first)
