"""Which databases this checkout has made on a PostgreSQL that others use, too.

A server that PGHOST names may hold databases of other checkouts and of real
companies. What is made here says so in its comment; nothing else is served, tested
on or dropped. In the private cluster everything is this checkout's own.
"""

import json
import os
import uuid

from dev import places, postgres
from dev.process import exclusive, write_whole
from dev.ui import Refusal

STATE = places.WORK / "checkout.json"


def identity():
    """Of this checkout alone: a copy of the folder, or one of the same name on another
    machine, has another one."""
    with exclusive("checkout"):
        if not STATE.is_file():
            _remember(key=uuid.uuid4().hex, servers=[])
    return places.digest(_state()["key"], str(places.ROOT))


def comment():
    return f"made by after-sales checkout {identity()}"


def own_name(label):
    """A name that says the same, for what nobody else may find."""
    return f"as_{identity()}_{label}"


def write(name, sources=""):
    """Mark a database as ours, with the sources that its addons were brought to."""
    text = comment() + (f" sources {sources}" if sources else "")
    if postgres.external():
        with exclusive("checkout"):
            _remember(servers=sorted({*servers(), server()}))
    postgres.query(f"comment on database \"{name}\" is '{text}'")


def sources(name):
    """What `write` has said of them; empty if it has not."""
    [(text,)] = postgres.query(
        "select coalesce(shobj_description(oid, 'pg_database'), '') "
        f"from pg_database where datname = '{name}'"
    )
    return text.partition(" sources ")[2]


def ours():
    """SQL: the rows of pg_database that are databases of this checkout."""
    if not postgres.external():
        return "true"
    return (
        f"(shobj_description(oid, 'pg_database') like '{comment()}%' "
        f"or datname like '{own_name('%')}')"
    )


def names():
    rows = postgres.query(f"select datname from pg_database where {ours()}")
    return [name for (name,) in rows]


def exists(name):
    """Is there this database of ours? Somebody else's is refused."""
    if not postgres.query(f"select 1 from pg_database where datname = '{name}'"):
        return False
    if name not in names():
        raise Refusal(
            f"This PostgreSQL has a database {name} that this checkout did not make, "
            f"and leaves alone. Choose another name: DB={name}_try\n"
            "If its addons are to be updated and its jobs to be run from here, say so: "
            f"""psql -d postgres -c 'comment on database "{name}" is $${comment()}$$'"""
        )
    return True


# -- servers that hold databases of this checkout -----------------------------


def server():
    """The one in use, as one names it before a command."""
    given = ((name, os.environ.get(name)) for name in ("PGHOST", "PGPORT", "PGUSER"))
    return " ".join(f"{name}={value}" for name, value in given if value)


def servers():
    return _state().get("servers", [])


def forget_server():
    _remember(servers=[name for name in servers() if name != server()])


def _state():
    return json.loads(STATE.read_text()) if STATE.is_file() else {}


def _remember(**changes):
    write_whole(STATE, json.dumps({**_state(), **changes}))
