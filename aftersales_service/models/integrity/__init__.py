"""Whether what is stored is what the ledger says.

Uses: escalation and below.
Not here: No repair of a fact.
"""

from . import (
    aftersales_clock_check,
    aftersales_difference,
    aftersales_difference_read,
    aftersales_difference_check,
    aftersales_difference_mirror,
)
