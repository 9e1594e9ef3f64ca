from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.sql import escape_psql


class AftersalesCaseLink(models.TransientModel):
    """Finds the customer and the order of a case from an unknown sender."""

    _name = "aftersales.case.link"
    _description = "Link an After-Sales Case to a Customer"
    _inherit = ["aftersales.reference.mixin"]

    case_id = fields.Many2one("aftersales.case", required=True)
    # As the user: a client can name any case.
    company_id = fields.Many2one(related="case_id.company_id", related_sudo=False)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        check_company=True,
    )
    order_reference = fields.Char(
        help="The order number, or the customer's own reference, as the customer wrote "
        "it."
    )
    sale_order_id = fields.Many2one(
        "sale.order",
        string="Order",
        compute="_compute_sale_order_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id), ('state', '=', 'sale')]",
    )

    @api.depends("sale_order_id")
    def _compute_partner_id(self):
        for wizard in self:
            wizard.partner_id = (
                wizard.sale_order_id.partner_id
                or wizard.partner_id
                or wizard.case_id.partner_id
            )

    @api.depends("order_reference")
    def _compute_sale_order_id(self):
        for wizard in self:
            reference = (wizard.order_reference or "").strip()
            wizard.sale_order_id = (
                wizard._find_order(reference) if reference else wizard.sale_order_id
            )

    def _find_order(self, reference):
        # As it is written: no wildcards.
        pattern = escape_psql(reference)
        by_number = Domain("name", "=ilike", pattern) | Domain(
            "client_order_ref", "=ilike", pattern
        )
        own = Domain("company_id", "=", self.company_id.id)
        return self.env["sale.order"].search(own & by_number, limit=1)

    def action_link(self):
        """Link the case to the customer and, when one was found, to the order."""
        self.ensure_one()
        vals = {"partner_id": self.partner_id.id}
        if self.sale_order_id:
            vals["sale_order_id"] = self.sale_order_id.id
            self.case_id.write(vals)
        else:
            self.case_id._link_customer(self.partner_id)
        self.case_id.message_subscribe(partner_ids=self.partner_id.ids)
        return {"type": "ir.actions.act_window_close"}
