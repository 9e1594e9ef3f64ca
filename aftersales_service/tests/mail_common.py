"""What tests of mails stand on: an address for the team, and mails to it."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from pathlib import Path
from unittest.mock import patch

import pytz

from odoo import fields

from odoo.addons.mail.tests.common import MailCase

from .common import AftersalesCommon, StoppedClock

MAILS = Path(__file__).parent / "mails"
MAIL_SERVER = "imap.ourcompany.example.com"


class AftersalesMailCommon(AftersalesCommon, MailCase):
    """The team answers at support@ourcompany.example.com."""

    # A Monday in winter, within service hours: 10:00 in Madrid.
    freeze_time = StoppedClock("2026-11-23 09:00:00")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        domain = cls.env["mail.alias.domain"].create(
            {
                "name": "ourcompany.example.com",
                "bounce_alias": "bounce",
                "catchall_alias": "catchall",
            }
        )
        cls.company.alias_domain_id = domain
        cls.team.write({"alias_domain_id": domain.id, "alias_name": "support"})
        cls.address = "support@ourcompany.example.com"
        cls.team.write({"sender_trust": "server", "sender_server": MAIL_SERVER})
        # Other addons of the database have notifications of their own by mail.
        cls.user_specialist.notification_type = "email"
        cls.user_manager.notification_type = "email"
        cls.mail_count = 0

    def setUp(self):
        super().setUp()
        self.clock = self.freeze_time.rewind()

    def later(self, **delta):
        """Let time pass, for instance ``minutes=5``."""
        self.clock.tick(timedelta(**delta))

    # Mails in -----------------------------------------------------------------

    def _mail(
        self,
        body="My left shoe is too small.",
        *,
        sender="Ana Ruiz <ana@gemini.example.com>",
        to=None,
        subject="Left shoe too small",
        received=None,
        reply_to=None,
        content_type="text/plain; charset=utf-8",
        message_id=None,
        **headers,
    ):
        """Return the source of a mail.

        :param received: naive UTC instant of our server's receipt, now by default
        :param reply_to: ``mail.message`` it answers
        :param headers: further ones, ``Auto_Submitted="no"``; None leaves one out
        """
        type(self).mail_count += 1
        now = pytz.utc.localize(fields.Datetime.now())
        stamp = format_datetime(pytz.utc.localize(received) if received else now)
        references = reply_to.message_id if reply_to else None
        lines = {
            "Return-Path": "<ana@gemini.example.com>",
            "Received": f"from mx by {MAIL_SERVER}; {stamp}",
            "Authentication-Results": self._proof(sender),
            "From": sender,
            "To": to or self.address,
            "Subject": subject,
            "Date": format_datetime(now),
            "Message-ID": message_id or f"<mail-{self.mail_count}@gemini.example.com>",
            "In-Reply-To": references,
            "References": references,
            "MIME-Version": "1.0",
            "Content-Type": content_type,
            "Content-Transfer-Encoding": "8bit",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(
            f"{name}: {value}\r\n" for name, value in lines.items() if value is not None
        )
        return f"{head}\r\n{body}".encode()

    def _proof(self, sender):
        """Return what our server writes into a mail that is from whom it says."""
        domain = sender.rpartition("@")[2].strip("> ")
        return f"{MAIL_SERVER}; dmarc=pass header.from={domain}"

    def _receive(self, source, **context):
        """Let the gateway process a mail as a fetch does.

        :return: the new cases
        """
        known = self.env["aftersales.case"].search([])
        thread = self.env["mail.thread"].with_context(**context).sudo()
        with self.mock_mail_gateway():
            thread.message_process(None, source)
        self.env.flush_all()
        return self.env["aftersales.case"].search([]) - known

    def _receive_case(self, *args, **kwargs):
        """Let the gateway open a case; fail when it does not open exactly one."""
        case = self._receive(self._mail(*args, **kwargs))
        self.assertEqual(len(case), 1, "One mail must open one case")
        return case

    def _fixture(self, name, **headers):
        """Return the source of a stored mail, with headers replaced."""
        message = message_from_bytes((MAILS / name).read_bytes(), policy=policy.SMTP)
        for key, value in headers.items():
            del message[key.replace("_", "-")]
            message[key.replace("_", "-")] = value
        return message.as_bytes()

    # What became of them ------------------------------------------------------

    def _kinds(self, case):
        return self._events(case).mapped("kind")

    def _messages(self, case, message_type=None):
        """Return the messages of a case, oldest first."""
        messages = case.sudo().message_ids.sorted("id")
        if message_type:
            messages = messages.filtered(lambda m: m.message_type == message_type)
        return messages

    def _reply(self, case, body="<p>Please send a photo.</p>", user=None, **kwargs):
        """Answer as a colleague, through the reply box."""
        with self.mock_mail_gateway():
            case.with_user(user or self.user_team).action_reply(body, **kwargs)
        return self._messages(case)[-1]

    def _sent_to(self, email):
        """Return the mails sent to an address in the last step, as dicts."""
        return [
            mail for mail in self._mails if any(email in to for to in mail["email_to"])
        ]

    def _run_acknowledgements(self):
        """Run the job, its commits kept in the test's transaction."""
        with self.mock_mail_gateway(), self._uncommitted():
            self.env["aftersales.case"]._cron_acknowledge()

    def _uncommitted(self):
        done = []

        def commit_progress(_cron, processed=0, *, remaining=None, deactivate=False):
            done.append(processed)
            return float("inf")

        return self.patched_progress(commit_progress)

    def patched_progress(self, replacement):

        return patch.object(self.registry["ir.cron"], "_commit_progress", replacement)
