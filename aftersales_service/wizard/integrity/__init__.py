from . import (
    aftersales_health_check,
)
