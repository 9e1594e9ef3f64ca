"""A row of clocks while the engine works on it."""

import json
from dataclasses import dataclass, field

from ...tools import clock_machine as machine
from ...tools.business_time import from_epoch, to_epoch
from ...tools.clock_machine import Clock
from ...tools.promise_life import ClockInWork

# The columns of the machine, those around it that stay, and those that follow.
INSTANTS = (
    "started_at",
    "deadline",
    "warning_at",
    "warned_at",
    "decided_at",
    "stopped_at",
    "next_event_at",
    "fixed_deadline",
    "floor_at",
)
MACHINE_COLUMNS = (
    *INSTANTS,
    "target_seconds",
    "carried_seconds",
    "carried_breach",
    "pauses",
    "state",
    "outcome",
    "remaining_seconds",
    "void_cause",
    "breach_cause",
    "steps_done",
)
FIXED_COLUMNS = (
    "case_id",
    "company_id",
    "kind",
    "subject",
    "cycle",
    "policy_id",
    "target_id",
    "policy_version",
    "calendar_id",
    "tz",
    "snapshot",
)
MANUAL_COLUMNS = ("is_manual", "manual_reason", "manual_user_id")
RESULT_COLUMNS = (
    "calendar_seconds",
    "business_seconds",
    "net_seconds",
    "decision",
    "last_event",
    "pending_event",
    "error_count",
    "last_error",
    "retry_at",
    "owes_steps",
    *MANUAL_COLUMNS,
)
JSON_COLUMNS = ("pauses", "snapshot", "decision", "steps_done")
ALL_COLUMNS = (*FIXED_COLUMNS, *MACHINE_COLUMNS, *RESULT_COLUMNS)
# What only a change of the rules alters; any other act may change the rest.
RULE_COLUMNS = frozenset(
    {
        *FIXED_COLUMNS,
        *MANUAL_COLUMNS,
        "started_at",
        "target_seconds",
        "carried_seconds",
        "carried_breach",
        "fixed_deadline",
        "floor_at",
    }
)
ACT_COLUMNS = tuple(name for name in ALL_COLUMNS if name not in RULE_COLUMNS)


@dataclass
class ClockRow(ClockInWork):
    """A row of clocks while the engine works on it: the machine's part, the columns
    around it, and what happened meanwhile."""

    values: dict
    id: int | None = None
    # codes of what others should be notified of
    news: list = field(default_factory=list)
    # whether the rules it is counted by were changed
    changed_rules: bool = False

    @classmethod
    def from_row(cls, row):
        """Make it of a row of the table, a dict with ``id`` and all columns."""
        values = {
            name: to_epoch(row[name])
            if name in INSTANTS and row[name] is not None
            else row[name]
            for name in MACHINE_COLUMNS
        }
        values["pauses"] = [list(line) for line in values["pauses"] or ()]
        values["carried_seconds"] = values["carried_seconds"] or 0
        values["carried_breach"] = bool(values["carried_breach"])
        values["steps_done"] = values["steps_done"] or []
        around = {n: row[n] for n in (*FIXED_COLUMNS, *RESULT_COLUMNS)}
        rules = row["snapshot"]
        clock = Clock(
            warn_percent=rules["warn_percent"],
            chained=rules.get("chained", False),
            steps=rules.get("steps", []),
            **values,
        )
        if clock.state == "running" and clock.is_open and clock.deadline is None:
            clock.error = machine.NO_WORKING_TIME
        return cls(clock, around, row["id"])

    def successor(self, clock):
        """Return the next cycle of the same promise, not stored yet."""
        values = {name: self.values[name] for name in FIXED_COLUMNS}
        values["cycle"] += 1
        if clock.fixed_deadline is not None:
            values.update((name, self.values.get(name)) for name in MANUAL_COLUMNS)
        return ClockRow(clock, values)

    def column(self, name):
        """Return the value of a column as PostgreSQL takes it."""
        if name in MACHINE_COLUMNS:
            value = getattr(self.clock, name)
            if name in INSTANTS:
                return None if value is None else from_epoch(value)
        else:
            value = self.values.get(name)
        if name in JSON_COLUMNS:
            return None if value is None else json.dumps(value)
        return value

    def add(self, lines):
        """Take the ledger lines of an act on the clock."""
        super().add(lines)
        codes = (line["kind"].removeprefix("clock_") for line in lines)
        self.news += [code for code in codes if code != "step_skipped"]

    @property
    def last_news(self):
        """Code of what happened last, for ``last_event``."""
        return self.codes[-1] if self.news else None

    @property
    def codes(self):
        """Codes of what happened, each once; what was judged comes after the steps
        that were taken because of it, to be what is seen last."""
        codes = dict.fromkeys(self.news)
        return sorted(codes, key=lambda code: code != "step_fired")


def columns_of(rows, names):
    """Return {column: values of the rows}, as PostgreSQL takes them."""
    return {name: [row.column(name) for row in rows] for name in names}
