from odoo import api, models

from odoo.addons.aftersales_service.models.escalation.aftersales_notice import (
    NoticeReason,
)


class AftersalesNotice(models.Model):
    _inherit = "aftersales.notice"

    @api.model
    def _reasons(self):
        """Add a strike."""
        return {
            **super()._reasons(),
            "strike": NoticeReason(self.env._("Strike"), "_text_strike"),
        }

    def _text_strike(self):
        return self.env._("Nobody fits shoes today.")
