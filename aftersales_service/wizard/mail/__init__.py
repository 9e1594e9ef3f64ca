from . import (
    aftersales_case_mark,
    aftersales_case_promise_wizard,
)
