"""The catalogue of clauses is whole, and tests name only clauses that exist."""

import ast
import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dev import clauses

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "clauses"
COUNTS = {
    "enforceable": 197,
    "recordable": 70,
    "reportable": 37,
    "people-matter": 62,
}
POLICIES = {"FT": 73, "WS": 34, "EC": 137, "CC": 76, "AP": 46}
COLUMNS = ["id", "policy", "source", "gist", "who", "behaviour", "class"]
COLUMNS += ["see_section_10"]


@pytest.fixture(scope="module")
def rows():
    with (FOLDER / "clauses.csv").open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def named_clauses():
    """Ids in `@clause(…)` decorators → the files that name them."""
    found = {}
    for path in ROOT.glob("**/test_*.py"):
        inner = path.relative_to(ROOT)
        if inner.parts[0].startswith("."):
            continue
        for clause in clauses_in(path.read_text(encoding="utf-8")):
            found.setdefault(clause, []).append(str(inner))
    return found


def clauses_in(source):
    for node in ast.walk(ast.parse(source)):
        for call in getattr(node, "decorator_list", ()):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("clause"):
                yield from (ast.literal_eval(argument) for argument in call.args)


# -- the catalogue ------------------------------------------------------------


def test_every_clause_is_there_once(rows):
    assert list(rows[0]) == COLUMNS
    assert len({row["id"] for row in rows}) == len(rows) == 366


def test_classes_and_policies_have_their_counts(rows):
    assert Counter(row["class"] for row in rows) == COUNTS
    assert Counter(row["policy"] for row in rows) == POLICIES


def test_ids_number_the_clauses_of_a_policy(rows):
    """Ids are stable: nobody renumbers, so none is missing in between."""
    for policy, count in POLICIES.items():
        ids = [row["id"] for row in rows if row["policy"] == policy]
        assert ids == [f"{policy}-{number}" for number in range(1, count + 1)]


def test_each_row_says_what_it_asks(rows):
    for row in rows:
        assert all(row[name].strip() for name in COLUMNS), row["id"]
        assert row["see_section_10"] in ("yes", "no")


def test_the_companion_speaks_of_every_marked_row(rows):
    """Section 10 of the text wins over rows: each marked row is named there."""
    text = (FOLDER / "clauses.md").read_text(encoding="utf-8")
    section = text[text.index("## 10.") :]
    named = re.findall(r"\b(?:FT|WS|EC|CC|AP)-\d+\b", section)
    # "FT-20 FT-21 C-19" as well as the words "EC-114 §7".
    marked = {row["id"] for row in rows if row["see_section_10"] == "yes"}
    assert marked <= set(named)


# -- who names it -------------------------------------------------------------


def test_tests_name_only_clauses_that_exist_and_are_built(rows):
    classes = {row["id"]: row["class"] for row in rows}
    wrong = {
        clause: paths
        for clause, paths in named_clauses().items()
        if classes.get(clause, "people-matter") == "people-matter"
    }
    assert wrong == {}


def test_decorators_are_found():
    """The search sees methods, classes and several ids at once."""
    source = (
        '@clause("FT-1")\nclass A:\n    @clause("WS-2", "EC-3")\n'
        '    def b(self):\n        clause("AP-4")\n'
    )
    assert sorted(clauses_in(source)) == ["EC-3", "FT-1", "WS-2"]


# -- `make clauses` -----------------------------------------------------------


@pytest.fixture
def results(tmp_path, monkeypatch):
    path = tmp_path / "clauses.json"
    monkeypatch.setattr(clauses, "RESULTS", path)
    return path


def test_table_counts_what_passed(results, capsys):
    results.write_text('{"tests": {}, "proven": {"FT-20": ["a::b"], "FT-2": ["c"]}}')
    clauses.main()
    said = capsys.readouterr().out
    table, missing = said.split("\n\n")
    assert re.search(
        r"^ *FT +2 of 38 +0 of 19 +0 of 6 +10 not built +2 of 63$", table, re.M
    )
    assert re.search(r"^ *all +2 of 197 +0 of 70 +0 of 37 +62 not built", table, re.M)
    assert "FT enforceable, no passing test (36):" in missing
    assert "FT people-matter, not built (10):" in missing
    words = missing.split()
    assert "FT-20" not in words
    assert "FT-21" in words


def test_json_lists_every_clause(results, capsys, monkeypatch):
    monkeypatch.setenv("CLAUSES", "json")
    results.write_text('{"tests": {}, "proven": {"FT-20": ["a::b"]}}')
    clauses.main()
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 366
    assert [row for row in told if row["proven"]] == [
        {
            "id": "FT-20",
            "policy": "FT",
            "class": "enforceable",
            "proven": True,
            "tests": ["a::b"],
        }
    ]


def test_without_results_it_says_so_and_nothing_is_proven(results, capsys):
    clauses.main()
    said = capsys.readouterr()
    assert "run `make test`" in said.err
    assert re.search(r"^ *all +0 of 197", said.out, re.M)


def test_damaged_results_are_refused_with_a_sentence(results):
    results.write_text("{")
    with pytest.raises(clauses.Refusal, match="damaged"):
        clauses.main()


def test_unknown_clauses_are_told(results, capsys):
    results.write_text('{"tests": {}, "proven": {"FT-999": ["a"]}}')
    clauses.main()
    assert "FT-999" in capsys.readouterr().err


def test_the_command_prints_json_and_nothing_else():
    done = subprocess.run(
        [sys.executable, "-m", "dev", "clauses"],
        cwd=ROOT,
        env={**os.environ, "CLAUSES": "json"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert {"id", "policy", "class", "proven", "tests"} == set(
        json.loads(done.stdout)[0]
    )
