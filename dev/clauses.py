"""`make clauses`: which clauses of the policies are proven by a passing test.

The catalogue is `docs/clauses/clauses.csv`; what was proven is what the last full
`make test` wrote to `.work/clauses.json`, and `ONLY=` runs since have updated.
`CLAUSES=json` prints a list of objects for other programs instead of a table.
"""

import csv
import json
import os
import textwrap

from dev import places
from dev.ui import Refusal, say, warn

CATALOGUE = places.ROOT / "docs" / "clauses" / "clauses.csv"
RESULTS = places.WORK / "clauses.json"
CLASSES = ("enforceable", "recordable", "reportable", "people-matter")
# Training, culture, pay and discipline are matters of people, never of software.
NOT_BUILT = "people-matter"
NO_RESULTS = "No test results yet, so no clause counts as proven: run `make test`."


def main():
    clauses = joined(catalogue(), proven())
    if os.environ.get("CLAUSES") == "json":
        print(json.dumps(clauses, indent=1))
        return
    say(table(clauses))
    say("")
    say(missing(clauses))


def catalogue():
    """Rows of the catalogue, in its order."""
    with CATALOGUE.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def proven():
    """Clause → ids of the tests that passed, by the last full run of the tests."""
    if not RESULTS.is_file():
        warn(NO_RESULTS)
        return {}
    try:
        return json.loads(RESULTS.read_text())["proven"]
    except (ValueError, KeyError, TypeError):
        raise Refusal(f"{RESULTS} is damaged: remove it and run `make test`.") from None


def joined(rows, tests):
    """One object per clause, with the tests that prove it."""
    unknown = sorted(set(tests) - {row["id"] for row in rows})
    if unknown:
        warn(f"tests name clauses that do not exist: {', '.join(unknown)}")
    return [
        {
            "id": row["id"],
            "policy": row["policy"],
            "class": row["class"],
            "proven": bool(tests.get(row["id"])),
            "tests": sorted(tests.get(row["id"], [])),
        }
        for row in rows
    ]


def policies(clauses):
    return list(dict.fromkeys(clause["policy"] for clause in clauses))


def table(clauses):
    """Proven and all clauses per policy (rows) and class (columns)."""
    head = ["policy", *CLASSES, "all to build"]
    lines = [
        [policy, *_cells([row for row in clauses if row["policy"] == policy])]
        for policy in policies(clauses)
    ]
    lines.append(["all", *_cells(clauses)])
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
        for line in [head, *lines]
    )


def _cells(clauses):
    groups = [[row for row in clauses if row["class"] == name] for name in CLASSES]
    cells = [
        f"{len(group)} not built" if name == NOT_BUILT else _share(group)
        for name, group in zip(CLASSES, groups, strict=True)
    ]
    return [*cells, _share([row for row in clauses if row["class"] != NOT_BUILT])]


def _share(clauses):
    return f"{sum(row['proven'] for row in clauses)} of {len(clauses)}"


def missing(clauses):
    """Names of the clauses without a passing test, per policy and class."""
    lines = []
    for policy in policies(clauses):
        for name in CLASSES:
            group = [
                row["id"]
                for row in clauses
                if (row["policy"], row["class"], row["proven"]) == (policy, name, False)
            ]
            if group:
                told = "not built" if name == NOT_BUILT else "no passing test"
                lines += [f"{policy} {name}, {told} ({len(group)}):", _wrapped(group)]
    return "\n".join(lines) or "Every clause has a passing test."


def _wrapped(ids):
    return textwrap.fill(
        " ".join(ids),
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
    )
