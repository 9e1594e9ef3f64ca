from odoo import models
from odoo.tools import email_domain_extract, email_normalize


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _find_mail_server(self, email_from, mail_servers=None):
        """Send what a team says from the team's own address.

        A server that does not list its senders would otherwise send it from the
        notification address. The team's address is of the same domain, so the server
        may send from it just as well.
        """
        server, sender = super()._find_mail_server(
            email_from, mail_servers=mail_servers
        )
        if (
            server
            and not server.from_filter
            and sender != email_from
            and email_domain_extract(sender) == email_domain_extract(email_from)
            and self._aftersales_is_team(email_from)
        ):
            sender = email_from
        return server, sender

    def _aftersales_is_team(self, email):
        """Return whether an address is that of a team."""
        domain = [
            ("alias_model_id.model", "=", "aftersales.case"),
            ("alias_full_name", "=", email_normalize(email or "")),
        ]
        return bool(self.env["mail.alias"].sudo().search_count(domain, limit=1))
