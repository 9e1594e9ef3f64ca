"""What a policy changes, or would have changed, on many cases.

Uses: integrity and below.
Not here: No rule of a single promise.
"""

from . import (
    aftersales_policy_change,
    aftersales_policy_simulation,
    aftersales_policy_simulation_work,
    aftersales_policy_simulation_line,
    aftersales_policy_simulation_outcome,
)
