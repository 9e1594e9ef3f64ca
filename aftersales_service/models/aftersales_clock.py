from odoo import api, fields, models
from odoo.exceptions import AccessError

STATES = [("running", "Running"), ("paused", "Paused"), ("stopped", "Stopped")]
OUTCOMES = [
    ("none", "Open"),
    ("met", "Kept"),
    ("breached", "Broken"),
    ("void", "Void"),
]


class AftersalesClock(models.Model):
    """One cycle of one promise on one case.

    ``state`` says whether time is counted, ``outcome`` what became of the promise; a
    broken promise keeps running until it is fulfilled. Clocks are a fact: only the
    engine writes them, by SQL in batches.
    """

    _name = "aftersales.clock"
    _description = "After-Sales Clock"
    _order = "case_id, kind, cycle"
    _rec_name = "kind"
    _log_access = False

    case_id = fields.Many2one(
        "aftersales.case", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    kind = fields.Selection(lambda self: self._selection_kind(), required=True)
    cycle = fields.Integer(required=True, default=1)

    # What was promised: a copy made at the start
    policy_id = fields.Many2one(
        "aftersales.policy", ondelete="set null", index="btree_not_null"
    )
    target_id = fields.Many2one(
        "aftersales.policy.target", ondelete="set null", index="btree_not_null"
    )
    policy_version = fields.Integer()
    target_seconds = fields.Integer(string="Promised Time (s)", required=True)
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Working Hours",
        ondelete="restrict",
        index="btree_not_null",
        help="Empty: around the clock.",
    )
    tz = fields.Char(string="Time Zone")
    snapshot = fields.Json(help="The rules the promise was started with.")

    # Where it stands
    state = fields.Selection(STATES, required=True)
    outcome = fields.Selection(OUTCOMES, required=True)
    started_at = fields.Datetime(string="Started", required=True)
    deadline = fields.Datetime(help="Empty while an open promise is paused.")
    remaining_seconds = fields.Integer(
        string="Remaining (s)", help="What is left, while paused."
    )
    warning_at = fields.Datetime(string="At Risk From")
    warned_at = fields.Datetime(string="Warned")
    pauses = fields.Json(help="List of [from, to, cause]; instants in epoch seconds.")
    carried_seconds = fields.Integer(
        string="Carried (s)", help="Seconds used up before the case was reopened."
    )
    carried_breach = fields.Boolean(
        help="Broken in an earlier cycle already: counts in no figure of this one."
    )
    void_cause = fields.Char()
    breach_cause = fields.Char()
    decided_at = fields.Datetime(
        string="Decided",
        help="The instant it was kept, or its deadline if it was broken.",
    )
    stopped_at = fields.Datetime(string="Ended")
    calendar_seconds = fields.Integer(string="Duration (s)")
    business_seconds = fields.Integer(string="Duration in Service Hours (s)")
    net_seconds = fields.Integer(string="Duration Without Pauses (s)")
    decision = fields.Json(help="Why it was decided so: frozen at that moment.")

    # The job
    next_event_at = fields.Datetime()
    last_event = fields.Selection(
        lambda self: self._selection_last_event(),
        help="What happened to it last. Automated actions can listen on it.",
    )
    pending_event = fields.Char(help="Event whose consequences failed, to be retried.")
    error_count = fields.Integer()
    last_error = fields.Char()
    retry_at = fields.Datetime()

    _cycle_uniq = models.UniqueIndex(
        "(case_id, kind, cycle)", "This promise has been started already."
    )
    _next_event_idx = models.Index("(next_event_at) WHERE state = 'running'")
    _error_idx = models.Index("(id) WHERE error_count > 0")
    _company_decided_idx = models.Index("(company_id, decided_at)")

    def _selection_kind(self):
        return self.env["aftersales.policy.target"]._selection_kind()

    def _selection_last_event(self):
        return [
            ("started", self.env._("Started")),
            ("paused", self.env._("Paused")),
            ("resumed", self.env._("Resumed")),
            ("warned", self.env._("At risk")),
            ("met", self.env._("Kept")),
            ("breached", self.env._("Broken")),
            ("stopped", self.env._("Ended")),
            ("voided", self.env._("Void")),
            ("error", self.env._("No time can be found")),
        ]
