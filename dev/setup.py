"""The common beginning of every command, and its undoing."""

import os
import shutil

from dev import databases, odoo_source, packages, places, postgres, venv
from dev.process import require_space
from dev.ui import Refusal, say

# Odoo splits its folders at commas, Python's path and environments have colons
# between them, and PostgreSQL's control program hands its folder to a shell.
UNFIT = set(',:$"`\\')


def main(*needs):
    """Odoo, the Python environment and PostgreSQL; seconds if they are there.

    :param needs: what must be on the machine beyond what every command needs
    """
    prepare(*needs)
    odoo_source.ensure()
    venv.ensure()
    postgres.ensure()
    databases.write_config()


def prepare(*needs):
    """All there is to refuse or to ask, before anything takes long."""
    for path in (str(places.ROOT), os.environ.get("ODOO_HOME", "")):
        _refuse_unfit(path)
    venv.python()
    if not (places.VENV / ".ready").is_file():
        require_space()
    packages.ensure_all([venv.NEED, postgres.need(), *needs])


def _refuse_unfit(path):
    if found := UNFIT.intersection(path):
        raise Refusal(
            f"{path} has {' '.join(sorted(found))} in its name, which other programs "
            "take for something else; give the folder another name."
        )


def databases_ready():
    main()
    say(f"without demo data: {databases.app_template()}")
    say(f"with demo data:    {databases.app_template(demo=True)}")


def clean():
    from dev import server

    server.stop_server()
    for folder in (*postgres.end(), places.WORK, places.VENV):
        shutil.rmtree(folder, ignore_errors=True)
    say("Removed .work and .venv. Downloads stay in " + str(places.CACHE))
