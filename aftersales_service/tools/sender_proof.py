"""Whether our own mail server vouches for the sender of a mail.

The server that receives our mail checks SPF, DKIM and DMARC and writes what it found
into ``Authentication-Results`` (RFC 8601). Anybody can write such a line into a mail,
so it counts only below the name of our server, and only the topmost one: a server that
keeps to the RFC removes what bore its name before, and puts its own above the rest.

Pure functions on ``email.message.EmailMessage``.
"""

import re
from email.utils import getaddresses
from typing import NamedTuple

from .mail_headers import headers

# The name under which results count that name no server; Microsoft writes such.
UNNAMED = "-"
_MAX_HEADER = 10_000
_METHOD = re.compile(r"\s*([a-z][\w-]*)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(
    r"\b(header|smtp|policy|body)\s*\.\s*([\w-]+)\s*=\s*([^\s;]+)", re.IGNORECASE
)
_SERVER = re.compile(r"[\w.-]{1,255}")


class Result(NamedTuple):
    """One check of a server: ``dkim``, ``pass`` and ``{"header.d": "example.com"}``."""

    method: str
    verdict: str
    properties: dict


def server_of(message):
    """Return the name of the server that checked a mail last: the topmost
    ``Authentication-Results``, ``"-"`` where that names none, None without one."""
    found = _topmost(message, None)
    return found[0] if found else None


def is_proven(message, server):
    """Return whether our server vouches for the address a mail says to be from.

    :param str server: name our server gives itself, or a domain above it
    """
    sender = _sender(message)
    found = _topmost(message, server)
    if not sender or not found:
        return False
    return any(_vouches(result, sender) for result in found[1])


def _sender(message):
    """Return the one address in the one ``From`` header, in small letters."""
    values = [value[:_MAX_HEADER] for value in headers(message, "From")]
    try:
        found = [address for _name, address in getaddresses(values) if address]
    except RecursionError:
        # Who writes brackets within brackets is not believed.
        return None
    if len(values) != 1 or len(found) != 1 or found[0].count("@") != 1:
        return None
    return found[0].strip().lower()


def _topmost(message, server):
    for value in headers(message, "Authentication-Results"):
        name, results = _read(value[:_MAX_HEADER])
        if server is None or _is_below(name, server.strip().lower()):
            return name, results
    return None


def _is_below(name, server):
    """Whether a name is a server's, or one of its domain."""
    return bool(server) and (name == server or name.endswith(f".{server}"))


def _read(value):
    """Return the name of the server and its list of :class:`Result`."""
    head, *rest = _plain(value).split(";")
    named = _SERVER.match(head.strip())
    if _METHOD.match(head) or not named:
        return UNNAMED, _results([head, *rest])
    return named.group().lower(), _results(rest)


def _plain(value):
    """Return a header without what stands in round brackets, and without what could be
    mistaken for its grammar in quotation marks: both may hold a stranger's words."""
    kept, depth, quoted, escaped = [], 0, False, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\" and (depth or quoted):
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
        elif quoted:
            kept += letter if letter.isalnum() or letter in "@.-_+" else "_"
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(depth - 1, 0)
        elif not depth:
            kept += letter
    return "".join(kept)


def _results(parts):
    return [
        Result(
            match.group(1).lower(),
            match.group(2).lower(),
            {
                f"{kind}.{name}".lower(): found.lower()
                for kind, name, found in _PROPERTY.findall(part)
            },
        )
        for part in parts
        if (match := _METHOD.match(part))
    ]


def _vouches(result, sender):
    """Whether one check, passed, is about the sender's address or its domain."""
    if result.verdict != "pass":
        return False
    domain = sender.rpartition("@")[2]
    told = result.properties.get
    if result.method == "dmarc":
        return _domain(told("header.from")) == domain
    if result.method == "dkim":
        return _covers(_domain(told("header.d") or told("header.i")), domain)
    if result.method == "spf":
        return _covers(_domain(told("smtp.mailfrom")), domain)
    return result.method == "auth" and told("smtp.auth") == sender


def _domain(value):
    return (value or "").rpartition("@")[2].strip("<>.")


def _covers(checked, domain):
    """Whether a checked domain is the sender's or one above it."""
    return "." in checked and (domain == checked or domain.endswith(f".{checked}"))
