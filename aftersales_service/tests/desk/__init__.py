from . import (
    test_backend_tour,
    test_board_tour,
    test_case_board,
    test_case_panel,
    test_case_pick,
    test_onboarding,
    test_query_counts,
)
