"""Debian packages that must be on the machine itself."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import namedtuple

from dev.process import run_logged
from dev.ui import Refusal, say, step, warn

# `found` says whether it is there.
Need = namedtuple("Need", "package purpose found")
LOCKED = re.compile(r"/lock\b")
PATIENCE = 300


def ensure(package, found, purpose):
    ensure_all([Need(package, purpose, found)])


def ensure_all(needs):
    """Install what is missing, all of it at once."""
    missing = [need for need in needs if not need.found()]
    if not missing:
        return
    names = [need.package for need in missing]
    by_hand = " ".join(["sudo apt-get update && sudo", *_install_command(names)])
    prefix = _become_root(_told(missing), by_hand)
    with step(f"installing Debian packages: {' '.join(names)}"):
        _install(prefix, names, by_hand)
    for need in missing:
        if not need.found():
            raise Refusal(
                f"{need.package} is installed, and {need.purpose} still misses it."
            )


def _told(missing):
    lines = [f"  {need.package}, for {need.purpose}" for need in missing]
    return "\n".join(["Debian packages are missing on this machine:", *lines])


def _install_command(names):
    return ["apt-get", "install", "-y", "--no-install-recommends", *names]


def _become_root(told, by_hand):
    """What to put before a command; says what for before anybody is asked."""
    refusal = Refusal(f"{told}\nInstall them and run this again: {by_hand}")
    if not shutil.which("apt-get"):
        raise Refusal(f"{told}\nInstall the same with this system's own means.")
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise refusal
    if subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    if not sys.stdin.isatty():
        raise refusal
    say(f"{told}\nsudo asks for your password to install them.")
    if subprocess.run(["sudo", "-v"]).returncode:
        raise refusal
    return ["sudo"]


def _install(prefix, names, by_hand):
    try:
        _run_apt([*prefix, "apt-get", "update"], "apt's lists are not renewed.")
    except Refusal as refusal:
        warn(str(refusal))
    _run_apt(
        [*prefix, *_install_command(names)],
        f"They could not be installed; try it by hand: {by_hand}",
    )


def _run_apt(command, failure):
    """Wait for others that hold a lock: apt does so for one of its locks only, and
    silently."""
    deadline = time.monotonic() + PATIENCE
    waiting = False
    while True:
        try:
            return run_logged(
                command,
                failure,
                "apt",
                online=True,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except Refusal as refusal:
            if not LOCKED.search(str(refusal)) or time.monotonic() > deadline:
                raise
        if not waiting:
            say("  waiting for another process that installs packages")
        waiting = True
        time.sleep(2)
