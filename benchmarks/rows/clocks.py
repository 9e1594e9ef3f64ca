"""Row 3: the job that keeps the promises, when there is nothing to do."""

from functools import partial

from benchmarks.measure import compare
from benchmarks.result import Limits, compared, plain

# Enough rounds to settle whatever fell due since the data was made.
ROUNDS = 50
ROOT = 1


def idle_tick(bench):
    """The job's method at each size, and its growth from the smallest."""
    for site in bench.sites:
        _settle(site)
        yield plain(
            f"{_running(site):,} running clocks",
            site.measure(_tick, times=30, user=ROOT),
            limits=Limits(queries=4, value=3),
        )
    if bench.smallest is not bench.largest:
        runs = (partial(s.run, _tick, ROOT) for s in (bench.largest, bench.smallest))
        yield compared(
            f"growth {bench.smallest.label} → {bench.largest.label} cases",
            compare(*runs),
            against=bench.smallest.label,
            limits=Limits(ratio=1.3),
        )


def _tick(env):
    env["aftersales.clock"]._cron_tick()


def _running(site):
    running = [("state", "=", "running")]
    return site.ask(lambda env: env["aftersales.clock"].search_count(running), ROOT)


def _settle(site):
    due = [("state", "=", "running"), ("next_event_at", "<=", "now")]
    for _round in range(ROUNDS):
        if not site.ask(lambda env: env["aftersales.clock"].search_count(due), ROOT):
            return
        site.run(_tick, ROOT, commit=True)
