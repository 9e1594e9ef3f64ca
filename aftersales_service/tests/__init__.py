from . import (
    test_case,
    test_case_customer,
    test_case_stage,
    test_query_counts,
    test_translations,
)
