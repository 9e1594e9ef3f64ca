from odoo import api, models


class AftersalesHealthCheck(models.TransientModel):
    """Whether mails come in, go out, and are from whom they say."""

    _inherit = "aftersales.health.check"

    @api.model
    def _check_incoming(self):
        servers_sudo = (
            self.env["fetchmail.server"].sudo().search([("active", "=", True)])
        )
        return [self._incoming_finding(server) for server in servers_sudo] or [
            self._incoming_finding(servers_sudo)
        ]

    @api.model
    def _incoming_finding(self, server_sudo):
        name = self.env._("Incoming mail")
        place = {
            "action": "mail.action_email_server_tree",
            "model": "fetchmail.server",
        }
        if not server_sudo:
            message = self.env._(
                "No mailbox is fetched. That is right only if your mail server hands "
                "mails over by itself; else add an incoming mail server."
            )
            return self._finding("incoming", name, "warning", message, **place)
        name = f"{name}: {server_sudo.name}"
        if server_sudo.state != "done":
            message = self.env._("It was never confirmed. Test and confirm it.")
            return self._finding("incoming", name, "error", message, **place)
        failed = server_sudo.error_date
        if failed and (not server_sudo.date or failed >= server_sudo.date):
            message = self.env._("The last fetch failed. Open it to see why.")
            return self._finding("incoming", name, "error", message, **place)
        message = self.env._("The mailbox is fetched.")
        return self._finding("incoming", name, "ok", message, **place)

    @api.model
    def _check_senders(self):
        """Whether colleagues can answer customers from their own mail programs, and
        whether nobody else can in their name."""
        teams = self.env["aftersales.team"].search(
            [("company_id", "=", self.env.company.id), ("alias_name", "!=", False)]
        )
        by_trust = teams.grouped("sender_trust")
        if careless := by_trust.get("all"):
            return [self._sender_finding(careless, "all")]
        if teams and len(by_trust.get("none", teams.browse())) == len(teams):
            return [self._sender_finding(teams, "none")]
        return [self._sender_finding(teams, "server")] if teams else []

    @api.model
    def _sender_finding(self, teams, trust):
        messages = {
            "all": self.env._(
                "Whoever writes a colleague's address into a mail can answer customers "
                "in your name (%s). Enter your mail server in the team instead."
            ),
            "none": self.env._(
                "Colleagues' mails are kept as notes, because no team says which mail "
                "server confirms who wrote them (%s). Enter it in the team."
            ),
            "server": self.env._(
                "Colleagues' mails are confirmed by your server (%s)."
            ),
        }
        return self._finding(
            "senders",
            self.env._("Senders of mails"),
            "ok" if trust == "server" else "warning",
            messages[trust] % ", ".join(teams.mapped("name")),
            record=teams[:1],
        )

    @api.model
    def _check_outgoing(self):
        found = self.env["ir.mail_server"].sudo().search_count([], limit=1)
        message = (
            self.env._("Mails go out through the server that is set up.")
            if found
            else self.env._(
                "No outgoing mail server is set up: mails go out only if this machine "
                "can send them itself. Add one to be sure that answers arrive."
            )
        )
        return [
            self._finding(
                "outgoing",
                self.env._("Outgoing mail"),
                "ok" if found else "warning",
                message,
                action="base.action_ir_mail_server_list",
                model="ir.mail_server",
            )
        ]
