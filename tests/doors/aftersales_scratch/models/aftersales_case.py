from odoo import api, fields, models

from odoo.addons.aftersales_service.models.case.aftersales_case_channel import Channel
from odoo.addons.aftersales_service.models.mail.aftersales_case_reply import NextStep


class AftersalesCase(models.Model):
    _inherit = "aftersales.case"

    fitted_at = fields.Datetime(readonly=True, copy=False)
    is_paid = fields.Boolean()
    shoe_size = fields.Integer()
    # what the hooks were called with
    heard = fields.Char(default="", copy=False)

    @api.model
    def _channels(self):
        """A fax is confirmed, and a drill counts in no figure."""
        return {
            **super()._channels(),
            "fax": Channel(self.env._("Fax"), confirmed=True),
            "drill": Channel(self.env._("Drill"), in_person=True, in_figures=False),
        }

    @api.model
    def _protected_fields(self):
        """When it was fitted follows from the fitting."""
        return super()._protected_fields() | {"fitted_at"}

    @api.model
    def _portal_fields(self):
        """Customers may read their size."""
        return super()._portal_fields() | {"shoe_size"}

    def _closing_conditions(self):
        """Nothing is closed unpaid."""
        return [
            *super()._closing_conditions(),
            ("paid", self.is_paid, self.env._("The customer has not paid yet.")),
        ]

    @api.model
    def _reply_next_steps(self):
        """Answer and close."""
        return {
            **super()._reply_next_steps(),
            "close": NextStep(
                self.env._("Send and close"), "fa-lock", "action_close", ("resolved",)
            ),
        }

    def _reopen_days(self):
        """Big shoes may come back for a year."""
        return 365 if self.shoe_size > 45 else super()._reopen_days()

    def action_fit(self):
        """Note that the shoe was fitted."""
        self.check_access("write")
        at = fields.Datetime.now()
        self._write_mirror({"fitted_at": at})
        lines = [
            self._event(case, "fitted", at, data={"stage": case.stage_id.id})
            for case in self
        ]
        self.env["aftersales.event"].sudo()._append(lines)
        self._clocks_event("fitted", at)
        return True

    def _portal_fitting_sentence(self, clock, late):
        """Say when the shoe is fitted."""
        when = self._customer_moment(clock.deadline)
        if late:
            return self.env._("We meant to fit it by %s.", when)
        return self.env._("We fit it by %s.", when)

    def _on_resolved(self, at):
        """Hear of it."""
        super()._on_resolved(at)
        self._hear("resolved")

    def _on_closed(self, at):
        """Hear of it."""
        super()._on_closed(at)
        self._hear("closed")

    def _on_reopened(self, at):
        """Hear of it."""
        super()._on_reopened(at)
        self._hear("reopened")

    def _hear(self, word):
        for case in self:
            case.heard = f"{case.heard or ''} {word}".strip()
