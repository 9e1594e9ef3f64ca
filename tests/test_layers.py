"""Rooms use only what stands before them, and core's own affairs have one home."""

import ast

import pytest

from dev.house import ADDON, ROOMS, House

# (file, what it names, file above it): why it must be so. Shorter is better.
EXCEPTIONS = {}
# Private methods of Odoo's models that change between its versions.
CORE_CALLS = {"_commit_progress", "_compute_domain", "_find_aliases", "_sendone"}
CORE_HOME = "tools/core_api.py"


@pytest.fixture(scope="module")
def house():
    return House()


def test_nothing_calls_upward(house):
    """By imports and by names of methods; a name is at home in the lowest room that
    defines it."""
    assert house.upward() == EXCEPTIONS.keys()


def test_every_file_is_in_a_room(house):
    elsewhere = {file.name for file in house.all if file not in house.files}
    assert elsewhere == {
        "__manifest__.py",
        "cli/aftersales_check.py",
        "demo/aftersales_demo.py",
        "demo/stories.py",
        "hooks.py",
        *(name for name in elsewhere if name.startswith("migrations/")),
    }


def test_every_room_says_what_it_is(house):
    """Three lines: what lives there, what it uses, what must not be there."""
    for room in {file.room for file in house.files} - {"tools"}:
        path = ADDON / "models" / room / "__init__.py"
        lines = ast.get_docstring(ast.parse(path.read_text())).splitlines()
        assert lines[2].startswith("Uses: "), path
        assert lines[3].startswith("Not here: "), path
        assert room in ROOMS


def test_core_calls_have_one_home(house):
    found = {
        (file.name, name)
        for file in house.files
        for name in file.named & CORE_CALLS
        if file.name != CORE_HOME
    }
    assert not found


def test_pure_rooms(house):
    """Tools know no ORM, and production code no demonstration data."""
    for file in house.files:
        for node in ast.walk(file.tree):
            if isinstance(node, ast.ImportFrom):
                names = {node.module or "", *(alias.name for alias in node.names)}
                assert "demo" not in " ".join(names).split("."), file.name
                if file.room == "tools" and node.module == "odoo":
                    assert not names & {"models", "api"}, file.name


def test_the_circle_stays_small(house):
    """Files of models that all use each other: thirty before there were rooms."""
    assert len(house.circle()) <= 6, sorted(house.circle())
