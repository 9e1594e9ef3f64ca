from datetime import timedelta

from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    aftersales_case_ids = fields.One2many(
        "aftersales.case", "sale_order_id", string="After-Sales Cases"
    )
    aftersales_case_count = fields.Integer(
        compute="_compute_aftersales_case_counts", string="Cases"
    )
    aftersales_open_case_count = fields.Integer(
        compute="_compute_aftersales_case_counts", string="Open Cases"
    )

    @api.depends("aftersales_case_ids.stage_kind", "aftersales_case_ids.mark")
    def _compute_aftersales_case_counts(self):
        """Count the cases of all orders in one query."""
        counts = {}
        if self.env["aftersales.case"].has_access("read"):
            groups = self.env["aftersales.case"]._read_group(
                [("sale_order_id", "in", self.ids), ("mark", "=", False)],
                ["sale_order_id", "stage_kind"],
                ["__count"],
            )
            for order, kind, count in groups:
                by_kind = counts.setdefault(order.id, {})
                by_kind[kind] = count
        closed = ("resolved", "closed", "cancelled")
        for order in self:
            by_kind = counts.get(order.id, {})
            order.aftersales_case_count = sum(by_kind.values())
            order.aftersales_open_case_count = sum(
                count for kind, count in by_kind.items() if kind not in closed
            )

    def _aftersales_is_live(self):
        """Whether a customer's message most likely concerns the order: it is not
        delivered in full yet, or it is recent."""
        self.ensure_one()
        recent = fields.Datetime.now() - timedelta(
            days=self.company_id.aftersales_order_days
        )
        return self.delivery_status in ("pending", "started", "partial") or (
            self.date_order and self.date_order >= recent
        )

    def _aftersales_references(self):
        """Return what a customer may call the order, in upper case: our number and
        his own reference."""
        self.ensure_one()
        return {
            reference.upper()
            for reference in (self.name, self.client_order_ref)
            if reference
        }

    def action_aftersales_cases(self):
        """Open the order's cases; a new one is prefilled from the order."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_case_action"
        )
        action.update(
            domain=[("sale_order_id", "=", self.id), ("mark", "=", False)],
            context=self._aftersales_case_context(),
        )
        return action

    def action_aftersales_new_case(self):
        """Open the form of a new case on this order."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "aftersales.case",
            "views": [(False, "form")],
            "context": self._aftersales_case_context(),
        }

    def _aftersales_case_context(self):
        return {
            "default_sale_order_id": self.id,
            "default_partner_id": self.partner_id.id,
            "default_company_id": self.company_id.id,
        }
