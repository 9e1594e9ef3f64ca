from . import (
    aftersales_clock_deadline,
)
