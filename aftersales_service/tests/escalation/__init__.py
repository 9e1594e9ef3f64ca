from . import (
    test_clock_ladder,
    test_escalation,
    test_notice,
)
