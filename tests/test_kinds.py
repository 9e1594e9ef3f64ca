"""No code asks for the name of a kind of promise: what it needs is in the row of it."""

import ast
import re
from functools import cache
from pathlib import Path

ADDON = Path(__file__).resolve().parents[1] / "aftersales_service"
TABLE = "aftersales_clock_kind.py"
# Words that mean something else as well, as a cause or a column.
OTHER_WORDS = {"acknowledgement", "decision", "plan", "promise", "work"}


def rows(tree):
    """Return the codes of the kinds in a table of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                maker = value.func.id if is_made(value) else ""
                if isinstance(key, ast.Constant) and maker in ("ClockKind", "kind"):
                    yield key.value


def is_made(value):
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name)


@cache
def kinds():
    tables = [ast.parse(path.read_text("utf-8")) for path in ADDON.rglob(TABLE)]
    return {code for tree in tables for code in rows(tree)}


def sources(*suffixes):
    for path in sorted(ADDON.rglob("*")):
        room = path.relative_to(ADDON).parts[0]
        if path.suffix in suffixes and room not in ("tests", "demo", "data", "i18n"):
            if path.name != TABLE and "tours" not in path.parts:
                yield path, path.read_text("utf-8")


def strings(text):
    """Yield the strings of a Python source that are no docstrings."""
    tree = ast.parse(text)
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docs:
                yield node.value


@cache
def comparison():
    names = "|".join(sorted(kinds()))
    return re.compile(rf"kinds?[^\w\n]{{1,12}}(?<=['\"])(?:{names})['\"].{{0,20}}")


def asked(text):
    """Return where a text compares a kind with a name."""
    return comparison().findall(text)


def test_there_are_kinds():
    assert {"first_response", "escalation_ack", "refund"} <= kinds()


def test_the_search_finds():
    assert asked("clock.kind == 'update' and")
    assert asked("[('target_ids.kind', '=', 'resolution')]")
    assert not asked("clock.kind == kind")


def test_no_python_names_a_kind():
    known = kinds() - OTHER_WORDS
    found = [
        (path.name, text)
        for path, source in sources(".py")
        for text in strings(source)
        if text in known or asked(text)
    ]
    assert found == []


def test_no_view_and_no_script_names_a_kind():
    found = [
        (path.name, place)
        for path, text in sources(".xml", ".js")
        for place in asked(text)
    ]
    assert found == []
