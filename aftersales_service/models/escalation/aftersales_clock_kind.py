from odoo import api, models


class AftersalesPolicyTarget(models.Model):
    """What escalations mean to the kind of promise to take them up."""

    _inherit = "aftersales.policy.target"

    @api.model
    def _clock_kinds_of_work(self):
        """Nobody takes up an escalation that has ended."""
        kinds = super()._clock_kinds_of_work()

        def waits(_facts, _clock, subject):
            _model, escalation_id = subject.split(",")
            escalations = self.env["aftersales.escalation"].sudo()
            return escalations.browse(int(escalation_id)).state == "waiting"

        taken_up = kinds["escalation_ack"]._replace(still_owed=waits)
        return {**kinds, "escalation_ack": taken_up}
