from . import (
    test_business_time,
    test_clock_machine,
    test_clock_properties,
    test_replay,
)
