"""The common beginning of every command, and its undoing."""

import os
import shutil

from dev import databases, marks, odoo_source, packages, places, postgres, venv
from dev.process import require_space
from dev.ui import Refusal, advice, say, sentence, warn

# Odoo splits its folders at commas, Python's path and environments have colons
# between them, and PostgreSQL's control program hands its folder to a shell.
UNFIT = set(',:$"`\\')
CACHES = (".pytest_cache", ".ruff_cache", ".hypothesis")


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
    """Remove all of it, as far as it goes, and tell what is left."""
    from dev import server

    server.stop_server()
    _drop_databases()
    left = [
        error
        for path in [*postgres.end(), *_work(), places.VENV, *_caches()]
        if (error := _removal_failure(path))
    ]
    if left:
        told = [f"  {sentence(error)}" for error in left]
        raise Refusal("\n".join(["This is left:", *told, advice(left[0])]))
    say(f"Removed what was made here. Downloads stay in {places.CACHE}")


def _drop_databases():
    try:
        databases.drop_ours()
    except (Refusal, OSError) as reason:
        warn(str(reason))
    for name in marks.servers():
        warn(
            "Databases that this checkout has made stay on a PostgreSQL of your own, "
            f"and with them {marks.STATE}; remove them with: {name} make clean"
        )


def _work():
    """Without what tells our databases apart, as long as there are any elsewhere."""
    if not marks.servers():
        return [places.WORK]
    return [path for path in places.WORK.iterdir() if path != marks.STATE]


def _caches():
    yield from (places.ROOT / name for name in CACHES)
    yield from places.ROOT.rglob("__pycache__")


def _removal_failure(path):
    try:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    return None
