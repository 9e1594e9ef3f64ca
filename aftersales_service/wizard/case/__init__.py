from . import (
    aftersales_case_link,
)
