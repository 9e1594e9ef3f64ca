"""Rows 3, 4 and 6: the job that keeps the promises, with nothing to do, with much to
do, and beside people at work."""

import json
import subprocess
import time
from functools import partial

from odoo import fields
from odoo.tools import SQL

from benchmarks import client as client_views
from benchmarks import settings, world
from benchmarks.measure import compare
from benchmarks.result import Limits, Measure, compared, plain
from benchmarks.served import CRON_WORKERS, Client, Office, Served

# Enough rounds to settle whatever fell due since the data was made.
ROUNDS = 50
ROOT = 1
# As many as one batch of the job takes.
BATCH = 1000
MANY_DUE = 100_000
LADDER = [
    {
        "key": "bench",
        "offset": 0,
        "urgent": True,
        "to": "leader",
        "activity": {"type_id": False, "summary": False},
    }
]


# Nothing to do ------------------------------------------------------------------------


def idle_tick(bench):
    """The job's method at each number of running clocks, and its growth from the
    smallest."""
    smallest = bench.running(settings.CLOCKS[0])
    try:
        yield from _idle(smallest)
        for count in settings.CLOCKS[1:]:
            site = bench.running(count)
            try:
                yield from _idle(site)
                yield _growth(smallest, site)
            finally:
                bench.drop_running(site)
    finally:
        bench.drop_running(smallest)


def _idle(site):
    _settle(site)
    yield plain(
        f"{_running(site):,} running clocks",
        site.measure(_tick, times=30, user=ROOT),
        limits=Limits(queries=4, value=3),
        note=_plan(site),
    )


def _growth(smallest, site):
    return compared(
        f"growth {smallest.label} → {site.label}",
        compare(partial(site.run, _tick, ROOT), partial(smallest.run, _tick, ROOT)),
        against=smallest.label,
        limits=Limits(ratio=1.3),
    )


def _plan(site):
    """Return which index finds what is due: read off the plan of the job's query."""

    def explain(env):
        env.cr.execute(
            "EXPLAIN (FORMAT JSON) SELECT id FROM aftersales_clock"
            " WHERE state = 'running' AND next_event_at <= %s"
            " ORDER BY next_event_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            [fields.Datetime.now(), BATCH],
        )
        return json.dumps(env.cr.fetchone()[0])

    plan = site.ask(explain, ROOT)
    found = "aftersales_clock_next_event_idx" in plan and "Seq Scan" not in plan
    return "by the partial index" if found else "WITHOUT the partial index"


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


# Much to do ---------------------------------------------------------------------------


def busy_tick(bench):
    """A batch beside the bare UPDATE of as many rows, then the memory of a process
    that works off very many."""
    site = bench.running(2 * MANY_DUE)
    try:
        _settle(site)
        site.run(partial(_make_due, count=BATCH, steps=[]), ROOT, commit=True)
        yield compared(
            f"{BATCH:,} due, per clock",
            compare(
                partial(site.run, _one_batch, ROOT),
                partial(site.run, _raw_update, ROOT),
            ),
            per=BATCH,
            against="UPDATE",
            limits=Limits(ratio=40, queries=1 / 50),
        )
        # Row 5 is about what a step costs; here it must not cost memory.
        for count, steps, what, queries in (
            (MANY_DUE // 5, LADDER, "due with a ladder step", None),
            (MANY_DUE, [], "due", 1 / 50),
        ):
            site.run(partial(_make_due, count=count, steps=steps), ROOT, commit=True)
            yield _memory(site, f"memory, {count:,} {what}", count, queries)
    finally:
        bench.drop_running(site)


def _make_due(env, count, steps):
    """Have open promises fall due two minutes ago."""
    due = "now() AT TIME ZONE 'UTC' - interval '2 minutes'"
    env.cr.execute(
        f"""
        UPDATE aftersales_clock
           SET snapshot = jsonb_set(snapshot, '{{steps}}', %s::jsonb),
               steps_done = '[]', deadline = date_trunc('second', {due}),
               next_event_at = date_trunc('second', {due}) + interval '1 second',
               started_at = {due} - interval '3 days'
         WHERE id IN (SELECT id FROM aftersales_clock WHERE state = 'running'
                       AND outcome = 'none' ORDER BY next_event_at, id LIMIT %s)
        """,
        [json.dumps(steps), count],
    )


def _one_batch(env):
    clocks = env["aftersales.clock"]
    now = int(time.time())
    clocks._tick(clocks._lock_due(now, limit=BATCH), now)


def _raw_update(env):
    env.cr.execute(
        SQL(
            "UPDATE aftersales_clock SET outcome = 'breached', decided_at = deadline,"
            " breach_cause = 'time', next_event_at = NULL WHERE id IN (SELECT id FROM"
            " aftersales_clock WHERE state = 'running' AND next_event_at <= %s"
            " ORDER BY next_event_at LIMIT %s)",
            fields.Datetime.now(),
            BATCH,
        )
    )


# In a process of its own, whose memory holds nothing else.
_MEMORY = """
import json, re, time

def memory(what):
    status = open("/proc/self/status").read()
    return int(re.search(what + r":\\s+(\\d+) kB", status)[1]) / 1024

clocks = env["aftersales.clock"]
env.cr.execute("SELECT count(*) FROM aftersales_clock WHERE outcome = 'breached'")
broken = env.cr.fetchone()[0]
warm = clocks.sudo()._lock_due(int(time.time()), limit=100)
clocks.sudo()._tick(warm, int(time.time()))
env.cr.rollback()
env.invalidate_all()
before, queries, start = memory("VmRSS"), env.cr.sql_log_count, time.perf_counter()
clocks._cron_tick()
seconds = time.perf_counter() - start
env.cr.execute("SELECT count(*) FROM aftersales_clock WHERE outcome = 'breached'")
print(json.dumps({
    "mb": memory("VmHWM") - before,
    "seconds": seconds,
    "queries": env.cr.sql_log_count - queries,
    "judged": env.cr.fetchone()[0] - broken,
}))
"""


def _memory(site, what, count, queries):
    command = [settings.PYTHON, "-m", "odoo", "shell", "-d", site.database]
    if settings.CONFIG:
        command += ["-c", settings.CONFIG]
    done = subprocess.run(
        [*command, "--no-http", "--log-level=error"],
        input=_MEMORY,
        capture_output=True,
        text=True,
        cwd=settings.ROOT,
    )
    if done.returncode or "Traceback" in done.stderr:
        raise RuntimeError(done.stderr[-1000:])
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["judged"] != count:
        raise RuntimeError(f"judged {told['judged']} of {count}")
    return Measure(
        what,
        told["mb"],
        unit="MB",
        queries=told["queries"] / count,
        limits=Limits(value=100, queries=queries),
        note=f"{told['seconds'] / count * 1000:.2f} ms per clock",
    )


# People at work -----------------------------------------------------------------------

OPEN_CASES = 100_000
BREACHES = 300
# Seconds over which the promises fall due, and until the last one must be noticed.
WINDOW = 300
PATIENCE = 180
PEOPLE = 4


def noticing(bench):
    """Seconds from a deadline until the breach is in the ledger, for everybody to see,
    while people work; and until the list of overdue cases shows it."""
    site = bench.running(2 * OPEN_CASES)
    try:
        _settle(site)
        logins = site.ask(_agents)
        site.run(_give_passwords, ROOT, commit=True)
        with Served(site.database) as served:
            yield _until_shown(site, Client(served, "admin"))
            with Office(served, logins) as office:
                due = _spread_deadlines(site)
                waits, moved = _watch(site, due)
            yield _noticed(site, waits, moved, office, served)
    finally:
        bench.drop_running(site)


def _agents(env):
    return _people(env).mapped("login")


def _people(env):
    """Return users who have cases in the company they log in to."""
    users = world.users(env, "bench_agent_")

    def has_work(user):
        cases = env(user=user.id, context={})["aftersales.case"]
        return bool(cases.search([("stage_kind", "=", "new")], limit=1))

    return users.filtered(has_work)[:PEOPLE]


def _give_passwords(env):
    for user in _people(env) | env.ref("base.user_admin"):
        user.password = user.login


def _spread_deadlines(site):
    """Have open promises fall due one after the other from now on, with a step each.

    :return: {clock id: epoch seconds of its deadline}
    """
    due = {}

    def spread(env):
        env.cr.execute(
            """
            UPDATE aftersales_clock clock
               SET snapshot = jsonb_set(snapshot, '{steps}', %s::jsonb),
                   deadline = soon.deadline,
                   next_event_at = soon.deadline + interval '1 second'
              FROM (SELECT id, date_trunc('second', now() AT TIME ZONE 'UTC')
                           + interval '5 seconds' + row_number() OVER (ORDER BY id)
                           * %s * interval '1 second' AS deadline
                      FROM aftersales_clock WHERE state = 'running'
                       AND outcome = 'none' ORDER BY id LIMIT %s) soon
             WHERE clock.id = soon.id
         RETURNING clock.id, extract(epoch FROM clock.deadline)
            """,
            [json.dumps(LADDER), WINDOW / BREACHES, BREACHES],
        )
        due.update({clock_id: int(at) for clock_id, at in env.cr.fetchall()})
        clocks = env["aftersales.clock"].browse(due)
        clocks.case_id._refresh_clock_mirrors()

    site.run(spread, ROOT, commit=True)
    return due


def _watch(site, due):
    """Look again and again which breaches are committed.

    :return: tuple of the seconds each one took to be seen, ``PATIENCE`` for those that
        never were, and the number of promises that the work of the people moved before
        they fell due: nothing is to be noticed of them
    """
    seen, moved = {}, set()
    last = max(due.values()) + PATIENCE
    while len(seen) + len(moved) < len(due) and time.time() < last:
        told, now = site.ask(partial(_told, list(due)), ROOT), time.time()
        for clock_id, broken_at in told:
            if broken_at == due[clock_id]:
                seen.setdefault(clock_id, now - due[clock_id])
        moved = {clock_id for clock_id, _at in told} - seen.keys()
        time.sleep(0.2)
    missed = len(due) - len(seen) - len(moved)
    return sorted(seen.values()) + [PATIENCE] * missed, len(moved)


def _told(ids, env):
    """Return (id, epoch seconds of its breach if it was one) of what was told of
    promises: that they were broken, or moved."""
    env.cr.execute(
        "SELECT clock_id, CASE WHEN kind = 'clock_breached'"
        " THEN extract(epoch FROM at)::int END FROM aftersales_event"
        " WHERE kind IN ('clock_breached', 'clock_retargeted') AND clock_id = ANY(%s)",
        [ids],
    )
    return env.cr.fetchall()


def _noticed(site, waits, moved, office, served):
    requests = sorted(office.seconds)
    collisions = served.log().count("could not serialize")
    failed_jobs = served.log().count("server action #")
    return Measure(
        f"p99 of {len(waits)} breaches, {OPEN_CASES:,} open cases",
        waits[int(len(waits) * 0.99) - 1],
        unit="s",
        limits=Limits(value=75),
        note=f"median {waits[len(waits) // 2]:.0f} s, longest {waits[-1]:.0f} s; "
        f"{moved} more were moved by the people's work; "
        f"{CRON_WORKERS} cron workers, {PEOPLE} people with {len(requests)} rounds of"
        f" requests (median {requests[len(requests) // 2]:.2f} s, "
        f"{len(office.failures)} failed), {collisions} collisions,"
        f" {failed_jobs} failed runs of jobs",
    )


def _until_shown(site, client):
    """Seconds after its deadline at which a case is in the list of overdue cases."""
    due = _one_deadline(site, seconds=5)
    domain = site.ask(
        lambda env: client_views.filters(env, "aftersales.case")["Overdue"]
    )
    domain = [*domain, ("id", "=", due["case_id"])]
    before = client.call("aftersales.case", "search_count", domain)
    while not client.call("aftersales.case", "search_count", domain):
        time.sleep(0.05)
    shown = time.time() - due["at"]
    return Measure(
        "list of overdue cases",
        shown,
        unit="s",
        limits=Limits(value=1.5),
        note="too early" if before else "before the job has run",
    )


def _one_deadline(site, seconds):
    found = {}

    def choose(env):
        env.cr.execute(
            "UPDATE aftersales_clock SET deadline = date_trunc('second', now()"
            " AT TIME ZONE 'UTC') + %s * interval '1 second' WHERE id = (SELECT"
            " max(id) FROM aftersales_clock WHERE state = 'running' AND outcome"
            " = 'none') RETURNING case_id, extract(epoch FROM deadline)",
            [seconds],
        )
        found["case_id"], found["at"] = env.cr.fetchone()
        env["aftersales.case"].browse(found["case_id"])._refresh_clock_mirrors()

    site.run(choose, ROOT, commit=True)
    return {name: int(value) for name, value in found.items()}
