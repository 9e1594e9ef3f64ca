from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.base.models.res_partner import _tz_get

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class AftersalesOnboarding(models.TransientModel):
    """The first start: who answers, at which address, in which hours."""

    _name = "aftersales.onboarding"
    _description = "First Start of After-Sales"
    _inherit = ["aftersales.reference.mixin"]

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self._default_company_id()
    )
    team_id = fields.Many2one(
        "aftersales.team",
        domain="[('company_id', '=', company_id)]",
        default=lambda self: self._default_team_id(),
    )
    team_name = fields.Char(required=True)
    member_ids = fields.Many2many(
        "res.users",
        "aftersales_onboarding_member_rel",
        string="Who Answers",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    leader_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Notified when a promise of the team is breached.",
    )
    alias_name = fields.Char(string="Address")
    alias_domain_id = fields.Many2one("mail.alias.domain")
    hours = fields.Selection(
        [
            ("company", "The working hours of the company"),
            ("calendar", "Working hours that exist already"),
            ("new", "Other hours, entered here"),
        ],
        required=True,
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Working Hours",
        domain="[('company_id', 'in', [company_id, False]),"
        " ('flexible_hours', '=', False)]",
    )
    hour_from = fields.Float(string="From", default=9.0)
    hour_to = fields.Float(string="To", default=17.0)
    mon = fields.Boolean(default=True)
    tue = fields.Boolean(default=True)
    wed = fields.Boolean(default=True)
    thu = fields.Boolean(default=True)
    fri = fields.Boolean(default=True)
    sat = fields.Boolean()
    sun = fields.Boolean()
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self._default_tz(),
    )

    def _default_company_id(self):
        return self.env.company

    def _default_team_id(self):
        return self.env["aftersales.team"]._default_team()

    def _default_tz(self):
        return self.env.company.aftersales_tz or self.env.user.tz or "UTC"

    @api.model
    def default_get(self, fields):
        """Show what the team has now, to be completed rather than entered again.

        :raise AccessError: for who may not set teams up
        """
        self.check_access("create")
        values = super().default_get(fields)
        team = self.env["aftersales.team"].browse(values.get("team_id"))
        for name, value in self._team_defaults(team).items():
            if name in fields:
                values.setdefault(name, value)
        return values

    @api.model
    def _team_defaults(self, team):
        """Return the values the dialog starts with for a team, perhaps an empty one."""
        domain = team.alias_domain_id or self.env.company.alias_domain_id
        return {
            "team_name": team.name or self.env._("Customer Service"),
            "member_ids": [Command.set((team.member_ids or self.env.user).ids)],
            "leader_id": (team.leader_id or self.env.user).id,
            "alias_name": team.alias_name,
            "alias_domain_id": domain.id,
            "calendar_id": team.calendar_id.id,
            "hours": "calendar" if team.calendar_id else "company",
        }

    # Whether it is needed -------------------------------------------------------

    @api.model
    @api.readonly
    def is_needed(self):
        """Whether the current company has not been set up yet, and the user may."""
        return not self.env.company.aftersales_onboarded and self.env[
            "aftersales.team"
        ].has_access("write")

    # Actions --------------------------------------------------------------------

    def action_apply(self):
        """Set the team up and open the queue.

        :raise AccessError: for a company that is none of the user's
        """
        self.ensure_one()
        self.company_id.check_access("read")
        self._check_hours()
        values = self._prepare_team_values()
        if self.team_id:
            self.team_id.write(values)
        else:
            self.team_id = self.env["aftersales.team"].create(
                {**values, "company_id": self.company_id.id}
            )
        company_sudo = self.company_id.sudo()
        company_sudo.write({"aftersales_tz": self.tz, "aftersales_onboarded": True})
        return self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_case_action_my"
        )

    @api.model
    def action_dismiss(self):
        """Ask no more: everything keeps its defaults."""
        self.env["aftersales.team"].check_access("write")
        self.env.company.sudo().aftersales_onboarded = True
        return True

    def _check_hours(self):
        if self.hours == "calendar" and not self.calendar_id:
            raise UserError(self.env._("Choose the working hours of the team."))
        if self.hours != "new":
            return
        if not 0 <= self.hour_from < self.hour_to <= 24:
            raise UserError(
                self.env._(
                    "The team must begin before it ends: enter hours between 0:00 and "
                    "24:00."
                )
            )
        if not any(self[day] for day in DAYS):
            raise UserError(self.env._("Tick at least one day on which you work."))

    def _prepare_team_values(self):
        """Return the values to write on the team."""
        return {
            "name": self.team_name,
            "member_ids": [Command.set(self.member_ids.ids)],
            "leader_id": self.leader_id.id,
            "alias_name": self.alias_name,
            "alias_domain_id": self.alias_domain_id.id,
            "calendar_id": self._service_calendar().id,
        }

    def _service_calendar(self):
        if self.hours == "new":
            return self.env["resource.calendar"].create(self._prepare_calendar_values())
        return (
            self.calendar_id if self.hours == "calendar" else self.calendar_id.browse()
        )

    def _prepare_calendar_values(self):
        """Return the values of the calendar for the hours entered."""
        slots = [
            Command.create(
                {
                    "name": self.env._("Service hours"),
                    "dayofweek": str(number),
                    "hour_from": self.hour_from,
                    "hour_to": self.hour_to,
                    "day_period": "morning" if self.hour_to <= 12 else "afternoon",
                }
            )
            for number, day in enumerate(DAYS)
            if self[day]
        ]
        return {
            "name": self.env._("Hours of %s", self.team_name),
            "company_id": self.company_id.id,
            "tz": self.tz,
            "attendance_ids": [Command.clear(), *slots],
        }
