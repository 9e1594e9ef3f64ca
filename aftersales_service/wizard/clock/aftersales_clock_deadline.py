from odoo import api, fields, models


class AftersalesClockDeadline(models.TransientModel):
    """Asks a manager for another deadline of a promise, and why."""

    _name = "aftersales.clock.deadline"
    _description = "Set the Deadline of a Promise"
    _inherit = ["aftersales.reference.mixin"]

    clock_id = fields.Many2one("aftersales.clock", required=True, readonly=True)
    # As the user: a client can name any promise.
    case_id = fields.Many2one(related="clock_id.case_id", related_sudo=False)
    promise = fields.Char(compute="_compute_promise")
    current_deadline = fields.Datetime(related="clock_id.deadline", related_sudo=False)
    is_manual = fields.Boolean(related="clock_id.is_manual", related_sudo=False)
    deadline = fields.Datetime(
        string="New Deadline", help="Needed to set a time, not to go back."
    )
    reason = fields.Char(
        required=True, help="Whoever asks why the promise has this deadline reads it."
    )
    preview = fields.Text(string="What Changes", compute="_compute_preview")

    @api.depends("clock_id")
    def _compute_promise(self):
        for wizard in self:
            wizard.promise = wizard.clock_id._promise_label()

    @api.depends("clock_id", "deadline")
    def _compute_preview(self):
        for wizard in self:
            sentences = wizard.clock_id._preview_deadline(wizard.deadline)
            wizard.preview = "\n".join(sentences)

    def action_set(self):
        """Set the deadline."""
        self.ensure_one()
        self.clock_id.action_set_deadline(self.deadline, self.reason)
        return {"type": "ir.actions.act_window_close"}

    def action_reset(self):
        """Go back to the deadline that follows from the policy."""
        self.ensure_one()
        self.clock_id.action_reset_deadline(self.reason)
        return {"type": "ir.actions.act_window_close"}
