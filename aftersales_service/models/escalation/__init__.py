"""The escalation steps of a promise, and who is notified of what.

Uses: desk and below.
Not here: No check of what is stored.
"""

from . import (
    aftersales_event,
    aftersales_policy_step,
    aftersales_clock_kind,
    aftersales_policy_version,
    aftersales_clock_step,
    aftersales_clock_ladder,
    aftersales_clock_ladder_chain,
    aftersales_clock_notify,
    aftersales_escalation,
    aftersales_case_escalation,
    mail_activity,
    aftersales_notice,
    aftersales_case_notice,
    aftersales_clock_notice,
)
