from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.escalation.aftersales_escalation import MANAGER


class AftersalesCaseEscalate(models.TransientModel):
    """Asks why a case is escalated, and to which level."""

    _name = "aftersales.case.escalate"
    _description = "Escalate an After-Sales Case"
    _inherit = ["aftersales.reference.mixin"]

    case_id = fields.Many2one(
        "aftersales.case", required=True, default=lambda self: self._default_case_id()
    )
    level = fields.Selection(
        lambda self: self._selection_level(),
        string="To",
        required=True,
        compute="_compute_level",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    can_choose = fields.Boolean(compute="_compute_can_choose")
    user_id = fields.Many2one("res.users", compute="_compute_user_id", string="Person")
    note = fields.Char(compute="_compute_user_id")
    reason = fields.Text(help="What the person has to know and decide.")
    tell_customer = fields.Boolean(
        string="Prepare a Message to the Customer",
        help="It says that a superior looks at the case now. You send it.",
    )

    def _default_case_id(self):
        chosen = self.env.context.get("active_id")
        is_case = self.env.context.get("active_model") == "aftersales.case"
        return chosen if is_case and isinstance(chosen, int) else False

    @api.model
    def _selection_level(self):
        return self.env["aftersales.team"]._escalation_levels()

    @api.depends("case_id")
    def _compute_level(self):
        for wizard in self:
            case = wizard._readable_case()
            wizard.level = case and case._next_escalation_level() or False

    def _readable_case(self):
        """Return the case, for who may read it: a client can name any."""
        case = self.case_id._origin
        case.check_access("read")
        return case

    @api.depends_context("uid")
    def _compute_can_choose(self):
        self.can_choose = self.env.user.has_group(MANAGER)

    @api.depends("case_id", "level")
    def _compute_user_id(self):
        labels = dict(self._selection_level())
        for wizard in self:
            wizard.user_id = wizard.note = False
            case = wizard._readable_case()
            if not wizard.level or not case:
                wizard.note = self.env._(
                    "The case has been escalated to the highest level already."
                )
                continue
            team = case.sudo().team_id
            user, reached = team._person_from_level(wizard.level)
            wizard.user_id = user
            if not user:
                wizard.note = self.env._(
                    "Nobody is set for this level or above. Enter people under "
                    "After-Sales ▸ Configuration ▸ Teams."
                )
            elif reached != wizard.level:
                wizard.note = self.env._(
                    "Nobody is set on this level, so it goes on to: %s.",
                    labels[reached],
                )

    def action_apply(self):
        """Escalate the case."""
        self.ensure_one()
        if not self.level:
            raise UserError(self.note)
        escalations = self.case_id._escalate_by_hand(self.level, self.reason)
        if self.tell_customer and escalations:
            self.env["aftersales.notice"]._prepare_for_cases(self.case_id, "escalated")
        return {"type": "ir.actions.act_window_close"}
