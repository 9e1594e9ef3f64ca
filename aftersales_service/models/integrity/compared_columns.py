"""What is compared with the ledger: columns of cases, of clocks, and of its lines."""

STAMPS = (
    "acknowledged_at",
    "first_response_at",
    "resolved_at",
    "accepted_at",
    "closed_at",
    "awaiting_reply_since",
    "last_customer_message_at",
    "last_reply_at",
)

CLOCK_MIRRORS = ("next_deadline", "next_warning_at")

CASE_FACTS = (
    "stage_id",
    "stage_kind",
    "cycle",
    "team_id",
    "user_id",
    "sale_order_id",
    "active",
    "mark",
)

CASE_INSTANTS = ("received_at", "marked_at", *STAMPS, *CLOCK_MIRRORS)

CLOCK_FACTS = (
    "case_id",
    "company_id",
    "kind",
    "subject",
    "cycle",
    "policy_id",
    "policy_version",
    "calendar_id",
    "target_seconds",
    "state",
    "outcome",
    "remaining_seconds",
    "pauses",
    "carried_seconds",
    "carried_breach",
    "void_cause",
    "breach_cause",
    "calendar_seconds",
    "business_seconds",
    "net_seconds",
    "decision",
    "steps_done",
    "snapshot",
    "error_count",
)

CLOCK_INSTANTS = (
    "started_at",
    "deadline",
    "warning_at",
    "warned_at",
    "decided_at",
    "stopped_at",
    "fixed_deadline",
    "floor_at",
    "next_event_at",
)

LINE_COLUMNS = (
    "kind",
    "cause",
    "consumed_before",
    "consumed_after",
    "data",
)

LINE_INSTANTS = ("at", "deadline_before", "deadline_after")

INSTANTS = frozenset({*CASE_INSTANTS, *CLOCK_INSTANTS})
