"""One wheel brings all addons, whole, into an Odoo that knows no addons path."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ADDONS = sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))
SOURCES = ("setup.py", "MANIFEST.in", "README.md", "LICENSE", "COPYING")
# What an addon is made of; a kind that is forgotten breaks it only when it is used.
KINDS = {".py", ".xml", ".csv", ".js", ".scss", ".po", ".pot", ".png", ".svg", ".md"}
ASK_ODOO = """
import sys
from odoo.modules.module import Manifest, initialize_sys_path
from odoo.tools import config
config.parse_config(["--addons-path", "", "--data-dir", sys.argv[1]])
initialize_sys_path()
for name in sys.argv[2:]:
    print(Manifest.for_addon(name).path)
import odoo.addons.aftersales_service.tools.order_reference
"""


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def manifest(folder):
    return ast.literal_eval((folder / "__manifest__.py").read_text())


def files_of(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy, so that building leaves nothing in the checkout; with a file of each
    kind, whatever the addons have today."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copy(ROOT / name, folder)
    for addon in ADDONS:
        shutil.copytree(
            ROOT / addon, folder / addon, ignore=shutil.ignore_patterns("__pycache__")
        )
        for kind in KINDS - {".py"}:
            extra = folder / addon / "static" / "extra" / f"file{kind}"
            extra.parent.mkdir(parents=True, exist_ok=True)
            extra.write_text("")
        script = folder / addon / "migrations" / "19.0.9.0.0" / "post-migrate.py"
        script.parent.mkdir(parents=True)
        script.write_text("")
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index"),
        *("--no-build-isolation", "--wheel-dir", folder, source),
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp("installed")
    run(
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index"),
        *("--target", target, wheel),
    )
    return target


def test_there_are_addons():
    assert {"aftersales_service", "aftersales_survey"} <= set(ADDONS)


def test_wheel_holds_the_addons_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    folders = {
        "/".join(name.split("/")[:3]) for name in names if "dist-info" not in name
    }
    assert folders == {f"odoo/addons/{addon}" for addon in ADDONS}
    # A file of that name would hide all other addons behind ours.
    assert not {"odoo/__init__.py", "odoo/addons/__init__.py"}.intersection(names)


def test_wheel_is_named_by_the_manifest_and_brings_the_licence(wheel):
    version = manifest(ROOT / "aftersales_service")["version"]
    assert wheel.name == f"odoo_addons_aftersales-{version}-py3-none-any.whl"
    names = {Path(name).name for name in zipfile.ZipFile(wheel).namelist()}
    assert {"LICENSE", "COPYING"} <= names


@pytest.mark.parametrize("addon", ADDONS)
def test_every_file_arrives(addon, source, installed):
    found = files_of(installed / "odoo" / "addons" / addon)
    assert found == files_of(source / addon)
    assert KINDS <= {Path(name).suffix for name in found}


@pytest.mark.parametrize("addon", ADDONS)
def test_every_file_that_a_manifest_lists_arrives(addon, source, installed):
    addons = installed / "odoo" / "addons"
    told = manifest(addons / addon)
    assert told == manifest(ROOT / addon)
    for name in told.get("data", []) + told.get("demo", []):
        assert (addons / addon / name).is_file(), name
    for entry in sum(told.get("assets", {}).values(), []):
        # A path, or a directive such as ("remove", path).
        pattern = entry if isinstance(entry, str) else entry[-1]
        arrived = {path.relative_to(addons) for path in addons.glob(pattern)}
        assert arrived == {path.relative_to(source) for path in source.glob(pattern)}


def test_odoo_finds_the_installed_addons(installed, tmp_path):
    """Without an addons path, and beside Odoo's own addons."""
    told = run(
        *(os.environ.get("AFTERSALES_PYTHON", sys.executable), "-c", ASK_ODOO),
        *(tmp_path, *ADDONS, "sale"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
    ).splitlines()
    ours = [str(installed / "odoo" / "addons" / addon) for addon in ADDONS]
    assert told[: len(ADDONS)] == ours
    assert told[len(ADDONS)].endswith("/sale")


def test_the_checkout_is_left_alone(wheel):
    assert not (ROOT / "build").exists()
    assert not list(ROOT.glob("*.egg-info"))
