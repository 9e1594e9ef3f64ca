"""Random histories of promises, judged a second time by the oracle."""

import os
from contextlib import contextmanager
from random import Random

from odoo.tests import BaseCase, tagged

from ...tools import clock_machine as machine
from ...tools.business_time import DAY
from ...tools.clock_machine import Clock
from ..oracle import Promise, Window
from .test_business_time import (
    AROUND,
    HOUR,
    NIGHT_SHIFTS,
    ORIGINS,
    WORKING_WEEK,
    ZONES,
    at,
    build,
)

# The same seeds live the same lives, whatever the number.
SLOW = bool(os.environ.get("SLOW"))
HISTORIES = 12_000 if SLOW else 1_000
LADDERS = 3_000 if SLOW else 300
WINDOW_DAYS = 7
CAUSES = ("waiting_customer", "waiting_third_party")
ACTS = (
    *("pause", "resume") * 5,
    *("retarget", "replan", "absorb") * 2,
    *("stop", "reopen") * 2,
    *("fix", "reset", "move_start", "void", "look"),
)


@contextmanager
def told(seed):
    """Say which seed it was that failed."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error}") from error


class Scene:
    """Some days with several sets of hours, and what is random about them."""

    def __init__(self, random):
        self.random = random
        self.tz = random.choice(ZONES)
        self.origin = at(f"{random.choice(ORIGINS)} 00:00")
        self.hours = [self._hours() for _n in range(3)]
        self.end = self.origin + (WINDOW_DAYS - 1) * DAY

    def _hours(self):
        """Return one set of hours as (window, schedule)."""
        random = self.random
        lunch = [(day, 780, 840, None, True) for day in range(5)]
        lines = [
            *random.choice((WORKING_WEEK, NIGHT_SHIFTS, AROUND, [])),
            *random.choice((lunch, [])),
        ]
        for _n in range(random.randint(0 if lines else 2, 4)):
            low, high = sorted(random.sample(range(0, 1441, 15), 2))
            week, is_break = random.choice((None, None, 0, 1)), random.random() < 0.3
            lines.append((random.randrange(7), low, high, week, is_break))
        leaves = []
        for _n in range(random.randint(0, 2)):
            start = self.origin + random.randrange(WINDOW_DAYS * DAY)
            length = random.choice((random.randrange(90), random.randrange(2 * DAY)))
            leaves.append((start, start + length))
        window = Window(self.tz, self.origin, WINDOW_DAYS, lines, leaves)
        return window, build(self.tz, lines, leaves)

    def begin(self):
        """Return an instant in the first days."""
        return (
            self.origin
            + DAY
            + self.random.choice(
                (self.random.randrange(2 * DAY), self.random.randrange(192) * 900)
            )
        )

    def gap(self):
        """Return how much later something happens: seconds, hours or quarters."""
        random = self.random
        return random.choice(
            (
                random.randint(1, 90),
                random.randint(1, 5 * HOUR),
                random.randint(1, 60) * 900,
            )
        )

    def target(self):
        """Return a promised time, mostly short."""
        random = self.random
        return random.choice(
            (random.randint(1, 90), random.randint(1, 4 * HOUR), 900, 10 * HOUR)
        )

    def ladder(self):
        """Return the steps of a ladder."""
        random = self.random
        steps = []
        for key in range(random.randint(1, 6)):
            step = {"key": str(key)}
            if random.random() < 0.5:
                step["percent"] = random.choice((10, 33, 50, 75, 90, 100))
            else:
                step["offset"] = random.choice((-3600, -600, -1, 0, 0, 60, 600, 7200))
            steps.append(step)
        return steps


class History:
    """One promise lived twice: by the machine and by the oracle.

    :param eager: whether the job looks after every act
    """

    def __init__(self, scene, eager, **facts):
        self.scene, self.eager = scene, eager
        window, self.schedule = scene.hours[0]
        self.lines, self.old = [], []
        start, target = facts.pop("start"), facts.pop("target")
        floor, chained = facts.pop("floor", None), facts.pop("chained", False)
        ladder, fixed = facts.pop("ladder", ()), facts.pop("fixed", None)
        self.clock = Clock(
            started_at=start,
            target_seconds=target,
            floor_at=floor,
            chained=chained,
            fixed_deadline=fixed,
            steps=list(ladder),
            warn_percent=80,
        )
        self.lines += machine.start(self.clock, self.schedule)
        self.promise = Promise(
            window,
            start,
            target,
            floor=floor,
            chained=chained,
            ladder=ladder,
            fixed=fixed,
        )

    # The chain ------------------------------------------------------------------

    def look(self, now):
        """Judge both up to an instant, with all cycles that follow meanwhile."""
        self.lines += machine.settle(self.clock, self.schedule, now)
        self.promise.look(now)
        self.follow(now)

    def follow(self, now):
        """Begin the cycles that follow in a chain."""
        while machine.follows(self.clock) and self.promise.next_in_chain():
            clock, lines = machine.chain(self.clock, self.schedule)
            self._next(clock, self.promise.next_in_chain(), lines)
            self.lines += machine.settle(self.clock, self.schedule, now)
            self.promise.look(now)

    def _next(self, clock, promise, lines):
        self.old.append((self.clock, self.promise))
        self.clock, self.promise, self.lines = clock, promise, lines

    # Acts -----------------------------------------------------------------------

    def act(self, name, now):
        """Let something happen to both; what is not possible now does nothing."""
        if self.clock.chained:
            self.look(now)
        getattr(self, f"_{name}")(now)
        self.follow(now)
        if self.eager:
            self.lines += machine.tick(self.clock, self.schedule, now)
            self.promise.look(now)
            self.follow(now)

    def _look(self, now):
        self.lines += machine.tick(self.clock, self.schedule, now)
        self.promise.look(now)

    def _pause(self, now):
        cause = self.scene.random.choice(CAUSES)
        self.lines += machine.pause(self.clock, self.schedule, now, cause)
        self.promise.pause(now, cause)

    def _resume(self, now):
        self.lines += machine.resume(self.clock, self.schedule, now)
        self.promise.resume(now)

    def _stop(self, now):
        self.lines += machine.stop(self.clock, self.schedule, now)
        self.promise.end(now)

    def _void(self, now):
        """Set aside, and mostly taken back a little later."""
        self.lines += machine.void(self.clock, self.schedule, now, "spam")
        self.promise.end(now, "spam")
        if self.clock.void_cause == "spam" and self.scene.random.random() < 0.8:
            clock, lines = machine.restore(self.clock, self.schedule, now)
            self._next(clock, self.promise.restarted(), lines)
            self.look(now)

    def _reopen(self, now):
        if self.clock.state != "stopped" or self.clock.void_cause == "spam":
            return
        fresh = self.scene.random.random() < 0.2
        clock, lines = machine.reopen(self.clock, self.schedule, now, fresh=fresh)
        self._next(clock, self.promise.reopened(now, fresh), lines)

    def _retarget(self, now):
        """Another policy: other hours, another time."""
        old, hours = self.schedule, self.scene.random.choice(self.scene.hours)
        target = self.scene.target()
        self.promise.look(now)
        if self.promise.is_open and self.promise.ended is None:
            self.schedule = hours[1]
        self.promise.change(
            now, "policy_change", window=hours[0], target=target, fixed=None
        )
        self.lines += machine.retarget(
            self.clock,
            old,
            hours[1],
            now,
            target_seconds=target,
            warn_percent=self.scene.random.choice((0, 80)),
            steps=self.clock.steps,
            cause="policy_change",
        )

    def _replan(self, now):
        """Other hours, or a holiday, of the same calendar."""
        hours = self.scene.random.choice(self.scene.hours)
        self.lines += machine.replan(self.clock, hours[1], now, "calendar_change")
        self.promise.change(now, "calendar_change", window=hours[0])
        # From now on what is used up is told by the new hours.
        self.promise.tell_by(hours[0])
        self.schedule = hours[1]

    def _fix(self, now):
        deadline = now + self.scene.gap()
        self.lines += machine.fix(self.clock, self.schedule, now, deadline)
        self.promise.fix(now, deadline)

    def _reset(self, now):
        """Back from a deadline set by hand."""
        if self.clock.fixed_deadline is None:
            return
        clock = self.clock
        self.lines += machine.retarget(
            clock,
            self.schedule,
            self.schedule,
            now,
            target_seconds=clock.target_seconds,
            warn_percent=clock.warn_percent,
            steps=clock.steps,
            cause="manual_reset",
        )
        self.promise.change(now, "manual_reset", fixed=None)

    def _move_start(self, now):
        if self.promise.pauses:
            return
        start = max(self.promise.start - self.scene.gap(), self.scene.origin)
        self.lines += machine.move_start(self.clock, self.schedule, now, start)
        self.promise.change(now, "merged", start=start)

    def _absorb(self, now):
        others = [self._other(now) for _n in range(self.scene.random.randint(1, 2))]
        same = self.old
        self.lines += machine.absorb(
            self.clock,
            self.schedule,
            now,
            earlier=[clock for clock, _promise in same],
            others=[clock for clock, _promise in others],
        )
        self.promise.absorb(now, [promise for _clock, promise in (*same, *others)])

    def _other(self, now):
        """Return the same promise on another case, with a history of its own."""
        start = max(now - self.scene.random.randrange(DAY), self.scene.origin)
        other = History(self.scene, True, start=start, target=self.scene.target())
        moment = start
        for name in self.scene.random.choices(("pause", "resume", "look"), k=3):
            moment = min(moment + self.scene.gap(), now)
            other.act(name, moment)
        if self.scene.random.random() < 0.3:
            other.act("stop", moment)
        return other.clock, other.promise


@tagged("aftersales_engine")
class TestClockProperties(BaseCase):
    """The machine against the oracle, over whole lives of promises."""

    def _facts(self, scene):
        """Return what is promised."""
        random = scene.random
        facts = {"start": scene.begin(), "target": scene.target()}
        kind = random.randrange(10)
        if kind == 0:
            facts["fixed"] = facts["start"] + scene.gap()
        elif kind == 1:
            facts["floor"] = facts["start"] + scene.gap()
        elif kind in (2, 3):
            facts["chained"] = True
            facts["target"] = max(facts["target"], 600)
        return facts

    def _moments(self, history, names):
        """Yield (name, instant): some time later, or about the deadline."""
        scene, now = history.scene, history.promise.start
        for name in names:
            later = now + scene.gap()
            due = history.promise.due()
            if due is not None and scene.random.random() < 0.35:
                later = max(due + scene.random.choice((-1, 0, 0, 1)), now + 1)
            now = later
            if now >= scene.end:
                return
            yield name, now

    def _live(self, seed, eager, ticks=None):
        """Live one history; return it and the instants of its acts.

        :param ticks: ``Random`` that lets the job look at further instants
        """
        scene = self._scene(seed)
        scene.random = random = Random(seed)
        history = History(scene, eager, **self._facts(scene))
        names = random.choices(ACTS, k=random.randint(2, 14))
        last = history.promise.start
        for name, now in self._moments(history, names):
            if ticks:
                self._tick_between(history, last, now, ticks)
            history.act(name, now)
            if eager:
                self._compare(history)
            last = now
        history.act("stop", min(last + random.choice((1, HOUR, DAY)), scene.end))
        return history

    def _tick_between(self, history, last, now, ticks):
        for moment in sorted(ticks.randint(last, now) for _n in range(3)):
            machine.tick(history.clock, history.schedule, moment)
            history.look(moment)

    def _compare(self, history):
        """The present cycle is the oracle's to the second."""
        clock, promise = history.clock, history.promise
        found = (
            clock.started_at,
            clock.state,
            None if clock.outcome == "none" else clock.outcome,
            clock.decided_at,
            clock.stopped_at,
            clock.breach_cause,
            clock.void_cause,
            clock.carried_breach,
            clock.carried_seconds,
        )
        told = (
            promise.start,
            promise.state,
            promise.outcome,
            promise.decided,
            promise.ended,
            promise.broken_by,
            promise.void_by,
            promise.was_broken,
            promise.taken,
        )
        self.assertEqual(found, told)
        due = promise.due()
        if due is not None:
            self.assertEqual(clock.deadline, due)
        is_waiting = promise.is_open and promise.state == "paused"
        is_paused = clock.state == "paused"
        self.assertEqual(clock.remaining_seconds is not None, is_paused)
        if is_waiting:
            left = promise.target - promise.used(promise.pauses[-1][0])
            self.assertEqual(clock.remaining_seconds, left)
        if clock.state != "stopped":
            has_none = is_waiting or clock.error is not None
            self.assertEqual(clock.deadline is None, has_none)

    def _compare_all(self, history):
        """All cycles, with their measures."""
        for clock, promise in [*history.old, (history.clock, history.promise)]:
            self.assertEqual(
                (clock.outcome, clock.decided_at, clock.stopped_at),
                (promise.outcome, promise.decided, promise.ended),
            )
            self.assertEqual(
                (clock.breach_cause, clock.void_cause, clock.started_at),
                (promise.broken_by, promise.void_by, promise.start),
            )
            self._compare_durations(history, clock, promise)
        self._check_lines(history)

    def _compare_durations(self, history, clock, promise):
        """Calendar, service hours and service hours without pauses."""
        window, schedule = history.scene.hours[0]
        net = Promise(window, promise.start, 1, pauses=promise.pauses)
        if promise.ended is not None:
            told = (
                promise.ended - promise.start,
                window.count(promise.start, promise.ended),
                net.used(promise.ended),
            )
            self.assertEqual(machine.durations(clock, schedule, promise.ended), told)

    def _check_lines(self, history):
        """The ledger has no gap: each deadline is the one before; one decision."""
        lines, kinds = history.lines, [line["kind"] for line in history.lines]
        self.assertEqual(kinds.count("clock_started"), 1)
        self.assertEqual(kinds[0], "clock_started")
        self.assertLessEqual(kinds.count("clock_warned"), 1)
        decisions = {"clock_met", "clock_breached", "clock_voided"}
        self.assertLessEqual(sum(kind in decisions for kind in kinds), 1)
        for before, line in zip(lines, lines[1:], strict=False):
            # What had no deadline for want of hours is planned without a line.
            if before["deadline_after"] is not None:
                found = line["deadline_before"]
                self.assertEqual(found, before["deadline_after"], kinds)

    def _scene(self, seed):
        """Return the scene of a seed; four in a row share one."""
        if getattr(self, "scene", (None,))[0] != seed // 4:
            self.scene = (seed // 4, Scene(Random(seed // 4)))
        return self.scene[1]

    def test_histories(self):
        """Random lives: outcome, instants, causes and carried seconds of every cycle
        are the oracle's, after every act."""
        for seed in range(HISTORIES):
            with told(seed):
                self._compare_all(self._live(seed, eager=True))

    def test_when_the_job_looks(self):
        """The same lives without the job, and with a job at other instants, end the
        same: outcomes, instants, seconds."""
        for seed in range(HISTORIES // 3):
            with told(seed):
                lazy = self._live(seed, eager=False)
                other = self._live(seed, eager=False, ticks=Random(-seed))
                self._compare_all(lazy)
                self._compare_all(other)

    # Ladders --------------------------------------------------------------------

    def test_ladders(self):
        """Steps are due where the oracle says, in every state of the promise; those
        due last act, earlier ones are skipped, and each comes once in a cycle."""
        fired = skipped = 0
        for seed in range(LADDERS):
            with told(seed):
                counts = self._take_due_steps(seed)
                fired, skipped = fired + counts[0], skipped + counts[1]
        # The lives are such that both happen often.
        self.assertGreater(min(fired, skipped), LADDERS // 3)

    def _take_due_steps(self, seed):
        scene = self._scene(seed)
        scene.random = random = Random(seed)
        facts = {**self._facts(scene), "ladder": scene.ladder()}
        history = History(scene, True, **facts)
        names = ("look",) * 5 + ("pause", "resume", "resume", "stop", "reopen", "fix")
        counts, last = [0, 0], history.promise.start
        for name, now in self._moments(history, random.choices(names, k=12)):
            last = now = max(now, last)
            if random.random() < 0.5:
                last = now = self._step_moment(history, now)
            history.act(name, now)
            if history.promise.state == "running" and history.promise.due() is None:
                break  # beyond what the oracle sees
            taken = self._take(history, now)
            counts = [counts[0] + taken[0], counts[1] + taken[1]]
        return counts

    def _step_moment(self, history, now):
        """Return the instant of a step, or a second before, if that is still to be."""
        dues = [history.promise.step_due(step) for step in history.promise.ladder]
        dues = [due - history.scene.random.randint(0, 1) for due in dues if due]
        later = [due for due in dues if now <= due < history.scene.end]
        return history.scene.random.choice(later) if later else now

    def _take(self, history, now):
        clock, promise = history.clock, history.promise
        known = list(clock.steps_done)
        for step in clock.steps if clock.state == "running" else ():
            due = promise.step_due(step)
            if due is not None:
                found = machine.step_due(clock, history.schedule, step)
                self.assertEqual(found, due)
                self.assertTrue(
                    step["key"] in known or clock.next_event_at <= max(due, now)
                )
        acting, skipped, lines = machine.take_steps(clock, history.schedule, now)
        keys = ({step["key"] for step in acting}, {step["key"] for step in skipped})
        self.assertEqual(keys, promise.climb(now))
        self.assertFalse((keys[0] | keys[1]) & set(known))
        self.assertEqual(len(lines), len(acting) + len(skipped))
        self.assertCountEqual(clock.steps_done, promise.done)
        self.assertEqual(machine.take_steps(clock, history.schedule, now)[0], [])
        return len(acting), len(skipped)
