"""Working hours, companies, users, settings and work in the background.

Uses: Odoo itself, and tools.
Not here: Nothing that knows a case.
"""

from . import (
    limits,
    trust,
    aftersales_reference_mixin,
    aftersales_shared_mixin,
    ir_sequence,
    res_company,
    res_users,
    res_config_settings,
    aftersales_batch_mixin,
    aftersales_job,
    aftersales_job_work,
    aftersales_figure,
    resource_calendar,
    resource_calendar_attendance,
    resource_calendar_leaves,
)
