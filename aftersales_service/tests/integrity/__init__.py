from . import (
    test_difference,
    test_health_check,
)
