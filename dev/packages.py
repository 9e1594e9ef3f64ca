"""Debian packages that must be on the machine itself."""

import os
import shutil
import subprocess
import sys

from dev.process import log_path, run_logged
from dev.ui import Refusal, step


def ensure(package, found, purpose):
    """Install `package` unless `found()` says that it is there."""
    if found():
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", package]
    told = f"sudo apt-get update && sudo {' '.join(command)}"
    if not shutil.which("apt-get"):
        raise Refusal(f"{purpose} needs {package}; install it and run this again.")
    prefix = _become_root(f"{purpose} needs the Debian package {package}: {told}")
    with step(f"installing the Debian package {package}"):
        _install(prefix, command, package, told)
    if not found():
        raise Refusal(f"{package} was installed but {purpose} still misses it.")


def _install(prefix, command, package, told):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with log_path(f"apt-{package}").open("w") as output:
        subprocess.run(
            [*prefix, "apt-get", "update"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    run_logged(
        [*prefix, *command],
        f"{package} could not be installed; try it by hand: {told}",
        f"apt-{package}",
        env=environment,
    )


def _become_root(refusal):
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise Refusal(refusal)
    if subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    if not sys.stdin.isatty() or subprocess.run(["sudo", "-v"]).returncode:
        raise Refusal(refusal)
    return ["sudo"]
