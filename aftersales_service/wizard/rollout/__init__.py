from . import (
    aftersales_policy_apply,
    aftersales_policy_try,
)
