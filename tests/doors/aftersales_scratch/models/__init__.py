from . import aftersales_case, aftersales_event, aftersales_figure, aftersales_notice
from . import aftersales_policy, aftersales_policy_step, aftersales_policy_target
from . import aftersales_report_clock
