from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.business_time import NoWorkingTime, to_epoch

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}
CALENDAR_MODES = [
    ("team", "Service hours of the team"),
    ("calendar", "Other working hours"),
    ("always", "Around the clock"),
]


class ClockKind(NamedTuple):
    """The rules of one kind of promise. A kind without rules does not exist."""

    label: str
    # kinds of stage that fulfil the promise when a case arrives there
    met_by_stages: tuple = ()
    # whether a policy may let it pause while somebody else has to act
    pausable: bool = False
    # whether a reopened case starts a new cycle that carries the time used up
    carried: bool = False


class AftersalesPolicyTarget(models.Model):
    """One promise of a policy: its kind, its time, and whose hours count."""

    _name = "aftersales.policy.target"
    _description = "After-Sales Promise"
    _order = "policy_id, sequence, id"
    _rec_name = "kind"

    policy_id = fields.Many2one(
        "aftersales.policy", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(related="policy_id.company_id")
    kind = fields.Selection(lambda self: self._selection_kind(), required=True)
    target_seconds = fields.Integer(
        string="Time (s)", required=True, help="The promised time in whole seconds."
    )
    target_value = fields.Integer(
        string="Time",
        compute="_compute_target_value",
        inverse="_inverse_target_value",
    )
    target_unit = fields.Selection(
        [("seconds", "Seconds"), ("minutes", "Minutes"), ("hours", "Hours")],
        string="Unit",
        compute="_compute_target_value",
        inverse="_inverse_target_value",
        help="Of the hours that count: eight hours are a working day of a team that "
        "works eight hours.",
    )
    calendar_mode = fields.Selection(
        CALENDAR_MODES,
        string="Counted In",
        required=True,
        default="team",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Working Hours",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('flexible_hours', '=', False),"
        " ('company_id', 'in', [company_id, False])]",
    )
    ack_counts = fields.Boolean(
        string="Acknowledgement Counts",
        help="The confirmation of receipt, even an automatic one, keeps this promise.",
    )
    pause_customer = fields.Boolean(
        string="Pauses for the Customer",
        help="The time stands still while we wait for the customer.",
    )
    pause_third_party = fields.Boolean(
        string="Pauses for Third Parties",
        help="The time stands still while we wait for somebody else.",
    )
    warn_percent = fields.Integer(
        string="Warn At (%)",
        default=80,
        help="The case counts as at risk when this share of the time is used up. "
        "0: never.",
    )

    _kind_uniq = models.UniqueIndex(
        "(policy_id, kind)", "A policy promises each kind only once."
    )
    _target_seconds_check = models.Constraint(
        "CHECK (target_seconds > 0)",
        "The time of a promise must be more than zero. Enter a time, or remove the "
        "line if nothing is promised.",
    )
    _warn_percent_check = models.Constraint(
        "CHECK (warn_percent >= 0 AND warn_percent < 100)",
        "The warning must come before the deadline: enter 0 to 99 percent.",
    )
    _calendar_check = models.Constraint(
        "CHECK (calendar_mode <> 'calendar' OR calendar_id IS NOT NULL)",
        "Choose the working hours in which the promise is counted.",
    )

    # Kinds --------------------------------------------------------------------

    @api.model
    def _clock_kinds(self):
        """Return the kinds of promises there are, as {code: ClockKind}; extendable.

        What starts a clock and what fulfils it besides a stage is said by whoever
        notices the event, through the case's ``_clocks_start`` and ``_clocks_stop``.
        """
        return {
            # from the customer's first contact to any confirmation of receipt
            "acknowledgement": ClockKind(self.env._("Acknowledgement")),
            # from the customer's first contact to the first answer of a person
            "first_response": ClockKind(self.env._("First answer")),
            # from the customer's first contact to the stage "resolved"
            "resolution": ClockKind(
                self.env._("Solution"),
                met_by_stages=("resolved",),
                pausable=True,
                carried=True,
            ),
        }

    @api.model
    def _selection_kind(self):
        return [(code, kind.label) for code, kind in self._clock_kinds().items()]

    # Compute ------------------------------------------------------------------

    @api.depends("target_seconds")
    def _compute_target_value(self):
        """Show the time in the largest unit that needs no fraction."""
        for target in self:
            seconds = target.target_seconds
            unit = next(
                unit for unit, size in reversed(UNITS.items()) if seconds % size == 0
            )
            target.target_unit = unit if seconds else "hours"
            target.target_value = seconds // UNITS[target.target_unit]

    @api.onchange("target_value", "target_unit")
    def _inverse_target_value(self):
        for target in self:
            size = UNITS[target.target_unit or "hours"]
            target.target_seconds = target.target_value * size

    # Constraints --------------------------------------------------------------

    @api.constrains("target_seconds", "calendar_mode", "calendar_id")
    def _check_can_work(self):
        """Refuse a promise whose time could never end."""
        if self.env.context.get("install_mode"):
            return
        now = to_epoch(fields.Datetime.now())
        for target in self.filtered(lambda t: t.calendar_mode != "always"):
            for calendar, company in target._calendars_in_use():
                target._check_calendar(calendar, company, now)

    def _calendars_in_use(self):
        """Return the set of (calendar, company) the promise may be counted in."""
        self.ensure_one()
        company = self.policy_id.company_id
        if self.calendar_mode == "calendar":
            if not self.calendar_id:
                return set()  # the database says so, see _calendar_check
            return {(self.calendar_id, self.calendar_id.company_id or company)}
        teams = self.policy_id.team_ids
        if teams:
            return {(team._service_calendar(), team.company_id) for team in teams}
        companies = company or self.env.companies
        return {(one.resource_calendar_id, one) for one in companies}

    def _check_calendar(self, calendar, company, now):
        if calendar.flexible_hours:
            raise ValidationError(
                self.env._(
                    "The working hours “%(calendar)s” are flexible: they do not say "
                    "when somebody is there, so nothing can be promised in them. "
                    "Choose working hours with fixed times.",
                    calendar=calendar.name,
                )
            )
        try:
            calendar._aftersales_schedule(company).add(now, self.target_seconds)
        except NoWorkingTime as error:
            raise ValidationError(
                self.env._(
                    "The working hours “%(calendar)s” hold too little working time "
                    "to keep “%(promise)s” within the coming years. Enter working "
                    "times, remove wrong holidays, or shorten the promise.",
                    calendar=calendar.name or self.env._("of the company"),
                    promise=self._clock_kinds()[self.kind].label,
                )
            ) from error

    @api.constrains("kind", "pause_customer", "pause_third_party")
    def _check_pausable(self):
        kinds = self._clock_kinds()
        for target in self.filtered(lambda t: t.pause_customer or t.pause_third_party):
            if not kinds[target.kind].pausable:
                raise ValidationError(
                    self.env._(
                        "“%(promise)s” never pauses: the customer waits for it from "
                        "his first word on. Untick the pauses.",
                        promise=kinds[target.kind].label,
                    )
                )

    # CRUD -----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create targets; a time given as value and unit is stored in seconds."""
        for vals in vals_list:
            if "target_value" in vals and "target_seconds" not in vals:
                size = UNITS[vals.get("target_unit") or "hours"]
                vals["target_seconds"] = vals["target_value"] * size
        targets = super().create(vals_list)
        targets._after_change()
        return targets

    def write(self, vals):
        """Write; makes a new version of the policy."""
        result = super().write(vals)
        self._after_change()
        return result

    def unlink(self):
        """Delete; makes a new version of the policy."""
        policies = self.policy_id
        result = super().unlink()
        policies._bump_version()
        policies._forget_table()
        return result

    def _after_change(self):
        self.policy_id._bump_version()
        self.policy_id._forget_table()

    # Engine -------------------------------------------------------------------

    def _plain(self):
        """Return the target as plain data: what a clock copies when it starts."""
        self.ensure_one()
        pauses = []
        if self.pause_customer:
            pauses.append("waiting_customer")
        if self.pause_third_party:
            pauses.append("waiting_third_party")
        return {
            "id": self.id,
            "policy_id": self.policy_id.id,
            "policy_version": self.policy_id.version,
            "kind": self.kind,
            "target_seconds": self.target_seconds,
            "calendar_mode": self.calendar_mode,
            "calendar_id": self.calendar_id.id,
            "ack_counts": self.ack_counts,
            "pauses": pauses,
            "warn_percent": self.warn_percent,
        }
