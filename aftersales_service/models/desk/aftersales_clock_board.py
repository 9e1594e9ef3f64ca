from odoo import models


class AftersalesClock(models.Model):
    """What the board of managers counts of promises."""

    _inherit = "aftersales.clock"

    _update_idx = models.Index(
        "(case_id, cycle) WHERE state = 'running' AND snapshot->'chained' = 'true'"
    )
    _tomorrow_idx = models.Index(
        "(deadline, case_id)"
        " WHERE state = 'running' AND outcome = 'none' AND carried_breach IS NOT TRUE"
    )
