from . import (
    aftersales_case_promise_wizard,
)
