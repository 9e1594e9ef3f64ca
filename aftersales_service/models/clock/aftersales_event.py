from odoo import api, models

from ..ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    """What the ledger tells of clocks."""

    _inherit = "aftersales.event"

    @api.model
    def _kinds(self):
        """Add them."""
        return {
            **super()._kinds(),
            "work_started": EventKind(self.env._("Work started")),
            "clock_started": EventKind(self.env._("Promise started"), hidden=True),
            "clock_paused": EventKind(self.env._("Promise paused"), "fa-pause"),
            "clock_resumed": EventKind(self.env._("Promise resumed"), "fa-play"),
            "clock_warned": EventKind(
                self.env._("Promise at risk"), "fa-hourglass-half", "warning"
            ),
            "clock_met": EventKind(self.env._("Promise met"), "fa-check", "success"),
            "clock_breached": EventKind(
                self.env._("Promise breached"), "fa-times", "danger", milestone=True
            ),
            "clock_stopped": EventKind(
                self.env._("Breached promise ended"), hidden=True
            ),
            "clock_voided": EventKind(self.env._("Promise not counted"), "fa-eraser"),
            "clock_error": EventKind(
                self.env._("Promise without a time"),
                "fa-exclamation-triangle",
                "danger",
            ),
            "clock_replanned": EventKind(
                self.env._("Promise planned again"), "fa-calendar"
            ),
            "clock_retargeted": EventKind(self.env._("Promise changed")),
            "clock_fixed": EventKind(self.env._("Deadline set by hand")),
            "clock_merged": EventKind(
                self.env._("Promise taken over from another case")
            ),
        }
