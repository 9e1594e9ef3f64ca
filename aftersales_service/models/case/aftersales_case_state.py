from odoo import api, fields, models

from ...tools.stage_kinds import OPEN_KINDS, WAITING_KINDS


class AftersalesCase(models.Model):
    """Whether a case is open, at risk or overdue."""

    _inherit = "aftersales.case"

    @api.depends("stage_kind")
    def _compute_is_open(self):
        for case in self:
            case.is_open = case.stage_kind in OPEN_KINDS

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("stage_kind", "in", OPEN_KINDS)]

    @api.depends("next_deadline", "next_warning_at", "stage_kind")
    def _compute_deadline_state(self):
        now = fields.Datetime.now()
        for case in self:
            state = case._deadline_state_at(now)
            case.deadline_state = state
            case.is_overdue = state == "overdue"
            case.is_at_risk = state == "at_risk"

    def _deadline_state_at(self, now):
        if not self.next_deadline:
            return "paused" if self.stage_kind in WAITING_KINDS else "none"
        if self.next_deadline < now:
            return "overdue"
        if self.next_warning_at and self.next_warning_at <= now:
            return "at_risk"
        return "on_time"

    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("next_deadline", "<", fields.Datetime.now())]

    def _search_is_at_risk(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        return [("next_warning_at", "<=", now), ("next_deadline", ">=", now)]
