"""What pytest collects, Odoo's own runner finds as well."""

import ast
import re
from pathlib import Path

import pytest

from odoo.tests.loader import get_test_modules

from dev import places, testing

ADDONS = places.addons_present()


def files_of(addon):
    folder = places.ROOT / addon / "tests"
    return {path for path in folder.rglob("test_*.py")}


@pytest.mark.parametrize("addon", ADDONS)
def test_odoo_finds_every_file(addon):
    """It looks only at modules that the package `tests` names itself."""
    found = {Path(module.__file__) for module in get_test_modules(addon)}
    assert {path.name for path in files_of(addon) - found} == set()


def test_the_sample_exists():
    """The classes that a normal run gives to Odoo's runner."""
    sources = (path.read_text("utf-8") for path in files_of("aftersales_service"))
    classes = {
        node.name
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
    }
    assert set(testing.SAMPLE) <= classes
    assert re.fullmatch(r"(/aftersales_service:\w+,?)+", testing._sample())
