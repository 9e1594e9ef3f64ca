from . import (
    test_access,
    test_borders,
    test_case,
    test_case_customer,
    test_case_export,
    test_case_stage,
    test_dialogs,
    test_team,
)
