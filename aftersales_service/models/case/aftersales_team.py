from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import formataddr

from ...tools.business_time import NoWorkingTime, to_epoch


class AftersalesTeam(models.Model):
    """Who answers: members, address, hours."""

    _name = "aftersales.team"
    _description = "After-Sales Team"
    _inherit = ["aftersales.shared.mixin", "mail.alias.mixin.optional", "mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True

    # Level of escalation → field that holds its person, lowest first.
    _LEVEL_FIELDS = {
        "1": "leader_id",
        "2": "department_head_id",
        "3": "manager_id",
        "4": "management_id",
    }

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self._default_company_id(),
    )
    leader_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Notified when a promise of the team is breached. First level of "
        "escalation.",
    )
    department_head_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Second level of escalation. Needs no work with after-sales: what is "
        "escalated can be seen. Empty: it falls to the next level.",
    )
    manager_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Third level of escalation. Empty: it falls to the next level.",
    )
    management_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Last level of escalation.",
    )
    member_ids = fields.Many2many(
        "res.users",
        "aftersales_team_member_rel",
        "team_id",
        "user_id",
        string="Members",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Service Hours",
        check_company=True,
        help="When the team works. Empty: the working hours of the company.",
    )
    stage_ids = fields.Many2many(
        "aftersales.stage",
        "aftersales_stage_team_rel",
        "team_id",
        "stage_id",
        string="Own Stages",
        help="Stages used by this team besides those that every team uses.",
    )
    acknowledge = fields.Boolean(
        string="Acknowledge Automatically",
        default=True,
        help="Confirm receipt to the customer at once, and say by when there is an "
        "answer.",
    )
    acknowledge_delay = fields.Integer(
        string="Acknowledge After (minutes)",
        default=0,
        help="Wait this long before the automatic confirmation; a person who "
        "answers first makes it unnecessary.",
    )
    acknowledge_template_id = fields.Many2one(
        "mail.template",
        string="Acknowledgement Mail",
        domain="[('model', '=', 'aftersales.case')]",
        help="Empty: the standard confirmation.",
    )
    reopen_days = fields.Integer(
        string="Reopen Within (days)",
        default=14,
        help="A customer's answer reopens the case until this many days after it was "
        "closed. Later it becomes a new case, linked to the old one.",
    )
    case_ids = fields.One2many("aftersales.case", "team_id")
    open_case_count = fields.Integer(
        compute="_compute_case_counts", string="Open Cases"
    )
    unassigned_case_count = fields.Integer(
        compute="_compute_case_counts", string="Unassigned"
    )
    overdue_case_count = fields.Integer(
        compute="_compute_case_counts", string="Overdue"
    )

    _reopen_days_check = models.Constraint(
        "CHECK (reopen_days >= 0)", "The days to reopen cannot be negative."
    )
    _acknowledge_delay_check = models.Constraint(
        "CHECK (acknowledge_delay >= 0)",
        "The delay of the acknowledgement cannot be negative.",
    )

    def _default_company_id(self):
        return self.env.company

    def _compute_case_counts(self):
        now = fields.Datetime.now()
        counts = {
            key: self._count_open_cases(domain)
            for key, domain in (
                ("open_case_count", []),
                ("unassigned_case_count", [("user_id", "=", False)]),
                ("overdue_case_count", [("next_deadline", "<", now)]),
            )
        }
        for team in self:
            for field_name, by_team in counts.items():
                team[field_name] = by_team.get(team.id, 0)

    def _count_open_cases(self, domain):
        groups = self.env["aftersales.case"]._read_group(
            [
                ("team_id", "in", self.ids),
                ("is_open", "=", True),
                ("mark", "=", False),
                *domain,
            ],
            ["team_id"],
            ["__count"],
        )
        return {team.id: count for team, count in groups}

    # CRUD -------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create teams; stages may be theirs alone from now on, and people see their
        cases."""
        self._refuse_alias_defaults(vals_list)
        teams = super().create(vals_list)
        self._forget_who_sees()
        return teams

    def _refuse_alias_defaults(self, vals_list):
        """Refuse values that say what the address makes of mails: a mistake in them
        would lose every one."""
        names = {"alias_defaults", "alias_model_id", "alias_force_thread_id"}
        if not self.env.su and any(not names.isdisjoint(vals) for vals in vals_list):
            raise UserError(
                self.env._("What mails to a team become follows from the team itself.")
            )

    def write(self, vals):
        """Write; which stage is the first of its kind depends on the own stages, and
        who sees the cases and the board on who is in the team or answers for it.

        :raise UserError: see :meth:`_refuse_alias_defaults`
        """
        self._refuse_alias_defaults([vals])
        result = super().write(vals)
        people = ("member_ids", *self._LEVEL_FIELDS.values())
        if not vals.keys().isdisjoint(("stage_ids", "active", *people)):
            self._forget_who_sees()
        return result

    def unlink(self):
        """Delete teams without cases."""
        result = super().unlink()
        self._forget_who_sees()
        return result

    @api.model
    def _forget_who_sees(self):
        self.env["res.users"].invalidate_model(["aftersales_overseen_team_ids"])
        self.env.registry.clear_cache()

    @api.constrains("calendar_id")
    def _check_calendar(self):
        """Refuse hours in which nobody ever works: no promise could be kept."""
        now = to_epoch(fields.Datetime.now())
        for team in self.filtered("calendar_id"):
            schedule = team.calendar_id._aftersales_schedule(team.company_id)
            try:
                schedule.next_opening(now)
            except NoWorkingTime as error:
                raise ValidationError(
                    self.env._(
                        "The service hours “%(calendar)s” have no fixed working times. "
                        "Enter when the team works, or choose other hours.",
                        calendar=team.calendar_id.name,
                    )
                ) from error

    @api.constrains("company_id", "member_ids", *_LEVEL_FIELDS.values())
    def _check_people(self):
        """Refuse people of a team who are no colleagues in its company: they would see
        its cases, and be told of them."""
        for team in self.sudo():
            levels = (team[name] for name in self._LEVEL_FIELDS.values())
            people = team.member_ids.union(*levels)
            colleagues = people.filtered_domain(
                [("share", "=", False), ("company_ids", "in", team.company_id.ids)]
            )
            if strangers := people - colleagues:
                raise ValidationError(
                    self.env._(
                        "%(people)s do not work in %(company)s. Choose colleagues for "
                        "the team “%(team)s”.",
                        people=", ".join(strangers.mapped("name")),
                        company=team.company_id.name,
                        team=team.name,
                    )
                )

    @api.constrains("acknowledge_template_id")
    def _check_acknowledge_template(self):
        """Refuse a text made for other documents: it is written as the system, and
        would tell a stranger what is in them."""
        for team in self.sudo():
            model = team.acknowledge_template_id.model
            if model and model != "aftersales.case":
                raise ValidationError(
                    self.env._(
                        "The acknowledgement of the team “%s” must be a mail template "
                        "for after-sales cases. Choose another one.",
                        team.name,
                    )
                )

    # Mail -------------------------------------------------------------------

    def _alias_get_creation_values(self):
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get_id("aftersales.case")
        if self.id:
            values["alias_defaults"] = {"team_id": self.id}
        return values

    def _sender_address(self):
        """Return the address replies of the team are sent from, as
        ``"Team name" <team@company.example>``; empty when the team has none."""
        self.ensure_one()
        email = self.alias_email or self.company_id.email
        return formataddr((self.name, email)) if email else False

    def _service_calendar(self):
        """Return the ``resource.calendar`` of the team's service hours."""
        self.ensure_one()
        return self.calendar_id or self.company_id.resource_calendar_id

    @api.model
    def _default_team(self, company=None, user=None):
        """Return the team a new case belongs to when nobody chose one: a team of
        the user, else the first team of the company."""
        company = company or self.env.company
        user = user or self.env.user
        teams = self.sudo().search([("company_id", "=", company.id)])
        return (teams.filtered(lambda team: user in team.member_ids) or teams)[:1]

    # Levels -----------------------------------------------------------------

    @api.model
    def _escalation_levels(self):
        """Return the levels of escalation as (code, label), lowest first; extendable
        together with ``_LEVEL_FIELDS``."""
        return [
            ("1", self.env._("Team leader")),
            ("2", self.env._("Department head")),
            ("3", self.env._("Manager")),
            ("4", self.env._("Management")),
        ]

    def _person_from_level(self, level, reaches=None):
        """Return who answers for the team at a level, or at the next one above where
        nobody is set, the person has left or cannot be reached.

        :param str level: code of a level
        :param reaches: function of a user: whether what is to be said reaches them
        :return: tuple (``res.users``, code of their level); an empty user and the level
            asked for when there is nobody up to the top
        """
        self.ensure_one()
        levels = list(self._LEVEL_FIELDS)
        for code in levels[levels.index(level) :]:
            user = self[self._LEVEL_FIELDS[code]].filtered("active")
            if user and (reaches is None or reaches(user)):
                return user, code
        return self.env["res.users"], level

    # Actions ----------------------------------------------------------------

    def action_view_cases(self):
        """Open the cases of the team."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_case_action"
        )
        action["domain"] = [("team_id", "=", self.id), ("mark", "=", False)]
        action["context"] = {"default_team_id": self.id}
        return action
