from . import (
    aftersales_health_check,
    aftersales_health_check_mail,
)
