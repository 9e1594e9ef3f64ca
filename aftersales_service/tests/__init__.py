from . import (
    test_business_time,
    test_case,
    test_case_customer,
    test_case_stage,
    test_clock_engine,
    test_clock_machine,
    test_event_ledger,
    test_mail_gateway,
    test_policy,
    test_portal,
    test_query_counts,
    test_translations,
)
