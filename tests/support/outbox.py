"""Takes in every mail that Odoo sends: a real SMTP server on loopback."""

import email
import email.policy
import logging
from threading import Lock

from aiosmtpd.controller import Controller

from tests.support.waiting import free_port, wait_for

# Every word of the protocol would stand above each failure.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Outbox:
    """Used as a context manager; ``port`` is for whoever sends."""

    def __init__(self):
        self.port = free_port()
        self._mails = []
        self._lock = Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *exception):
        self._controller.stop()

    async def handle_DATA(self, server, session, envelope):
        """Keep a mail, with the recipients of its envelope."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail.recipients = list(envelope.rcpt_tos)
        with self._lock:
            self._mails.append(mail)
        return "250 taken"

    def sent_to(self, address):
        """Return the mails to an address, oldest first."""
        with self._lock:
            return [mail for mail in self._mails if address in mail.recipients]

    def wait_for_mail(self, address, matches, what, timeout=90):
        """Return the first mail to an address that satisfies a condition.

        :param matches: function of a mail
        :param str what: which mail it is, for the failure
        """

        def probe():
            return next(filter(matches, self.sent_to(address)), None)

        try:
            return wait_for(probe, f"a mail to {address}: {what}", timeout)
        except AssertionError as failure:
            subjects = [mail["Subject"] for mail in self.sent_to(address)]
            raise AssertionError(f"{failure} It got: {subjects}") from None


def text_of(mail):
    """Return the readable text of a mail, HTML as it is."""
    return mail.get_body(preferencelist=("html", "plain")).get_content()
