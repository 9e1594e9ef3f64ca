from odoo import api, fields, models


class AftersalesPolicySimulationLine(models.Model):
    """The figures of one kind of promise in a simulation."""

    _name = "aftersales.policy.simulation.line"
    _description = "After-Sales Policy Simulation Result"
    _order = "simulation_id desc, id"
    _rec_name = "kind"

    simulation_id = fields.Many2one(
        "aftersales.policy.simulation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="simulation_id.company_id", store=True)
    kind = fields.Selection(
        lambda self: self._selection_kind(), string="Promise", required=True
    )
    case_count = fields.Integer(string="Cases")
    kept_count = fields.Integer(string="Met")
    broken_count = fields.Integer(string="Breached")
    open_count = fields.Integer(string="Open")
    attainment = fields.Float(
        string="Met (%)",
        compute="_compute_attainment",
        store=True,
        aggregator="avg",
        help="Met, of all that were decided.",
    )
    median_seconds = fields.Integer(
        string="Median",
        aggregator="avg",
        help="Half of them took at most so long, in service hours without pauses.",
    )
    p90_seconds = fields.Integer(
        string="90th Percentile",
        aggregator="avg",
        help="Nine of ten took at most so long, in service hours without pauses.",
    )
    real_kept_count = fields.Integer(string="Actually Met")
    real_broken_count = fields.Integer(string="Actually Breached")
    real_open_count = fields.Integer(string="Actually Open")
    real_attainment = fields.Float(
        string="Actual (%)",
        compute="_compute_attainment",
        store=True,
        aggregator="avg",
        help="Under the policies of the time, of the same cases.",
    )
    real_median_seconds = fields.Integer(string="Actual Median", aggregator="avg")
    real_p90_seconds = fields.Integer(string="Actual 90th Percentile", aggregator="avg")
    other_attainment = fields.Float(
        string="Met There (%)",
        compute="_compute_other",
        help="In the simulation this one is compared with.",
    )
    difference = fields.Float(
        compute="_compute_other", help="Percentage points more than there."
    )

    def _selection_kind(self):
        kinds = self.env["aftersales.policy.target"]._clock_kinds()
        return [(code, kind.label) for code, kind in kinds.items()]

    @api.depends_context("lang")
    @api.depends("kind")
    def _compute_display_name(self):
        labels = dict(self._selection_kind())
        for line in self:
            line.display_name = labels.get(line.kind, line.kind)

    @api.depends("kept_count", "broken_count", "real_kept_count", "real_broken_count")
    def _compute_attainment(self):
        for line in self:
            line.attainment = _percent(line.kept_count, line.broken_count)
            line.real_attainment = _percent(
                line.real_kept_count, line.real_broken_count
            )

    @api.depends("simulation_id.compare_id.line_ids.attainment", "attainment")
    def _compute_other(self):
        for line in self:
            others = line.simulation_id.compare_id.line_ids
            other = others.filtered(lambda o: o.kind == line.kind)  # noqa: B023
            line.other_attainment = other.attainment
            line.difference = line.attainment - other.attainment if other else 0


def _percent(kept, broken):
    return 100 * kept / (kept + broken) if kept + broken else 0
