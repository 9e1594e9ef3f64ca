"""The clock job and what can happen to it: after each fault nothing is lost, nothing
happened twice, and the ledger agrees with everything stored."""

from random import Random

import pytest

from dev import databases
from tests.faults import facts
from tests.faults.seed import FAILING
from tests.support.cluster import Cluster
from tests.support.place import DUE, Job, Place, finish

# A person runs the job's method in their own process; who loses a race tries again.
RIVAL = """
import time
from pathlib import Path
from psycopg2.errors import OperationalError

signal = Path({signal!r})
print("ready", flush=True)
while not signal.exists():
    time.sleep(0.01)
lost, before = 0, env.cr.sql_log_count
for attempt in range(30):
    try:
        env.cr.rollback()
        env["aftersales.clock"]._cron_tick()
        break
    except OperationalError:
        lost += 1
else:
    raise AssertionError("never got through")
print("lost", lost)
"""
# The job in time, on the same cases: each half hour of the days in question.
PUNCTUAL = """
from datetime import timedelta
from freezegun import freeze_time
from odoo import fields

now = fields.Datetime.now()
moment = now - timedelta(days=4)
while moment < now:
    with freeze_time(moment):
        env["aftersales.clock"]._cron_tick()
    moment += timedelta(minutes=30)
env["aftersales.clock"]._cron_tick()
"""
ONE_BATCH = """
from odoo import fields
from odoo.addons.aftersales_service.tools.business_time import to_epoch

clocks = env["aftersales.clock"].sudo()
now = to_epoch(fields.Datetime.now())
clocks._tick(clocks._lock_due(now, limit={count}), now)
env.cr.commit()
"""
WHAT_HAPPENED = """
    SELECT case_id, kind, subject, cycle, state, outcome, started_at, deadline,
           decided_at, stopped_at, breach_cause, void_cause, pauses, decision,
           calendar_seconds, business_seconds, net_seconds, policy_version
      FROM aftersales_clock WHERE kind <> 'escalation_ack'
     ORDER BY case_id, kind, subject, cycle
"""
SKIPPED = """
    SELECT DISTINCT clock.kind, step->>'percent'
      FROM aftersales_event line JOIN aftersales_clock clock ON clock.id = clock_id
      JOIN jsonb_array_elements(clock.snapshot->'steps') step
        ON step->>'key' = line.cause
     WHERE line.kind = 'step_skipped'
     ORDER BY 1, 2
"""


def test_killed_in_the_middle(place):
    """Cut off several times in the middle of a batch, it goes on where it was."""
    seed = Random().randrange(10**6)
    print(f"seed {seed}")
    random = Random(seed)
    # Only the first time it may get to its second batch: there are no more than two.
    for patience in (random.uniform(0, 1), 0, 0):
        with Job(place) as job:
            assert job.halt_in_batch(patience), "nothing was left to do"
            job.kill()
    with Job(place) as job:
        job.wait_until_done()
    facts.check(place)


def test_two_at_once(place, tmp_path):
    """Two that work on the same promises at the same time share the work."""
    signal = tmp_path / "go"
    rivals = [place.shell(RIVAL.format(signal=str(signal))) for _rival in range(2)]
    for rival in rivals:
        assert rival.stdout.readline().strip() == "ready"
    signal.touch()
    for rival in rivals:
        print(finish(rival))
    assert place.value(DUE) == 0
    facts.check(place)


def test_off_for_days(place, neglected):
    """After three days off, one run tells people late and changes no fact: everything
    is as if the job had been there all the time. What was to be said before is not said
    any more: neither warnings nor all but the last of several missed updates."""
    with Job(place) as job:
        job.wait_until_done()
        assert job.surprises() == []
    facts.check(place)
    name = databases.scratch(neglected, "punctual")
    try:
        control = Place(name)
        control.run(PUNCTUAL)
        facts.check(control)
        assert place.query(WHAT_HAPPENED) == control.query(WHAT_HAPPENED)
        skipped = [("first_response", "50"), ("update", None)]
        assert place.query(SKIPPED) == skipped
        assert control.query(SKIPPED) == []
    finally:
        databases.drop(name)


def test_one_step_fails(place):
    """A step that always fails holds up nobody, is listed, and is tried again ever
    more rarely; once its cause is mended, it is taken once."""
    case_id = place.value(
        "UPDATE aftersales_case SET name = %s WHERE id ="
        " (SELECT min(id) FROM aftersales_case WHERE channel = 'phone') RETURNING id",
        FAILING,
    )
    undone = ("steps forgotten", "server actions run more or less than once")
    with Job(place) as job:
        job.wait_until_done()
        delays = [failure(place, case_id)]
        facts.check(place, except_for=undone)
        for _attempt in range(2):
            time_passes(place)
            job.wait_until_done()
            delays.append(failure(place, case_id))
        assert [count for count, _delay in delays] == [1, 2, 3]
        # Read a moment after it was noted.
        for (_count, delay), noted in zip(delays, (60, 120, 240), strict=True):
            assert noted / 2 < delay <= noted
        place.query("UPDATE aftersales_case SET name = 'Mended'")
        time_passes(place)
        job.wait_until_done()
    assert place.query("SELECT id FROM aftersales_clock WHERE error_count > 0") == []
    facts.check(place)


def failure(place, case_id):
    """Return how often the only failing promise failed, and the seconds until it is
    tried again."""
    [(failed, count, error, delay)] = place.query(
        "SELECT case_id, error_count, last_error,"
        " extract(epoch FROM retry_at - now() AT TIME ZONE 'UTC')"
        " FROM aftersales_clock WHERE error_count > 0"
    )
    assert failed == case_id
    assert "No such thing" in error
    return count, delay


def time_passes(place):
    """Until what failed is due again."""
    place.query(
        "UPDATE aftersales_clock SET next_event_at = now() AT TIME ZONE 'UTC',"
        " retry_at = now() AT TIME ZONE 'UTC' WHERE error_count > 0"
    )


# Elsewhere ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def elsewhere(neglected):
    """Another cluster, with a restored dump of a database in which the job had done a
    part of its work."""
    name = databases.scratch(neglected, "dumped")
    try:
        source = Place(name)
        source.run(ONE_BATCH.format(count=250))
        assert source.value(DUE)
        assert source.value(facts.TOLD)
        with Cluster() as cluster:
            cluster.take_in(source, "restored")
            yield cluster
    finally:
        databases.drop(name)


def copy(elsewhere, name):
    elsewhere.copy("restored", name)
    return Place(name, elsewhere.connection)


def test_restored_elsewhere(elsewhere):
    """A dump that is restored on another server is gone on with there."""
    place = copy(elsewhere, "goes_on")
    with Job(place) as job:
        job.wait_until_done()
        assert job.surprises() == []
    facts.check(place)


def test_database_restarts(elsewhere):
    """PostgreSQL crashes in the middle of a batch: what was not committed is undone,
    and is done by the next Odoo that comes up."""
    place = copy(elsewhere, "crashes")
    with Job(place) as job:
        assert job.halt_in_batch()
        elsewhere.crash()
    with Job(place) as job:
        job.wait_until_done()
        assert job.surprises() == []
    facts.check(place)
