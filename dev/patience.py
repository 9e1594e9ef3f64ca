"""Odoo, with time for Chromium to start.

Odoo gives a browser ten seconds and skips the test after that, which a busy machine
needs longer for. `python -m dev.patience …` is `odoo …` with a minute instead.
"""

SECONDS = 60


def wait_for_browsers():
    """Let every test of this process wait longer for its browser."""
    from odoo.tests import common

    common.CHECK_BROWSER_ITERATIONS = round(SECONDS / common.CHECK_BROWSER_SLEEP)
    common.BROWSER_WAIT = SECONDS


if __name__ == "__main__":
    from odoo.cli.command import main

    wait_for_browsers()
    main()
