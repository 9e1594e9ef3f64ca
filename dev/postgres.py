"""A PostgreSQL cluster of this checkout's own, reached by a unix socket only.

The machine's clusters are left alone. Whoever has a server already names it
with PGHOST, PGPORT, PGUSER and PGPASSWORD, and nothing is started. The settings
trade safety for speed: this is for development and tests, never for real data.
"""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from dev import places
from dev.packages import Need
from dev.process import environment, exclusive, last_lines, run, write_whole
from dev.ui import Refusal, step, warn

OLDEST = 13
SUPERUSER = "odoo"  # Odoo refuses to work as "postgres".
NOTE = places.WORK / "postgres-folder"
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 512MB
work_mem = 16MB
maintenance_work_mem = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum_naptime = 20s
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
log_min_messages = warning
log_min_error_statement = panic
"""


def external():
    """Does the user name a server of their own?"""
    return bool(os.environ.get("PGHOST") or os.environ.get("PGUSER"))


def variables():
    """What libpq, and so every client, needs to reach the server."""
    if external():
        return {}
    return {
        "PGHOST": str(socket_folder()),
        "PGPORT": "5432",
        "PGUSER": SUPERUSER,
        "PATH": f"{binaries()}:{os.environ['PATH']}",
    }


def client_environment(**extra):
    return environment(**variables(), **extra)


def need():
    if external():
        return Need("postgresql-client", "the database", lambda: shutil.which("psql"))
    return Need("postgresql", "the database", binaries)


def ensure():
    """Have a server that answers."""
    if external():
        _require_usable()
        return
    with exclusive("postgres"):
        if _runs() and _reachable():
            query("select 1", failure="PostgreSQL does not answer; make stop ends it.")
        else:
            _start()


def stop():
    """Stop the private cluster, if it runs and nobody else works on it."""
    if external() or not _runs():
        return
    if _reachable() and _others_work():
        warn("PostgreSQL goes on: other runs of this checkout use it.")
    else:
        _stop_now("fast")


def _others_work():
    try:
        return query(
            "select 1 from pg_stat_activity "
            "where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
    except Refusal:
        # It serves nobody, for example on a full disk.
        return False


def end():
    """End the private cluster at once; return the folders that it leaves."""
    if _runs():
        _stop_now("immediate")
    data = [_data().parent] if _data() else []
    return [*data, *Path("/tmp").glob(f"aftersales-*-{places.CHECKOUT_KEY}")]


def _stop_now(mode):
    _as_owner(
        [binaries() / "pg_ctl", "-D", _data(), "-m", mode, "-w", "stop"],
        "PostgreSQL could not be stopped.",
    )


def _require_usable():
    """The server that the user names must be fit for Odoo."""
    [(role, makes_databases, number)] = query(
        "select current_user, rolcreatedb or rolsuper, "
        "current_setting('server_version_num')::int / 10000 "
        "from pg_roles where rolname = current_user",
        failure="PGHOST, PGPORT, PGUSER and PGPASSWORD lead to no PostgreSQL.",
    )
    if role == "postgres":
        raise Refusal("Odoo refuses the role postgres; name another one in PGUSER.")
    if makes_databases != "t":
        raise Refusal(
            f"The role {role} may not create databases; a superuser allows it with: "
            f'alter role "{role}" createdb'
        )
    if int(number) < OLDEST:
        raise Refusal(f"This is PostgreSQL {number}; Odoo 19 needs {OLDEST} or newer.")


def query(sql, database="postgres", failure="PostgreSQL refused a command."):
    """Rows of the answer, as lists of texts."""
    told = run(
        ["psql", "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"]
        + ["-d", database, "-c", sql],
        failure,
        env=client_environment(),
    )
    return [line.split("|") for line in told.splitlines()]


def binaries():
    """The folder of PostgreSQL's programs, newest version first; None if absent."""
    found = []
    for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        number = path.parts[-3]
        if number.isdigit() and int(number) >= OLDEST:
            found.append((int(number), path.parent))
    if found:
        return max(found)[1]
    beside = shutil.which("initdb")
    return Path(beside).resolve().parent if beside and _new_enough(beside) else None


def socket_folder():
    """Short, because a socket's path may have 107 bytes at most."""
    return Path(f"/tmp/aftersales-{os.getuid()}-{places.CHECKOUT_KEY}")


def _new_enough(initdb):
    told = subprocess.run([initdb, "--version"], capture_output=True, text=True).stdout
    number = re.search(r"\b(\d+)", told)
    return bool(number) and int(number.group(1)) >= OLDEST


def _owner():
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid())
    data = _data()
    try:
        if data and data.exists():
            return pwd.getpwuid(data.stat().st_uid)
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Refusal(
            "PostgreSQL refuses to run as root, and this machine has no user for it; "
            "install Debian's package postgresql, or work as another user."
        ) from None


def _data():
    """The cluster's folder; None before its first start."""
    return Path(NOTE.read_text().strip()) / "data" if NOTE.is_file() else None


def _choose_folder():
    """Below `.work`, or where the server's user can enter if it cannot there."""
    inside = places.WORK / "postgres"
    outside = Path(f"/var/tmp/aftersales-{places.CHECKOUT_KEY}")
    write_whole(NOTE, str(inside if _owner_enters(places.WORK) else outside))


def _runs():
    """Is there a server of this cluster, whether it answers or not?"""
    try:
        number = int((_data() / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{number}/cmdline").read_text().split("\0")
    except (OSError, TypeError, ValueError, IndexError):
        return False
    return str(_data()) in command


def _reachable():
    """Is its socket still there? Systems tidy up /tmp."""
    return (socket_folder() / ".s.PGSQL.5432").exists()


def _owner_enters(folder):
    if os.geteuid() != 0:
        return True
    command = _drop_privileges(["test", "-x", str(folder)])
    return subprocess.run(command, capture_output=True, cwd="/").returncode == 0


def _drop_privileges(command):
    command = [str(part) for part in command]
    if os.geteuid() != 0:
        return command
    return ["runuser", "-u", _owner().pw_name, "--", *command]


def _as_owner(command, failure):
    # From "/", since the server's user may not enter the current folder; and
    # without a pipe to wait on, since a started server would keep it open.
    log = _data().parent / "server.log"
    done = subprocess.run(
        _drop_privileges(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    if done.returncode:
        said = log.read_text(errors="replace") if log.is_file() else ""
        raise Refusal(f"{failure}\n{last_lines(said)}")


def _own(folder, mode):
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, _owner().pw_uid, _owner().pw_gid)
    folder.chmod(mode)


def _start():
    with step("starting a private PostgreSQL"):
        if not _data():
            _choose_folder()
        _own_socket_folder()
        if not (_data() / "PG_VERSION").is_file():
            _initialise()
        if _runs():
            # Nobody can reach it any more.
            _stop_now("fast")
        (_data() / "postmaster.pid").unlink(missing_ok=True)
        _as_owner(
            [binaries() / "pg_ctl", "-D", _data(), "-w", "-t", "60"]
            + ["-l", _data().parent / "server.log"]
            + ["-o", f"-k {socket_folder()}", "start"],
            "PostgreSQL does not start.",
        )


def _own_socket_folder():
    folder = socket_folder()
    if folder.is_symlink() or (
        folder.exists() and folder.stat().st_uid not in (0, _owner().pw_uid)
    ):
        raise Refusal(f"{folder} belongs to somebody else; remove it.")
    _own(folder, 0o700)


def _initialise():
    """Into a temporary name first: an interrupted one is never taken for whole."""
    unfinished = _data().with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _own(_data().parent, 0o700)
    _as_owner(
        [binaries() / "initdb", "-D", unfinished, "-U", SUPERUSER, "-A", "trust"]
        + ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        "PostgreSQL could not create a cluster.",
    )
    with (unfinished / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    unfinished.rename(_data())
