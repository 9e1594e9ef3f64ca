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
        chosen = self.env.context.get("active_ids")
        if not isinstance(chosen, list | tuple):
            chosen = ()
        return self.env["aftersales.case"].browse(
            case_id for case_id in chosen if isinstance(case_id, int)
        )

    def action_apply(self):
        """Set the cases aside, and block their senders when asked to.

        :raise AccessError: when one of them is not the user's, or not any more
        """
        self.ensure_one()
        self.check_access("read")
        # Read as the user, those they may not see would be missing without a word.
        cases = self.sudo().case_ids.with_env(self.env)
        cases.check_access("write")
        cases._set_aside(self.mark, self.reason)
        if self.mark == "spam" and self.block_sender:
            cases._block_senders()
        return {"type": "ir.actions.act_window_close"}
