"""A database and how to reach it, and real Odoo processes that work on it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2

from dev import databases, known_log, postgres
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
TICK = (
    "SELECT res_id FROM ir_model_data"
    " WHERE module = 'aftersales_service' AND name = 'ir_cron_clock_tick'"
)
DUE = (
    "SELECT count(*) FROM aftersales_clock WHERE state = 'running'"
    " AND next_event_at <= now() AT TIME ZONE 'UTC'"
)


class Place:
    """A database of some PostgreSQL cluster.

    :param str database: its name
    :param dict connection: what psycopg2 and libpq need to reach another cluster than
        that of the run: ``host``, ``port`` and ``user``
    """

    def __init__(self, database, connection=None):
        self.database = database
        self.connection = connection or {}

    def query(self, statement, *parameters, database=None):
        """Return the rows of one statement, committed."""
        name = database or self.database
        with closing(psycopg2.connect(dbname=name, **self.connection)) as cnx:
            cnx.autocommit = True
            with cnx.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []

    def value(self, statement, *parameters):
        """Return the first column of the only row."""
        [(value,)] = self.query(statement, *parameters)
        return value

    def environment(self):
        """Return the environment of programs that work here."""
        there = {NAMES[key]: str(value) for key, value in self.connection.items()}
        return {**postgres.client_environment(PYTHONPATH=str(ROOT)), **there}

    def command(self, *arguments):
        """Return the command line of an Odoo that works here.

        :param arguments: the subcommand and its options, or what comes before it
        """
        config = os.environ.get("AFTERSALES_CONFIG") or str(databases.CONFIG)
        return [
            os.environ.get("AFTERSALES_PYTHON") or sys.executable,
            *("-m", "odoo", *arguments, "-c", config, "-d", self.database),
        ]

    def shell(self, script):
        """Start Odoo's shell with a script, and return the process."""
        process = subprocess.Popen(
            self.command("shell", "--no-http", "--log-level=warn"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )
        process.stdin.write(script)
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, script, timeout=600):
        """Run a script in Odoo's shell to its end, and return what it printed."""
        return finish(self.shell(script), timeout)

    def ledger_agrees(self):
        """Whether the replay checker, as an administrator runs it, finds nothing.

        :raise AssertionError: with what it found
        """
        done = subprocess.run(
            self.command(f"--addons-path={ROOT}", "aftersales_check"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=self.environment(),
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        return True


def finish(process, timeout=600):
    """Wait for a shell, and return what it printed; a failure fails the test."""
    output, errors = process.communicate(timeout=timeout)
    assert process.returncode == 0 and "Traceback" not in errors, errors[-5000:]
    return output


class Job:
    """A real Odoo whose scheduler runs the clock job, without web server.

    :param place: ``Place`` it works on
    """

    def __init__(self, place):
        self.place = place
        self._folder = None
        self._process = None

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="aftersales-job-")
        self._log = Path(self._folder.name) / "log"
        self.call()
        with self._log.open("w") as output:
            self._process = subprocess.Popen(
                self.place.command(
                    "server",
                    "--no-http",
                    "--workers=0",
                    "--max-cron-threads=1",
                    f"--data-dir={self._folder.name}",
                ),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.place.environment(),
                start_new_session=True,
            )
        return self

    def __exit__(self, *exception):
        self.kill()
        self._folder.cleanup()

    def log(self):
        """Return what it has logged so far."""
        return self._log.read_text(errors="replace")

    def surprises(self):
        """Return the lines above INFO that nobody expects."""
        return known_log.unexpected_lines(self.log())

    def kill(self):
        """End it as a power cut does: at once."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def call(self):
        """Have the job due now, unless it runs at this moment."""
        self.place.query(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE id IN"
            f" (SELECT id FROM ir_cron WHERE id = ({TICK}) FOR UPDATE SKIP LOCKED)"
        )

    def wake(self):
        """Tell the scheduler that something is due, as a server does to itself."""
        assert self._process.poll() is None, f"Odoo ended:\n{self.log()[-3000:]}"
        self.place.query(
            "SELECT pg_notify('cron_trigger', %s)",
            self.place.database,
            database="postgres",
        )

    def halt_in_batch(self, patience=0):
        """Halt it in the middle of its work, where it stays.

        A batch that ends before it is halted does not count: the next one is taken.

        :param patience: seconds to let it work once it is in a batch, the first time
        :return: whether it is halted there; not when nothing is left to do
        """
        while self._wait_for_batch():
            time.sleep(patience)
            os.killpg(self._process.pid, signal.SIGSTOP)
            # A commit that was sent already is over by then.
            time.sleep(0.1)
            if self._is_in_batch():
                return True
            os.killpg(self._process.pid, signal.SIGCONT)
            patience = 0
        return False

    def _is_in_batch(self):
        """Whether it has changed clocks and has not committed it yet."""
        return self.place.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'relation'"
            " AND relation = 'aftersales_clock'::regclass"
            " AND mode = 'RowExclusiveLock'"
        )

    def _wait_for_batch(self):
        """Wait until it is in the middle of its work, or nothing is left to do.

        :return: whether anything is left to do
        """

        def probe():
            self.wake()
            return self._is_in_batch() or not self.place.value(DUE)

        wait_for(probe, "the job to begin", timeout=120, pause=0.05)
        return bool(self.place.value(DUE))

    def wait_until_done(self, timeout=240):
        """Wait until nothing is due any more and the job has ended by itself."""

        def probe():
            self.wake()
            if not self.place.value(DUE):
                return self._is_over()
            self.call()
            return False

        wait_for(probe, "the job to end", timeout=timeout, pause=0.2)

    def _is_over(self):
        return self.place.query(
            f"SELECT id FROM ir_cron WHERE id = ({TICK})"
            " AND nextcall > now() AT TIME ZONE 'UTC' FOR UPDATE SKIP LOCKED"
        )
