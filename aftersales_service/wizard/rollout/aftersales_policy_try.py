"""Which policy applies?"""

from odoo import api, fields, models

from ...tools import clock_machine as machine
from ...tools.business_time import to_epoch
from ...tools.words import Reader, duration, reader_tz

# Taken from the case that is tried, and then free to be changed.
CASE_FIELDS = (
    "team_id",
    "channel",
    "case_type",
    "category_id",
    "handling_class",
    "urgency",
    "impact",
    "priority",
    "partner_id",
    "sale_order_id",
)


class AftersalesPolicyTry(models.TransientModel):
    """Shows which policies a case would get, real or made up, and why not the others.

    The choice itself is made by the policies, as for every case. Nothing is saved: the
    case exists only in memory.
    """

    _name = "aftersales.policy.try"
    _description = "Which After-Sales Policy Applies?"
    _inherit = ["aftersales.reference.mixin"]

    case_id = fields.Many2one(
        "aftersales.case",
        help="Start from this case, and change below what you like. The case itself "
        "stays as it is.",
    )
    at = fields.Datetime(
        string="Received",
        required=True,
        default=lambda self: self._default_at(),
        help="The promises count from here. The day decides which policies are valid.",
    )
    team_id = fields.Many2one(
        "aftersales.team", required=True, default=lambda self: self._default_team_id()
    )
    # As the user: a client can name any team.
    company_id = fields.Many2one(related="team_id.company_id", related_sudo=False)
    currency_id = fields.Many2one(related="company_id.currency_id", related_sudo=False)
    channel = fields.Selection(
        lambda self: self._case_selection("channel"), required=True, default="mail"
    )
    case_type = fields.Selection(
        lambda self: self._case_selection("case_type"), required=True, default="enquiry"
    )
    category_id = fields.Many2one("aftersales.category")
    handling_class = fields.Selection(
        lambda self: self._case_selection("handling_class")
    )
    urgency = fields.Selection(
        lambda self: self._case_selection("urgency"), default="1"
    )
    impact = fields.Selection(lambda self: self._case_selection("impact"), default="1")
    priority = fields.Selection(
        lambda self: self._case_selection("priority"),
        help="Empty: it follows from urgency and impact.",
    )
    partner_id = fields.Many2one("res.partner", string="Customer")
    country_id = fields.Many2one(
        "res.country",
        string="Customer's Country",
        help="Of a customer who is not chosen.",
    )
    sale_order_id = fields.Many2one("sale.order", string="Order")
    amount = fields.Monetary(
        string="Order Value",
        help="Total of an order that is not chosen, in the currency of the company.",
    )
    result = fields.Html(compute="_compute_result", sanitize=False)

    def _default_at(self):
        return fields.Datetime.now().replace(second=0)

    def _default_team_id(self):
        Teams = self.env["aftersales.team"]
        return Teams._default_team() or Teams.search([], limit=1)

    def _case_selection(self, name):
        field = self.env["aftersales.case"]._fields[name]
        return field._description_selection(self.env)

    @api.onchange("case_id")
    def _onchange_case_id(self):
        """Take over what the case is."""
        if self.case_id:
            self.case_id.check_access("read")
            self.at = self.case_id.received_at
            for name in CASE_FIELDS:
                self[name] = self.case_id[name]

    # The case in memory -------------------------------------------------------------

    def _made_up_case(self):
        """Return the case to try, as a record that is in no database.

        :raise AccessError: when it is made of what the user may not read
        """
        self.ensure_one()
        case = self.case_id._origin
        values = {name: self[name] for name in CASE_FIELDS if name != "priority"}
        for value in (case, *values.values()):
            if isinstance(value, models.BaseModel):
                value.check_access("read")
        values.update(
            company_id=self.team_id.company_id,
            received_at=self.at,
            partner_id=self.partner_id or self._made_up_customer(),
            sale_order_id=self.sale_order_id or self._made_up_order(),
        )
        if self.priority:
            values["priority"] = self.priority
        if not case:
            values["name"] = ""
        return self._in_memory("aftersales.case", values, case or None)

    def _made_up_customer(self):
        if not self.country_id:
            return self.env["res.partner"]
        return self._in_memory("res.partner", {"country_id": self.country_id})

    def _made_up_order(self):
        if not self.amount:
            return self.env["sale.order"]
        company = self.team_id.company_id
        values = {
            "company_id": company,
            "currency_id": company.currency_id,
            "currency_rate": 1.0,
            "amount_total": self.amount,
        }
        return self._in_memory("sale.order", values)

    @api.model
    def _in_memory(self, model, values, origin=None):
        values = {
            name: value.id if isinstance(value, models.BaseModel) else value
            for name, value in values.items()
        }
        return self.env[model].sudo().new(values, origin)

    # What comes out -----------------------------------------------------------------

    @api.depends_context("lang", "tz", "uid")
    @api.depends(
        "case_id", "at", "country_id", "amount", *(name for name in CASE_FIELDS)
    )
    def _compute_result(self):
        for wizard in self:
            wizard.result = wizard.team_id and wizard.at and wizard._render_result()

    def _render_result(self):
        case = self._made_up_case()
        choice = self.env["aftersales.policy"]._explain_choice(case, self.at)
        return self.env["ir.qweb"]._render(
            "aftersales_service.aftersales_policy_try_result",
            {
                "promises": self._promises(case, choice),
                "policies": self._policies(case, choice),
                "zones": self._zones(),
            },
        )

    def _promises(self, case, choice):
        """Return what is promised: one line for each kind, in the order of kinds."""
        won = {
            kind: target
            for _row, won, _misfit in choice
            for kind, target in won.items()
        }
        kinds = dict(self.env["aftersales.policy.target"]._selection_kind())
        return [
            self._promise(case, won[kind], label)
            for kind, label in kinds.items()
            if kind in won
        ]

    def _promise(self, case, plain, label):
        target = self.env["aftersales.policy.target"].browse(plain["id"])
        deadline = self._deadline(case, plain)
        return {
            "label": label,
            "policy": target.policy_id.name,
            "policy_id": target.policy_id.id,
            "time": duration(self.env, target.target_seconds),
            "hours": target._hours_words(),
            "deadlines": [
                self._moment(deadline, tz) if deadline else self.env._("No time found")
                for tz in self._time_zones()
            ],
        }

    def _deadline(self, case, plain):
        """Return the deadline in epoch seconds if the promise started now; None if
        there is no time for it."""
        Clocks = self.env["aftersales.clock"].sudo()
        row = case._new_row(plain, to_epoch(self.at))
        case._complete_row(row, None)
        machine.start(row.clock, Clocks._schedule(row))
        return row.clock.deadline

    def _moment(self, instant, tz):
        return Reader(self.with_context(tz=tz).env).moment(instant)

    def _time_zones(self):
        """Return the zones to show: the reader's, and the team's if it is another."""
        own = reader_tz(self.env)
        team = self.team_id._service_calendar().tz or "UTC"
        return list(dict.fromkeys((own, team)))

    def _zones(self):
        reader = Reader(self.env)
        return [reader.zone_name(tz) for tz in self._time_zones()]

    def _policies(self, case, choice):
        """Return a line for each policy in its order: what it promises, or why not."""
        kinds = dict(self.env["aftersales.policy.target"]._selection_kind())
        policies = self.env["aftersales.policy"].browse(
            row.id for row, *_rest in choice
        )
        return [
            {
                "id": policy.id,
                "name": policy.name,
                "won": bool(won),
                "reason": self._reason(policy, row, won, misfit, case, kinds),
            }
            for policy, (row, won, misfit) in zip(policies, choice, strict=True)
        ]

    def _reason(self, policy, row, won, misfit, case, kinds):
        if misfit:
            return policy._misfit_words(misfit, case)
        names = ", ".join(kinds.get(kind, kind) for kind in won)
        lost = ", ".join(kinds.get(k, k) for k in row.targets if k not in won)
        if won and lost:
            return self.env._(
                "Applies: %(won)s. A policy above it already promises: %(lost)s.",
                won=names,
                lost=lost,
            )
        if won:
            return self.env._("Applies: %(won)s.", won=names)
        if lost:
            return self.env._(
                "It fits, but a policy above it already promises: %(lost)s.", lost=lost
            )
        return self.env._("It fits, but it promises nothing.")
