from collections import Counter

from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    aftersales_case_count = fields.Integer(
        compute="_compute_aftersales_case_count", string="After-Sales Cases"
    )

    def _compute_aftersales_case_count(self):
        """Count each customer's cases, of their whole company for a company contact,
        in one query; for colleagues alone."""
        counts = Counter()
        Case = self.env["aftersales.case"]
        if self.env.user._is_internal() and Case.has_access("read"):
            groups = Case._read_group(
                [
                    "|",
                    ("partner_id", "in", self.ids),
                    ("commercial_partner_id", "in", self.ids),
                    ("mark", "=", False),
                ],
                ["partner_id", "commercial_partner_id"],
                ["__count"],
            )
            for partner, entity, count in groups:
                for counted in partner | entity:
                    counts[counted.id] += count
        for partner in self:
            partner.aftersales_case_count = counts[partner.id]

    def action_aftersales_cases(self):
        """Open the customer's cases."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_case_action"
        )
        action.update(
            domain=[
                "|",
                ("partner_id", "=", self.id),
                ("commercial_partner_id", "=", self.id),
                ("mark", "=", False),
            ],
            context={"default_partner_id": self.id},
        )
        return action
