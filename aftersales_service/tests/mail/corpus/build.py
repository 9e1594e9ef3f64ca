"""How the mails of the corpus are written down: parts, mails and what is right."""

from base64 import encodebytes
from email.header import Header
from itertools import count
from quopri import encodestring
from typing import NamedTuple

ANA = "Ana Ruiz <ana@gemini.example.com>"
LEE = "Lee Wei <lee@readymat.example.com>"
STRANGER = "Max <max@elsewhere.example>"
# Of the team, believed where our mail server confirms them.
COLLEAGUE = "As Team <as_team@ourcompany.example.com>"
TEAM = "support@ourcompany.example.com"
OUR_SERVER = "imap.ourcompany.example.com"
# In a source they stand for what the test makes.
OURS = "@OURS@"
NUMBER = "@NUMBER@"
# A picture of one point.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00"
    b"\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
# A file of each byte there is: whatever touches it changes it.
ALL_BYTES = bytes(range(256)) * 2

_ids = count(1)


class Right(NamedTuple):
    """What has to become of a mail.

    ``becomes`` is one of:

    * ``case``: exactly one case;
    * ``answer``: one message on the case it answers;
    * ``told``: a report about a message of ours, told on its case in a note;
    * ``silent``: a report that says nothing anybody has to know.
    """

    becomes: str = "case"
    # ana, lee, or None for a sender whom nobody knows
    customer: str | None = "ana"
    # words that are, and are not, in the text
    says: tuple = ()
    hides: tuple = ()
    # what is, and is not, in its markup
    markup: tuple = ()
    no_markup: tuple = ()
    # names, or (name, content), in their order; None where it does not matter
    files: tuple | None = ()
    # customer, reply, note, colleague, stranger, automatic or forwarded
    taken_as: str | None = "customer"
    subject: str | None = None
    # words of the address the message is from
    sender: str | None = None
    # why the product does not do so yet
    known_gap: str | None = None


class Mail(NamedTuple):
    name: str
    source: bytes
    right: Right


class Part(NamedTuple):
    """A part of a mail: its headers and its content as they are sent."""

    head: dict
    content: bytes


# Parts ------------------------------------------------------------------------------


def text(words, codec="utf-8", label=None, *, kind="plain", encoding="8bit", **head):
    """Return a text.

    :param codec: charset its bytes are of
    :param label: charset it says to have, empty for none
    """
    label = codec if label is None else label
    content = words if isinstance(words, bytes) else words.encode(codec)
    return Part(
        {
            "Content-Type": f"text/{kind}" + (f'; charset="{label}"' if label else ""),
            "Content-Transfer-Encoding": encoding,
            **named(head),
        },
        encoded(content, encoding),
    )


def html(words, codec="utf-8", label=None, **more):
    return text(words, codec, label, kind="html", **more)


def file(content=PDF, name="bill.pdf", kind="application/pdf", **head):
    """Return an attachment, in base64 unless its head says otherwise."""
    names = {
        "Content-Type": f'{kind}; name="{name}"' if name else kind,
        "Content-Transfer-Encoding": "base64",
        "Content-Disposition": f'attachment; filename="{name}"'
        if name
        else "attachment",
        **named(head),
    }
    return Part(names, encoded(content, names["Content-Transfer-Encoding"]))


def inline(cid, name="photo.gif", content=GIF, kind="image/gif"):
    """Return a picture that the text shows."""
    return file(
        content,
        name,
        kind,
        content_id=f"<{cid}>",
        content_disposition=f'inline; filename="{name}"',
    )


def multi(subtype, *parts, boundary=None, parameters="", end="--", **head):
    """Return several parts as one."""
    boundary = boundary or f"=_Part_{next(_ids)}"
    body = b"".join(
        b"--%s\r\n%s\r\n" % (boundary.encode(), part_source(part)) for part in parts
    )
    last = f"--{boundary}{end}\r\n".encode() if end is not None else b""
    kind = f'multipart/{subtype}; boundary="{boundary}"{parameters}'
    return Part({"Content-Type": kind, **named(head)}, body + last)


def mixed(*parts, **more):
    return multi("mixed", *parts, **more)


def alternative(*parts, **more):
    return multi("alternative", *parts, **more)


def related(*parts, **more):
    return multi("related", *parts, **more)


def attached(source, **head):
    """Return a mail within a mail."""
    return Part({"Content-Type": "message/rfc822", **named(head)}, source)


def part_source(part):
    return head_source(part.head) + b"\r\n" + part.content


def head_source(head):
    lines = [
        name.encode() + b": " + as_bytes(value) + b"\r\n"
        for name, values in head.items()
        if values is not None
        for value in (values if isinstance(values, list) else [values])
    ]
    return b"".join(lines)


def named(head):
    return {name.replace("_", "-").title(): value for name, value in head.items()}


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def encoded(content, encoding):
    if encoding == "base64":
        return encodebytes(content).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return encodestring(content).replace(b"\n", b"\r\n")
    return content


def word(words, codec="utf-8", label=None):
    """Return words for a header, in base64 under a charset's name."""
    content = encodebytes(words.encode(codec)).replace(b"\n", b"").decode()
    return f"=?{label or codec}?B?{content}?="


def long_words(words):
    """Return words for a header as programs fold them."""
    return Header(words, "utf-8", maxlinelen=60).encode(linesep="\r\n")


# Mails ------------------------------------------------------------------------------


def mail(
    body="My left shoe is too small.",
    *,
    sender=ANA,
    to=TEAM,
    subject="Left shoe too small",
    answers=None,
    proven=True,
    **head,
):
    """Return the source of a mail.

    :param body: :class:`Part`, or words
    :param answers: identifier of the message it answers, :data:`OURS` for ours
    :param proven: whether our mail server vouches for its sender
    :param head: further headers, None leaves one out, a list repeats it
    """
    part = body if isinstance(body, Part) else text(body)
    domain = as_bytes(sender or "").rpartition(b"@")[2].strip(b"> ").decode("latin-1")
    proof = f"{OUR_SERVER}; dmarc=pass header.from={domain}"
    headers = {
        "Return-Path": "<sender@gemini.example.com>",
        "Received": f"from mx by {OUR_SERVER}; Mon, 23 Nov 2026 08:58:00 +0000",
        "Authentication-Results": proof if proven else None,
        "From": sender,
        "To": to,
        "Subject": subject,
        "Date": "Mon, 23 Nov 2026 09:57:00 +0100",
        "Message-Id": f"<corpus-{next(_ids)}@gemini.example.com>",
        "In-Reply-To": answers,
        "References": answers,
        "Mime-Version": "1.0",
        **part.head,
        **named(head),
    }
    return head_source(headers) + b"\r\n" + part.content


def report(
    subtype,
    *parts,
    about=OURS,
    sender="Mail Delivery <mailer-daemon@mx.example.com>",
    to="bounce@ourcompany.example.com",
    subject="About your mail",
    **head,
):
    """Return a report of a mail server about a message."""
    original = Part(
        {"Content-Type": "text/rfc822-headers"},
        f"Message-ID: {about}\r\nSubject: Left shoe too small\r\n".encode(),
    )
    body = multi("report", *parts, original, parameters=f"; report-type={subtype}")
    return mail(body, sender=sender, to=to, subject=subject, proven=False, **head)


def delivery(action, status, recipient="ana@gemini.example.com"):
    """Return the part of a report that programs read."""
    lines = (
        "Reporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\n"
        f"Action: {action}\r\nStatus: {status}\r\n"
    )
    return Part({"Content-Type": "message/delivery-status"}, lines.encode())
