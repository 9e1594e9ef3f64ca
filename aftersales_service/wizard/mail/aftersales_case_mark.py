from odoo import fields, models

from ...models.case.aftersales_case import MARKS


class AftersalesCaseMark(models.TransientModel):
    """Asks why cases are set aside."""

    _name = "aftersales.case.mark"
    _description = "Exclude After-Sales Cases"
    _inherit = ["aftersales.reference.mixin"]

    case_ids = fields.Many2many(
        "aftersales.case",
        required=True,
        default=lambda self: self._default_case_ids(),
    )
    mark = fields.Selection(MARKS, string="As", required=True, default="spam")
    reason = fields.Char(required=True)
    block_sender = fields.Boolean(
        help="Later mails of these senders are marked as spam when they arrive. “Undo” "
        "on one of their cases ends that."
    )

    def _default_case_ids(self):
        return self.env["aftersales.case"].browse(
            self.env.context.get("active_ids", [])
        )

    def action_apply(self):
        """Set the cases aside, and block their senders when asked to."""
        self.ensure_one()
        self.case_ids.check_access("write")
        self.case_ids._set_aside(self.mark, self.reason)
        if self.mark == "spam" and self.block_sender:
            self.case_ids._block_senders()
        return {"type": "ir.actions.act_window_close"}
