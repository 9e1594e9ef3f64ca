from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    aftersales_case_count = fields.Integer(
        compute="_compute_aftersales_case_count", string="After-Sales Cases"
    )

    def _compute_aftersales_case_count(self):
        """Count each customer's cases, of his whole company for a company contact,
        in one query."""
        counts = {}
        if self.env["aftersales.case"].has_access("read"):
            for field_name in ("commercial_partner_id", "partner_id"):
                groups = self.env["aftersales.case"]._read_group(
                    [(field_name, "in", self.ids), ("mark", "=", False)],
                    [field_name],
                    ["__count"],
                )
                for partner, count in groups:
                    counts[partner.id] = max(counts.get(partner.id, 0), count)
        for partner in self:
            partner.aftersales_case_count = counts.get(partner.id, 0)

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
