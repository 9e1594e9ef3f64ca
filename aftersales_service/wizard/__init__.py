from . import (
    case,
    clock,
    mail,
    desk,
    escalation,
    integrity,
    rollout,
)
