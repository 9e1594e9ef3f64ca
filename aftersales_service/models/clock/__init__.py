"""Clocks: the promises of a case while they run, and how they explain themselves.

Uses: policy and below.
Not here: No mail, and nobody who is notified.
"""

from . import (
    aftersales_event,
    aftersales_clock,
    aftersales_clock_job,
    aftersales_clock_replan,
    resource_calendar,
    aftersales_clock_explain,
    aftersales_clock_explain_facts,
    aftersales_clock_explain_words,
    aftersales_clock_deadline,
    aftersales_case_clock_facts,
    aftersales_case_clock_begin,
    aftersales_case_clock,
    aftersales_case_clock_rematch,
    aftersales_case_clock_merge,
)
