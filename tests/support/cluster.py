"""A PostgreSQL cluster for one test, that may be treated badly."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from dev import packages, postgres

SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
shared_buffers = 128MB
fsync = off
autovacuum = off
"""
USER = "odoo"


class Cluster:
    """Used as a context manager. What is committed in it outlives a crash of its
    processes; only the machine must not fail."""

    def __init__(self):
        packages.ensure("postgresql", postgres.binaries, "The database")
        self._folder = None

    @property
    def connection(self):
        """What psycopg2 needs to reach it."""
        return {"host": str(self._folder), "port": 5432, "user": USER}

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="aftersales-pg-", dir="/tmp"))
        self._own()
        self._do("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        self._control("start")
        return self

    def __exit__(self, *exception):
        try:
            self._control("stop", "-m", "immediate")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def crash(self):
        """End all of its processes at once and start it again."""
        self._control("restart", "-m", "immediate")

    def take_in(self, source, name):
        """Restore a dump of a database, as on another machine.

        :param source: ``Place`` to dump
        :param str name: of the new database
        """
        dump = self._folder / f"{name}.dump"
        self._client(
            source.environment(), "pg_dump", "-Fc", "-Z0", "-f", dump, source.database
        )
        here = {**source.environment(), **self._variables()}
        self._client(here, "createdb", "-T", "template0", name)
        self._client(here, "pg_restore", "-j2", "--no-owner", "-d", name, dump)
        dump.unlink()

    def copy(self, source, name):
        """Copy a database within the cluster."""
        here = {**postgres.client_environment(), **self._variables()}
        self._client(here, "createdb", "-T", source, name)

    @property
    def _data(self):
        return self._folder / "data"

    def _variables(self):
        return {"PGHOST": str(self._folder), "PGPORT": "5432", "PGUSER": USER}

    def _own(self):
        """PostgreSQL refuses root, so then its own user has the folder."""
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)

    def _control(self, *arguments):
        self._do(
            *("pg_ctl", "-w", "-t", "60", "-l", self._folder / "log"),
            *("-o", f"-k {self._folder}", *arguments),
        )

    def _do(self, program, *arguments):
        """Without a pipe to wait on: a started server would keep it open."""
        command = [postgres.binaries() / program, "-D", self._data, *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        assert done.returncode == 0, f"{program} failed"

    def _client(self, environment, program, *arguments):
        done = subprocess.run(
            [str(part) for part in (program, *arguments)],
            capture_output=True,
            text=True,
            env=environment,
        )
        assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"
