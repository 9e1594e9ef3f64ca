"""The virtual environment `.venv`, from pinned packages and a wheelhouse.

Wheels are kept in the user's cache: a second checkout installs without network.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev import odoo_source, places
from dev.packages import Need
from dev.process import environment, exclusive, run, run_logged
from dev.ui import Refusal, step

OLDEST, NEWEST = (3, 10), (3, 13)
REQUIREMENTS = places.LOCK / "requirements.txt"


def ensure():
    """Have `.venv` as the lock file wants it; Odoo on its path."""
    with exclusive("venv"):
        stamp = places.VENV / ".ready"
        if not stamp.is_file() or stamp.read_text() != _key():
            _build(stamp)
        _put_odoo_on_path()


def python():
    """A Python that Odoo 19 supports: this one, or another on the path."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        # A version manager's name for it may lead nowhere.
        if found and _succeeds([found, "--version"]):
            return found
    raise Refusal(
        f"Odoo 19 needs Python 3.10 to 3.13 and this is {sys.version.split()[0]}; "
        "install one of those, for example: sudo apt-get install python3 python3-venv"
    )


def _key():
    chosen = os.path.realpath(python())
    return hashlib.sha256(REQUIREMENTS.read_bytes() + chosen.encode()).hexdigest()


def _build(stamp):
    stamp.unlink(missing_ok=True)
    wheels = _wheelhouse()
    with step("installing Python packages into .venv"):
        _create()
        run_logged(
            [places.PYTHON, "-m", "pip", "install", "--no-index", "--no-deps"]
            + ["--find-links", wheels, *sorted(wheels.glob("*.whl"))],
            "The Python packages could not be installed.",
            "pip-install",
            env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        )
    stamp.write_text(_key())


def _create():
    """Have an environment of the chosen Python; a sound one is kept and renewed."""
    home = places.VENV / "pyvenv.cfg"
    chosen = os.path.dirname(os.path.realpath(python()))
    if home.is_file() and _base(home) == chosen and _pip_works():
        return
    shutil.rmtree(places.VENV, ignore_errors=True)
    run(
        [python(), "-m", "venv", "--clear", places.VENV],
        "The Python environment could not be made.",
    )


def _base(configuration):
    for line in configuration.read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return os.path.realpath(value.strip())
    return None


def _pip_works():
    return _succeeds([places.PYTHON, "-m", "pip", "--version"])


def _can_be_made():
    """Debian keeps the means to make one in a package of its own."""
    made = (places.VENV / ".ready").is_file()
    return made or _succeeds([python(), "-c", "import ensurepip"])


def _succeeds(command):
    command = [str(part) for part in command]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


NEED = Need("python3-venv", "the Python environment", _can_be_made)


def _wheelhouse():
    """A folder with a wheel of everything, downloaded once per lock and Python."""
    folder = places.CACHE / "wheels" / _key()[:16]
    with exclusive("wheels", places.CACHE / "locks"):
        if not (folder / ".ready").is_file():
            _download(folder)
    return folder


def _download(folder):
    """`pip wheel` rather than `download`: a few packages have sources only. Those are
    built in isolation, for an older pip would want `wheel` in the environment."""
    _create()
    with step("downloading Python packages"):
        run_logged(
            [places.PYTHON, "-m", "pip", "wheel", "--prefer-binary", "--use-pep517"]
            + ["--wheel-dir", folder, "-r", REQUIREMENTS],
            "The Python packages could not be downloaded and built.",
            "pip-download",
            online=True,
            env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        )
    (folder / ".ready").touch()


def _put_odoo_on_path():
    """`import odoo` and `python -m odoo` work inside of the environment."""
    told = run(
        [places.PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        "The virtual environment does not start; remove .venv and run this again.",
    )
    wanted = f"{odoo_source.home()}\n"
    link = Path(told.strip()) / "odoo.pth"
    if not link.is_file() or link.read_text() != wanted:
        link.write_text(wanted)
