"""The case: what it is, its stages, its customer and order, and how it is read.

Uses: ledger and below.
Not here: No promise, no mail, no portal: they extend it from above.
"""

from . import (
    aftersales_event,
    aftersales_of_case_mixin,
    aftersales_stage,
    aftersales_tag,
    aftersales_category,
    aftersales_team,
    sale_order,
    aftersales_case,
    aftersales_case_channel,
    aftersales_case_protect,
    aftersales_case_state,
    aftersales_case_ledger,
    aftersales_case_create,
    aftersales_case_notify,
    aftersales_case_stage,
    aftersales_case_customer,
    aftersales_case_locale,
    aftersales_case_export,
    aftersales_case_read,
    aftersales_case_timeline,
)
