"""What cases and clocks must hold, worked out from the ledger alone.

Pure, as ``clock_machine``: epoch seconds, no ORM. Lines are folded in the order in
which they were written. The result is what the tables must say; where a line does not
fit to those before it (a stage left that the case was not in, a deadline moved that was
not there), a line is missing or was changed, and that is a finding of its own.

Nothing here is shared with the code that writes the ledger, but for the plan of a
deadline: whether that is right is what the tests of the machine are for.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from . import clock_machine as machine

OPEN_KINDS = frozenset({"new", "working", "waiting_customer", "waiting_third_party"})
# Lines at which a clock ends or is decided say how long it took and why.
DECISIVE = frozenset({"clock_met", "clock_breached", "clock_voided", "clock_stopped"})
# What the ledger of version 19.0.1.1.0 did not tell in every case; its lines have no
# fingerprint of the rules.
_NOT_RECORDED = ("pauses", "warned_at", "void_cause")
# Field of a finding: the ledger itself does not hold together.
LEDGER = "ledger"


class Line(NamedTuple):
    """One line of the ledger. All instants are epoch seconds."""

    id: int
    clock_id: int | None
    kind: str
    at: int
    cause: str | None = None
    deadline_before: int | None = None
    deadline_after: int | None = None
    consumed_before: int | None = None
    consumed_after: int | None = None
    data: dict | None = None


class Finding(NamedTuple):
    """Something stored that is not what the ledger says.

    :param field: the column, or ``LEDGER``
    """

    field: str
    stored: Any
    replayed: Any


@dataclass
class Replayed:
    """What the lines of one case or clock say.

    :param values: column → value; only what the ledger knows
    :param gaps: findings within the ledger
    """

    values: dict = field(default_factory=dict)
    gaps: list = field(default_factory=list)

    def expect(self, line, name, found):
        """Note a gap where a line does not fit to the value so far."""
        known = self.values.get(name)
        if (known or None) != (found or None):
            self.gaps.append(Finding(LEDGER, f"{line.id}: {name} {found}", known))


def digest(value):
    """Return a short fingerprint of plain JSON, the same before and after it was
    stored."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def compare(stored, replayed):
    """Return the findings where stored values are not the replayed ones. Columns that
    the ledger does not know are left out.

    :param dict stored: column → value
    :param dict replayed: column → value
    """
    return [
        Finding(name, stored[name], value)
        for name, value in replayed.items()
        if name in stored and (stored[name] or None) != (value or None)
    ]


# Clocks -----------------------------------------------------------------------------


def replay_clock(lines):
    """Return what a row of clocks must hold.

    :param lines: the ``Line`` objects of the clock of ``CLOCK_KINDS``, in the order of
        their ids
    :return: ``Replayed``
    """
    result = Replayed()
    if not lines or lines[0].kind != "clock_started":
        result.gaps.append(Finding(LEDGER, lines[0].kind if lines else None, "started"))
        return result
    for line in lines:
        data = line.data or {}
        if line.kind not in ("clock_started", "clock_fixed"):
            _check_deadline(result, line)
        _CLOCK_ACTS[line.kind](result.values, line, data)
        _carry(result.values, line, data)
    if "rules" not in result.values:
        for name in _NOT_RECORDED:
            result.values.pop(name, None)
    return result


def plan_findings(row, schedule):
    """Return the findings where a running, open clock is not planned as its hours say
    now.

    :param dict row: the stored columns, instants in epoch seconds
    :param schedule: ``business_time.Schedule`` it is counted in
    """
    clock = machine.Clock(
        started_at=row["started_at"],
        target_seconds=row["target_seconds"],
        carried_seconds=row["carried_seconds"] or 0,
        warn_percent=row["snapshot"]["warn_percent"],
        pauses=row["pauses"] or [],
        fixed_deadline=row["fixed_deadline"],
        floor_at=row["floor_at"],
    )
    machine.plan(clock, schedule)
    planned = {"deadline": clock.deadline, "warning_at": clock.warning_at}
    findings = compare(row, planned)
    look_at, due = row["next_event_at"], row["deadline"]
    if due is not None and (look_at is None or look_at > due + 1):
        findings.append(Finding("next_event_at", look_at, due + 1))
    return findings


def _check_deadline(result, line):
    """A line says what the deadline was before it. After an error it may have been
    found again without a line of its own."""
    if result.values["deadline"] is None and result.values["state"] == "running":
        return
    result.expect(line, "deadline", line.deadline_before)


def _carry(values, line, data):
    """Take over what every line says of the clock as it was then."""
    if line.kind.startswith("clock_"):
        values["deadline"] = line.deadline_after
        values["fixed_deadline"] = data.get("fixed_deadline")
    if line.kind in DECISIVE:
        for name in ("calendar_seconds", "business_seconds", "net_seconds"):
            if name in data:
                values[name] = data[name]
        if "decision" in data:
            values["decision"] = data["decision"]
    if "rules" in data:
        values["rules"] = data["rules"]


def _start(values, line, data):
    values.update(
        kind=data["kind"],
        subject=data.get("subject", ""),
        cycle=data["cycle"],
        policy_id=data.get("policy_id"),
        policy_version=data.get("policy_version"),
        calendar_id=data.get("calendar_id"),
        target_seconds=data["target_seconds"],
        started_at=data["started_at"],
        carried_seconds=line.consumed_before or 0,
        carried_breach=data.get("carried_breach", False),
        floor_at=data.get("floor_at"),
        warned_at=data.get("warned_at"),
        pauses=[list(pause) for pause in data.get("pauses", ())],
        steps_done=list(data.get("steps_done", ())),
        state="running",
        outcome="none",
        remaining_seconds=None,
        decided_at=None,
        stopped_at=None,
        breach_cause=None,
        void_cause=None,
    )


def _pause(values, line, data):
    _end_pause(values, line.at)
    values["pauses"].append([line.at, None, line.cause])
    values["state"] = "paused"
    _set_remaining(values, line)


def _resume(values, line, data):
    _end_pause(values, line.at)
    values["state"] = "running"
    values["remaining_seconds"] = None


def _warn(values, line, data):
    values["warned_at"] = line.at


def _break(values, line, data):
    values.update(outcome="breached", decided_at=line.at, breach_cause=line.cause)


def _end(values, line, data):
    _end_pause(values, line.at)
    values.update(
        state="stopped",
        stopped_at=line.at,
        remaining_seconds=None,
        void_cause=data.get("void_cause"),
    )


def _meet(values, line, data):
    _end(values, line, data)
    values.update(outcome="met", decided_at=line.at)


def _void(values, line, data):
    _end(values, line, data)
    values.update(
        outcome="void",
        decided_at=line.at,
        void_cause=data.get("void_cause", line.cause),
    )


def _stop(values, line, data):
    """What was broken ends; or it was broken in an earlier cycle and counts not."""
    _end(values, line, data)
    if values["outcome"] == "none":
        values.update(
            outcome="void",
            decided_at=line.at,
            void_cause=data.get("void_cause", "carried"),
        )


def _change(values, line, data):
    """The rules were changed: the line says what is other than before."""
    for name in (
        "carried_seconds",
        "started_at",
        "target_seconds",
        "floor_at",
        "policy_id",
        "policy_version",
        "calendar_id",
    ):
        if name in data:
            values[name] = data[name]
    if "pauses" in data:
        values["pauses"] = [list(pause) for pause in data["pauses"]]
    if values["state"] == "paused":
        _set_remaining(values, line)


def _replan(values, line, data):
    """Other hours: what is left of a paused promise may be other than before."""
    if values["state"] == "paused":
        _set_remaining(values, line)


def _step(values, line, data):
    values["steps_done"].append(line.cause)


def _keep(values, line, data):
    """Only what every line says has changed."""


def _end_pause(values, at):
    if values["state"] == "paused":
        values["pauses"][-1][1] = at


def _set_remaining(values, line):
    values["remaining_seconds"] = values["target_seconds"] - line.consumed_after


_CLOCK_ACTS = {
    "clock_started": _start,
    "clock_paused": _pause,
    "clock_resumed": _resume,
    "clock_warned": _warn,
    "clock_breached": _break,
    "clock_met": _meet,
    "clock_voided": _void,
    "clock_stopped": _stop,
    "clock_retargeted": _change,
    "clock_merged": _change,
    "clock_fixed": _keep,
    "clock_replanned": _replan,
    "clock_error": _keep,
    "step_fired": _step,
    "step_skipped": _step,
}


# Cases ------------------------------------------------------------------------------


def replay_case(lines):
    """Return what a case must hold: stage, cycle, owner, team, order, mark, stamps.

    :param lines: the ``Line`` objects of the case of ``CASE_KINDS``, in the order of
        their ids
    :return: ``Replayed``
    """
    result = Replayed()
    if not lines or lines[0].kind != "received":
        found = lines[0].kind if lines else None
        result.gaps.append(Finding(LEDGER, found, "received"))
        return result
    for line in lines:
        _CASE_ACTS[line.kind](result, line, line.data or {})
    return result


def _receive(result, line, data):
    result.values = {
        "stage_id": data["stage"],
        "stage_kind": "new",
        "cycle": 1,
        "team_id": data["team"],
        "user_id": data["user"],
        "sale_order_id": data["order"],
        "active": data.get("active", True),
        "mark": None,
        "marked_at": None,
        "received_at": line.at,
        "awaiting_reply_since": line.at,
        "last_customer_message_at": line.at,
        **dict.fromkeys(
            (
                "acknowledged_at",
                "first_response_at",
                "resolved_at",
                "accepted_at",
                "closed_at",
                "last_reply_at",
            )
        ),
    }


def _change_fields(result, line, data):
    """The line names the fields that changed, with their old and new values."""
    for name, (old, new) in data.items():
        if name in result.values:
            result.expect(line, name, old)
            result.values[name] = new


def _move(result, line, data):
    result.expect(line, "stage_id", data["from"])
    result.values.update(stage_id=data["to"], stage_kind=data["to_kind"])
    if data["to_kind"] not in OPEN_KINDS:
        result.values["awaiting_reply_since"] = None


def _reopen(result, line, data):
    result.expect(line, "cycle", data["cycle"] - 1)
    result.values.update(
        cycle=data["cycle"], resolved_at=None, accepted_at=None, closed_at=None
    )


def _stamp(name):
    def act(result, line, data):
        result.values[name] = line.at

    return act


def _customer_wrote(result, line, data):
    values = result.values
    values["awaiting_reply_since"] = values["awaiting_reply_since"] or line.at
    last = values["last_customer_message_at"] or line.at
    values["last_customer_message_at"] = max(last, line.at)


def _we_wrote(result, line, data):
    values = result.values
    values["awaiting_reply_since"] = None
    values["last_reply_at"] = max(values["last_reply_at"] or line.at, line.at)
    values["first_response_at"] = values["first_response_at"] or line.at


def _mark(result, line, data):
    result.values.update(mark=line.cause, marked_at=line.at)


def _unmark(result, line, data):
    result.expect(line, "mark", line.cause)
    result.values.update(mark=None, marked_at=None)


_CASE_ACTS = {
    "received": _receive,
    "assigned": _change_fields,
    "team_changed": _change_fields,
    "order_changed": _change_fields,
    "archived": _change_fields,
    "stage_changed": _move,
    "reopened": _reopen,
    "acknowledged": _stamp("acknowledged_at"),
    "resolved": _stamp("resolved_at"),
    "accepted": _stamp("accepted_at"),
    "closed": _stamp("closed_at"),
    "customer_message": _customer_wrote,
    "reply": _we_wrote,
    "marked": _mark,
    "unmarked": _unmark,
}

CLOCK_KINDS = frozenset(_CLOCK_ACTS)
CASE_KINDS = frozenset(_CASE_ACTS)
