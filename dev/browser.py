"""Chromium for browser tests and screenshots, Dovecot for the mail tests."""

import shutil
from pathlib import Path

from dev.packages import Need

# In the order in which Odoo's own test runner looks for one.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
# Without a sandbox since containers have none, and with nothing that phones home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def found():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


NEED = Need("chromium", "the browser tests", found)
MAIL_NEED = Need(
    "dovecot-imapd",
    "the mail tests",
    lambda: Path("/usr/lib/dovecot/imap").exists(),
)
