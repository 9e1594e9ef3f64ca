"""Row 25: comparing cases and promises with their ledger."""

import time
from statistics import median

from benchmarks.measure import repeats
from benchmarks.result import Limits, Measure
from benchmarks.rows.create import case_values

BATCH = 500
ROOT = 1
KINDS = ("working", "waiting_customer", "working", "resolved")


def replay_checker(bench):
    """Cases made and moved as people would, so that their ledger is a true one; then
    the check alone, in batches as the job works."""
    for site in bench.sites:
        clocks, ms, queries, differences = site.ask(_check, ROOT)
        yield Measure(
            f"{clocks:,} clocks beside {site.label} cases",
            ms,
            unit="ms per clock",
            queries=queries,
            limits=Limits(value=1, queries=6 / clocks),
            note=f"{differences} differences",
        )


def _check(env):
    cases = env["aftersales.case"].create(case_values(env)[:BATCH])
    for kind in KINDS:
        stage = env.ref(f"aftersales_service.aftersales_stage_{kind}")
        cases[: len(cases) // 2].write({"stage_id": stage.id})
    env.flush_all()
    env.invalidate_all()
    checker, times = env["aftersales.difference"], []
    for _index in range(repeats()):
        before, start = env.cr.sql_log_count, time.perf_counter()
        found, clocks = checker._check_cases(cases.ids)
        times.append((time.perf_counter() - start) * 1000)
        queries = env.cr.sql_log_count - before
    return clocks, median(times) / clocks, queries / clocks, len(found)
