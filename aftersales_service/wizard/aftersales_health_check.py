from odoo import models


class AftersalesHealthCheck(models.TransientModel):
    _name = "aftersales.health.check"
    _description = "Health of After-Sales"
