"""Trying a policy on the cases of the past."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

from ..base.aftersales_job import JobKind

# What a person enters; all else follows from the work.
ENTERED_FIELDS = frozenset(
    {"name", "policy_id", "months", "team_id", "company_id", "compare_id"}
)


class AftersalesJob(models.Model):
    _inherit = "aftersales.job"

    @api.model
    def _job_kinds(self):
        """Add the simulation of policies."""
        return {
            **super()._job_kinds(),
            "simulation": JobKind(
                self.env._("Policy tried on past cases"),
                "aftersales.policy.simulation",
                "_simulation_job",
                batch_size=200,
                priority=20,
            ),
        }


class AftersalesPolicySimulation(models.Model):
    """What a policy would have promised to the cases of the last months, and what would
    have become of it, beside what really happened.

    The cases are chosen by the matching of today, as if the policy were in force at its
    place in the order; what happened to them is read from the ledger. Nothing of them
    is touched.
    """

    _name = "aftersales.policy.simulation"
    _description = "After-Sales Policy Simulation"
    _inherit = ["aftersales.reference.mixin"]
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True, readonly=False, copy=False)
    policy_id = fields.Many2one(
        "aftersales.policy",
        required=True,
        index=True,
        ondelete="cascade",
        context={"active_test": False},
        help="A draft or a policy in force.",
    )
    policy_version = fields.Integer(
        string="Version", readonly=True, copy=False, help="The version that was tried."
    )
    months = fields.Integer(
        string="Months Back",
        default=3,
        required=True,
        help="Cases received in so many months before today.",
    )
    team_id = fields.Many2one(
        "aftersales.team", help="Only cases of this team. Empty: of all teams."
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self._default_company_id(),
    )
    date_from = fields.Datetime(string="Received From", readonly=True, copy=False)
    date_to = fields.Datetime(
        string="As of", readonly=True, copy=False, help="What is open then, is open."
    )
    job_id = fields.Many2one(
        "aftersales.job",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    is_done = fields.Boolean(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Not tried yet"),
            ("queued", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
    )
    progress = fields.Float(related="job_id.progress")
    error = fields.Text(related="job_id.error")
    case_count = fields.Integer(
        string="Cases", readonly=True, copy=False, help="Cases that were looked at."
    )
    line_ids = fields.One2many(
        "aftersales.policy.simulation.line", "simulation_id", readonly=True
    )
    broken_ids = fields.One2many(
        "aftersales.policy.simulation.outcome",
        "simulation_id",
        readonly=True,
        domain=[("is_listed", "=", True)],
        help="The first breached promises.",
    )
    compare_id = fields.Many2one(
        "aftersales.policy.simulation",
        string="Compare With",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        domain="[('id', '!=', id), ('company_id', '=', company_id),"
        " ('is_done', '=', True)]",
        help="Another simulation; its figures are shown beside these.",
    )

    _months_check = models.Constraint(
        "CHECK (months BETWEEN 1 AND 60)",
        "A simulation looks back over one to sixty months. Enter such a number.",
    )

    def _default_company_id(self):
        return self.env.company

    # Compute --------------------------------------------------------------------

    @api.depends("policy_id", "months", "team_id")
    def _compute_name(self):
        for simulation in self:
            policy = simulation.policy_id
            words = {"policy": policy.name, "months": simulation.months}
            simulation.name = policy.name and self.env._(
                "%(policy)s, last %(months)s months", **words
            )

    @api.depends("job_id.state", "is_done")
    def _compute_state(self):
        """Also after the job is forgotten, what is done stays done."""
        for simulation in self:
            done = "done" if simulation.is_done else "draft"
            simulation.state = simulation.sudo().job_id.state or done

    @api.constrains("policy_id", "team_id", "company_id")
    def _check_company_of_policy(self):
        for simulation in self:
            for record in (simulation.policy_id, simulation.team_id):
                owner = record.company_id
                if owner and owner != simulation.company_id:
                    raise ValidationError(
                        self.env._(
                            "“%(record)s” belongs to another company. Choose that "
                            "company, or another record.",
                            record=record.display_name,
                        )
                    )

    # CRUD -----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create; results follow from the work and are not entered."""
        for vals in vals_list:
            self._refuse_results(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Write; results follow from the work and are not entered."""
        self._refuse_results(vals)
        return super().write(vals)

    def _refuse_results(self, vals):
        if not self.env.su and set(vals) - ENTERED_FIELDS:
            raise AccessError(
                self.env._(
                    "The result of a simulation follows from the cases. It cannot be "
                    "entered by hand."
                )
            )

    # Actions --------------------------------------------------------------------

    def action_run(self):
        """Try the policy in the background; an earlier result is replaced.

        :raise AccessError: for whoever may not change policies
        """
        self.ensure_one()
        self.check_access("write")
        self.policy_id.check_access("write")
        if self.state in ("queued", "running"):
            return
        now = fields.Datetime.now()
        simulation_sudo = self.sudo()
        simulation_sudo._forget_results()
        job = self.env["aftersales.job"]._enqueue(
            "simulation",
            {"simulation_id": self.id},
            subject=self,
            company=self.company_id,
        )
        simulation_sudo.write(
            {
                "job_id": job.id,
                "is_done": False,
                "policy_version": self.policy_id.version,
                "date_from": now - relativedelta(months=self.months),
                "date_to": now,
                "case_count": 0,
            }
        )

    def action_cancel(self):
        """Stop the simulation."""
        self.ensure_one()
        self.check_access("write")
        self.job_id.action_cancel()

    def action_open_chart(self):
        """Open the results as a chart, with those compared to."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_policy_simulation_line_action"
        )
        action["domain"] = [("simulation_id", "in", (self | self.compare_id).ids)]
        return action

    def _forget_results(self):
        self.line_ids.unlink()
        self._delete_outcomes(SQL("true"))

    def _delete_outcomes(self, condition):
        self.env.cr.execute(
            SQL(
                "DELETE FROM aftersales_policy_simulation_outcome"
                " WHERE simulation_id = ANY(%s) AND %s",
                list(self.ids),
                condition,
            )
        )
        self.env["aftersales.policy.simulation.outcome"].invalidate_model(flush=False)
        self.invalidate_recordset(["broken_ids"], flush=False)


class AftersalesPolicy(models.Model):
    _inherit = "aftersales.policy"

    def action_simulate(self):
        """Open a new simulation of this policy."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try on Past Cases"),
            "res_model": "aftersales.policy.simulation",
            "view_mode": "form",
            "context": {
                "default_policy_id": self.id,
                "default_company_id": (self.company_id or self.env.company).id,
            },
        }
