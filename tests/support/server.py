"""A real Odoo: its own process, its own database, its scheduled jobs running."""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from dev import databases, known_log, postgres
from tests.support.rpc import Session
from tests.support.waiting import end, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]


class OdooServer:
    """Used as a context manager: a copy of the template is served until the end.

    ``AFTERSALES_TEMPLATE`` names a template database; else the project's own is used,
    and built if it is missing.
    """

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = None
        self._folder = None
        self._process = None

    def __enter__(self):
        template = os.environ.get("AFTERSALES_TEMPLATE") or databases.app_template()
        self._folder = Path(tempfile.mkdtemp(prefix="aftersales-odoo-"))
        try:
            self.database = databases.scratch(template, "journey")
            self._postpone_other_jobs()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        if self._process:
            end(self._process)
        if self.database:
            databases.drop(self.database)
        shutil.rmtree(self._folder, ignore_errors=True)

    def session(self, login, password=None):
        """Log in over RPC; the password is the login where none is given."""
        return Session(self.url, self.database, login, password or login)

    def log(self):
        """Return what the server has logged so far."""
        return (self._folder / "log").read_text(errors="replace")

    def surprises(self):
        """Return the lines above INFO that nobody expects."""
        return known_log.unexpected_lines(self.log())

    def _postpone_other_jobs(self):
        """Odoo sends each mail at once and has an hourly job for what is left over. On
        a new copy that job is due in the very minute of the first mails, and the two
        would meet in the database. So would its digest with people who log in."""
        postgres.query(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' + interval '1 hour'"
            " FROM ir_model_data WHERE model = 'ir.cron' AND res_id = ir_cron.id"
            " AND ir_model_data.name IN ('ir_cron_mail_scheduler_action',"
            " 'ir_cron_digest_scheduler_action')",
            self.database,
        )

    def _start(self):
        with (self._folder / "log").open("w") as output:
            self._process = subprocess.Popen(
                self._command(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=postgres.client_environment(),
            )
        wait_for(self._is_ready, "Odoo's login page", timeout=120)

    def _command(self):
        return [
            os.environ.get("AFTERSALES_PYTHON") or sys.executable,
            *("-m", "odoo"),
            *("-c", os.environ.get("AFTERSALES_CONFIG") or str(databases.CONFIG)),
            *("-d", self.database),
            f"--db-filter=^{self.database}$",
            f"--http-port={self.port}",
            f"--data-dir={self._folder / 'data'}",
            "--workers=0",
            "--max-cron-threads=2",
        ]

    def _is_ready(self):
        assert self._process.poll() is None, f"Odoo ended:\n{self.log()[-3000:]}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/web/login", timeout=60) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
