from . import (
    test_demo,
    test_difference,
    test_health_check,
)
