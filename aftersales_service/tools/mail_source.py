"""The source of a mail, with its headers as they were meant.

Python's reader keeps to the rules and gives up where programs do not: it finds no parts
where a boundary stands without quotation marks, reads ``gb2312`` literally, and throws
away raw letters. Here such headers are put right before it reads them. Texts, files and
attached mails stay byte for byte as they are. Pure.
"""

import codecs
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp, b2a_base64
from email import policy
from urllib.parse import quote, unquote_to_bytes

from .mail_charsets import codec, decode

# Beyond it a header is not looked at.
MAX_FIELD = 20_000
# Headers of addresses should stand there once, and reading an address takes long: so
# many of each are read. Of senders a second one tells that the mail is not honest.
MAX_SAME = {"from": 3, "sender": 3, "reply-to": 3, "to": 20, "cc": 20}
# Brackets within brackets cost the reader its stack.
MAX_BRACKETS = 20
# Parts within parts, and mails within mails: each line of what is deeper would be
# compared with every level above it.
MAX_LEVELS = 50
# How far from its header a boundary is looked for that the header does not say.
MAX_SEARCH = 10_000
# How many lines are looked at for boundaries, in all.
MAX_SEARCHES = 200_000
_PARAMETERS = ("content-type", "content-disposition")
_WORDS = (
    ("subject", "from", "to", "cc", "reply-to", "sender", "resent-to", "resent-cc")
    + ("delivered-to", "return-path", "content-transfer-encoding")
    + _PARAMETERS
)
# What Python takes for a line of the headers, and blanks before the colon.
_FIELD = re.compile(rb"(?:From |[\t ]|([!-9;-~]{0,1000})([ \t]{0,99}):)")
_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_ENCODED = re.compile(
    rb"=\?([^?\s]{1,60})\?[bq]\?[^?\r\n]*\?=(?:\s{0,99}=\?\1\?[bq]\?[^?\r\n]*\?=)*",
    re.IGNORECASE,
)
_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bq])\?([^?\r\n]*)\?=", re.IGNORECASE)
_PARAMETER = re.compile(
    rb';\s*([^\s;="]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL
)
_PLAIN = re.compile(rb"[\w.+!#$&^`{}|~-]+")
_REMARK = re.compile(rb"\s*\([^()]*\)\s*$")
_EXTENDED = re.compile(rb"([\w.:-]{1,40})'[^']{0,40}'(.*)", re.DOTALL)
_PIECE = re.compile(rb"(name|filename)\*(\d{1,3})(\*?)", re.IGNORECASE)
_BOUNDARY_LINE = re.compile(rb"--([^\s-][^\r\n]{0,98}|-[^\r\n]{0,98})\r?\n")
_HEADER_LINE = re.compile(rb"content-[a-z-]{1,40}:", re.IGNORECASE)


def mended(source):
    """Return the source of a mail with headers that can be read.

    :param bytes source: of a mail
    """
    return _Mender(source).mended()


def header_text(message, name):
    """Return a header of a mail as text, as it was meant.

    :param message: ``Message`` whose headers were not mended
    """
    wanted = name.lower()
    for key, value in message.raw_items():
        if key.lower() == wanted:
            raw = str(value)[:MAX_FIELD].encode("utf-8", "surrogateescape")
            value = words(raw, None).decode("utf-8", "replace")
            line = " ".join(value.split())
            try:
                return str(policy.SMTP.header_factory(name, line))
            except Exception:  # noqa: BLE001
                # Python's reader fails on some malformed values in its own ways.
                return line
    return ""


class _Mender:
    """Walks through the lines of a mail: headers, what follows them, and the parts.

    Of attached mails only the levels are counted.
    """

    def __init__(self, source):
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self.kept = []
        # what separates parts → (how deep they are, whether of an attached mail)
        self.boundaries = {}
        self.level, self.is_attached = 0, False
        self.searches = MAX_SEARCHES
        self.seen = dict.fromkeys(MAX_SAME, 0)
        said = _CHARSET.search(source[:MAX_FIELD])
        self.charset = said and said.group(1).decode()

    def mended(self):
        place = self._headers(0)
        while place < len(self.lines):
            line = self.lines[place]
            self.kept.append(line)
            place += 1
            part = line.startswith(b"--") and self.boundaries.get(line.rstrip()[2:])
            if part:
                self.level, self.is_attached = part
                place = self._headers(place)
        return b"".join(self.kept)

    def _headers(self, place):
        """Take in the headers that begin at a line; return the first line after."""
        kind = b""
        while place < len(self.lines):
            name = _FIELD.match(self.lines[place])
            if not name:
                break
            end = place + 1
            while end < len(self.lines) and self.lines[end][:1] in (b" ", b"\t"):
                end += 1
            field = b"".join(self.lines[place:end])
            if name.group(2) and not self.is_attached:
                field = name.group(1) + field[name.end(2) :]
            field_name = (name.group(1) or b"").lower().decode()
            if field_name == "content-type":
                kind = field.partition(b":")[2].strip().lower()
                field = self._type(kind, field, end)
            elif not self.is_attached:
                field = self._field(field_name, field)
            if not self._is_too_many(field_name):
                self.kept.append(field)
            place = end
        if kind.startswith(b"message/rfc822") and self.level < MAX_LEVELS:
            return self._attached(place)
        return place

    def _is_too_many(self, name):
        if self.level or name not in self.seen:
            return False
        self.seen[name] += 1
        return self.seen[name] > MAX_SAME[name]

    def _attached(self, place):
        """Take in the headers of an attached mail, which come after a blank line."""
        self.level, self.is_attached = self.level + 1, True
        if place < len(self.lines):
            self.kept.append(self.lines[place])
        return self._headers(place + 1)

    def _type(self, kind, field, end):
        """Return a type, and know where the parts begin that it says there are."""
        if not kind.startswith((b"multipart/", b"message/rfc822")):
            return field if self.is_attached else self._field("content-type", field)
        if self.level >= MAX_LEVELS:
            return b"Content-Type: text/plain\r\n"
        if self.is_attached:
            value = field.partition(b":")[2]
        else:
            field = self._field("content-type", field)
            value = field.partition(b":")[2].strip()
        if kind.startswith(b"multipart/"):
            found = self._multipart(value, end)
            if found != value and not self.is_attached:
                field = b"Content-Type: " + found + b"\r\n"
        return field

    def _field(self, name, field):
        if name != "subject" and field.count(b"(") > MAX_BRACKETS:
            field = field.replace(b"(", b" ")
        if name not in _WORDS or len(field) > MAX_FIELD:
            return field
        head, colon, value = field.partition(b":")
        value = b" ".join(value.split(b"\r\n") if b"\r\n" in value else [value])
        found = words(value.strip(), self.charset)
        if name in _PARAMETERS:
            found = parameters(found)
        if name == "content-transfer-encoding":
            found = _REMARK.sub(b"", found)
        if found == value.strip():
            return field
        return head + colon + b" " + found + b"\r\n"

    def _multipart(self, value, end):
        """Return the type of several parts, with the boundary that separates them."""
        said = _parameter(value, b"boundary")
        if said and any(
            line.startswith(b"--" + said) and line.rstrip()[2:] in (said, said + b"--")
            for line in self._below(end)
        ):
            self._part_of(said)
            return value
        found = None if self.is_attached else self._separator(end)
        if not found or found in self.boundaries:
            return value
        self._part_of(found)
        kept = _PARAMETER.sub(
            lambda match: b"" if match.group(1).lower() == b"boundary" else match[0],
            value,
        )
        return kept.rstrip(b"; ") + b"; boundary=" + _quoted(found)

    def _part_of(self, boundary):
        self.boundaries.setdefault(boundary, (self.level + 1, self.is_attached))

    def _separator(self, end):
        """Return what separates the parts, by its looks: a line that begins with two
        dashes, before a header of a part."""
        found = None
        for line in self._below(end):
            if found and _HEADER_LINE.match(line):
                return found.group(1).rstrip()
            found = _BOUNDARY_LINE.fullmatch(line)
        return None

    def _below(self, end):
        """Return the lines that may separate parts, fewer if many were looked at."""
        for place in range(end, min(end + MAX_SEARCH, len(self.lines))):
            if not self.searches:
                break
            self.searches -= 1
            yield self.lines[place]


# Words ------------------------------------------------------------------------------


def words(value, charset):
    """Return the value of a header whose letters can be read: raw ones in UTF-8,
    encoded words in charsets that mean what they say.

    :param bytes value: of a header
    :param str charset: in which raw letters may be
    """
    if not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError:
            value = decode(value, charset).encode("utf-8", "replace")
    return _ENCODED.sub(_meant, value) if b"=?" in value else value


def _meant(match):
    """Return encoded words that follow each other as one, if they are read as something
    else than what they mean. A sign may be cut in two between them."""
    found = [
        (letter.lower(), content)
        for _charset, letter, content in _WORD.findall(match[0])
    ]
    charset = match.group(1).partition(b"*")[0].decode("ascii", "replace")
    try:
        contents = [_word_bytes(letter, content) for letter, content in found]
    except (Base64Error, ValueError):
        return match[0]
    meant = decode(b"".join(contents), charset)
    if meant == _literally(contents, charset):
        return match[0]
    code = b2a_base64(meant.encode("utf-8", "replace"), newline=False)
    return b"=?utf-8?B?" + code + b"?="


def _word_bytes(letter, content):
    if letter == b"b":
        return a2b_base64(content + b"=" * (-len(content) % 4))
    return a2b_qp(content, header=True)


def _literally(contents, charset):
    """Return what encoded words say by the letter, None where they cannot be read."""
    try:
        return "".join(content.decode(charset) for content in contents)
    except (LookupError, UnicodeError, ValueError):
        return None


# Parameters -------------------------------------------------------------------------


def parameters(value):
    """Return the value of ``Content-Type`` or ``Content-Disposition`` whose parameters
    can be read.

    :param bytes value: of the header
    """
    value = _joined_pieces(value)
    return _PARAMETER.sub(_parameter_mended, value)


def _parameter_mended(match):
    name, value = match.group(1), match.group(2).strip()
    if name.endswith(b"*"):
        meant = _extended(value)
    elif value.startswith(b'"'):
        closed = len(value) > 1 and value.endswith(b'"')
        meant = value if closed else value.rstrip(b'\\"') + b'"'
    else:
        if name.lower() not in (b"name", b"filename"):
            value = _REMARK.sub(b"", value)
        meant = value if _PLAIN.fullmatch(value) or not value else _quoted(value)
    return match[0] if meant == match.group(2) else b"; " + name + b"=" + meant


def _quoted(value):
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _parameter(value, name):
    """Return a parameter without its quotation marks, None where there is none."""
    for match in _PARAMETER.finditer(value):
        if match.group(1).lower() == name:
            found = match.group(2).strip()
            return re.sub(rb"\\(.)", rb"\1", found.strip(b'"'))
    return None


def _extended(value):
    """Return a value in percent signs, in a charset that means what it says."""
    found = _EXTENDED.fullmatch(value.strip(b'"'))
    if not found or _is_literal(found.group(1).decode()):
        return value
    text = decode(unquote_to_bytes(found.group(2)), found.group(1).decode())
    return b"utf-8''" + quote(text).encode()


def _is_literal(charset):
    """Whether a charset's name means what Python reads it as."""
    try:
        return codecs.lookup(charset).name == codecs.lookup(codec(charset) or "").name
    except (LookupError, ValueError):
        return False


def _joined_pieces(value):
    """Return a value whose file name in pieces is in one, where its charset is not what
    it says."""
    pieces = {}
    for match in _PARAMETER.finditer(value):
        if piece := _PIECE.fullmatch(match.group(1)):
            content = match.group(2).strip().strip(b'"')
            pieces[int(piece.group(2))] = content
    first = _EXTENDED.fullmatch(pieces.get(0, b""))
    if not first or _is_literal(first.group(1).decode()):
        return value
    kept = _PARAMETER.sub(
        lambda match: b"" if _PIECE.fullmatch(match.group(1)) else match[0], value
    )
    joined = b"".join(pieces[number] for number in sorted(pieces))
    return kept + b"; filename*=" + joined
