from . import (
    aftersales_onboarding,
)
