from . import (
    test_case,
    test_case_customer,
    test_case_stage,
)
