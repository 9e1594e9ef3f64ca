"""`make run`, `make stop`, `make shell`: a served database with demo data."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress

from dev import databases, marks, places, postgres, setup
from dev.process import exclusive, last_lines, log_path, write_whole
from dev.ui import Refusal, say, step

DATABASE = os.environ.get("DB") or "aftersales"
DEFAULT_PORT = 8069
STATE = places.WORK / "run.json"
PATIENCE = 120
GREETING = """
After-Sales Service is ready: {url}

  administrator   admin / admin
  specialist      specialist / specialist
  manager         manager / manager
  customer        customer / customer      (portal: {url}/my)

Click first: After-Sales in the application menu, then a case that is overdue.
Stop it with: make stop
"""


def run(*needs):
    port = _port()
    if not _alive(_state()):
        _require_free(port)
    setup.main(*needs)
    with exclusive("run"):
        if _is_served():
            say(f"Already running: {running_url()}")
            return
        # Ours, but not this: it makes room for itself.
        stop_server()
        _require_free(port)
        _have_database()
        _serve(port)
    say(GREETING.format(url=_url(port)))


def stop():
    if places.WORK.is_dir():
        with exclusive("run"):
            stop_server()
        postgres.stop()
    say("Stopped.")


def stop_server():
    """End the server that `run` started, and nothing else."""
    state = _state()
    if _alive(state):
        os.kill(state["pid"], signal.SIGTERM)
        _wait_for_end(state)
    if state:
        # On a full disk, too: what has ended is told from what runs by itself.
        with suppress(OSError):
            _remember(pid=None)


def shell():
    setup.main()
    if not marks.exists(DATABASE):
        raise Refusal("There is no database yet; `make run` makes it.")
    command = [str(places.PYTHON), "-m", "odoo", "shell", "-c", str(databases.CONFIG)]
    return subprocess.run(
        [*command, "-d", DATABASE, "--no-http"],
        cwd=places.ROOT,
        env=postgres.client_environment(),
    ).returncode


def running_url():
    return _url(_state()["port"])


def _port():
    given = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise Refusal(f"PORT={given} is no port.")
    return int(given)


def _url(port):
    return f"http://localhost:{port}"


def _require_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refusal(
                f"Port {port} cannot be used ({error.strerror}); choose another "
                f"one: make run PORT={port + 1}"
            ) from None


# -- the database -------------------------------------------------------------


def _place():
    return f"{marks.server()} {DATABASE}"


def _have_database():
    """Made once, and kept with all the user does in it; updated with its sources."""
    wanted = databases.sources_key()
    if not marks.exists(DATABASE):
        template = databases.app_template(demo=True)
        with step(f"making the database {DATABASE}"):
            databases.copy(template, DATABASE)
    elif marks.sources(DATABASE) != wanted:
        with step(f"updating the addons in the database {DATABASE}"):
            databases.run_inside(
                "update", DATABASE, "update", modules=places.addons_present()
            )
    marks.write(DATABASE, wanted)
    _remember(database=_place(), sources=wanted)


# -- the process --------------------------------------------------------------


def _serve(port):
    log = log_path("odoo")
    command = [str(places.PYTHON), "-m", "odoo", "-c", str(databases.CONFIG)]
    command += ["-d", DATABASE, f"--db-filter=^{DATABASE}$", f"--http-port={port}"]
    with step(f"starting Odoo (log: {log})"), log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=places.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=postgres.client_environment(),
            start_new_session=True,
        )
        try:
            _remember(pid=process.pid, port=port)
            _wait_for_login(process, port, log)
        except BaseException:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            raise


def _wait_for_login(process, port, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _login_is_served(port):
            return
        time.sleep(0.3)
    tail = last_lines(log.read_text(errors="replace"))
    raise Refusal(f"Odoo does not start (all of it: {log})\n{tail}")


def _is_served():
    """Does what this would start run already, and answer?"""
    state = _state()
    return (
        _alive(state)
        and state.get("database") == _place()
        and state.get("sources") == databases.sources_key()
        and _login_is_served(state["port"])
    )


def _login_is_served(port):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        address = f"http://127.0.0.1:{port}/web/login"
        with opener.open(address, timeout=60) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _state():
    try:
        return json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {}


def _remember(**changes):
    write_whole(STATE, json.dumps({**_state(), **changes}))


def _alive(state):
    """Is it still our server? A process id alone may be another's by now."""
    try:
        with open(f"/proc/{state['pid']}/cmdline") as handle:
            return str(databases.CONFIG) in handle.read()
    except (OSError, KeyError):
        return False


def _wait_for_end(state):
    deadline = time.monotonic() + 20
    while _alive(state) and time.monotonic() < deadline:
        time.sleep(0.2)
    if _alive(state):
        os.kill(state["pid"], signal.SIGKILL)
