"""What colleagues see: queue, form, board, order, customer.

Uses: portal and below.
Not here: No escalation.
"""

from . import (
    aftersales_clock_board,
    aftersales_event,
    aftersales_case_panel,
    aftersales_case_board_counts,
    aftersales_case_board,
    aftersales_case_pick,
    sale_order,
    res_partner,
    ir_websocket,
    ir_ui_menu,
)
