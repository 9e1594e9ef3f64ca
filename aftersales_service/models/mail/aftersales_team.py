from odoo import fields, models
from odoo.tools import SQL

from ...tools import sender_proof


class AftersalesTeam(models.Model):
    """Whom a team believes when a mail says to be a colleague's."""

    _inherit = "aftersales.team"

    sender_trust = fields.Selection(
        [
            ("none", "Nobody: keep the mail as a note and ask"),
            ("server", "Whom our mail server confirms"),
            ("all", "Everybody, without a check"),
        ],
        string="Believe Senders",
        default="none",
        required=True,
        help="Anybody can write any address into a mail. An answer that says to be a "
        "colleague's goes to the customer only if it is believed; else it becomes a "
        "note, and whoever has the case can send it.",
    )
    sender_server = fields.Char(
        string="Our Mail Server",
        help="The name our mail server puts before its results in the header "
        "“Authentication-Results”, or the domain of all of its names.",
    )
    sender_server_seen = fields.Char(
        string="Seen in Mails",
        readonly=True,
        copy=False,
        help="The server that had checked a mail when the team received it.",
    )

    def action_trust_seen_server(self):
        """Believe the mail server that was seen in mails to the team."""
        for team in self.filtered("sender_server_seen"):
            team.write(
                {"sender_trust": "server", "sender_server": team.sender_server_seen}
            )
        return True

    def _vouches_for(self, mail):
        """Return whether the team believes who a mail says to be from.

        :param mail: ``IncomingMail``
        """
        self.ensure_one()
        if self.sender_trust == "server":
            return sender_proof.is_proven(mail.message, self.sender_server or "")
        return self.sender_trust == "all"

    def _note_mail_server(self, mail):
        """Keep the name of the server that checked a mail, so that it can be proposed.
        Another mail may be taken in at the same moment; it is not waited for."""
        self.ensure_one()
        if self.sender_server_seen or self.sender_trust != "none":
            return
        if server := sender_proof.server_of(mail.message):
            self.env.execute_query(
                SQL(
                    "UPDATE aftersales_team SET sender_server_seen = %s WHERE id = ("
                    "SELECT id FROM aftersales_team WHERE id = %s"
                    " FOR UPDATE SKIP LOCKED) RETURNING id",
                    server,
                    self.id,
                )
            )
            self.invalidate_recordset(["sender_server_seen"], flush=False)
