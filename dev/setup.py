"""The common beginning of every command, and its undoing."""

import shutil

from dev import databases, odoo_source, places, postgres, venv
from dev.process import require_space
from dev.ui import say


def main():
    """Odoo, the Python environment and PostgreSQL; seconds if they are there."""
    venv.python()
    if not (places.VENV / ".ready").is_file():
        require_space()
    odoo_source.ensure()
    venv.ensure()
    postgres.ensure()
    databases.write_config()


def databases_ready():
    main()
    say(f"without demo data: {databases.app_template()}")
    say(f"with demo data:    {databases.app_template(demo=True)}")


def clean():
    from dev import server

    server.stop_server()
    postgres.remove()
    for folder in (places.WORK, places.VENV):
        shutil.rmtree(folder, ignore_errors=True)
    say("Removed .work and .venv. Downloads stay in " + str(places.CACHE))
