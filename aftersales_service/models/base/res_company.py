from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get


class ResCompany(models.Model):
    _inherit = "res.company"

    aftersales_tz = fields.Selection(
        _tz_get,
        string="After-Sales Time Zone",
        default=lambda self: self._default_aftersales_tz(),
        help="Periods of after-sales reports begin and end in this zone.",
    )
    aftersales_sequence_id = fields.Many2one(
        "ir.sequence", string="Numbering of Cases", copy=False
    )
    aftersales_portal_scope = fields.Selection(
        [
            ("own", "The customer's own cases"),
            ("company", "All cases of the customer's company"),
        ],
        string="A Portal Customer Sees",
        required=True,
        default="own",
    )
    aftersales_portal_intake = fields.Boolean(
        string="Report a Problem from the Order",
        default=True,
        help="Customers open a case from their own order on the portal.",
    )
    aftersales_order_days = fields.Integer(
        string="Recent Order (days)",
        default=180,
        help="A confirmed order of the last so many days counts as recent when a "
        "customer's case is linked to an order.",
    )
    aftersales_onboarded = fields.Boolean(
        string="After-Sales Set Up",
        help="The first-start dialog was answered or dismissed.",
    )

    _aftersales_order_days_check = models.Constraint(
        "CHECK (aftersales_order_days > 0)",
        "The days of a recent order must be more than zero.",
    )

    def _default_aftersales_tz(self):
        return self.env.user.tz or "UTC"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._aftersales_prepare()
        return companies

    def _aftersales_prepare(self):
        """Give each company its own numbering of cases. Safe to call again."""
        Sequence = self.env["ir.sequence"].sudo()
        for company in self.filtered(lambda c: not c.aftersales_sequence_id):
            company.sudo().aftersales_sequence_id = Sequence.create(
                {
                    "name": self.env._("After-sales cases of %s", company.name),
                    "code": "aftersales.case",
                    "prefix": "ASC/%(range_year)s/",
                    "padding": 5,
                    "use_date_range": True,
                    "company_id": company.id,
                }
            )
