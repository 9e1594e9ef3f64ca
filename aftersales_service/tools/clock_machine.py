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
* A *fixed* deadline is an instant that was promised to the customer, or set by hand: no
  pause, holiday or policy moves it, and the clock never pauses.
* When the rules change under a running clock it keeps its start and its pauses. If the
  new deadline is past already, the promise is broken at the instant of the change,
  never before, and the change is the cause.
* A *chained* clock ends when it is broken, and the next cycle starts at the missed
  deadline, so that a silence of three periods is three broken promises.
* Each step of a ladder is due when a share of the target is used up, or a number of
  open seconds before or after the deadline. It is taken at most once per cycle, and
  only while time is counted. Of the steps that became due unnoticed only those due last
  are taken, the others are skipped.
"""

from dataclasses import dataclass, field

from .business_time import NoWorkingTime, Span, subtract, unite

PAUSE = "pause"
NO_WORKING_TIME = "no_working_time"
# Ended before its case was long-running: nothing had been promised yet.
EARLY = "early"


@dataclass
class Clock:
    """One cycle of a promise. All instants are epoch seconds.

    :param pauses: list of [from, to or None while it lasts, cause]
    :param warn_percent: share of the target at which the case is at risk; 0: never
    :param error: why there is no deadline although it runs
    :param fixed_deadline: the instant promised, if it is one and no number of seconds
    :param floor_at: the deadline is never before this instant, unless it is fixed; a
        clock that ends before it was no promise yet and is void
    :param chained: whether the next cycle follows when it is broken
    :param steps: the ladder, a list of dicts with ``key`` and either ``percent`` of the
        target or ``offset``, open seconds after (or, negative, before) the deadline
    :param steps_done: keys of the steps taken or skipped
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
    fixed_deadline: int | None = None
    floor_at: int | None = None
    chained: bool = False
    steps: list = field(default_factory=list)
    steps_done: list = field(default_factory=list)

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


def running_spans(clock, until):
    """Return the time a cycle was running up to an instant or its end, pauses left
    out, as disjoint, sorted (from, to)."""
    until = until if clock.stopped_at is None else min(until, clock.stopped_at)
    if until <= clock.started_at:
        return []
    return subtract([(clock.started_at, until)], united_pauses(clock, until))


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
    line["data"].update(_start_data(clock))
    return [line, *_error_lines(clock, at)]


def settle(clock, schedule, now):
    """Judge what lies before an instant. A chained clock that is broken ends; see
    :func:`chain` for what follows.

    :return: ledger lines
    """
    if clock.error:
        plan(clock, schedule)
        # It had no deadline until now: it cannot have been late before.
        return judge_change(clock, schedule, now, "calendar_change")
    late = clock.deadline is not None and clock.deadline < now
    if clock.state != "running" or not clock.is_open or not late:
        return []
    _breach(clock, clock.deadline, "time")
    used = consumed(clock, schedule, clock.deadline)
    lines = [_line("clock_breached", clock, clock.deadline, "time", used)]
    if clock.chained:
        clock.state = "stopped"
        clock.stopped_at = clock.deadline
        lines.append(_line("clock_stopped", clock, clock.deadline, "chain", used))
    _set_next_event(clock, schedule)
    return lines


def follows(clock):
    """Return whether the next cycle of a chain follows on a clock."""
    return clock.chained and clock.state == "stopped" and clock.outcome == "breached"


def chain(previous, schedule):
    """Begin the cycle that follows a broken one of a chain, at the missed deadline.

    :return: tuple of the new clock and ledger lines
    """
    clock = Clock(
        started_at=previous.stopped_at,
        target_seconds=previous.target_seconds,
        warn_percent=previous.warn_percent,
        chained=True,
        steps=previous.steps,
    )
    return clock, start(clock, schedule, "chain")


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
    _set_next_event(clock, schedule)
    return lines


def pause(clock, schedule, at, cause):
    """Stop counting for a while; for a clock that is paused already, change the cause.
    A fixed deadline waits for nobody.

    :return: ledger lines
    """
    if clock.state == "stopped" or _pause_cause(clock) == cause:
        return []
    if clock.fixed_deadline is not None:
        return []
    at = max(at, _last_instant(clock))
    lines = settle(clock, schedule, at)
    if clock.state == "stopped":
        return lines
    used = consumed(clock, schedule, at)
    _end_pause(clock, at)
    before = clock.deadline
    clock.pauses.append([at, None, cause])
    clock.state = "paused"
    clock.remaining_seconds = clock.target_seconds - used
    clock.error = None
    if clock.is_open:
        clock.deadline = clock.warning_at = None
    _set_next_event(clock, schedule)
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


def reopen(previous, schedule, at, *, fresh=False):
    """Begin the cycle after a reopening: the seconds used before are carried, the time
    in between counts as paused.

    :param fresh: promise the whole time anew instead
    :return: tuple of the new clock and ledger lines
    """
    clock = Clock(
        started_at=max(at, previous.stopped_at),
        target_seconds=previous.target_seconds,
        warn_percent=previous.warn_percent,
        chained=previous.chained,
        steps=previous.steps,
    )
    if not fresh:
        clock.carried_seconds = _used_up(previous, schedule)
        clock.warned_at = previous.warned_at
        clock.steps_done = list(previous.steps_done)
        _carry_breach(clock, previous)
    return clock, start(clock, schedule, "reopened")


def restore(previous, schedule, at, missed=()):
    """Begin anew what was voided by mistake: with its first start and its pauses, as if
    it had never been voided.

    :param missed: pauses that it would have had since, as (from, to, cause)
    :return: tuple of the new clock and ledger lines
    """
    clock = Clock(
        started_at=previous.started_at,
        target_seconds=previous.target_seconds,
        carried_seconds=previous.carried_seconds,
        warn_percent=previous.warn_percent,
        warned_at=previous.warned_at,
        pauses=[list(line) for line in (*previous.pauses, *missed)],
        fixed_deadline=previous.fixed_deadline,
        floor_at=previous.floor_at,
        chained=previous.chained,
        steps=previous.steps,
        steps_done=list(previous.steps_done),
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
        try:
            clock.deadline = _plan_deadline(clock, schedule)
            clock.error = None
        except NoWorkingTime:
            clock.deadline = None
            clock.error = NO_WORKING_TIME
        clock.warning_at = _plan_warning(clock, schedule)
    _set_next_event(clock, schedule)


# Changes of the rules -----------------------------------------------------------------


def retarget(
    clock,
    old,
    schedule,
    at,
    *,
    target_seconds,
    warn_percent,
    steps,
    cause,
    missed=(),
):
    """Give an open promise another target: it keeps its start and its pauses, and gives
    up a deadline set by hand. What is decided stays as it is.

    :param old: schedule it was counted in so far
    :param schedule: schedule it is counted in from now on, from its start
    :param str cause: what changed
    :param missed: pauses that a fixed deadline did not take, as (from, to, cause) after
        the last one it took
    :return: ledger lines
    """
    lines = [] if clock.state == "stopped" else settle(clock, old, at)
    if clock.state == "stopped" or not clock.is_open:
        return lines
    before, used = clock.deadline, consumed(clock, old, at)
    left = clock.remaining_seconds
    clock.target_seconds = target_seconds
    clock.warn_percent = warn_percent
    clock.steps = steps
    clock.fixed_deadline = None
    clock.pauses += [list(pause) for pause in missed]
    _plan_again(clock, schedule, at)
    line = _changed("clock_retargeted", clock, schedule, at, cause, used, before)
    line["data"].update(
        target_seconds=target_seconds,
        warn_percent=warn_percent,
        floor_at=clock.floor_at,
    )
    if missed:
        line["data"]["pauses"] = [list(pause) for pause in clock.pauses]
    return [*lines, line, *judge_change(clock, schedule, at, cause, left)]


def replan(clock, schedule, at, cause):
    """Plan an open promise again because the hours it is counted in changed: a running
    one has another deadline, a paused one other seconds left. A fixed deadline does not
    move.

    :return: ledger lines, none where nothing changed
    """
    if clock.state == "stopped" or not clock.is_open:
        return []
    had_error, clock.error = clock.error, None
    lines = settle(clock, schedule, at)
    if not clock.is_open:
        return lines
    deadline, left = clock.deadline, clock.remaining_seconds
    before = (deadline, clock.warning_at, left, had_error)
    _plan_again(clock, schedule, at)
    after = (clock.deadline, clock.warning_at, clock.remaining_seconds, clock.error)
    if after == before:
        return lines
    line = _changed("clock_replanned", clock, schedule, at, cause, None, deadline)
    changes = [line, *_error_lines(clock, at)]
    return [*lines, *changes, *judge_change(clock, schedule, at, cause, left)]


def fix(clock, schedule, at, deadline, cause="manual"):
    """Set the deadline of an open promise by hand. A pause ends.

    :param deadline: the instant, not before ``at``
    :return: ledger lines
    """
    lines = [] if clock.state == "stopped" else settle(clock, schedule, at)
    if clock.state == "stopped" or not clock.is_open:
        return lines
    used = consumed(clock, schedule, at)
    lines += resume(clock, schedule, at, cause)
    before, clock.fixed_deadline = clock.deadline, deadline
    plan(clock, schedule)
    return [*lines, _line("clock_fixed", clock, at, cause, used, before)]


def absorb(clock, schedule, at, *, earlier, others, cause="merged"):
    """Let an open promise take over the time that other cases spent on the same: the
    *union* of the running times counts, never their sum.

    :param earlier: earlier cycles of the clock itself
    :param others: cycles of the same promise on the absorbed cases
    :return: ledger lines
    """
    lines = [] if clock.state == "stopped" else settle(clock, schedule, at)
    if clock.state == "stopped" or not clock.is_open:
        return lines
    before, used = clock.deadline, consumed(clock, schedule, at)
    left = clock.remaining_seconds
    own = running_spans(clock, at)
    spans = [s for c in (*earlier, *others) for s in running_spans(c, at)]
    extra = subtract(unite(spans), own)
    seconds = sum(schedule.seconds_between(*span) for span in extra)
    clock.carried_seconds = max(clock.carried_seconds, seconds)
    _plan_again(clock, schedule, at)
    line = _changed("clock_merged", clock, schedule, at, cause, used, before)
    line["data"]["carried_seconds"] = clock.carried_seconds
    return [*lines, line, *judge_change(clock, schedule, at, cause, left)]


def move_start(clock, schedule, at, started_at, cause="merged"):
    """Let an open promise count from an earlier instant, because a merged case has
    waited for longer.

    :return: ledger lines
    """
    lines = [] if clock.state == "stopped" else settle(clock, schedule, at)
    earlier = started_at < clock.started_at
    if clock.state == "stopped" or not clock.is_open or not earlier:
        return lines
    before, used = clock.deadline, consumed(clock, schedule, at)
    left = clock.remaining_seconds
    clock.started_at = started_at
    _plan_again(clock, schedule, at)
    line = _changed("clock_merged", clock, schedule, at, cause, used, before)
    line["data"]["started_at"] = started_at
    return [*lines, line, *judge_change(clock, schedule, at, cause, left)]


def judge_change(clock, schedule, at, cause, left=None):
    """Break an open promise whose deadline, after a change, lies before the change: at
    the instant of the change.

    :param left: seconds that a paused one had left before; below zero it was used up
        without being late, and its deadline comes with the end of the pause
    :return: ledger lines
    """
    if not clock.is_open or clock.error or (left or 0) < 0:
        return []
    if not _is_exceeded(clock, schedule, at):
        return []
    before = clock.deadline
    clock.deadline = at
    _breach(clock, at, cause)
    lines = [
        _line("clock_breached", clock, at, cause, consumed(clock, schedule, at), before)
    ]
    if clock.chained:
        _end_pause(clock, at)
        clock.state = "stopped"
        clock.stopped_at = at
        clock.remaining_seconds = None
        lines.append(_line("clock_stopped", clock, at, "chain"))
    _set_next_event(clock, schedule)
    return lines


# The ladder ---------------------------------------------------------------------------


def step_due(clock, schedule, step):
    """Return the instant at which a step of the ladder is due, or None if there is no
    deadline or no working time to count it in.

    A step at or after the deadline is due when the promise is broken, one second after
    the deadline at the earliest.
    """
    if clock.deadline is None or clock.carried_breach:
        return None
    offset = step.get("offset")
    if offset is None and step["percent"] >= 100:
        offset = 0
    try:
        if offset is not None and offset >= 0:
            return _after_deadline(clock, schedule, offset)
        return _before_deadline(clock, schedule, step, offset)
    except NoWorkingTime:
        return None


def passed_steps(clock, schedule, now):
    """Return the steps due by an instant and not taken yet, as (due, step), in the
    order they became due; none unless the clock runs."""
    if clock.state != "running":
        return []
    dues = [
        (due, step)
        for step in clock.steps
        if step["key"] not in clock.steps_done
        and (due := step_due(clock, schedule, step)) is not None
        and due <= now
    ]
    return sorted(dues, key=lambda pair: pair[0])


def take_steps(clock, schedule, now):
    """Take what is due of the ladder: the steps due last act, earlier ones are skipped.

    :return: tuple (steps to act, steps skipped, ledger lines)
    """
    passed = passed_steps(clock, schedule, now)
    if not passed:
        return [], [], []
    last = passed[-1][0]
    acting = [step for due, step in passed if due == last]
    skipped = [step for due, step in passed if due < last]
    lines = []
    for due, step in passed:
        kind = "step_fired" if due == last else "step_skipped"
        line = _line(kind, clock, now, step["key"])
        line["data"]["due"] = due
        lines.append(line)
    clock.steps_done = [*clock.steps_done, *(step["key"] for _due, step in passed)]
    _set_next_event(clock, schedule)
    return acting, skipped, lines


def _before_deadline(clock, schedule, step, offset):
    total = _total(clock, schedule)
    share = -(-total * step["percent"] // 100) if offset is None else total + offset
    anchor = _last_instant(clock)
    due = schedule.add(anchor, share - consumed(clock, schedule, anchor))
    return min(due, max(clock.deadline, anchor))


def _after_deadline(clock, schedule, offset):
    """Time in which a broken promise is paused does not count after it either."""
    anchor = max(_last_instant(clock), clock.deadline)
    used = consumed(clock, schedule, anchor)
    used -= consumed(clock, schedule, clock.deadline)
    return max(schedule.add(anchor, offset - used), clock.deadline + 1)


def _total(clock, schedule):
    """Return the seconds that are used up at the deadline: the target, unless it is an
    instant or not before one."""
    if clock.fixed_deadline is None and clock.floor_at is None:
        return clock.target_seconds
    return consumed(clock, schedule, clock.deadline)


# Parts ------------------------------------------------------------------------------


def _breach(clock, at, cause):
    clock.outcome = "breached"
    clock.decided_at = at
    clock.breach_cause = cause


def _is_exceeded(clock, schedule, at):
    if clock.deadline is not None and clock.deadline < at:
        return True
    if clock.fixed_deadline is not None or (clock.floor_at or 0) >= at:
        return False
    return consumed(clock, schedule, at) > clock.target_seconds


def _plan_again(clock, schedule, at):
    """Plan after a change of the rules; a paused clock only has other seconds left."""
    if clock.state == "paused":
        used = consumed(clock, schedule, at)
        clock.remaining_seconds = clock.target_seconds - used
        _set_next_event(clock, schedule)
    else:
        plan(clock, schedule)


def _changed(kind, clock, schedule, at, cause, used, before):
    line = _line(kind, clock, at, cause, used, before)
    line["consumed_after"] = consumed(clock, schedule, at)
    return line


def _plan_deadline(clock, schedule):
    if clock.fixed_deadline is not None:
        return clock.fixed_deadline
    anchor = _last_instant(clock)
    used = consumed(clock, schedule, anchor)
    deadline = schedule.add(anchor, clock.target_seconds - used)
    return deadline if clock.floor_at is None else max(deadline, clock.floor_at)


def _plan_warning(clock, schedule):
    """Return when the case comes at risk. A deadline stands without a warning too."""
    if not clock.warn_percent or clock.deadline is None:
        return None
    anchor = _last_instant(clock)
    total = _total(clock, schedule)
    share = total * clock.warn_percent // 100
    used = consumed(clock, schedule, anchor)
    try:
        return min(schedule.add(anchor, share - used), clock.deadline)
    except NoWorkingTime:
        return None


def _warning_due(clock, now):
    return (
        clock.state == "running"
        and clock.warned_at is None
        and clock.warning_at is not None
        and clock.warning_at <= now
    )


def _set_next_event(clock, schedule):
    """A breach is due one second after the deadline, the first instant it is true."""
    dues = []
    if clock.state == "running":
        dues += _step_dues(clock, schedule)
        if clock.is_open and clock.deadline is not None:
            dues.append(clock.deadline + 1)
        if clock.is_open and clock.warning_at is not None and clock.warned_at is None:
            dues.append(clock.warning_at)
    clock.next_event_at = min(dues, default=None)


def _step_dues(clock, schedule):
    dues = (
        step_due(clock, schedule, step)
        for step in clock.steps
        if step["key"] not in clock.steps_done
    )
    return [due for due in dues if due is not None]


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
    if clock.state == "stopped":
        return lines
    before = clock.deadline
    resume(clock, schedule, at)
    clock.state = "stopped"
    clock.stopped_at = at
    clock.error = None
    kind = "clock_stopped"
    if outcome == "met" and clock.is_open and _is_early(clock, at):
        outcome, clock.void_cause = "void", EARLY
    if clock.is_open:
        kind = {"met": "clock_met", "void": "clock_voided"}[outcome]
        clock.outcome = outcome
        clock.decided_at = at
    elif clock.outcome == "none":
        clock.outcome = "void"
        clock.void_cause = clock.void_cause or "carried"
        clock.decided_at = at
    _set_next_event(clock, schedule)
    used = consumed(clock, schedule, at)
    return [*lines, _line(kind, clock, at, cause, used, before)]


def _is_early(clock, at):
    """Whether nothing was promised yet at an instant. A fixed deadline is a promise
    from the beginning."""
    return clock.fixed_deadline is None and at < (clock.floor_at or at)


def _used_up(clock, schedule):
    """Return the seconds that an ended cycle has used up. Of one that was kept before
    an instant, what was left until then is left."""
    if clock.fixed_deadline is None or clock.outcome != "met":
        return consumed(clock, schedule, clock.stopped_at)
    left = schedule.seconds_between(clock.stopped_at, clock.fixed_deadline)
    return clock.target_seconds - left


def _carry_breach(clock, previous):
    if previous.outcome == "breached" or previous.carried_breach:
        clock.carried_breach = True
        clock.deadline = previous.deadline


def _error_lines(clock, at):
    return [_line("clock_error", clock, at, clock.error)] if clock.error else []


_KEEP = object()


def _start_data(clock):
    """Return what a ledger line must say to build the clock from it alone."""
    names = (
        "started_at",
        "target_seconds",
        "carried_breach",
        "warn_percent",
        "warned_at",
        "fixed_deadline",
        "floor_at",
    )
    data = {name: value for name in names if (value := getattr(clock, name))}
    if clock.pauses:
        data["pauses"] = [list(line) for line in clock.pauses]
    if clock.steps_done:
        data["steps_done"] = list(clock.steps_done)
    return data


def _line(kind, clock, at, cause=None, used=None, before=_KEEP):
    """Return a ledger line; the deadline before is the present one if not given."""
    data = {}
    if clock.warning_at is not None and clock.state == "running":
        data["warning_at"] = clock.warning_at
    if clock.fixed_deadline is not None:
        data["fixed_deadline"] = clock.fixed_deadline
    return {
        "kind": kind,
        "at": at,
        "cause": cause,
        "deadline_before": clock.deadline if before is _KEEP else before,
        "deadline_after": clock.deadline,
        "consumed_before": used,
        "consumed_after": used,
        "data": data,
    }
