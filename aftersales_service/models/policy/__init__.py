"""Policies: which promises apply to which case, in which version.

Uses: case and below.
Not here: No running clock.
"""

from . import (
    aftersales_policy,
    aftersales_policy_match,
    aftersales_policy_words,
    aftersales_policy_target,
    aftersales_clock_kind,
    aftersales_policy_version,
)
