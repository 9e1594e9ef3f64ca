"""A mail on its way in."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage


@dataclass(frozen=True)
class IncomingMail:
    """What the gateway knows of a mail besides its text. Travels in the context; a
    context that came over RPC holds plain JSON and can never contain one.

    ``taken_as`` says whose words it is, see ``aftersales_case_sender``; it is decided
    once it is known to which case the mail goes.
    """

    message: EmailMessage
    message_id: str
    received_at: datetime
    automatic: bool
    answerable: bool
    taken_as: str | None = None
