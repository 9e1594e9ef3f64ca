"""The databases of a run: copies of the dependencies, with and without our addons."""

import ast
import subprocess
import time

from odoo import sql_db
from odoo.modules.registry import Registry

from benchmarks import settings


def execute(statement, parameters=None, database="postgres"):
    """Run one statement outside of a transaction.

    :return: rows, or None for a statement that gives none
    """
    with sql_db.db_connect(database).cursor() as cr:
        cr._cnx.autocommit = True
        cr.execute(statement, parameters)
        return cr.fetchall() if cr.description else None


def exists(name):
    """Whether there is a database of this name."""
    return bool(execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]))


def drop(name):
    """Remove a database, whoever is connected to it."""
    close(name)
    execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def copy(template, name):
    """Make a database that is a copy of another."""
    drop(name)
    close(template)
    execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def close(name):
    """Let go of all connections of this process to a database."""
    Registry.delete(name)
    sql_db.close_db(name)


def vacuum(name):
    """Bring statistics and visibility up to date, as autovacuum does in a while."""
    execute("VACUUM ANALYZE", database=name)


def install(name, modules):
    """Install modules in a process of their own, as a person would.

    :return: seconds it took, Odoo's start included
    :raise SystemExit: with Odoo's last words, when it fails
    """
    command = [settings.PYTHON, "-m", "odoo"]
    if settings.CONFIG:
        command += ["-c", settings.CONFIG]
    command += ["-d", name, "-i", ",".join(modules)]
    command += ["--stop-after-init", "--no-http", "--log-level=warn"]
    close(name)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=settings.ROOT)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"Installing {modules} failed:\n{done.stderr[-3000:]}")
    return seconds


def dependencies():
    """Return the modules that our addons build on."""
    wanted = set()
    for addon in settings.ADDONS:
        manifest = (settings.ROOT / addon / "__manifest__.py").read_text()
        wanted.update(ast.literal_eval(manifest)["depends"])
    return sorted(wanted.difference(settings.ADDONS))


def make_core(name):
    """Make a database with Odoo's own modules alone."""
    if settings.DEPENDENCIES:
        copy(settings.DEPENDENCIES, name)
    else:
        drop(name)
        execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'unicode'")
    # Every database that Odoo creates by itself has it: searches by part of a word.
    execute("CREATE EXTENSION IF NOT EXISTS pg_trgm", database=name)
    install(name, [*dependencies(), *settings.REFERENCES])
    _create_missing_indexes(name)


def _create_missing_indexes(name):
    registry = Registry(name)
    with registry.cursor() as cr:
        registry.check_indexes(cr, list(registry.models))
