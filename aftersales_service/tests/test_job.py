import os
import signal
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import api, sql_db
from odoo.exceptions import AccessError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, TransactionCase, get_db_name, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.aftersales_job import JobKind

MODEL = "odoo.addons.aftersales_service.models.aftersales_job"
COUNT_KIND = JobKind("Counting tags", "aftersales.tag", "_count_job", batch_size=2)


class CountTags:
    """Work for tests: raises the colour of each tag of a job by one. A tag called
    "bad" cannot be worked on."""

    def count(self, job):
        """Return how many tags there are to work on."""
        return len(job.params["ids"])

    def next(self, job, after, limit):
        """Return the next tags."""
        return [id_ for id_ in sorted(job.params["ids"]) if id_ > after][:limit]

    def work(self, job, ids):
        """Count up."""
        for tag in job.env["aftersales.tag"].browse(ids):
            tag.color += 1
            tag.flush_recordset()
            if tag.name == "bad":
                raise ValueError("this one is bad")
        return {"counted": len(ids), "ids": list(ids)}

    def finish(self, job):
        """Have nothing more to do."""

    def describe(self, job):
        """Say how many there were."""
        return f"{job.result['counted']} counted"

    @contextmanager
    def registered(self, registry, kind=COUNT_KIND):
        """Make the kind known."""
        names = ("count", "next", "work", "finish", "describe")
        tags, jobs = registry["aftersales.tag"], registry["aftersales.job"]
        patches = [
            patch.object(
                tags,
                f"_count_job_{name}",
                lambda _self, *args, name=name: getattr(self, name)(*args),
                create=True,
            )
            for name in names
        ]
        patches.append(patch.object(jobs, "_job_kinds", lambda _self: {"count": kind}))
        for one in patches:
            one.start()
        try:
            yield self
        finally:
            for one in reversed(patches):
                one.stop()


class JobCommon(TransactionCase):
    """Runs the job within the test's transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Job = cls.env["aftersales.job"]
        cls.Job.search([("state", "in", ("queued", "running"))]).unlink()

    @classmethod
    def _forget_cases(cls):
        """Take cases that are no affair of the test out of all work."""
        cls.env.cr.execute("UPDATE aftersales_case SET active = false, mark = 'test'")
        cls.env.invalidate_all()

    def work(self, batches=None):
        """Let a worker work: until there is nothing left, or some batches only."""
        seconds = [inf] * 1000 if batches is None else [inf] * (batches - 1) + [0]
        cron = self.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", side_effect=seconds):
            self.Job._cron_work()
        self.env.invalidate_all()


@tagged("post_install", "-at_install", "aftersales_engine")
class TestJob(JobCommon):
    """Work in the background."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "job_manager",
            groups="base.group_user,aftersales_service.group_aftersales_manager",
        )
        cls.specialist = new_test_user(
            cls.env,
            "job_specialist",
            groups="base.group_user,aftersales_service.group_aftersales_user",
        )

    def setUp(self):
        super().setUp()
        self.counting = CountTags()
        self.enterContext(self.counting.registered(self.registry))

    def _tags(self, *names):
        return self.env["aftersales.tag"].create(
            [{"name": name, "color": 0} for name in names]
        )

    def _enqueue(self, tags, **values):
        return self.Job._enqueue("count", {"ids": tags.ids}, **values)

    def test_works_to_the_end(self):
        """Batch by batch, with progress, until all is done."""
        tags = self._tags("a", "b", "c", "d", "e")
        job = self._enqueue(tags)
        self.assertEqual((job.state, job.progress), ("queued", 0))
        self.work(batches=1)
        self.assertRecordValues(
            job,
            [{"state": "running", "total": 5, "done": 2, "progress": 40}],
        )
        self.work()
        self.assertRecordValues(
            job,
            [{"state": "done", "done": 5, "failed": 0, "progress": 100}],
        )
        self.assertEqual(tags.mapped("color"), [1] * 5)
        self.assertEqual(job.result, {"counted": 5, "ids": tags.ids})
        self.assertEqual(job.description, "5 counted")
        self.assertTrue(job.started_at and job.finished_at)

    def test_nothing_to_do(self):
        """A job without records is done at once."""
        job = self._enqueue(self._tags())
        self.work()
        self.assertEqual((job.state, job.progress), ("done", 100))

    def test_idle_costs_one_query(self):
        """Without work there is one query."""
        self.env.flush_all()
        with patch.object(self.registry["ir.cron"], "_commit_progress"):
            with self.assertQueryCount(1):
                self.Job._cron_work()

    def test_bad_record(self):
        """A record that fails is noted, undone, and holds up no other."""
        tags = self._tags("a", "bad", "c")
        job = self._enqueue(tags)
        with mute_logger(MODEL):
            self.work()
        self.assertEqual(tags.mapped("color"), [1, 0, 1])
        self.assertRecordValues(job, [{"state": "done", "done": 3, "failed": 1}])
        self.assertEqual(
            job.result["failures"],
            [{"id": tags[1].id, "error": "ValueError: this one is bad"}],
        )
        self.assertEqual(job.result["counted"], 2)
        self.assertIn("this one is bad", job.description)

    def test_broken_work(self):
        """Work that cannot go on fails alone, and is resumed where it stopped."""
        tags, others = self._tags("a", "b", "c"), self._tags("x")
        job = self._enqueue(tags)
        self.work(batches=1)
        other = self._enqueue(others)
        with (
            patch.object(self.counting, "next", side_effect=KeyError("gone")),
            mute_logger(MODEL),
        ):
            self.work(batches=1)
        self.assertEqual((job.state, other.state), ("failed", "queued"))
        self.assertIn("gone", job.error)
        job.with_user(self.manager).action_retry()
        self.work()
        self.assertEqual((job.state, other.state), ("done", "done"))
        self.assertEqual((tags | others).mapped("color"), [1] * 4)

    def test_oldest_and_most_urgent_first(self):
        """What is urgent goes first, then what is older; also between batches."""
        first = self._enqueue(self._tags("a", "b", "c"))
        self._enqueue(self._tags("d"))
        self.work(batches=1)
        urgent = COUNT_KIND._replace(priority=1)
        with self.counting.registered(self.registry, urgent):
            third = self._enqueue(self._tags("e"))
        self.work(batches=1)
        self.assertEqual((first.state, third.state), ("running", "done"))
        self.work(batches=1)
        self.assertEqual(first.state, "done")

    def test_same_work_is_queued_once(self):
        """Two edits in a row make one job, unless the first has begun."""
        tags = self._tags("a", "b", "c")
        job = self._enqueue(tags, dedup_key="x")
        self.assertEqual(self._enqueue(tags, dedup_key="x"), job)
        self.assertNotEqual(self._enqueue(tags, dedup_key="y"), job)
        self.assertNotEqual(self._enqueue(tags), job)
        self.work(batches=1)
        self.assertNotEqual(self._enqueue(tags, dedup_key="x"), job)

    def test_again_later(self):
        """Work may ask to go through everything once more at a later time."""
        tags = self._tags("a", "b", "c")
        now = datetime(2026, 1, 5, 10)
        with (
            freeze_time(now) as frozen,
            patch.object(self.counting, "finish") as finish,
        ):
            finish.side_effect = [now + timedelta(minutes=2), None]
            job = self._enqueue(tags)
            self.work()
            self.assertEqual((job.state, job.progress), ("running", 99))
            self.assertEqual(tags.mapped("color"), [1] * 3)
            frozen.move_to(now + timedelta(minutes=2))
            self.work()
        self.assertEqual(job.state, "done")
        self.assertEqual(tags.mapped("color"), [2] * 3)

    def test_repeated_when_the_database_asks(self):
        """What the database refuses for a moment is repeated, not noted as failed; if
        it goes on, the job is left for the next run."""
        job = self._enqueue(self._tags("a"))
        with (
            patch.object(self.counting, "work", side_effect=SerializationFailure),
            patch.object(self.env.cr, "rollback") as rollback,
        ):
            self.work()
        self.assertEqual(rollback.call_count, 6)
        self.assertNotIn(job.state, ("failed", "done"))
        self.assertFalse(job.failed)

    def test_cancel_and_retry(self):
        """A manager stops work and lets it go on; what is done is not done twice."""
        tags = self._tags("a", "b", "c")
        job = self._enqueue(tags).with_user(self.manager)
        self.work(batches=1)
        job.action_cancel()
        self.work()
        self.assertEqual((job.state, job.done), ("cancelled", 2))
        job.action_retry()
        self.work()
        self.assertEqual((job.state, job.done), ("done", 3))
        self.assertEqual(tags.mapped("color"), [1] * 3)

    def test_retry_of_what_was_not_possible(self):
        """Done work with failures can be repeated."""
        tags = self._tags("bad")
        job = self._enqueue(tags)
        with mute_logger(MODEL):
            self.work()
        tags.name = "good"
        job.action_retry()
        self.work()
        self.assertEqual((job.state, job.done, job.failed), ("done", 1, 0))
        self.assertNotIn("failures", job.result)

    def test_rights(self):
        """Managers see, stop and repeat work; nobody writes it by hand."""
        job = self._enqueue(self._tags("a"))
        theirs = job.with_user(self.manager)
        self.assertEqual(theirs.read(["state"])[0]["state"], "queued")
        for act in (
            lambda: theirs.write({"state": "done"}),
            lambda: theirs.unlink(),
            lambda: theirs.create({"kind": "count"}),
            lambda: job.with_user(self.specialist).read(["state"]),
            lambda: job.with_user(self.specialist).action_cancel(),
            lambda: job.with_user(self.specialist).action_retry(),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_of_another_company(self):
        """Work of a company is shown to its people only."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        job = self._enqueue(self._tags("a"), company=company)
        with self.assertRaises(AccessError):
            job.with_user(self.manager).action_cancel()
        self.assertEqual(job.state, "queued")
        self.assertFalse(self.Job.with_user(self.manager).search([("id", "=", job.id)]))

    def test_forgotten_after_three_months(self):
        """What is over for long is removed, what is not over never."""
        old = datetime.now() - timedelta(days=91)
        done, recent, waiting = (self._enqueue(self._tags(n)) for n in "abc")
        (done | recent).state = "done"
        done.finished_at = old
        recent.finished_at = old + timedelta(days=2)
        waiting.requested_at = old
        self.Job._gc_finished()
        self.assertEqual((done | recent | waiting).exists(), recent | waiting)

    def test_as_a_cron(self):
        """The shipped job runs as jobs do, and is woken by new work."""
        tags = self._tags("a", "b", "c")
        cron = self.env.ref("aftersales_service.ir_cron_job")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        job = self._enqueue(tags)
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(job.state, "done")
        self.assertEqual(tags.mapped("color"), [1] * 3)

    def test_name(self):
        """It is named by what is done, and to what."""
        team = self.env["aftersales.team"].create({"name": "Tag team"})
        job = self._enqueue(self._tags("a"), subject=team)
        self.assertEqual(job.display_name, "Counting tags: Tag team")
        self.assertEqual(job.action_open_subject()["res_id"], team.id)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestJobWorkers(BaseCase):
    """Several workers, and one that dies, on real connections with committed data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())

    def setUp(self):
        super().setUp()
        self.counting = CountTags()
        self.enterContext(self.counting.registered(self.registry))
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            env["aftersales.job"].search([]).unlink()
            tags = env["aftersales.tag"].create(
                [{"name": f"committed {n}", "color": 0} for n in range(8)]
            )
            self.tags = tags.ids
            self.job = env["aftersales.job"]._enqueue("count", {"ids": self.tags}).id
        self.addCleanup(self._remove)

    def _remove(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            env["aftersales.job"].search([]).unlink()
            env["aftersales.tag"].browse(self.tags).unlink()

    def _colors(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            return env["aftersales.tag"].browse(self.tags).mapped("color")

    def _work(self):
        with self.registry.cursor() as cr:
            api.Environment(cr, api.SUPERUSER_ID, {})["aftersales.job"]._cron_work()

    def _done(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            return env["aftersales.job"].browse(self.job).done

    def test_two_workers(self):
        """Each takes another job; nobody waits for the other."""
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first = api.Environment(one, api.SUPERUSER_ID, {})["aftersales.job"]
            second = api.Environment(two, api.SUPERUSER_ID, {})["aftersales.job"]
            mine = first._take()
            self.assertEqual(mine.id, self.job)
            self.assertFalse(second._take())
            two.rollback()
            other = first._enqueue("count", {"ids": []})
            one.commit()
            mine = first._take()
            self.assertEqual(second._take(), second.browse(other.id))
            mine._work_batch()
            one.commit()

    def test_queued_again_while_taken(self):
        """Work that somebody has begun does not swallow a later request: what he read
        may be older."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            job = env["aftersales.job"]._enqueue("count", {"ids": []}, dedup_key="k")
            env["aftersales.job"].browse(self.job).action_cancel()
        with self.registry.cursor() as one, self.registry.cursor() as two:
            taken = api.Environment(one, api.SUPERUSER_ID, {})["aftersales.job"]._take()
            self.assertEqual(taken.id, job.id)
            jobs = api.Environment(two, api.SUPERUSER_ID, {})["aftersales.job"]
            again = jobs._enqueue("count", {"ids": []}, dedup_key="k")
            self.assertNotEqual(again.id, job.id)
            one.rollback()

    def test_killed(self):
        """A worker is killed in the middle of a batch; the next one goes on, nothing is
        lost and nothing done twice."""
        child = os.fork()
        if not child:
            self._be_a_slow_worker()
        try:
            self._wait(lambda: self._done() >= 2)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.assertLess(self._done(), 8)
        self.assertLess(sum(self._colors()), 8)
        self._wait(self._is_free)
        self._work()
        self.assertEqual(self._colors(), [1] * 8)
        self.assertEqual(self._done(), 8)

    def _be_a_slow_worker(self):
        """Work in this process, on connections of its own, until it is killed."""
        try:
            # A pool that was inherited belongs to the other process.
            sql_db._Pool = None
            self.registry._db = sql_db.db_connect(self.registry.db_name)
            work = CountTags.work

            def slowly(counting, job, ids):
                tally = work(counting, job, ids)
                time.sleep(0.5)
                return tally

            with patch.object(CountTags, "work", slowly):
                self._work()
        finally:
            os._exit(1)

    def _is_free(self):
        with self.registry.cursor() as cr:
            jobs = api.Environment(cr, api.SUPERUSER_ID, {})["aftersales.job"]
            return bool(jobs._take())

    def _wait(self, condition):
        until = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), until, "it takes too long")
            time.sleep(0.05)
