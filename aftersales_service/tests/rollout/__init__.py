from . import (
    test_policy_apply,
    test_policy_simulation,
    test_policy_try,
    test_rules,
)
