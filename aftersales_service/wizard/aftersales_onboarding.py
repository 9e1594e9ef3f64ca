from odoo import models


class AftersalesOnboarding(models.TransientModel):
    _name = "aftersales.onboarding"
    _description = "First Start of After-Sales"
