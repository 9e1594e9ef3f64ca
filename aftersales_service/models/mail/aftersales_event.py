from odoo import api, models

from ..ledger.aftersales_event import EventKind


class AftersalesEvent(models.Model):
    """What the ledger tells of messages, and of times promised to customers."""

    _inherit = "aftersales.event"

    @api.model
    def _current_actor(self):
        """What a mail does came by mail, whatever job fetched it."""
        current = super()._current_actor()
        if self.env["aftersales.case"]._incoming_mail():
            return {**current, "actor_via": "mail"}
        return current

    @api.model
    def _kinds(self):
        """Add them."""
        return {
            **super()._kinds(),
            "acknowledged": EventKind(self.env._("Acknowledged"), "fa-envelope-o"),
            "acknowledgement_skipped": EventKind(
                self.env._("Not acknowledged automatically"), "fa-envelope-o"
            ),
            "customer_message": EventKind(
                self.env._("Message of the customer"), "fa-comment", "info"
            ),
            "reply": EventKind(
                self.env._("Answer to the customer"),
                "fa-reply",
                "success",
                milestone=True,
            ),
            "auto_message": EventKind(self.env._("Automatic message"), "fa-cog"),
            "mail_damaged": EventKind(
                self.env._("Damaged mail kept as its source"),
                "fa-chain-broken",
                "warning",
            ),
            "mail_rerouted": EventKind(
                self.env._("Mail to a team that is no longer there"), "fa-share"
            ),
            "sender_doubted": EventKind(
                self.env._("Mail whose sender is to be confirmed"),
                "fa-user-secret",
                "warning",
            ),
            "sender_judged": EventKind(
                self.env._("Sender of a mail judged"), "fa-user-secret"
            ),
            "promised": EventKind(
                self.env._("Time promised to the customer"), "fa-handshake-o", "info"
            ),
            "promise_kept": EventKind(
                self.env._("Promised time met"), "fa-check", "success"
            ),
        }
