"""Links that open one record for whoever holds them, without a login.

The secret in such a link is computed, never stored: a signature, by the secret of the
database, of what it opens. Who reads the database's rows, by whatever door, cannot make
one. It stops to work when the version of the record's link changes, and at its expiry.
"""

from odoo.tools import consteq
from odoo.tools.misc import hmac

# What has no end of its own is over when the record says so.
NO_EXPIRY = 0


def sign(env, scope, record_id, version, expiry=NO_EXPIRY):
    """Return the secret of a link.

    :param env: environment whose database's secret signs
    :param str scope: what the link is for: no link of one scope works in another
    :param int record_id: record it opens
    :param int version: of the record's link; another one is another secret
    :param int expiry: epoch seconds from which it does not work any more
    :return: plain ASCII text for an address
    """
    message = (record_id, version, expiry)
    digest = hmac(env(su=True), f"aftersales.{scope}", message)
    return f"{expiry:x}-{digest}"


def is_signed(env, token, scope, record_id, version):
    """Return whether a secret was made by us for a record, be it over or not.

    :param token: what came in, of any type
    """
    expiry = expiry_of(token)
    if expiry is None:
        return False
    return consteq(sign(env, scope, record_id, version, expiry), token)


def is_over(token, now):
    """Return whether a secret has an end that lies behind.

    :param int now: epoch seconds
    """
    return bool(expiry_of(token)) and expiry_of(token) <= now


def expiry_of(token):
    """Return the expiry that a secret claims, None when it is no secret of ours."""
    if not isinstance(token, str) or not token.isascii():
        return None
    head, dash, _digest = token.partition("-")
    try:
        return int(head, 16) if dash and len(head) <= 12 else None
    except ValueError:
        return None
