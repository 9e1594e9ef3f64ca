"""What the kinds of stage mean, in code. Their labels are with the stage."""

WAITING_KINDS = ("waiting_customer", "waiting_third_party")
OPEN_KINDS = ("new", "working", *WAITING_KINDS)
SOLVED_KINDS = ("resolved", "closed")
ENDED_KINDS = ("closed", "cancelled")
