"""What the headers of a mail say: when our server received it, whether a machine
wrote it, whether a machine may answer it.

Pure functions on ``email.message.EmailMessage``; *now* is passed in.
"""

import codecs
import email.policy
import re
from datetime import timedelta, timezone
from email.utils import getaddresses, parsedate_to_datetime

# What a server's receipt may lie back at most when nothing else bounds it.
MAX_DELAY = timedelta(days=1)

_AUTOMATIC_PRECEDENCE = frozenset({"auto_reply", "bulk", "junk"})
_AUTO_REPLY_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autorespond-To")
_MACHINE_LOCAL_PARTS = re.compile(
    r"(mailer-daemon|postmaster|abuse|bounces?|no-?_?\.?reply|do-?_?not-?_?reply"
    r"|noanswer|nobody|auto-?confirm)([-+._].*)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS_HEADERS = ("From", "To", "Cc", "Delivered-To", "Resent-To", "Resent-Cc")
_MAX_HEADER = 10_000


def header(message, name):
    """Return the first value of a header as plain text, empty when it is missing or
    cannot be read."""
    values = headers(message, name)
    return values[0] if values else ""


def headers(message, name):
    """Return all values of a header as plain text, topmost first, as they were sent."""
    wanted = name.lower()
    return [
        str(value).strip()
        for key, value in message.raw_items()
        if key.lower() == wanted
    ]


def received_at(message, earliest, now):
    """Return the instant our server received a mail.

    That is the topmost ``Received`` header, the only one our own server wrote, held
    within ``[earliest, now]``; *now* where there is none. The sender's ``Date`` is
    never believed.

    :param earliest: naive UTC ``datetime`` of the previous fetch, or None
    :param now: naive UTC ``datetime``
    :return: naive UTC ``datetime`` without microseconds
    """
    stamp = _received_stamp(header(message, "Received"))
    if stamp is None:
        return now
    return min(max(stamp, earliest or now - MAX_DELAY), now)


def _received_stamp(value):
    date = value.rpartition(";")[2].strip()
    try:
        stamp = parsedate_to_datetime(date)
        if stamp.tzinfo:
            stamp = stamp.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stamp.replace(microsecond=0)


def is_automatic(message):
    """Return whether a machine wrote the mail: an auto-reply, a bulk mail or a
    delivery report. Such a mail is kept but moves nothing."""
    submitted = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(header(message, name) for name in _AUTO_REPLY_HEADERS):
        return True
    if header(message, "Precedence").lower() in _AUTOMATIC_PRECEDENCE:
        return True
    return _is_report(message) or header(message, "Return-Path") == "<>"


def _is_report(message):
    content_type = header(message, "Content-Type").lower()
    return content_type.startswith("multipart/report")


def may_be_answered(message):
    """Return whether a machine may answer the mail: not another machine's mail, not
    one that asks for silence, not a mailing list."""
    if is_automatic(message):
        return False
    suppress = header(message, "X-Auto-Response-Suppress").lower()
    if any(word in suppress for word in ("all", "oof", "autoreply")):
        return False
    if header(message, "Precedence").lower() == "list":
        return False
    return not any(header(message, name) for name in ("List-Id", "List-Unsubscribe"))


def is_machine_address(address):
    """Return whether nobody reads an address: mailer-daemon, no-reply and the like.

    :param str address: a bare mail address
    """
    return bool(_MACHINE_LOCAL_PARTS.fullmatch(address.partition("@")[0]))


def recipients_in_order(message):
    """Return the bare addresses a mail was sent to, as the sender ordered them."""
    raw = [
        value[:_MAX_HEADER]
        for name in ("To", "Cc", "Resent-To", "Resent-Cc", "Delivered-To")
        for value in headers(message, name)
    ]
    return [address.lower() for _name, address in getaddresses(raw) if "@" in address]


def repair(message):
    """Make a damaged mail readable for the parser: headers that cannot be parsed are
    reduced to what can be read in them, parts of an unknown charset are read as the
    closest known one. What is whole stays untouched.

    :param message: ``EmailMessage``, changed in place
    """
    for name in {key for key, _value in message.raw_items()}:
        if not _is_parseable(message, name):
            _replace_header(message, name)
    for part in message.walk():
        _repair_charset(part)


def _is_parseable(message, name):
    # Python's own parser fails on some malformed values with IndexError and the like.
    try:
        for value in message.get_all(name, []):
            str(value)
    except Exception:  # noqa: BLE001
        return False
    return True


def _replace_header(message, name):
    raw = " ".join(headers(message, name))[:_MAX_HEADER]
    del message[name]
    if name.title() in _ADDRESS_HEADERS:
        value = ", ".join(_ADDRESS.findall(raw))
    else:
        value = re.sub(r"[^\x20-\x7e]+", " ", raw).strip()
    try:
        message[name] = value
    except Exception:  # noqa: BLE001
        # Not even what is left can be a header of this name: it goes without.
        del message[name]


def _repair_charset(part):
    if part.get_content_maintype() != "text":
        return
    charset = part.get_param("charset")
    if charset is None:
        return
    try:
        codecs.lookup(str(charset))
    except (LookupError, ValueError):
        _read_as_known_charset(part)


def _read_as_known_charset(part):
    payload = part.get_payload(decode=True) or b""
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        part.set_param("charset", "windows-1252")
    else:
        part.set_param("charset", "utf-8")


def as_bytes(message):
    """Return the source of a mail, as good as it can be had."""
    try:
        return message.as_bytes(policy=email.policy.compat32)
    except Exception:  # noqa: BLE001
        lines = [f"{key}: {value}" for key, value in message.raw_items()]
        return "\n".join(lines).encode("utf-8", "replace")
