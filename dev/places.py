"""Where everything lies.

The checkout holds what belongs to this checkout alone (`.work`, `.venv`); the
user's cache holds what a second checkout can use again (downloads, Odoo).
"""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".work"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "dev" / "lock"
LOGS = WORK / "log"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aftersales"
ADDONS = ("aftersales_service", "aftersales_survey")

# Tells this checkout apart wherever something must live outside of it.
CHECKOUT_KEY = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]


def addons_present():
    """The addons of this checkout, in the order they build on each other."""
    return [name for name in ADDONS if (ROOT / name / "__manifest__.py").is_file()]


def digest(*parts):
    """A short key for whatever was built from these parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:10]
