from . import (
    aftersales_case_link,
    aftersales_case_mark,
    aftersales_health_check,
    aftersales_onboarding,
)
