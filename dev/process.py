"""Run other programs, keep their output, and fail with a sentence."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager

from dev import places
from dev.ui import Refusal, say

NEEDED_SPACE_GB = 4
NO_NETWORK = re.compile(
    r"name resolution|could not resolve|network is unreachable|no route to host"
    r"|connection (refused|timed out|reset)|could not connect|NewConnectionError",
    re.I,
)


def run(command, failure, log=None, online=False, **options):
    """Run to completion; on failure refuse with the last lines it said.

    :param online: whether the program uses the network
    """
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )
    if log:
        write_log(log, done.stdout)
    if done.returncode:
        question = _network_question(done.stdout) if online else ""
        raise Refusal(f"{failure}{question}\n{last_lines(done.stdout)}")
    return done.stdout


def run_logged(command, failure, log, online=False, **options):
    """Like `run` for long programs: output goes to a log file as it comes."""
    path = log_path(log)
    with path.open("w") as output:
        code = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **options,
        ).returncode
    if code:
        said = path.read_text(errors="replace")
        question = _network_question(said) if online else ""
        raise Refusal(f"{failure}{question} (all of it: {path})\n{last_lines(said)}")


def _network_question(said):
    return " Is the network there?" if NO_NETWORK.search(said) else ""


def log_path(name):
    places.LOGS.mkdir(parents=True, exist_ok=True)
    return places.LOGS / f"{name}.log"


def write_log(name, text):
    log_path(name).write_text(text)


def write_whole(path, text):
    """For the owner's eyes only, and never seen half written."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent)
    try:
        with open(handle, "w") as target:
            target.write(text)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def last_lines(text, count=12):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return "\n".join(f"  | {line}" for line in lines[-count:])


@contextmanager
def exclusive(name, folder=None):
    """Let one process at a time do `name`; the others wait and find it done."""
    folder = folder or places.WORK / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"· waiting for another run that is busy with: {name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def require_space():
    for folder in (places.ROOT, places.CACHE):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free / 1e9
        if free < NEEDED_SPACE_GB:
            raise Refusal(
                f"{folder} has {free:.1f} GB free; setting up needs "
                f"{NEEDED_SPACE_GB} GB."
            )


def environment(**extra):
    """The caller's environment, without what would lead Odoo astray."""
    unwanted = ("ODOO_RC", "OPENERP_SERVER", "PYTHONPATH", "PYTHONHOME")
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {**kept, **extra}
