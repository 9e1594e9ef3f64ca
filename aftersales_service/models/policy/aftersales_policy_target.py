from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.business_time import ALWAYS, NoWorkingTime, to_epoch
from ...tools.words import duration
from ..base.trust import is_loading_data
from .aftersales_policy import plain_values

CALENDAR_MODES = [
    ("team", "Service hours of the team"),
    ("calendar", "Other working hours"),
    ("always", "Around the clock"),
]
REOPENINGS = [
    ("carry", "Goes on with the time used before"),
    ("fresh", "Starts again with the whole time"),
    ("none", "Is not promised again"),
]


class AftersalesPolicyTarget(models.Model):
    """One promise of a policy: its kind, its time, and whose hours count."""

    _name = "aftersales.policy.target"
    _description = "After-Sales Promise"
    _inherit = ["aftersales.shared.mixin"]
    _order = "policy_id, sequence, id"
    _rec_name = "kind"

    policy_id = fields.Many2one(
        "aftersales.policy", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(related="policy_id.company_id")
    kind = fields.Selection(lambda self: self._selection_kind(), required=True)
    target_seconds = fields.Integer(
        string="Time",
        required=True,
        help="The promised time in seconds of the hours that count: eight hours are a "
        "working day of a team that works eight hours.",
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
        help="The confirmation of receipt, even an automatic one, meets this promise.",
    )
    pause_customer = fields.Boolean(
        string="Pauses for the Customer",
        help="The time stands still while we wait for the customer.",
    )
    pause_third_party = fields.Boolean(
        string="Pauses for Third Parties",
        help="The time stands still while we wait for somebody else.",
    )
    on_reopen = fields.Selection(
        REOPENINGS,
        string="After a Reopening",
        required=True,
        default="carry",
        help="What becomes of the promise when a solved case is opened again.",
    )
    long_running_seconds = fields.Integer(
        string="Long-running After",
        help="From when on after receipt a case counts as long-running, so that the "
        "customer hears of its progress. 0: from our first answer on.",
    )
    # What the rules of the kind allow
    is_pausable = fields.Boolean(compute="_compute_kind_rules")
    is_carried = fields.Boolean(compute="_compute_kind_rules")
    is_chained = fields.Boolean(compute="_compute_kind_rules")
    can_ack_count = fields.Boolean(compute="_compute_kind_rules")
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
    _long_running_check = models.Constraint(
        "CHECK (long_running_seconds >= 0)",
        "A case cannot be long-running before it is received: enter 0 or more.",
    )
    _warn_percent_check = models.Constraint(
        "CHECK (warn_percent >= 0 AND warn_percent < 100)",
        "The warning must come before the deadline: enter 0 to 99 percent.",
    )
    _calendar_check = models.Constraint(
        "CHECK (calendar_mode <> 'calendar' OR calendar_id IS NOT NULL)",
        "Choose the working hours in which the promise is counted.",
    )

    # Compute ------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends("kind")
    def _compute_display_name(self):
        """Name it by what is promised, in the reader's language."""
        kinds = self._clock_kinds()
        for target in self:
            known = kinds.get(target.kind)
            target.display_name = known.label if known else target.kind

    @api.depends("kind")
    def _compute_kind_rules(self):
        kinds = self._clock_kinds()
        for target in self:
            rule = kinds.get(target.kind)
            target.is_pausable = bool(rule and rule.pausable)
            target.is_carried = bool(rule and rule.carried)
            target.is_chained = bool(rule and rule.repeats == "chain")
            terms = [term for _event, term in rule.met_if] if rule else []
            target.can_ack_count = "ack_counts" in terms

    # Constraints --------------------------------------------------------------

    @api.constrains("target_seconds", "calendar_mode", "calendar_id")
    def _check_can_work(self):
        """Refuse a promise whose time could never end."""
        if is_loading_data(self.env):
            return
        now = to_epoch(fields.Datetime.now())
        for target in self.filtered("target_seconds"):
            if target.calendar_mode == "always":
                target._check_horizon(now)
                continue
            for calendar, company in target._calendars_in_use():
                target._check_calendar(calendar, company, now)

    def _check_horizon(self, now):
        """Refuse a promise around the clock that ends beyond what is looked at."""
        try:
            ALWAYS.add(now, self.target_seconds)
        except NoWorkingTime as error:
            raise ValidationError(
                self.env._(
                    "“%(promise)s” is promised in more than four years, which is no "
                    "promise. Enter a shorter time.",
                    promise=self.display_name,
                )
            ) from error

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
        if calendar and not calendar.active:
            raise ValidationError(
                self.env._(
                    "The working hours “%(calendar)s” are archived, so nobody looks "
                    "after them any more. Choose others for “%(promise)s”, or restore "
                    "them.",
                    calendar=calendar.name,
                    promise=self.display_name,
                )
            )
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
                    "The working hours “%(calendar)s” hold too little working time for "
                    "“%(promise)s” within the coming years. Enter working "
                    "times, remove wrong holidays, or shorten the promise.",
                    calendar=calendar.name or self.env._("of the company"),
                    promise=self.display_name,
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
                        "the first message on. Untick the pauses.",
                        promise=kinds[target.kind].label,
                    )
                )

    # CRUD -----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create targets; makes a new version of the policy."""
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

    def _version_fields(self):
        """Return the names of the fields that a version of the policy keeps; addons
        extend it."""
        return [
            "target_seconds",
            "calendar_mode",
            "calendar_id",
            "ack_counts",
            "pause_customer",
            "pause_third_party",
            "on_reopen",
            "long_running_seconds",
            "warn_percent",
        ]

    def _version_data(self):
        """Return what is promised, as plain data that compares exactly."""
        self.ensure_one()
        return {
            "values": plain_values(self, self._version_fields()),
            "steps": self._plain().get("steps", []),
        }

    # In words -------------------------------------------------------------------

    def _hours_words(self):
        """Return in which hours the time is counted, in words."""
        self.ensure_one()
        if self.calendar_mode == "calendar":
            return self.calendar_id.name or ""
        modes = dict(self._fields["calendar_mode"]._description_selection(self.env))
        return modes[self.calendar_mode]

    def _cell(self):
        """Return the promise as a cell of the matrix shows it."""
        self.ensure_one()
        return {
            "id": self.id,
            "label": self.display_name,
            "time": duration(self.env, self.target_seconds),
            # Short, as it stands in every other cell
            "hours": self.env._("Service hours")
            if self.calendar_mode == "team"
            else self._hours_words(),
            "seconds": self.target_seconds,
            "calendar_mode": self.calendar_mode,
            "calendar_id": self.calendar_id.id,
            "pauses": bool(self.pause_customer or self.pause_third_party),
        }

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
            "on_reopen": self.on_reopen,
            "long_running_seconds": self.long_running_seconds,
            "warn_percent": self.warn_percent,
        }
