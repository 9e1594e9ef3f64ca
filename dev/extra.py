"""`make bench` and `make demo-shots`: programs that need all that is set up."""

import subprocess

from dev import browser, databases, places, postgres, server, setup
from dev.ui import Refusal


def bench():
    """Run `benchmarks/run.py`; it makes its own databases from the templates."""
    setup.main()
    return _program(
        "benchmarks/run.py",
        AFTERSALES_DEPENDENCIES=databases.dependencies_template(),
        AFTERSALES_TEMPLATE=databases.app_template(),
    )


def demo_shots():
    """Run `docs/shots.py` against the server of `make run`."""
    server.run(browser.NEED)
    return _program("docs/shots.py", AFTERSALES_URL=server.running_url())


def _program(path, **extra):
    if not (places.ROOT / path).is_file():
        raise Refusal(f"There is no {path} yet.")
    return subprocess.run(
        [str(places.PYTHON), path],
        cwd=places.ROOT,
        env=postgres.client_environment(
            AFTERSALES_CONFIG=str(databases.CONFIG),
            AFTERSALES_PYTHON=str(places.PYTHON),
            AFTERSALES_CHROMIUM=browser.found() or "",
            PYTHONPATH=str(places.ROOT),
            **extra,
        ),
    ).returncode
