"""Random histories of promises, judged a second time by the oracle."""

import os
from math import inf
from random import Random
from unittest.mock import patch

from odoo import Command
from odoo.tests import BaseCase, tagged
from odoo.tools import SQL

from ..tools import clock_machine as machine
from ..tools.business_time import DAY, from_epoch, to_epoch
from ..tools.clock_machine import Clock
from .oracle import Promise, Window
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
from .test_clock_kinds import ClockKindsCommon

# The same seeds live the same lives, whatever the number.
SLOW = bool(os.environ.get("SLOW"))
HISTORIES = 12_000 if SLOW else 1_000
LADDERS = 3_000 if SLOW else 300
LIVES = 600 if SLOW else 60
WINDOW_DAYS = 7
CAUSES = ("waiting_customer", "waiting_third_party")
ACTS = (
    *("pause", "resume") * 5,
    *("retarget", "replan", "absorb") * 2,
    *("stop", "reopen") * 2,
    *("fix", "reset", "move_start", "void", "look"),
)


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
            clock, lines = machine.restart(self.clock, self.schedule, now)
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
        if self.promise.state == "running" and self.promise.is_open:
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
        scene = self.scenes[seed // 4]
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

    def _scenes(self, count):
        return [Scene(Random(number)) for number in range(-(-count // 4))]

    def test_histories(self):
        """Random lives: outcome, instants, causes and carried seconds of every cycle
        are the oracle's, after every act."""
        self.scenes = self._scenes(HISTORIES)
        for seed in range(HISTORIES):
            with self.subTest(seed=seed):
                self._compare_all(self._live(seed, eager=True))

    def test_when_the_job_looks(self):
        """The same lives without the job, and with a job at other instants, end the
        same: outcomes, instants, seconds."""
        self.scenes = self._scenes(HISTORIES // 3)
        for seed in range(HISTORIES // 3):
            with self.subTest(seed=seed):
                lazy = self._live(seed, eager=False)
                other = self._live(seed, eager=False, ticks=Random(-seed))
                self._compare_all(lazy)
                self._compare_all(other)

    # Ladders --------------------------------------------------------------------

    def test_ladders(self):
        """Steps are due where the oracle says, in every state of the promise; those
        due last act, earlier ones are skipped, and each comes once in a cycle."""
        self.scenes = self._scenes(LADDERS)
        fired = skipped = 0
        for seed in range(LADDERS):
            with self.subTest(seed=seed):
                counts = self._climb(seed)
                fired, skipped = fired + counts[0], skipped + counts[1]
        # The lives are such that both happen often.
        self.assertGreater(min(fired, skipped), LADDERS // 3)

    def _climb(self, seed):
        scene = self.scenes[seed // 4]
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


class Life:
    """What the promises of one case must be, told by the oracle from what happened.

    The rules are written out here once more, by hand, as the documentation says them.

    :param rules: {class of the case: {kind: (target, window, stages that pause it)}}
    """

    ENDED_BY_RESOLVING = ("next_response", "update", "resolution", "work")
    OPEN = ("new", "working", "waiting_customer", "waiting_third_party")

    def __init__(self, rules, now):
        self.rules, self.grade = rules, "common"
        self.cycles = {kind: [] for kind in rules["common"]}
        self.stage, self.owner, self.category = "new", None, False
        self.mark, self.active, self.answered = None, True, False
        for kind in ("first_response", "resolution", "work"):
            self.begin(kind, now)
        for kind in ("classification", "assignment"):
            self.begin(kind, now)

    def rule(self, kind):
        """Return target, window and pausing stages of a kind."""
        return self.rules[self.grade][kind]

    def last(self, kind):
        """Return the last cycle of a kind, if it goes on."""
        cycles = self.cycles[kind]
        return cycles[-1] if cycles and cycles[-1].ended is None else None

    def running(self):
        """Return {kind: cycle} of what goes on."""
        return {kind: cycle for kind in self.cycles if (cycle := self.last(kind))}

    def is_alive(self):
        """Whether promises can begin and change."""
        return self.stage in self.OPEN and not self.mark and self.active

    def begin(self, kind, now):
        """Begin a promise that does not go on."""
        if self.last(kind) is None:
            target, window, _pauses = self.rule(kind)
            chained = kind == "update"
            self.cycles[kind].append(Promise(window, now, target, chained=chained))
            self.rest(kind, now)

    def rest(self, kind, now):
        """Pause or go on, as the stage wants it."""
        cycle = self.last(kind)
        if cycle is None:
            return
        if self.stage in self.rule(kind)[2]:
            cycle.pause(now, self.stage)
        else:
            cycle.resume(now)

    def look(self, now):
        """Judge everything up to an instant; chains go on."""
        for cycles in self.cycles.values():
            for cycle in cycles[-1:]:
                cycle.look(now)
            while cycles and (follower := cycles[-1].next_in_chain()):
                cycles.append(follower)
                follower.look(now)

    def end(self, kinds, now, void=None):
        """End what goes on of some kinds."""
        for kind in kinds:
            if cycle := self.last(kind):
                cycle.end(now, void)

    # What happens ---------------------------------------------------------------

    def move(self, stage, now):
        """Our hand, or the customer's message, moves the case."""
        before, self.stage = self.stage, stage
        if stage == "cancelled":
            self.end(self.cycles, now, "cancelled")
            return
        if before == "cancelled":
            self.revive(now)
        elif before == "resolved":
            self.reopen(now)
        elif stage == "resolved":
            self.end(self.ENDED_BY_RESOLVING, now)
        for kind in self.cycles:
            self.rest(kind, now)
        if stage != "new":
            self.work_by_anybody(now)

    def work_by_anybody(self, now):
        """Whoever moves an urgent case of nobody has begun."""
        if self.grade == "urgent" and not self.owner:
            self.end(["start_work"], now)

    def reopen(self, now):
        """Solution and work go on with what was used up."""
        for kind in ("resolution", "work"):
            cycles = self.cycles[kind]
            if cycles and cycles[-1].void_by in (None, "carried"):
                cycles.append(cycles[-1].reopened(now, fresh=False))
        self.follow(now)

    def revive(self, now):
        """Back from the archive, a mark or a cancellation: as if it had not been."""
        for cycles in self.cycles.values():
            if cycles and cycles[-1].void_by in ("spam", "cancelled", "archived"):
                cycles.append(cycles[-1].restarted())
        self.look(now)
        self.follow(now)

    def follow(self, now):
        """What runs follows the policy of the present class."""
        self.look(now)
        for kind, cycle in self.running().items():
            target, window, _pauses = self.rule(kind)
            if (cycle.target, cycle.window) != (target, window):
                cycle.change(now, "policy_change", target=target, window=window)
            self.look(now)
            self.rest(kind, now)

    def say(self, now, by_customer):
        """The customer writes, or a person of ours."""
        if not by_customer:
            self.answered = True
            self.end(["first_response", "next_response", "update"], now)
            if not self.owner:
                self.end(["start_work"], now)
            if self.is_alive():
                self.begin("update", now)
            return
        if self.stage in ("waiting_customer", "resolved"):
            self.move("working", now)
        if self.answered or not self.last("first_response"):
            self.begin("next_response", now)

    def grade_as(self, grade, now):
        """Another class, and so another policy."""
        before, self.grade = self.grade, grade
        if not self.is_alive():
            return
        self.follow(now)
        if before != grade == "urgent":
            self.begin("start_work", now)
        elif before != grade:
            self.end(["start_work"], now, "calmed")


@tagged("post_install", "-at_install", "aftersales_engine")
class TestClockLives(ClockKindsCommon):
    """Whole lives of real cases: every promise of every kind, as stored, is what the
    oracle says."""

    COMMON = {
        "first_response": (2 * HOUR, "team", ()),
        "next_response": (HOUR, "team", ()),
        "resolution": (9 * HOUR, "team", ("waiting_customer",)),
        "work": (6 * HOUR, "team", ("waiting_customer", "waiting_third_party")),
        "update": (5 * HOUR, "always", ("waiting_customer",)),
        "classification": (3 * HOUR, "always", ()),
        "assignment": (HOUR, "team", ()),
        "start_work": (1800, "team", ()),
    }
    URGENT = {
        **COMMON,
        "first_response": (1200, "always", ()),
        "resolution": (4 * HOUR, "always", ("waiting_customer", "waiting_third_party")),
        "work": (5 * HOUR, "team", ()),
        "update": (2 * HOUR, "team", ()),
    }
    # Ordinary weeks, and both in which clocks change.
    WEEKS = ("2026-01-05", "2026-03-26", "2026-10-22", "2025-12-22")
    HOLIDAYS = ((1, 2), (3, 4.5))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Clock = cls.env["aftersales.clock"]
        cls.policies = {
            "urgent": cls._policy(cls.URGENT, sequence=1, handling_class="urgent"),
            "common": cls._policy(cls.COMMON, sequence=2),
        }
        cls.category = cls.env["aftersales.category"].create({"name": "Zips"})

    @classmethod
    def _policy(cls, rules, **values):
        return cls.Policy.create(
            {
                "name": "Lives",
                "company_id": cls.company.id,
                "target_ids": [
                    Command.create(
                        {
                            "kind": kind,
                            "target_seconds": target,
                            "calendar_mode": mode,
                            "pause_customer": "waiting_customer" in pauses,
                            "pause_third_party": "waiting_third_party" in pauses,
                        }
                    )
                    for kind, (target, mode, pauses) in rules.items()
                ],
                **values,
            }
        )

    def _week(self, number):
        """Return origin and windows of a week, with its holidays entered."""
        origin = at(f"{self.WEEKS[number]} 00:00")
        leaves = [
            (origin + int(low * DAY), origin + int(high * DAY))
            for low, high in self.HOLIDAYS
        ]
        for low, high in leaves:
            self.env["resource.calendar.leaves"].create(
                {
                    "name": "Holiday",
                    "calendar_id": self.calendar.id,
                    "date_from": from_epoch(low),
                    "date_to": from_epoch(high),
                }
            )
        hours = [
            (d, *h, None, False) for d in range(5) for h in ((540, 780), (840, 1080))
        ]
        return origin, {
            "team": Window("Europe/Madrid", origin, 16, hours, leaves),
            "always": Window("UTC", origin, 16, AROUND),
        }

    def _rules(self, windows):
        return {
            grade: {
                kind: (target, windows[mode], pauses)
                for kind, (target, mode, pauses) in rules.items()
            }
            for grade, rules in (("urgent", self.URGENT), ("common", self.COMMON))
        }

    # One life -------------------------------------------------------------------

    def _live(self, random, origin, windows):
        now = origin + DAY // 2 + random.randrange(4 * DAY)
        self.time.move_to(from_epoch(now))
        case = self._create_case(channel="phone")
        life = Life(self._rules(windows), now)
        decided, story = {}, []
        for _n in range(random.randint(6, 18)):
            now += random.choice((random.randint(1, 90), random.randint(1, 6 * HOUR)))
            dues = [c.due() for c in life.running().values() if c.due()]
            dues = [due for due in dues if now < due < now + 6 * HOUR]
            if dues and random.random() < 0.4:
                now = random.choice(dues) + random.randint(-1, 1)
            self.time.move_to(from_epoch(now))
            life.look(now)
            acts = self._possible(life)
            name, argument = random.choice(acts)
            story.append((now, name, argument))
            getattr(self, f"_do_{name}")(case, life, now, argument)
            self._check_facts(case, decided)
        self._tick(now + 1)
        life.look(now + 1)
        self._compare(case, life, story)

    def _possible(self, life):
        """Return what may happen now, as (name, argument)."""
        acts = [("tick", None), ("note", None), ("automatic", None), ("reply", None)]
        if life.mark:
            return [*acts, ("unmark", None)]
        if not life.active:
            return [*acts, ("archive", True)]
        stages = {
            "resolved": ["working", "waiting_customer", "waiting_third_party"],
            "cancelled": ["working"],
        }.get(life.stage, [*Life.OPEN, "resolved", "resolved", "cancelled"])
        acts += [("move", stage) for stage in stages if stage != life.stage]
        if life.stage == "cancelled":
            return acts
        acts += [("customer", None)] * 3 + [("reply", None)] * 2
        if life.stage in Life.OPEN:
            acts += [("grade", "urgent"), ("grade", "common"), ("archive", False)]
            acts += [("owner", True), ("owner", False), ("classify", None)]
            acts += [("mark", None)]
        return acts

    def _do_tick(self, case, life, now, _argument):
        self._tick(now)

    def _do_note(self, case, life, now, _argument):
        case.message_post(body="To be checked.", subtype_xmlid="mail.mt_note")

    def _do_automatic(self, case, life, now, _argument):
        case.message_post(
            body="We have your message.",
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _do_reply(self, case, life, now, _argument):
        self._reply(case)
        life.say(now, by_customer=False)

    def _do_customer(self, case, life, now, _argument):
        self._ask(case)
        life.say(now, by_customer=True)

    def _do_move(self, case, life, now, stage):
        case._transition(self._stage(stage))
        life.move(stage, now)

    def _do_grade(self, case, life, now, grade):
        case.handling_class = grade
        life.grade_as(grade, now)

    def _do_owner(self, case, life, now, has_owner):
        case.user_id = self.user_specialist if has_owner else False
        if has_owner:
            life.end(["assignment"], now)
        elif life.owner:
            life.begin("assignment", now)
        life.owner = has_owner

    def _do_classify(self, case, life, now, _argument):
        case.category_id = self.category
        life.end(["classification"], now)

    def _do_archive(self, case, life, now, active):
        case.active = life.active = active
        if not active:
            life.end(life.cycles, now, "archived")
        elif life.stage in Life.OPEN:
            life.revive(now)
            self._rest_all(life, now)

    def _do_mark(self, case, life, now, _argument):
        case._set_aside("spam", "x")
        life.mark = "spam"
        life.end(life.cycles, now, "spam")

    def _do_unmark(self, case, life, now, _argument):
        case.action_undo_mark()
        life.mark = None
        life.revive(now)
        self._rest_all(life, now)

    def _rest_all(self, life, now):
        for kind in life.cycles:
            life.rest(kind, now)

    def _tick(self, now):
        self.time.move_to(from_epoch(now))
        with patch.object(
            self.registry["ir.cron"], "_commit_progress", return_value=inf
        ):
            self.Clock._cron_tick()

    # What must hold -------------------------------------------------------------

    def _check_facts(self, case, decided):
        """Outcomes never change; no deadline exactly while an open promise pauses; no
        promise is broken twice."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, outcome, decided_at, breach_cause, state, deadline,"
                " carried_breach FROM aftersales_clock WHERE case_id = %s",
                case.id,
            )
        )
        for clock_id, *fact, state, deadline, carried in rows:
            if fact[0] != "none":
                self.assertEqual(decided.setdefault(clock_id, fact), fact)
            is_waiting = state == "paused" and fact[0] == "none" and not carried
            self.assertEqual(deadline is None, is_waiting)
        broken = self._events(case, "clock_breached").mapped("clock_id")
        self.assertEqual(len(broken), len(self._events(case, "clock_breached")))

    def _compare(self, case, life, story):
        for kind, cycles in life.cycles.items():
            found = [
                (
                    to_epoch(clock.started_at),
                    clock.state,
                    clock.outcome,
                    clock.decided_at and to_epoch(clock.decided_at),
                    clock.breach_cause or None,
                    clock.void_cause or None,
                    clock.deadline and to_epoch(clock.deadline),
                )
                for clock in self._clocks(case, kind)
            ]
            told = [
                (
                    cycle.start,
                    cycle.state,
                    cycle.outcome or "none",
                    cycle.decided or False,
                    cycle.broken_by,
                    cycle.void_by,
                    cycle.due() or False,
                )
                for cycle in cycles
            ]
            self.assertEqual(found, told, f"{kind}: {story}")
        differences, _clocks = self.env["aftersales.difference"]._check_cases(case.ids)
        self.assertFalse(differences, story)

    def test_lives(self):
        """Random lives: stages, messages, notes, owners, classes with other policies,
        marks, archive, cancelling and reopening, with the job now and then."""
        weeks = [self._week(number) for number in range(len(self.WEEKS))]
        for seed in range(LIVES):
            with self.subTest(seed=seed):
                self._live(Random(seed), *weeks[seed % len(weeks)])

    def test_answer_after_the_end(self):
        """21, 23. A last word on a case that is resolved, cancelled or set aside
        promises no further report, and nothing that resolving would have fulfilled."""
        for kind in ("resolved", "cancelled", "spam", "archived"):
            case = self._create_case(channel="phone")
            if kind == "spam":
                case._set_aside("spam", "x")
            elif kind == "archived":
                case.active = False
            else:
                case._transition(self._stage(kind))
            self._reply(case)
            self.assertFalse(self._clocks(case, "update"))
