from odoo import models


class AftersalesClock(models.Model):
    """What the board of managers counts of promises."""

    _inherit = "aftersales.clock"

    _update_idx = models.Index(
        "(case_id, cycle) WHERE kind = 'update' AND state = 'running'"
    )
