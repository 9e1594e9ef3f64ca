from . import (
    test_job,
    test_settings,
    test_trust,
)
