"""What the environment asks for."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
ADDONS = ("aftersales_service", "aftersales_survey")
# Core applications that are measured beside ours.
REFERENCES = ("project", "crm")


def _flag(name):
    return os.environ.get(name, "") not in ("", "0")


def _size(text):
    """Return a number of cases: ``200k`` is 200,000."""
    units = {"k": 1000, "m": 1_000_000}
    text = text.strip().lower()
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


SIZES = sorted(map(_size, os.environ.get("SIZES", "1k,10k,200k").split(",")))
# Numbers of running clocks that the idle job is measured at.
CLOCKS = sorted(map(_size, os.environ.get("CLOCKS", "1k,100k,1m").split(",")))
# Numbers of the rows to measure; empty: all.
ROWS = {int(row) for row in os.environ.get("ROWS", "").split(",") if row}
# Interleaved pairs behind a ratio, and repetitions behind a plain value.
PAIRS = int(os.environ.get("PAIRS", "30"))
# Keep the databases, and use those a former run has kept.
KEEP = _flag("KEEP")
# Measure the OCA's helpdesk and returns as well: not built yet.
PEERS = _flag("PEERS")
PREFIX = os.environ.get("BENCH_PREFIX", "as_bench")
CONFIG = os.environ.get("AFTERSALES_CONFIG", "")
# A database with the addons' dependencies installed, to be copied.
DEPENDENCIES = os.environ.get("AFTERSALES_DEPENDENCIES", "")
PYTHON = os.environ.get("AFTERSALES_PYTHON", sys.executable)


def size_label(size):
    """Return 200000 as ``200k``."""
    for unit, factor in (("M", 1_000_000), ("k", 1000)):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
