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
from dev.process import environment, exclusive, last_lines, run
from dev.ui import Refusal, step, warn

OLDEST = 13
SUPERUSER = "odoo"  # Odoo refuses to work as "postgres".
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
    """Does the user name a server of his own?"""
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
        _query_or_refuse("PGHOST/PGUSER name a PostgreSQL that does not answer.")
        return
    with exclusive("postgres"):
        if not _answers():
            _start()


def stop():
    """Stop the private cluster, if it runs and nobody else works on it."""
    if external() or not (_data() / "postmaster.pid").is_file() or not _answers():
        return
    others = query(
        "select count(*) from pg_stat_activity "
        "where backend_type = 'client backend' and pid <> pg_backend_pid()"
    )
    if others == [["0"]]:
        _stop_now()
    else:
        warn("PostgreSQL goes on: other runs of this checkout use it.")


def remove():
    """Stop the cluster and remove all it holds."""
    if external():
        return
    if binaries() and (_data() / "postmaster.pid").is_file():
        _stop_now()
    shutil.rmtree(_data().parent, ignore_errors=True)
    shutil.rmtree(socket_folder(), ignore_errors=True)


def _stop_now():
    _as_owner(
        [binaries() / "pg_ctl", "-D", _data(), "-m", "fast", "-w", "stop"],
        "PostgreSQL could not be stopped.",
    )


def query(sql, database="postgres"):
    """Rows of the answer, as lists of texts."""
    told = run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        + ["-d", database, "-c", sql],
        "PostgreSQL refused a command.",
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
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())


def _data():
    """Below `.work`, or where the server's user can enter if it cannot there."""
    note = places.WORK / "postgres-folder"
    if not note.is_file():
        places.WORK.mkdir(parents=True, exist_ok=True)
        inside = places.WORK / "postgres"
        outside = Path(f"/var/tmp/aftersales-{places.CHECKOUT_KEY}")
        note.write_text(str(inside if _owner_enters(places.WORK) else outside))
    return Path(note.read_text().strip()) / "data"


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
        _own_socket_folder()
        if not (_data() / "PG_VERSION").is_file():
            _initialise()
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


def _answers():
    done = subprocess.run(
        ["psql", "-X", "-q", "-d", "postgres", "-c", "select 1"],
        capture_output=True,
        env=client_environment(),
    )
    return done.returncode == 0


def _query_or_refuse(refusal):
    if not shutil.which("psql") or not _answers():
        raise Refusal(refusal)
