"""Row 7: a holiday is entered while many promises run."""

from datetime import timedelta
from functools import partial

from odoo.tools import SQL

from benchmarks.measure import ADMIN
from benchmarks.result import Limits, Measure, plain

ROOT = 1
# Two calendars share them: 40,000 running clocks in each.
CLOCKS = 80_000


def holiday(bench):
    """The save as the user waits for it, then the work in the background, which moves
    every one of the promises."""
    site = bench.running(CLOCKS)
    calendar, count = site.ask(_busiest, ROOT)
    what = f"{count:,} running clocks"
    enter = partial(_enter, calendar)
    yield plain(
        f"save, {what}", site.measure(enter, user=ADMIN), limits=Limits(value=2000)
    )
    moved = {}
    sample = site.run(partial(_work, calendar, moved), ROOT)
    yield Measure(
        f"background, {what}, {moved['moved']:,} moved",
        sample.ms / count,
        unit="ms per clock",
        queries=sample.queries / count,
        limits=Limits(value=1),
    )
    yield Measure(
        f"cases written, {what}",
        moved["written"],
        unit="cases",
        limits=Limits(value=0),
    )
    bench.drop_running(site)


def _busiest(env):
    """Return the calendar in which most promises run, and how many."""
    query = SQL(
        "SELECT calendar_id, count(*) FROM aftersales_clock WHERE state = 'running'"
        " AND outcome = 'none' AND calendar_id IS NOT NULL"
        " GROUP BY calendar_id ORDER BY count(*) DESC LIMIT 1"
    )
    return env.execute_query(query)[0]


def _enter(calendar, env):
    """Enter a holiday before every deadline of the promises that run: three days, of
    which one at least is no weekend."""
    now = env.cr.now().replace(microsecond=0)
    env["resource.calendar.leaves"].create(
        {
            "name": "Bench holiday",
            "calendar_id": calendar,
            "date_from": now,
            "date_to": now + timedelta(days=3),
        }
    )


def _work(calendar, moved, env):
    """Do the whole work of the job, as the worker does, in one transaction."""
    _enter(calendar, env)
    start = env.cr.now()
    job = env["aftersales.job"].search(
        [("kind", "=", "replan"), ("state", "=", "queued")], limit=1
    )
    while job.state in ("queued", "running") and not job.not_before:
        job._work_batch()
    result = job.result or {}
    moved["moved"] = sum(result.get(way, 0) for way in ("later", "earlier", "breached"))
    query = SQL("SELECT count(*) FROM aftersales_case WHERE write_date >= %s", start)
    moved["written"] = env.execute_query(query)[0][0]
