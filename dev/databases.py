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
import time
import uuid

from dev import marks, odoo_source, places, postgres
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
SEALED = "is_template true allow_connections false"
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
                _build(name, "template0", modules, demo)
        if not _dump_file(name).is_file() and name in marks.names():
            _dump(name)
    return name


def app_template(demo=False):
    """Name of the template with the addons installed; built if missing."""
    source = dependencies_template(demo)
    name = f"as_app_{'demo_' if demo else ''}{places.digest(source, sources_key())}"
    with exclusive(name):
        if not exists(name):
            with step(f"installing the addons into {name}"):
                _build(name, source, places.addons_present(), demo)
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
    unfinished = _begin(template, name)
    marks.write(unfinished)
    rename(unfinished, name)


def drop(name):
    postgres.query(f'drop database if exists "{name}" with (force)')


def rename(old, new):
    postgres.query(f'alter database "{old}" rename to "{new}"')


def scratch(template, label="test"):
    """A throw-away copy under a name nobody else has."""
    name = marks.own_name(f"{label}_{uuid.uuid4().hex[:8]}")
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


def _begin(template, name):
    """A copy under another name: an interrupted one is never taken for whole."""
    unfinished = marks.own_name(places.digest(name))
    statement = f'create database "{unfinished}" template'
    # PostgreSQL goes on with what an interrupted run has asked it for.
    while postgres.query(
        "select 1 from pg_stat_activity where state = 'active' "
        f"and query like '{statement}%' and pid <> pg_backend_pid()"
    ):
        time.sleep(0.2)
    if exists(unfinished):
        forget(unfinished)
    postgres.query(f'{statement} "{template}"')
    return unfinished


def _build(name, source, modules, demo):
    unfinished = _begin(source, name)
    if source == "template0":
        _allow_searches(unfinished)
    run_inside("install", unfinished, f"build-{name}", modules=modules, demo=demo)
    _seal(unfinished, name)


def _seal(unfinished, name):
    """A template has its name when it is whole."""
    marks.write(unfinished)
    postgres.query(f'alter database "{unfinished}" with {SEALED}')
    if exists(name):
        # Another checkout was quicker; the name says that it is the same.
        forget(unfinished)
    else:
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
        f"'^{prefix}[0-9a-f]{{10}}$' and {marks.ours()} "
        f"order by oid desc offset {KEPT_TEMPLATES}"
    )
    for (name,) in rows:
        forget(name)


def forget(name):
    """Drop it even if it is a template."""
    postgres.query(f'alter database "{name}" with is_template false')
    drop(name)


def drop_ours():
    """Remove what this checkout made on the server that PGHOST names."""
    if postgres.external() and marks.STATE.is_file():
        for name in marks.names():
            forget(name)
        marks.forget_server()


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
    unfinished = _begin("template0", name)
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
    _seal(unfinished, name)
    return True


def _allow_connections(name, allowed):
    postgres.query(f'alter database "{name}" with allow_connections {allowed}')


def _dump_file(name):
    number = "".join(postgres.query("show server_version_num")[0])[:-4]
    return DUMPS / f"{name}-pg{number}.dump"
