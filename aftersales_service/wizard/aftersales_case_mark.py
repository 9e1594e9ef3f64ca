from odoo import fields, models

from ..models.aftersales_case import MARKS


class AftersalesCaseMark(models.TransientModel):
    """Asks why cases are set aside."""

    _name = "aftersales.case.mark"
    _description = "Set After-Sales Cases Aside"

    case_ids = fields.Many2many(
        "aftersales.case",
        required=True,
        default=lambda self: self._default_case_ids(),
    )
    mark = fields.Selection(MARKS, string="As", required=True, default="spam")
    reason = fields.Char(required=True)
    block_sender = fields.Boolean(
        help="Mails of these senders open no case any more. Take them back under "
        "Settings ▸ Technical ▸ Blacklist."
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
