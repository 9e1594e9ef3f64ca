"""Template databases, and quick copies of them.

Installing the addons' dependencies takes minutes and copying a database takes a
second. So a template is built once per key, and the key names all it was built
from: `as_deps_…` holds the dependencies, `as_app_…` the addons on top, either
with demo data (`…_demo_…`) or without. Attachments live in the database: a copy
is complete without any filestore.
"""

import ast
import hashlib
import json
import os
import uuid

from dev import odoo_source, places, postgres
from dev.process import exclusive, run, run_logged, write_whole
from dev.ui import Refusal, step, warn

CONFIG = places.WORK / "odoo.conf"
DUMPS = places.CACHE / "databases"
CONNECTION = {
    "db_host": "PGHOST",
    "db_port": "PGPORT",
    "db_user": "PGUSER",
    "db_password": "PGPASSWORD",
}
# What tests use beyond the addons' own dependencies.
TEST_MODULES = ("test_lint",)
# Raise it when the way a template is built changes.
GENERATION = 2
KEPT_TEMPLATES = 6
# No part of what is installed, so changing them asks for no new template.
IGNORED = {"tests", "__pycache__", "readme"}


def write_config():
    """The configuration that every command of Odoo gets. It may hold a password."""
    known = postgres.client_environment()
    connection = {
        option: known[variable]
        for option, variable in CONNECTION.items()
        if known.get(variable)
    }
    settings = {
        **connection,
        "addons_path": ",".join(map(str, odoo_source.addons_paths())),
        "data_dir": places.WORK / "data",
        "screenshots": places.WORK / "screenshots",
        "http_interface": "127.0.0.1",
        "list_db": "False",
        "server_wide_modules": "base,rpc,web",
        "db_maxconn": 32,
    }
    lines = [f"{key} = {value}" for key, value in settings.items()]
    write_whole(CONFIG, "\n".join(["[options]", *lines, ""]))


def dependencies():
    """Modules that the addons build on, from their manifests."""
    wanted = set()
    for name in places.addons_present():
        manifest = (places.ROOT / name / "__manifest__.py").read_text()
        wanted.update(ast.literal_eval(manifest).get("depends", []))
    return sorted(wanted.difference(places.ADDONS) or {"base"})


def dependencies_template(demo=False):
    """Name of the template with all dependencies installed; built if missing."""
    modules = dependencies()
    key = places.digest(odoo_source.version(), modules, demo, GENERATION)
    name = f"as_deps_{'demo_' if demo else ''}{key}"
    with exclusive(name):
        if not exists(name) and not _restore(name):
            with step(f"installing Odoo's modules into {name} (minutes, once)"):
                _build(name, modules, demo)
            _dump(name)
    return name


def app_template(demo=False):
    """Name of the template with the addons installed; built if missing."""
    source = dependencies_template(demo)
    name = f"as_app_{'demo_' if demo else ''}{places.digest(source, sources_key())}"
    with exclusive(name):
        if not exists(name):
            with step(f"installing the addons into {name}"):
                _build(name, places.addons_present(), demo, source)
            _forget_old(f"as_app_{'demo_' if demo else ''}")
    return name


def sources_key():
    """Changes whenever something changes that Odoo loads from the addons."""
    seen = hashlib.sha256()
    for addon in places.addons_present():
        for path in sorted((places.ROOT / addon).rglob("*")):
            inner = path.relative_to(places.ROOT)
            if path.is_file() and not IGNORED.intersection(inner.parts):
                seen.update(f"{inner}\0".encode() + path.read_bytes())
    return seen.hexdigest()


def exists(name):
    return bool(postgres.query(f"select 1 from pg_database where datname = '{name}'"))


def copy(template, name):
    """A database that is a copy of another."""
    drop(name)
    postgres.query(f'create database "{name}" template "{template}"')


def drop(name):
    postgres.query(f'drop database if exists "{name}" with (force)')


def rename(old, new):
    postgres.query(f'alter database "{old}" rename to "{new}"')


def scratch(template, label="test"):
    """A throw-away copy under a name nobody else has."""
    name = f"as_{label}_{uuid.uuid4().hex[:8]}"
    copy(template, name)
    return name


def run_inside(task, database, log, **arguments):
    """Run a task of `dev/inside.py` within Odoo."""
    run_logged(
        [places.PYTHON, "-m", "dev.inside", task, CONFIG, database]
        + [json.dumps(arguments)],
        f"Odoo failed at: {task}",
        log,
        cwd=places.ROOT,
        env=postgres.client_environment(),
    )


def _build(name, modules, demo, source=None):
    """Under another name first: an interrupted build is never taken for whole."""
    unfinished = f"{name}_unfinished"
    if source:
        copy(source, unfinished)
    else:
        drop(unfinished)
        postgres.query(f'create database "{unfinished}" template template0')
        _allow_searches(unfinished)
    run_inside("install", unfinished, f"build-{name}", modules=modules, demo=demo)
    postgres.query(
        f'alter database "{unfinished}" with is_template true allow_connections false'
    )
    rename(unfinished, name)


def _allow_searches(name):
    """Odoo's own "create database" does so too: without it there is no index for
    searches by a part of a word."""
    try:
        postgres.query("create extension if not exists pg_trgm", name)
    except Refusal as refusal:
        warn(f"Searches will be slow, PostgreSQL's contrib is missing: {refusal}")


def _forget_old(prefix):
    """Keep the latest templates; each change of the addons makes a new one."""
    rows = postgres.query(
        "select datname from pg_database where datname ~ "
        f"'^{prefix}[0-9a-f]{{10}}$' order by oid desc offset {KEPT_TEMPLATES}"
    )
    for (name,) in rows:
        postgres.query(f'alter database "{name}" with is_template false')
        drop(name)


# -- a second checkout restores what a first one has built --------------------


def _dump(name):
    """Keep the template for other checkouts; a convenience, so never fatal."""
    DUMPS.mkdir(parents=True, exist_ok=True)
    target = _dump_file(name)
    unfinished = target.with_suffix(f".{os.getpid()}")
    try:
        _allow_connections(name, True)
        with step("keeping it for other checkouts"):
            run(
                ["pg_dump", "-Fc", "-Z1", "-f", unfinished, name],
                "The template could not be dumped.",
                env=postgres.client_environment(),
            )
        unfinished.rename(target)
    except Refusal as refusal:
        warn(str(refusal))
    finally:
        unfinished.unlink(missing_ok=True)
        _allow_connections(name, False)


def _restore(name):
    source = _dump_file(name)
    if not source.is_file():
        return False
    unfinished = f"{name}_unfinished"
    drop(unfinished)
    postgres.query(f'create database "{unfinished}" template template0')
    try:
        with step(f"restoring {name} from the cache"):
            run(
                ["pg_restore", "-j2", "--no-owner", "-d", unfinished, source],
                "The cached template could not be restored; it is built anew.",
                env=postgres.client_environment(),
            )
    except Refusal as refusal:
        warn(str(refusal))
        source.unlink()
        return False
    postgres.query(
        f'alter database "{unfinished}" with is_template true allow_connections false'
    )
    rename(unfinished, name)
    return True


def _allow_connections(name, allowed):
    postgres.query(f'alter database "{name}" with allow_connections {allowed}')


def _dump_file(name):
    number = "".join(postgres.query("show server_version_num")[0])[:-4]
    return DUMPS / f"{name}-pg{number}.dump"
