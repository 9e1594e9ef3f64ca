from odoo import models


class AftersalesCase(models.Model):
    """The automatic confirmation of receipt."""

    _inherit = "aftersales.case"

    def _queue_acknowledgement(self):
        """Queue the confirmation of cases whose sender expects one."""
