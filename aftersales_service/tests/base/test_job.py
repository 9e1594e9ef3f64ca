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

from ...models.base.aftersales_job import JobKind
from ..common import StoppedClock

MODEL = "odoo.addons.aftersales_service.models.base.aftersales_job_work"
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
        left = inf if batches is None else batches

        def commit(_processed=0, remaining=None):
            # The attempt that is written down before a batch says no remaining.
            nonlocal left
            left -= bool(remaining)
            return left and inf

        cron = self.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", side_effect=commit):
            self.Job._cron_work()
        self.env.invalidate_all()


@tagged("post_install", "-at_install", "aftersales_engine")
class TestJob(JobCommon):
    """Work in the background."""

    freeze_time = StoppedClock("2026-01-05 10:00:00")

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
        """What the database refuses for a moment is repeated at once, not noted as
        failed; if it goes on, others have their turn, and it is tried later."""
        refused, others = self._tags("a"), self._tags("b")
        job, other = self._enqueue(refused), self._enqueue(others)
        begun = datetime(2026, 1, 5, 10)
        with freeze_time(begun):
            self.assertEqual(self._work_refused(refused), 6)
        self.assertEqual(other.state, "done")
        self.assertNotIn(job.state, ("failed", "done"))
        self.assertFalse(job.failed)
        self.assertEqual(job.attempts, 1)
        self.assertEqual(job.retry_at, begun + timedelta(minutes=1))

    def _work_refused(self, tags):
        """Let a worker work while the database refuses all work on some tags.

        :return: how often it did
        """
        work = self.counting.work

        def refusing(job, ids):
            if set(ids) & set(tags.ids):
                raise SerializationFailure
            return work(job, ids)

        with (
            patch.object(self.counting, "work", side_effect=refusing),
            patch.object(self.env.cr, "rollback") as rollback,
        ):
            self.work()
        return rollback.call_count

    def test_given_up_at_last(self):
        """What is refused every time is tried ever more rarely, and fails in the end
        with a sentence for the manager, who can have it tried once more."""
        tags = self._tags("a", "b", "c")
        job, tries, now = self._enqueue(tags), [], datetime(2026, 1, 5, 10)
        with freeze_time(now) as frozen:
            for minute in range(60):
                frozen.move_to(now + timedelta(minutes=minute))
                if self._work_refused(tags):
                    tries.append(minute)
            self.assertEqual(tries, [0, 1, 3, 7, 15])
            self.assertEqual(job.state, "failed")
            self.assertIn("interrupted 5 times", job.error)
            job.with_user(self.manager).action_retry()
            self.work()
        self.assertEqual(job.state, "done")
        self.assertEqual(tags.mapped("color"), [1] * 3)

    def test_attempts_count_from_the_last_progress(self):
        """A batch that is worked wipes out the attempts before it."""
        tags = self._tags("a", "b", "c")
        job, now = self._enqueue(tags), datetime(2026, 1, 5, 10)
        with freeze_time(now) as frozen:
            self._work_refused(tags[0])
            frozen.move_to(now + timedelta(minutes=1))
            self._work_refused(tags[2])
            self.assertEqual((job.done, job.attempts), (2, 1))
            self.assertEqual(job.retry_at, now + timedelta(minutes=2))
            frozen.move_to(now + timedelta(minutes=2))
            self.work()
        self.assertRecordValues(
            job, [{"state": "done", "attempts": 0, "retry_at": False}]
        )

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

    def test_others_have_their_turn(self):
        """When its time is up it says that it is done, for Odoo runs a job that is not
        ten times in a row, and has itself called again after the others."""
        tags = self._tags("a", "b", "c", "d", "e")
        job = self._enqueue(tags)
        cron = self.env.ref("aftersales_service.ir_cron_job")
        triggers = self.env["ir.cron.trigger"]
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        said = []
        done = patch.object(
            self.registry["ir.cron"],
            "_commit_progress",
            side_effect=lambda _n=0, remaining=None: said.append(remaining) or 0,
        )
        with done:
            self.Job._cron_work()
        self.assertEqual((job.state, said[-2:]), ("running", [1, 0]))
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))
        self.work()
        self.assertEqual(job.state, "done")

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

    def _jobs(self, cr):
        return api.Environment(cr, api.SUPERUSER_ID, {})["aftersales.job"]

    def test_two_workers(self):
        """Each takes another job; nobody waits for the other."""
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first, second = self._jobs(one), self._jobs(two)
            first._work_claimed(*first._claim())
            mine, attempt = first._claim()
            self.assertEqual((mine.id, attempt), (self.job, 1))
            self.assertIsNone(second._claim(), "between its claim and its lock")
            other = second._enqueue("count", {"ids": []})
            two.commit()
            one.rollback()
            theirs = self._while_worked(
                mine, attempt, lambda: second._claim()[0].id, minutes=2
            )
            self.assertEqual(theirs, other.id, "longer at work than the pause")
            self.assertEqual(first.browse(self.job).done, 4)

    def _while_worked(self, job, attempt, callback, minutes=0):
        """Call something while a batch of a job is worked, some time after its begin.

        :return: what it returned
        """
        work, found = CountTags.work, []

        def working(counting, job, ids):
            with freeze_time(datetime.now() + timedelta(minutes=minutes)):
                found.append(callback())
            return work(counting, job, ids)

        with patch.object(CountTags, "work", working):
            job._work_claimed(job, attempt)
        return found[0]

    def test_late_after_its_claim(self):
        """A worker who was held up so long after their claim that another one took the
        job leaves it to them."""
        with self.registry.cursor() as one, self.registry.cursor() as two:
            slow, attempt = self._jobs(one)._claim()
            with freeze_time(datetime.now() + timedelta(minutes=2)):
                quick, again = self._jobs(two)._claim()
            self.assertEqual((quick, again), (slow.with_env(quick.env), 2))
            slow._work_claimed(slow, attempt)
            self.assertEqual(self._done(), 0)
            quick._work_claimed(quick, again)
            self.assertEqual(self._done(), 2)

    def test_cancelled_after_its_claim(self):
        """What a manager stops just before its batch begins is not worked."""
        with self.registry.cursor() as cr:
            job, attempt = self._jobs(cr)._claim()
            with self.registry.cursor() as other:
                self._jobs(other).browse(self.job).action_cancel()
            job._work_claimed(job, attempt)
        self.assertEqual(self._done(), 0)

    def test_queued_again_while_taken(self):
        """Work that somebody has begun does not swallow a later request: what they read
        may be older."""
        with self.registry.cursor() as cr:
            params = {"ids": self.tags}
            job = self._jobs(cr)._enqueue("count", params, dedup_key="k")
            self._jobs(cr).browse(self.job).action_cancel()
        with self.registry.cursor() as one, self.registry.cursor() as two:
            taken, attempt = self._jobs(one)._claim()
            self.assertEqual(taken.id, job.id)
            again = self._while_worked(
                taken,
                attempt,
                lambda: (
                    self._jobs(two)._enqueue("count", {"ids": []}, dedup_key="k").id
                ),
            )
            self.assertNotEqual(again, job.id)

    def test_killed(self):
        """A worker is killed in the middle of a batch; the next one goes on, nothing is
        lost and nothing done twice."""
        child = os.fork()
        if not child:
            self._be_a_worker(lambda: time.sleep(0.5))
        try:
            self._wait(lambda: self._done() >= 2)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.assertLess(self._done(), 8)
        self.assertLess(sum(self._colors()), 8)
        self._wait(self._is_free)
        self._work_after(minutes=1)
        self.assertEqual(self._colors(), [1] * 8)
        self.assertEqual(self._done(), 8)

    def test_locked_out(self):
        """Work that meets a lock each time is undone and left, others go on; it counts
        what is done when the lock is gone."""
        with self.registry.cursor() as cr:
            other = self._jobs(cr)._enqueue("count", {"ids": self.tags[4:]}).id
            job = self._jobs(cr).browse(self.job)
            job.params = {"ids": self.tags[:4]}
        work = CountTags.work

        def impatient(counting, job, ids):
            job.env.cr.execute("SET LOCAL lock_timeout = '20ms'")
            return work(counting, job, ids)

        with self.registry.cursor() as cr, patch.object(CountTags, "work", impatient):
            cr.execute(
                "SELECT FROM aftersales_tag WHERE id = %s FOR UPDATE", [self.tags[3]]
            )
            with mute_logger("odoo.sql_db"):
                self._work()
        with self.registry.cursor() as cr:
            jobs = self._jobs(cr).browse([self.job, other])
            self.assertEqual(jobs.mapped("done"), [2, 4])
            self.assertEqual(jobs.mapped("attempts"), [1, 0])
        self.assertEqual(self._colors(), [1, 1, 0, 0, 1, 1, 1, 1])
        self._work_after(minutes=1)
        self.assertEqual(self._colors(), [1] * 8)

    def test_kills_every_worker(self):
        """Work that takes its process along each time lets others have their turn, and
        fails at last."""
        with self.registry.cursor() as cr:
            others = self._jobs(cr)._enqueue("count", {"ids": self.tags[:1]}).id
        for attempt in range(1, 6):
            self._work_and_die(minutes=60 * attempt)
            self._wait(self._is_free)
            with self.registry.cursor() as cr:
                job = self._jobs(cr).browse(self.job)
                self.assertEqual((job.state, job.attempts), ("queued", attempt))
        self._work_after(minutes=1)
        with self.registry.cursor() as cr:
            self.assertEqual(self._jobs(cr).browse(others).state, "done")
        self._work_after(minutes=60 * 6)
        with self.registry.cursor() as cr:
            job = self._jobs(cr).browse(self.job)
            self.assertEqual(job.state, "failed")
            self.assertIn("interrupted 5 times", job.error)
        self.assertEqual(sum(self._colors()), 1)

    def _work_and_die(self, minutes):
        """Let another process work, some time from now, until its work kills it."""
        child = os.fork()
        if not child:
            with freeze_time(datetime.now() + timedelta(minutes=minutes), tick=True):
                self._be_a_worker(lambda: os.kill(os.getpid(), signal.SIGKILL))
        _pid, status = os.waitpid(child, 0)
        self.assertEqual(os.WTERMSIG(status), signal.SIGKILL)

    def _work_after(self, minutes):
        """Work some time from now."""
        with freeze_time(datetime.now() + timedelta(minutes=minutes), tick=True):
            self._work()

    def _be_a_worker(self, afterwards):
        """Work in this process, on connections of its own.

        :param afterwards: called after each batch, before it is committed
        """
        try:
            # A pool that was inherited belongs to the other process.
            sql_db._Pool = None
            self.registry._db = sql_db.db_connect(self.registry.db_name)
            work = CountTags.work

            def working(counting, job, ids):
                tally = work(counting, job, ids)
                afterwards()
                return tally

            with patch.object(CountTags, "work", working):
                self._work()
        finally:
            os._exit(1)

    def _is_free(self):
        """Whether no worker holds the job any more."""
        with self.registry.cursor() as cr:
            return bool(self._jobs(cr).browse(self.job).try_lock_for_update())

    def _wait(self, condition):
        until = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), until, "it takes too long")
            time.sleep(0.05)
