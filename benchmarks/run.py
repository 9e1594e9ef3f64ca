"""Measure the rows of the budgets and write `results.json`.

Run it by `make bench`, or by hand with Odoo's Python; docs/benchmarks.md says how.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import odoo.init  # noqa: E402, F401
from odoo.tools import config  # noqa: E402

from benchmarks import report, settings  # noqa: E402
from benchmarks.bench import Bench  # noqa: E402
from benchmarks.rows import ROWS  # noqa: E402


def main():
    """Measure every row that is asked for; never fail because of a figure."""
    _configure()
    if settings.PEERS:
        _say("PEERS: the OCA's addons are not measured yet; row 11 is judged by SQL.")
    bench = Bench(say=_say)
    lines = []
    try:
        for row in ROWS:
            lines += _measure(row, bench)
            _write(lines)
    finally:
        bench.drop()
    print(report.table(lines))
    _say(f"written: {settings.RESULTS.relative_to(settings.ROOT)}")


def _configure():
    arguments = ["-c", settings.CONFIG] if settings.CONFIG else []
    config.parse_config([*arguments, "--no-http", "--log-level=error"])
    config["limit_memory_soft"] = 0
    logging.getLogger("odoo").setLevel(logging.ERROR)


def _measure(row, bench):
    """Return the lines of a row; a failure is told and becomes a line of its own."""
    if not row.measure or (settings.ROWS and row.id not in settings.ROWS):
        return [row.pending()]
    start = time.perf_counter()
    try:
        return row.results(bench)
    except Exception as error:
        if os.environ.get("DEBUG"):
            raise
        _say(f"row {row.id} could not be measured: {error!r}")
        return [{**row.pending(), "note": f"could not be measured: {error!r}"[:300]}]
    finally:
        _say(f"row {row.id} took {time.perf_counter() - start:.0f} s")


def _write(lines):
    settings.RESULTS.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n")


def _say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
