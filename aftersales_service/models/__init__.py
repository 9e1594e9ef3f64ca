from . import (
    base,
    ledger,
    case,
    policy,
    clock,
    mail,
    portal,
    desk,
    escalation,
    integrity,
    rollout,
)
