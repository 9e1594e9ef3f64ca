"""Sets up a real Odoo 19 on a bare machine, and runs and tests the addons on it.

Standard library only: this package runs before anything is installed.
"""

import sys

# Here, since an older Python cannot even read the files beside this one.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit(
        "This is Python " + sys.version.split()[0] + " and 3.10 or newer is needed; "
        "name another one: make PYTHON=python3.11"
    )
