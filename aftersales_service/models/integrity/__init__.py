"""Whether what is stored is what the ledger says.

Uses: escalation and below.
Not here: No repair of a fact.
"""

from . import (
    aftersales_clock_check,
    aftersales_difference,
)
