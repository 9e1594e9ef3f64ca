from odoo import fields, models


class AftersalesOfCaseMixin(models.AbstractModel):
    """What belongs to a case and waits for a person in a list of its own, with the
    customer and the countdown of the case."""

    _name = "aftersales.of.case.mixin"
    _description = "After-Sales Record of a Case"

    case_id = fields.Many2one(
        "aftersales.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="case_id.company_id", store=True, precompute=True, index=True
    )
    clock_id = fields.Many2one(
        "aftersales.clock",
        string="Promise",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    next_deadline = fields.Datetime(related="case_id.next_deadline", string="Due")
    # for the countdown
    next_warning_at = fields.Datetime(related="case_id.next_warning_at")
    deadline_state = fields.Selection(related="case_id.deadline_state")
