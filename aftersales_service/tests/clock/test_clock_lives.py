"""Whole lives of cases through everything that people do, judged by the oracle."""

import os
from math import inf
from random import Random
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ...tools.business_time import DAY, from_epoch, to_epoch
from ..oracle import Promise, Window
from ..tools.test_business_time import AROUND, HOUR, at
from ..tools.test_clock_properties import told
from .test_clock_kinds import ClockKindsCommon

# The same seeds live the same lives, whatever the number.
LIVES = 600 if os.environ.get("SLOW") else 60


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
        # the stages that pause the last cycle of each kind
        self.pausing = {}
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
            target, window, self.pausing[kind] = self.rule(kind)
            chained = kind == "update"
            self.cycles[kind].append(Promise(window, now, target, chained=chained))
            self.rest(kind, now)

    def rest(self, kind, now):
        """Pause or go on, as the stage wants it."""
        cycle = self.last(kind)
        if cycle is None:
            return
        if self.stage in self.pausing[kind]:
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
        for kind, cycles in self.cycles.items():
            cause = cycles and cycles[-1].void_by
            if cause in ("spam", "cancelled", "archived"):
                waits = cause != "cancelled" and self.stage in self.pausing[kind]
                rests = [(cycles[-1].ended, now, self.stage)] if waits else []
                cycles.append(cycles[-1].restarted(rests))
        self.look(now)
        self.follow(now)

    def follow(self, now):
        """What runs follows the policy of the present class."""
        self.look(now)
        for kind, cycle in self.running().items():
            if not cycle.is_open:
                continue  # what is decided goes on by the rules it was decided by
            target, window, self.pausing[kind] = self.rule(kind)
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
        acts = [("tick", None), ("note", None), ("automatic", None)]
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
        acts += [("customer", None)] * 3 + [("reply", None)] * 3
        if life.stage in Life.OPEN:
            grade = "common" if life.grade == "urgent" else "urgent"
            acts += [("grade", grade)] * (5 if "waiting" in life.stage else 2)
            acts += [("archive", False)]
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
            with told(seed), self._undone():
                self._live(Random(seed), *weeks[seed % len(weeks)])

    def test_lives_side_by_side(self):
        """Cases of earlier lives that go on in the same database change nothing."""
        weeks = [self._week(number) for number in range(len(self.WEEKS))]
        for seed in range(1000, 1005):
            with told(seed):
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
