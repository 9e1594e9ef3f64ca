from odoo import fields, models

OUTCOMES = [("kept", "Met"), ("broken", "Breached"), ("open", "Open")]


class AftersalesPolicySimulationOutcome(models.Model):
    """A promise that would have been broken. While a simulation runs, the others are
    here as well, until they are summed up."""

    _name = "aftersales.policy.simulation.outcome"
    _description = "After-Sales Policy Simulation Outcome"
    _order = "deadline, id"
    _rec_name = "case_id"
    _log_access = False

    simulation_id = fields.Many2one(
        "aftersales.policy.simulation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="simulation_id.company_id")
    case_id = fields.Many2one(
        "aftersales.case", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        lambda self: self._selection_kind(), string="Promise", required=True
    )
    cycle = fields.Integer()
    outcome = fields.Selection(OUTCOMES, required=True)
    net_seconds = fields.Integer(string="Duration Without Pauses (s)")
    started_at = fields.Datetime(string="Started")
    deadline = fields.Datetime(string="Would Have Been Due")
    ended_at = fields.Datetime(string="Fulfilled")
    is_listed = fields.Boolean(help="One of the first that were breached.")

    def _selection_kind(self):
        return self.env["aftersales.policy.simulation.line"]._selection_kind()
