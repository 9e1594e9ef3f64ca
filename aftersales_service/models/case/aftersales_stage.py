from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

STAGE_KINDS = [
    ("new", "New"),
    ("working", "Working"),
    ("waiting_customer", "Waiting for the customer"),
    ("waiting_third_party", "Waiting for a third party"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
    ("cancelled", "Cancelled"),
]


class AftersalesStage(models.Model):
    """A step of the work. Companies name and order stages as they like; what a
    stage means to clocks, guards and figures is its kind alone."""

    _name = "aftersales.stage"
    _description = "After-Sales Stage"
    _inherit = ["aftersales.shared.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        STAGE_KINDS,
        required=True,
        default="working",
        help="What the stage means: it decides which promises run, pause or stop "
        "while a case is in it.",
    )
    fold = fields.Boolean(
        string="Folded in Kanban",
        help="Show this stage folded on the board, for stages nobody works in.",
    )
    team_ids = fields.Many2many(
        "aftersales.team",
        "aftersales_stage_team_rel",
        "stage_id",
        "team_id",
        string="Only for Teams",
        help="Leave empty to use the stage in every team.",
    )
    description = fields.Text(
        translate=True, help="Shown to the team: when does a case belong here?"
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create stages; from now on they may be the first of their kind."""
        stages = super().create(vals_list)
        self.env.registry.clear_cache()
        return stages

    def write(self, vals):
        """The kind of a stage in use cannot change: it would rewrite what the
        ledger says of every case in it."""
        if "kind" in vals:
            self._check_kind_unused(vals["kind"])
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Delete stages that no case is in."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _check_kind_unused(self, kind):
        changed = self.filtered(lambda stage: stage.kind != kind)
        if not changed:
            return
        case = (
            self.env["aftersales.case"]
            .sudo()
            .with_context(active_test=False)
            .search([("stage_id", "in", changed.ids)], limit=1)
        )
        if case:
            raise self._kind_in_use_error(case)

    def _kind_in_use_error(self, case):
        return UserError(
            self.env._(
                "The stage “%(stage)s” holds cases, so its kind cannot change. "
                "Create a new stage of the other kind and move the cases there.",
                stage=case.stage_id.display_name,
            )
        )

    @api.model
    def _of_value(self, value):
        """Return the stage that a value to write stands for, whatever nonsense came.

        :param value: id or record
        :return: ``aftersales.stage`` record
        :raise UserError: when there is none
        """
        stage_id = value.id if isinstance(value, models.BaseModel) else value
        is_id = isinstance(stage_id, int) and not isinstance(stage_id, bool)
        stage = self.browse(stage_id if is_id else []).exists()
        if not stage:
            raise UserError(
                self.env._("This stage does not exist any more. Reload the page.")
            )
        return stage

    def _of_kind(self, kind, team=None):
        """Return the first stage of a kind that a team may use.

        :param str kind: one of ``STAGE_KINDS``
        :param team: ``aftersales.team`` record or empty
        :return: ``aftersales.stage`` record, empty when there is none
        """
        return self.browse(self._id_of_kind(kind, team.id if team else False))

    @ormcache("kind", "team_id")
    def _id_of_kind(self, kind, team_id):
        stages = self.sudo().search([("kind", "=", kind)])
        fitting = stages.filtered(
            lambda stage: not stage.team_ids or team_id in stage.team_ids.ids
        )
        return fitting[:1].id
