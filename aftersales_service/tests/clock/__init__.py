from . import (
    test_case_clock_merge,
    test_case_clock_rematch,
    test_case_clock_restart,
    test_clock_deadline,
    test_clock_engine,
    test_clock_explain,
    test_clock_job_faults,
    test_clock_kinds,
    test_clock_last_event,
    test_clock_lives,
    test_clock_replan,
    test_report_clock,
)
