from odoo import api, fields, models


class AftersalesCase(models.Model):
    """What becomes of prepared messages when the case goes on."""

    _inherit = "aftersales.case"

    notice_ids = fields.One2many(
        "aftersales.notice", "case_id", string="Prepared Messages"
    )

    def _on_changed(self, names, before):
        """Who is in charge now has the messages, too."""
        super()._on_changed(names, before)
        if {"user_id", "team_id"} & names:
            self._prepared_notices()._follow_owners()

    def _prepared_notices(self):
        """Return the messages that wait for a decision, as superuser."""
        return (
            self.env["aftersales.notice"]
            .sudo()
            .search([("case_id", "in", self.ids), ("state", "=", "prepared")])
        )

    def _on_human_reply(self, message, at):
        """The text that the author took into their answer is sent with it; what the
        answer made needless is discarded."""
        result = super()._on_human_reply(message, at)
        notices = self._prepared_notices()
        if not notices:
            return result
        user = message.sudo().author_id.main_user_id
        sent = notices.filtered(lambda n: n.used_by_id and n.used_by_id == user)
        sent._decide("sent", at, user)
        ended = (notices - sent).filtered(lambda n: n.clock_id.state == "stopped")
        ended._decide("discarded", at, user)
        return result

    def _on_moved(self, kinds, at):
        """Nobody apologises for what is done with."""
        result = super()._on_moved(kinds, at)
        ended = ("resolved", "closed", "cancelled")
        over = self.filtered(lambda case: kinds[case.id][1] in ended)
        if over:
            over._prepared_notices()._decide("discarded", at)
        return result

    def _clocks_void(self, at, cause, kinds=None):
        """Nor for what is set aside or archived."""
        result = super()._clocks_void(at, cause, kinds)
        if kinds is None and self:
            self._prepared_notices()._decide("discarded", fields.Datetime.now())
        return result

    @api.readonly
    def get_alerts(self):
        """Add the messages prepared for the customer."""
        alerts = super().get_alerts()
        prepared = self.env["aftersales.notice"]
        if prepared.has_access("read"):
            prepared = prepared.search(
                [("case_id", "=", self.id), ("state", "=", "prepared")]
            )
        can_write = self.has_access("write")
        alerts["notices"] = [
            {
                "id": notice.id,
                "reason": notice._alert_words(),
                "body": notice.body,
                "can_decide": can_write,
            }
            for notice in prepared
        ]
        return alerts
