"""The life of a clock: one promise on one case, from its start to its outcome.

Pure, as ``business_time``: integer epoch seconds, no ORM, every instant passed in. Each
function changes the clock it is given and returns the ledger lines of what happened,
as dicts. With W the open seconds of the schedule:

    consumed(t) = carried + W(start, t) - W(united pauses within [start, t])

* The deadline is the earliest instant at which ``consumed`` reaches the target. A pause
  is half-open, so after one the deadline never lies before the instant of resuming,
  even if the pause began in the very second of the old deadline.
* A promise fulfilled at its deadline is kept. It is broken at the first instant after,
  and then the *deadline* is recorded, whatever the time is by then.
* Every act first judges what lies before it, so it does not matter how late it is
  noticed. An outcome once recorded never changes.
* In the same second a stop wins over a pause and a pause over a start. Instants that
  come in out of order are moved up to the last one known.
* ``state`` (running, paused, stopped) and ``outcome`` (none, met, breached, void) are
  independent: a broken promise runs on until it is fulfilled. Its deadline then belongs
  to the recorded outcome and stays, also while paused; only an undecided clock has no
  deadline while it is paused, but remaining seconds.
* A case reopened after its promise was broken is not judged again: the new cycle has
  ``carried_breach``. It runs, overdue since the old deadline, and when it ends its
  outcome is void with cause ``carried``: it counts in no figure.
* Setting a case aside or cancelling it voids what is undecided. What is broken stays
  broken and ends, with the cause in ``void_cause``.
"""

from dataclasses import dataclass, field

from .business_time import NoWorkingTime, Span, subtract, unite

PAUSE = "pause"
NO_WORKING_TIME = "no_working_time"


@dataclass
class Clock:
    """One cycle of a promise. All instants are epoch seconds.

    :param pauses: list of [from, to or None while it lasts, cause]
    :param warn_percent: share of the target at which the case is at risk; 0: never
    :param error: why there is no deadline although it runs
    """

    started_at: int
    target_seconds: int
    carried_seconds: int = 0
    carried_breach: bool = False
    warn_percent: int = 0
    pauses: list = field(default_factory=list)
    state: str = "running"
    outcome: str = "none"
    deadline: int | None = None
    remaining_seconds: int | None = None
    warning_at: int | None = None
    warned_at: int | None = None
    decided_at: int | None = None
    stopped_at: int | None = None
    void_cause: str | None = None
    breach_cause: str | None = None
    next_event_at: int | None = None
    error: str | None = None

    @property
    def is_open(self):
        """Whether the promise is still to be judged."""
        return self.outcome == "none" and not self.carried_breach


# Measures ---------------------------------------------------------------------------


def consumed(clock, schedule, at):
    """Return the seconds of the target used up at an instant."""
    used = schedule.seconds_between(clock.started_at, at)
    for start, end in united_pauses(clock, at):
        used -= schedule.seconds_between(start, end)
    return clock.carried_seconds + used


def united_pauses(clock, until):
    """Return the pauses up to an instant as disjoint, sorted (from, to)."""
    return unite(
        (start, until if end is None else min(end, until))
        for start, end, _cause in clock.pauses
    )


def durations(clock, schedule, until):
    """Return how long the cycle took up to an instant, in seconds: on the calendar,
    in the open hours of a schedule, and in those without the pauses."""
    business = schedule.seconds_between(clock.started_at, until)
    paused = sum(
        schedule.seconds_between(start, end)
        for start, end in united_pauses(clock, until)
    )
    return max(until - clock.started_at, 0), business, business - paused


def explain(clock, schedule, until):
    """Return the cycle up to an instant as a list of ``Span`` without gaps: what
    counted, and what did not and why. Pauses stand over everything else and have
    their cause as name."""
    paused = [
        Span(start, until if end is None else min(end, until), PAUSE, cause)
        for start, end, cause in clock.pauses
    ]
    holes = united_pauses(clock, until)
    spans = [span for span in paused if span.start < span.end]
    for span in schedule.explain(clock.started_at, until):
        for start, end in subtract([(span.start, span.end)], holes):
            spans.append(Span(start, end, span.reason, span.name))
    return sorted(spans)


# Acts -------------------------------------------------------------------------------


def start(clock, schedule, cause=None):
    """Begin to count at ``clock.started_at``.

    :return: ledger lines
    """
    plan(clock, schedule)
    at = clock.started_at
    line = _line("clock_started", clock, at, cause, clock.carried_seconds, None)
    return [line, *_error_lines(clock, at)]


def settle(clock, schedule, now):
    """Judge what lies before an instant.

    :return: ledger lines
    """
    if clock.error:
        plan(clock, schedule)
    late = clock.deadline is not None and clock.deadline < now
    if clock.state != "running" or not clock.is_open or not late:
        return []
    clock.outcome = "breached"
    clock.decided_at = clock.deadline
    clock.breach_cause = "time"
    _set_next_event(clock)
    return [_line("clock_breached", clock, clock.deadline, "time", _target(clock))]


def tick(clock, schedule, now):
    """Do what is due at an instant: judge, else notice that the case is at risk.

    :return: ledger lines
    """
    had_error = clock.error
    lines = settle(clock, schedule, now)
    if had_error and not clock.error:
        lines = [_line("clock_replanned", clock, now, had_error), *lines]
    if not lines and clock.is_open and _warning_due(clock, now):
        clock.warned_at = clock.warning_at
        lines = [_line("clock_warned", clock, clock.warning_at)]
    _set_next_event(clock)
    return lines


def pause(clock, schedule, at, cause):
    """Stop counting for a while; for a clock that is paused already, change the cause.

    :return: ledger lines
    """
    if clock.state == "stopped" or _pause_cause(clock) == cause:
        return []
    at = max(at, _last_instant(clock))
    lines = settle(clock, schedule, at)
    used = consumed(clock, schedule, at)
    _end_pause(clock, at)
    before = clock.deadline
    clock.pauses.append([at, None, cause])
    clock.state = "paused"
    clock.remaining_seconds = clock.target_seconds - used
    clock.error = None
    if clock.is_open:
        clock.deadline = clock.warning_at = None
    _set_next_event(clock)
    return [*lines, _line("clock_paused", clock, at, cause, used, before)]


def resume(clock, schedule, at, cause=None):
    """Go on counting.

    :return: ledger lines
    """
    if clock.state != "paused":
        return []
    at = max(at, _last_instant(clock))
    used = clock.target_seconds - clock.remaining_seconds
    _end_pause(clock, at)
    clock.state = "running"
    clock.remaining_seconds = None
    before = clock.deadline
    if clock.is_open:
        plan(clock, schedule)
    line = _line("clock_resumed", clock, at, cause, used, before)
    return [line, *_error_lines(clock, at)]


def stop(clock, schedule, at, cause=None):
    """Fulfil the promise: it is kept if that is not after its deadline.

    :return: ledger lines
    """
    return _end(clock, schedule, at, cause, "met")


def void(clock, schedule, at, cause):
    """End the promise without judging it. What was broken before stays broken.

    :return: ledger lines
    """
    if clock.state != "stopped":
        clock.void_cause = cause
    return _end(clock, schedule, at, cause, "void")


def reopen(previous, schedule, at):
    """Begin the cycle after a reopening: the seconds used before are carried, the time
    in between counts as paused.

    :return: tuple of the new clock and ledger lines
    """
    clock = Clock(
        started_at=max(at, previous.stopped_at),
        target_seconds=previous.target_seconds,
        carried_seconds=consumed(previous, schedule, previous.stopped_at),
        warn_percent=previous.warn_percent,
        warned_at=previous.warned_at,
    )
    _carry_breach(clock, previous)
    return clock, start(clock, schedule, "reopened")


def restart(previous, schedule, at):
    """Begin anew what was voided by mistake: with its first start and its pauses, as if
    it had never been voided.

    :return: tuple of the new clock and ledger lines
    """
    clock = Clock(
        started_at=previous.started_at,
        target_seconds=previous.target_seconds,
        carried_seconds=previous.carried_seconds,
        warn_percent=previous.warn_percent,
        warned_at=previous.warned_at,
        pauses=[list(line) for line in previous.pauses],
    )
    _carry_breach(clock, previous)
    lines = start(clock, schedule, "restarted")
    lines[0]["at"] = at
    return clock, lines


def plan(clock, schedule):
    """Work out deadline and warning from what is known of the clock.

    Without working time within the horizon there is no deadline but an ``error``:
    never a false one.
    """
    if clock.is_open:
        anchor = _last_instant(clock)
        used = consumed(clock, schedule, anchor)
        try:
            clock.deadline = schedule.add(anchor, clock.target_seconds - used)
            clock.warning_at = _plan_warning(clock, schedule, anchor, used)
            clock.error = None
        except NoWorkingTime:
            clock.deadline = clock.warning_at = None
            clock.error = NO_WORKING_TIME
    _set_next_event(clock)


# Parts ------------------------------------------------------------------------------


def _target(clock):
    return max(clock.target_seconds, clock.carried_seconds)


def _plan_warning(clock, schedule, anchor, used):
    if not clock.warn_percent:
        return None
    share = clock.target_seconds * clock.warn_percent // 100
    return schedule.add(anchor, share - used)


def _warning_due(clock, now):
    return (
        clock.state == "running"
        and clock.warned_at is None
        and clock.warning_at is not None
        and clock.warning_at <= now
    )


def _set_next_event(clock):
    """A breach is due one second after the deadline, the first instant it is true."""
    dues = []
    if clock.state == "running" and clock.is_open:
        if clock.deadline is not None:
            dues.append(clock.deadline + 1)
        if clock.warning_at is not None and clock.warned_at is None:
            dues.append(clock.warning_at)
    clock.next_event_at = min(dues, default=None)


def _last_instant(clock):
    """Return the last instant at which the clock started, paused or resumed."""
    if not clock.pauses:
        return clock.started_at
    start_, end, _cause = clock.pauses[-1]
    return start_ if end is None else end


def _pause_cause(clock):
    return clock.pauses[-1][2] if clock.state == "paused" else None


def _end_pause(clock, at):
    if clock.state == "paused":
        clock.pauses[-1][1] = at


def _end(clock, schedule, at, cause, outcome):
    """End the cycle, with an outcome if it has none; return the ledger lines."""
    if clock.state == "stopped":
        return []
    at = max(at, _last_instant(clock))
    lines = settle(clock, schedule, at)
    before = clock.deadline
    resume(clock, schedule, at)
    clock.state = "stopped"
    clock.stopped_at = at
    clock.error = None
    kind = "clock_stopped"
    if clock.is_open:
        kind = {"met": "clock_met", "void": "clock_voided"}[outcome]
        clock.outcome = outcome
        clock.decided_at = at
    elif clock.outcome == "none":
        clock.outcome = "void"
        clock.void_cause = clock.void_cause or "carried"
        clock.decided_at = at
    _set_next_event(clock)
    used = consumed(clock, schedule, at)
    return [*lines, _line(kind, clock, at, cause, used, before)]


def _carry_breach(clock, previous):
    if previous.outcome == "breached" or previous.carried_breach:
        clock.carried_breach = True
        clock.deadline = previous.deadline


def _error_lines(clock, at):
    return [_line("clock_error", clock, at, clock.error)] if clock.error else []


_KEEP = object()


def _line(kind, clock, at, cause=None, used=None, before=_KEEP):
    """Return a ledger line; the deadline before is the present one if not given."""
    return {
        "kind": kind,
        "at": at,
        "cause": cause,
        "deadline_before": clock.deadline if before is _KEEP else before,
        "deadline_after": clock.deadline,
        "consumed_before": used,
        "consumed_after": used,
    }
