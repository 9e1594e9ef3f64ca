from odoo.tests import tagged

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestMailServer(AftersalesCommon):
    """The address that mails are sent from."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        domain = cls.env["mail.alias.domain"].create({"name": "ours.example.com"})
        cls.company.alias_domain_id = domain
        cls.team.write({"alias_name": "help", "alias_domain_id": domain.id})
        cls.Server = cls.env["ir.mail_server"].with_context(
            domain_notifications_email="notifications@ours.example.com"
        )
        cls.Server.search([]).active = False
        cls.server = cls.Server.create({"name": "Any", "smtp_host": "127.0.0.1"})

    def _sender(self, email):
        server, sender = self.Server._find_mail_server(email)
        self.assertEqual(server, self.server)
        return sender

    def test_a_team_is_its_own_sender(self):
        address = self.team._sender_address()
        self.assertEqual(self._sender(address), address)

    def test_others_are_left_to_odoo(self):
        self.assertEqual(
            self._sender('"Someone" <someone@ours.example.com>'),
            "notifications@ours.example.com",
        )

    def test_another_domain_is_left_to_odoo(self):
        other = self.env["mail.alias.domain"].create({"name": "other.example.com"})
        self.team.alias_domain_id = other
        self.assertEqual(
            self._sender(self.team._sender_address()), "notifications@ours.example.com"
        )

    def test_listed_senders_are_left_to_odoo(self):
        self.server.from_filter = "notifications@ours.example.com"
        self.assertEqual(
            self._sender(self.team._sender_address()), "notifications@ours.example.com"
        )
