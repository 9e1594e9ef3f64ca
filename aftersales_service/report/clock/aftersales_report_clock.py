from odoo import api, fields, models
from odoo.tools import SQL

from ...models.base.aftersales_figure import Figure
from ...models.clock.aftersales_clock import OUTCOMES, STATES
from ...tools.promise_life import CHANGE_CAUSES

# Broken only because the promise or its hours were changed: nobody was too slow.
RULES_CHANGED = (*CHANGE_CAUSES, "calendar_change", "manual_reset")


class AftersalesReportClock(models.Model):
    """The figures of promises: one row per cycle of a clock, of cases not set aside.

    A percentage is 100, 0 or nothing, so that every average is the ratio of two sums.
    Days are those of the company's zone, so that every viewer sees the same figure.
    What is not asked for costs nothing: PostgreSQL reads the companies only for a day.
    """

    _name = "aftersales.report.clock"
    _description = "Figures of Promises"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "kind"
    _depends = {
        "aftersales.clock": [
            "case_id",
            "company_id",
            "kind",
            "subject",
            "cycle",
            "is_manual",
            "policy_id",
            "policy_version",
            "target_seconds",
            "state",
            "outcome",
            "started_at",
            "deadline",
            "carried_breach",
            "void_cause",
            "breach_cause",
            "decided_at",
            "stopped_at",
            "calendar_seconds",
            "business_seconds",
            "net_seconds",
        ],
        "aftersales.case": [
            "case_type",
            "category_id",
            "channel",
            "commercial_partner_id",
            "handling_class",
            "mark",
            "partner_id",
            "priority",
            "received_at",
            "sale_order_id",
            "salesperson_id",
            "stage_kind",
            "team_id",
            "user_id",
        ],
        "res.company": ["aftersales_tz"],
    }

    # Which promise
    clock_id = fields.Many2one("aftersales.clock", string="Promise Made")
    kind = fields.Selection(lambda self: self._selection_kind(), string="Promise")
    subject = fields.Char(help="Which of several promises of one kind.")
    cycle = fields.Integer(aggregator=None)
    is_manual = fields.Boolean(string="Set by Hand", help="A manager set the deadline.")
    company_id = fields.Many2one("res.company")
    policy_id = fields.Many2one("aftersales.policy")
    policy_version = fields.Integer(aggregator=None)

    # On which case
    case_id = fields.Many2one("aftersales.case")
    team_id = fields.Many2one("aftersales.team")
    user_id = fields.Many2one(
        "res.users", string="Assigned to", help="Who owns the case now."
    )
    partner_id = fields.Many2one("res.partner", string="Customer")
    commercial_partner_id = fields.Many2one("res.partner", string="Customer's Company")
    salesperson_id = fields.Many2one("res.users")
    sale_order_id = fields.Many2one("sale.order", string="Order")
    category_id = fields.Many2one("aftersales.category")
    case_type = fields.Selection(lambda self: self._case_selection("case_type"))
    channel = fields.Selection(lambda self: self._case_selection("channel"))
    handling_class = fields.Selection(
        lambda self: self._case_selection("handling_class")
    )
    priority = fields.Selection(lambda self: self._case_selection("priority"))
    stage_kind = fields.Selection(
        lambda self: self._case_selection("stage_kind"), string="Stage"
    )

    # What became of it
    state = fields.Selection(STATES)
    outcome = fields.Selection(OUTCOMES)
    breach_cause = fields.Selection(
        lambda self: self._selection_breach_cause(), string="Breached Because"
    )
    void_cause = fields.Selection(
        lambda self: self._selection_void_cause(), string="Not Counted Because"
    )
    counts_for_agent = fields.Boolean(
        string="Counts for the Agent",
        help="Met or breached by somebody's work: not breached only because the "
        "promise or its hours were changed afterwards.",
    )

    # When: days as the calendar on the company's wall shows them
    started_at = fields.Datetime(string="Started")
    deadline = fields.Datetime()
    decided_at = fields.Datetime(
        string="Decided", help="When it was met, or its deadline if it was breached."
    )
    stopped_at = fields.Datetime(string="Ended")
    received_date = fields.Date(
        string="Received On", help="Day in the time zone of the company."
    )
    decided_date = fields.Date(
        string="Decided On",
        help="Day in the time zone of the company on which it was met, or on which its "
        "deadline passed.",
    )
    stopped_date = fields.Date(
        string="Ended On", help="Day in the time zone of the company."
    )

    # Measures
    attainment = fields.Float(
        string="Met (%)",
        digits=(16, 1),
        aggregator="avg",
        exportable=False,
        help="Promises met, of those met or breached. Open ones and those not counted "
        "are left out.",
    )
    target_seconds = fields.Integer(string="Promised Time (s)", aggregator="avg")
    calendar_seconds = fields.Integer(
        string="Duration (s)",
        aggregator="avg",
        help="From start to end, nights and weekends included.",
    )
    business_seconds = fields.Integer(
        string="Duration in Service Hours (s)",
        aggregator="avg",
        help="From start to end, in the service hours of the team.",
    )
    net_seconds = fields.Integer(
        string="Duration Without Pauses (s)",
        aggregator="avg",
        help="As in service hours, without the time in which others had to act.",
    )
    late_seconds = fields.Integer(
        string="Late by (s)",
        aggregator="avg",
        help="From the deadline to the end, for breached promises that have ended.",
    )
    case_number = fields.Integer(
        string="Cases", aggregator="count_distinct", exportable=False
    )

    def _case_selection(self, name):
        field = self.env["aftersales.case"]._fields[name]
        return field._description_selection(self.env)

    def _selection_kind(self):
        return self.env["aftersales.policy.target"]._selection_kind()

    def _selection_breach_cause(self):
        return [
            ("time", self.env._("Too late")),
            ("policy_change", self.env._("The promise was changed")),
            ("policy_version", self.env._("A new version of the policy was applied")),
            ("policy_archived", self.env._("The policy was archived")),
            ("calendar_change", self.env._("The working hours were changed")),
            ("manual_reset", self.env._("Deadline set by hand")),
            ("merged", self.env._("A case that waited longer was merged into it")),
        ]

    def _selection_void_cause(self):
        return [
            ("archived", self.env._("Archived")),
            ("calmed", self.env._("No longer urgent")),
            ("cancelled", self.env._("Cancelled")),
            ("carried", self.env._("Breached in an earlier cycle")),
            ("early", self.env._("Fulfilled before it was promised")),
            ("internal", self.env._("Marked as internal")),
            ("merged", self.env._("Merged into another case")),
            ("moved", self.env._("The customer was promised a new time")),
            ("policy_archived", self.env._("The policy was archived")),
            ("policy_change", self.env._("The new policy does not promise it")),
            ("policy_version", self.env._("The new version does not promise it")),
            ("spam", self.env._("Marked as spam")),
            ("test", self.env._("Marked as a test")),
            ("void", self.env._("Entered by mistake")),
        ]

    # Query ----------------------------------------------------------------------

    @property
    def _table_query(self):
        columns = SQL(", ").join(
            SQL("%s AS %s", sql, SQL.identifier(name))
            for name, sql in self._select_columns().items()
        )
        return SQL("SELECT %s %s", columns, self._from_where())

    def _select_columns(self):
        """Return {column: ``SQL``} of the report; extendable. ``clock`` and ``cases``
        are the tables; the latter's columns come under their own names."""
        of_clock = (
            *("id", "case_id", "company_id", "kind", "subject", "cycle", "state"),
            *("outcome", "is_manual"),
            *("policy_id", "policy_version", "breach_cause", "void_cause"),
            *("started_at", "deadline", "decided_at", "stopped_at", "target_seconds"),
        )
        of_case = (
            *("team_id", "user_id", "partner_id", "commercial_partner_id"),
            *("salesperson_id", "sale_order_id", "category_id", "case_type"),
            *("channel", "handling_class", "priority", "stage_kind"),
        )
        return {
            **{name: SQL.identifier("clock", name) for name in of_clock},
            **{name: SQL.identifier("cases", name) for name in of_case},
            "clock_id": SQL("clock.id"),
            "case_number": SQL("clock.case_id"),
            **self._select_days(),
            **self._select_measures(),
        }

    def _select_days(self):
        instants = {
            "received_date": SQL("cases.received_at"),
            "decided_date": SQL("clock.decided_at"),
            "stopped_date": SQL("clock.stopped_at"),
        }
        return {
            name: SQL(
                "(%s AT TIME ZONE 'UTC'"
                " AT TIME ZONE COALESCE(company.aftersales_tz, 'UTC'))::date",
                instant,
            )
            for name, instant in instants.items()
        }

    def _select_measures(self):
        """Durations are those of promises that were kept or broken, and have ended."""
        judged = SQL("clock.outcome IN ('met', 'breached')")
        durations = {
            name: SQL(
                "CASE WHEN %s AND clock.state = 'stopped' THEN %s END",
                judged,
                SQL.identifier("clock", name),
            )
            for name in ("calendar_seconds", "business_seconds", "net_seconds")
        }
        return {
            **durations,
            "attainment": self.env["aftersales.figure"]._figures()["K-03"].sql,
            "counts_for_agent": SQL(
                "%s AND COALESCE(clock.breach_cause, '') NOT IN %s",
                judged,
                RULES_CHANGED,
            ),
            "late_seconds": SQL(
                "CASE WHEN clock.outcome = 'breached' AND clock.state = 'stopped' THEN"
                " date_part('epoch', clock.stopped_at - clock.deadline)::int4 END"
            ),
        }

    def _from_where(self):
        return SQL(
            """
              FROM aftersales_clock clock
              JOIN aftersales_case cases ON cases.id = clock.case_id
         LEFT JOIN res_company company ON company.id = clock.company_id
             WHERE cases.mark IS NULL AND cases.channel != ALL(%s)
            """,
            self._hidden_channels(),
        )

    def _hidden_channels(self):
        cases = self.env["aftersales.case"]
        return sorted(set(cases._channels()) - cases._channels_that_are("in_figures"))

    # Actions --------------------------------------------------------------------

    def action_open_case(self):
        """Open the cases of the rows."""
        return self.case_id._get_records_action(name=self.env._("Cases"), context={})

    def action_open_clock(self):
        """Open the promise of the row, which says why it was decided so."""
        return self.clock_id._get_records_action(context={})


class AftersalesFigure(models.AbstractModel):
    """The figures of promises."""

    _inherit = "aftersales.figure"

    @api.model
    def _figures(self):
        """Add how many promises were met, of those that were decided."""
        return {
            **super()._figures(),
            "K-03": Figure(
                self.env._("SLA attainment"),
                "aftersales.report.clock",
                "attainment",
                numerator=SQL("clock.outcome = 'met'"),
                denominator=SQL("clock.outcome IN ('met', 'breached')"),
                period="decided_date",
            ),
        }
