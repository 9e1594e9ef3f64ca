"""What a mail says and brings with it.

Python's own reader trusts what mails say about themselves; real ones are wrong about
charsets, leave parts empty, and attach other mails whose words are not the sender's.
Here the words a person would see come first, every file stays byte for byte as it was
sent, and the work is bounded. Pure functions on ``email.message.EmailMessage``.
"""

import re
from email.message import Message
from html import unescape
from typing import NamedTuple

from .mail_charsets import decode
from .mail_source import header_text

# More than a person writes; what lies beyond is only in the source.
MAX_TEXT = 1_000_000
MAX_PARTS = 2_000
# Parts within parts.
MAX_LEVELS = 100
MAX_NAME = 200
# Deeper markup than this is lost by the parsers behind it.
MAX_DEPTH = 150

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAG = re.compile(r"<[^<>]{0,10000}>")
_HIDDEN = re.compile(r"<(script|style|title)\b", re.I)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,1000}>", re.I)
_OPEN = re.compile(
    r"<(/?)(?:div|blockquote|span|table|tr|td|font|b|i|p|ul|ol|li)\b", re.I
)
_PAGE = re.compile(r"<(?:!doctype|\?xml|/?html|/?body)\b[^<>]{0,10000}>", re.I)
# What is left of parts that are none.
_SEPARATOR = re.compile(r"^--[^\r\n]*$", re.M)
# Text with marks of its own, from before there was HTML in mails.
_MARKED = ("text/enriched", "text/richtext")
_TEXTS = ("text/plain", "text/html", *_MARKED)
_META = re.compile(rb"<meta\b[^<>]{0,200}charset\s*=\s*[\"']?([\w.:-]{2,40})", re.I)
# Words of which base64 has none.
_WORDS = re.compile(r"\s*\S{1,1000} +\S")
_EXTENSIONS = {
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rtf": ".rtf",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/xml": ".xml",
}


class File(NamedTuple):
    """A file of a mail, as it was sent."""

    name: str
    content: bytes
    media_type: str
    # the identifier by which the text shows it, if it does
    cid: str | None = None


class Content(NamedTuple):
    """What a mail says, and its files.

    :param list texts: (``"plain"`` or ``"html"``, text), in their order
    :param list files: :class:`File`
    :param bool whole: whether all of it was read
    """

    texts: list
    files: list
    whole: bool = True

    @property
    def says_something(self):
        """Whether there is a word, or a picture within the text."""
        return any(_says_something(kind, text) for kind, text in self.texts)


def read(message):
    """Return the :class:`Content` of a mail."""
    reader = _Reader()
    content = reader.content_of(message)
    texts, left = [], MAX_TEXT
    for kind, text in content.texts:
        if left <= 0:
            break
        texts.append(_flat(kind, text[:left]))
        left -= len(text)
    whole = reader.parts <= MAX_PARTS and left >= 0
    return Content(_joined(texts), content.files, whole)


def attached_mails(part):
    """Return the mails attached to a mail, not those attached to them in turn.

    :param part: the mail, or one of its parts
    """
    if part.get_content_type() == "message/rfc822":
        original = part.get_payload(0) if part.is_multipart() else None
        return [original] if isinstance(original, Message) else []
    if not part.is_multipart():
        return []
    return [mail for child in part.get_payload() for mail in attached_mails(child)]


def plain(html):
    """Return the words of an HTML text, line by line; quick, for whatever is in it."""
    text = _BREAK.sub("\n", _without_hidden(html))
    return unescape(_TAG.sub("", text)).strip()


def _without_hidden(html):
    """Return an HTML text without scripts and styles; one that does not end stays."""
    lower, kept, place, endless = html.lower(), [], 0, set()
    for match in _HIDDEN.finditer(lower):
        name = match.group(1)
        if match.start() < place or name in endless:
            continue
        end = lower.find(f"</{name}", match.end())
        if end < 0:
            endless.add(name)
            continue
        kept.append(html[place : match.start()])
        place = end
    return "".join([*kept, html[place:]])


class _Reader:
    def __init__(self):
        self.parts = 0

    def content_of(self, part, level=0):
        self.parts += 1 if level < MAX_LEVELS else MAX_PARTS
        if self.parts > MAX_PARTS:
            return Content([], [])
        kind = part.get_content_type()
        if kind == "message/rfc822":
            return Content([], [_attached_mail(part)])
        if isinstance(part.get_payload(), list):
            found = [self.content_of(child, level + 1) for child in part.get_payload()]
            texts = self._choose(found) if kind == "multipart/alternative" else None
            if texts is None:
                texts = [text for one in found for text in one.texts]
            return Content(texts, [file for one in found for file in one.files])
        if part.get_content_maintype() == "multipart":
            # It has no parts: what stands there is a text.
            text = _CONTROL.sub("", decode(_bytes(part), part.get_param("charset")))
            return Content([("plain", _SEPARATOR.sub("", text))], [])
        if kind in _TEXTS and not _is_file(part):
            text = _CONTROL.sub("", _text(part, kind))
            return Content([("html" if kind == "text/html" else "plain", text)], [])
        return Content([], [_file(part)])

    def _choose(self, found):
        """Return the texts of the last alternative that says something, HTML first."""
        speaking = [one for one in found if one.says_something]
        html = [one for one in speaking if any(kind == "html" for kind, _ in one.texts)]
        return (html or speaking or [Content([], [])])[-1].texts


def _says_something(kind, text):
    if kind == "html":
        return "<img" in text.lower() or bool(plain(text))
    return bool(text.strip())


def _flat(kind, text):
    """Return a text whose markup is not deeper than what reads it can bear."""
    if kind != "html":
        return kind, text
    depth = deepest = 0
    for match in _OPEN.finditer(text):
        depth += -1 if match.group(1) else 1
        deepest = max(deepest, depth)
    return ("plain", plain(text)) if deepest > MAX_DEPTH else (kind, text)


def _joined(texts):
    """Join texts of the same kind that follow each other."""
    joined = []
    if len(texts) > 1:
        # Behind the end of a page nothing more is read.
        texts = [(kind, _within_page(kind, text)) for kind, text in texts]
    for kind, text in texts:
        if not _says_something(kind, text):
            continue
        if joined and joined[-1][0] == kind:
            joined[-1][1].append(text)
        else:
            joined.append((kind, [text]))
    between = {"plain": "\n\n", "html": "<br/>"}
    return [(kind, between[kind].join(found)) for kind, found in joined]


def _within_page(kind, text):
    return _PAGE.sub("", text) if kind == "html" else text


# Files ------------------------------------------------------------------------------


def _is_file(part):
    disposition = str(part.get("Content-Disposition") or "").strip().lower()
    return disposition.startswith("attachment") or bool(_name(part))


def _text(part, kind):
    """Return the text of a part, in the charset that it or its page says it has."""
    content = _bytes(part)
    raw = part.get_payload()
    if _encoding(part) == "base64" and _WORDS.match(raw):
        # It only says so: what stands there are the words.
        content = raw.encode("utf-8", "surrogateescape")
    label = part.get_param("charset")
    if not label and kind == "text/html" and (found := _META.search(content[:2_000])):
        label = found.group(1).decode()
    text = decode(content, label)
    return _TAG.sub("", text) if kind in _MARKED else text


def _bytes(part):
    payload = part.get_payload(decode=True)
    if payload is None:
        payload = str(part.get_payload() or "").encode("utf-8", "surrogateescape")
    return payload


def _file(part):
    kind = part.get_content_type()
    name = _name(part) or f"attachment{_EXTENSIONS.get(kind, '')}"
    cid = str(part.get("Content-ID") or "").strip().strip("<>") or None
    return File(name, _bytes(part), kind, cid)


def _attached_mail(part):
    """Return a mail within a mail as one file: its words are somebody else's."""
    original = part.get_payload(0) if part.is_multipart() else None
    if not isinstance(original, Message):
        return File(_name(part) or "mail.eml", _bytes(part), "message/rfc822")
    subject = clean_name(header_text(original, "Subject")) or "mail"
    return File(_name(part) or f"{subject}.eml", _mail_bytes(part), "message/rfc822")


def _mail_bytes(part):
    """Return the source of an attached mail, as it was sent."""
    original = part.get_payload(0)
    if _encoding(part) in ("base64", "quoted-printable"):
        # Against the rules: what was read as a mail is the code of one.
        coded = Message()
        coded["Content-Transfer-Encoding"] = _encoding(part)
        coded.set_payload(original.get_payload())
        return coded.get_payload(decode=True)
    try:
        return original.as_bytes(policy=original.policy.clone(refold_source="none"))
    except Exception:  # noqa: BLE001
        # Python cannot write down again all that it has read.
        return _source_of(original)


def _encoding(part):
    return str(part.get("Content-Transfer-Encoding") or "").strip().lower()


def _source_of(message):
    lines = [f"{name}: {value}" for name, value in message.raw_items()]
    text = "\n".join([*lines, "", str(message.get_payload())])
    return text.encode("utf-8", "surrogateescape")


def _name(part):
    try:
        name = part.get_filename()
    except Exception:  # noqa: BLE001
        # Damaged parameters: the file goes without its name.
        name = None
    return clean_name(name or "")


def clean_name(name):
    """Return a file name without path, control characters or excessive length."""
    name = _CONTROL.sub("", name.replace("\n", " ").replace("\r", " "))
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[: MAX_NAME - 20]}{dot}{suffix[:19]}" if dot else name[:MAX_NAME]
