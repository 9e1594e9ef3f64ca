from odoo import models


class AftersalesEvent(models.Model):
    """The lines of cases that people took from their queue."""

    _inherit = "aftersales.event"

    _picked_idx = models.Index("(at, actor_id) WHERE kind = 'picked'")
