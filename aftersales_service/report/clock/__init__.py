from . import aftersales_report_clock
