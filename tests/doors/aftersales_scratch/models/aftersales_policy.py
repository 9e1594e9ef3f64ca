from odoo import api, fields, models

from odoo.addons.aftersales_service.models.policy.aftersales_policy_match import (
    MatchColumn,
)


class AftersalesPolicy(models.Model):
    _inherit = "aftersales.policy"

    size_from = fields.Integer(string="Shoe Size From")

    @api.model
    def _match_columns(self):
        """Big shoes may be promised something else."""
        return {
            **super()._match_columns(),
            "size_from": MatchColumn(
                ("size_from",),
                lambda policy: policy.size_from or None,
                lambda case: case.shoe_size,
                ("shoe_size",),
                meets=lambda least, size: size >= least,
                covers=lambda wide, narrow: wide <= narrow,
            ),
        }
