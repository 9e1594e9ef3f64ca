"""One database of cases whose promises fell due long ago; each test has a copy."""

import os

import pytest

from dev import databases
from tests.support.place import Place

# Two batches of the job; SLOW=1: many.
SIZE = 10_000 if os.environ.get("SLOW", "") not in ("", "0") else 600


@pytest.fixture(scope="session")
def neglected():
    """Name of a database in which nobody has looked at promises for days."""
    template = os.environ.get("AFTERSALES_TEMPLATE") or databases.app_template()
    name = databases.scratch(template, "faults")
    try:
        Place(name).run(f"from tests.faults import seed\nseed.make(env, {SIZE})\n")
        yield name
    finally:
        databases.drop(name)


@pytest.fixture
def place(neglected):
    """A copy of it for one test."""
    name = databases.scratch(neglected, "fault")
    try:
        yield Place(name)
    finally:
        databases.drop(name)
