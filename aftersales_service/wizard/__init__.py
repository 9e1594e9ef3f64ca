from . import (
    aftersales_case_escalate,
    aftersales_case_link,
    aftersales_case_mark,
    aftersales_case_promise_wizard,
    aftersales_clock_deadline,
    aftersales_health_check,
    aftersales_onboarding,
    aftersales_policy_apply,
    aftersales_policy_try,
)
