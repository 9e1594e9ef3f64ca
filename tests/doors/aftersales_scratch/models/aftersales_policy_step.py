from odoo import api, fields, models


class AftersalesPolicyStep(models.Model):
    _inherit = "aftersales.policy.step"

    do_drill = fields.Boolean(string="Hold a Drill")

    @api.model
    def _action_fields(self):
        """A rule may do no more than this."""
        return [*super()._action_fields(), "do_drill"]

    def _plain_actions(self):
        """Copy it onto the clocks; the key is the field without ``do_``."""
        return {
            **super()._plain_actions(),
            **({"drill": True} if self.do_drill else {}),
        }


class AftersalesClock(models.Model):
    _inherit = "aftersales.clock"

    @api.model
    def _act(self, steps_due, now):
        """Hold the drill on all cases that have come to it."""
        super()._act(steps_due, now)
        drilled = [due.case.id for due in steps_due if due.step.get("drill")]
        self.env["aftersales.case"].browse(drilled).heard = "drill"
