"""The ledger: what happened, written once and never changed.

Uses: base, tools.
Not here: No rule of what follows from a line.
"""

from . import (
    aftersales_sealed_mixin,
    aftersales_access,
    aftersales_event,
)
