"""What the environment itself logs above INFO, and no test can help.

Anything else that a test leaves in the log fails it. Keep this list short: each
entry is a logger (or its beginning), a part of the message, and the reason.
"""

import re

KNOWN = (
    # Chromium on a busy machine: the tour's own verdict counts, not its shutdown.
    ("odoo", "Error during browser shutdown"),
    ("odoo", "Error received after termination"),
    ("odoo", "Killing chrome"),
    # No fonts or printer program on a bare machine; nothing here prints to PDF.
    ("odoo", "wkhtmltopdf"),
    # Odoo's own services cannot be reached on a closed network.
    ("odoo.addons.iap", ""),
    ("odoo.addons.partner_autocomplete", ""),
)
# The only reason to skip a test: `SLOW=1 make test` runs these too.
EXPECTED_SKIPS = ("SLOW=1",)
ABOVE_INFO = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?:WARNING|ERROR|CRITICAL) \S+ "
    r"(?P<logger>[\w.]+): (?P<message>.*)"
)


def is_known(logger, message):
    return any(
        (logger == start or logger.startswith(f"{start}.")) and part in message
        for start, part in KNOWN
    )


def is_expected_skip(reason):
    return reason.removeprefix("Skipped: ").startswith(EXPECTED_SKIPS)


def unexpected_lines(text):
    """Lines of an Odoo log above INFO that nobody expects."""
    found = []
    for line in text.splitlines():
        match = ABOVE_INFO.match(line)
        if match and not is_known(match["logger"], match["message"]):
            found.append(line)
    return found
