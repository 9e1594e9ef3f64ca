"""Another policy applies to a running case."""

from datetime import timedelta
from math import inf
from random import Random
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from .test_clock_kinds import DAY, HOUR, MINUTE, MONDAY, ClockKindsCommon


@tagged("post_install", "-at_install", "aftersales_engine")
class TestClockRematch(ClockKindsCommon):
    """A change of the case lets another policy apply: to the promises that run, from
    their start, and never to what is decided."""

    def _policy(self, targets, **values):
        """Create a policy of {kind: seconds or dict}."""
        lines = []
        for kind, more in targets.items():
            more = more if isinstance(more, dict) else {"target_seconds": more}
            lines.append(
                Command.create(
                    {"kind": kind, "calendar_mode": "always", "warn_percent": 0, **more}
                )
            )
        return self.Policy.create(
            {
                "name": ", ".join(targets),
                "company_id": self.company.id,
                "target_ids": lines,
                **values,
            }
        )

    def _last(self, case, kind="resolution"):
        return self._clocks(case, kind)[-1:]

    def _move(self, case, kind):
        case._transition(self._stage(kind), at=self._now())

    def _check(self, cases):
        found, _clocks = self.env["aftersales.difference"]._check_cases(cases.ids)
        self.assertFalse(found)

    def _lines(self, case, kind):
        return self._events(case, kind).filtered(lambda line: line.clock_id)

    # What no policy makes any more ------------------------------------------------

    def _no_policy_for_urgent_cases(self):
        """Promise nothing to urgent cases, which is a class of its own."""
        for sequence, handling_class in enumerate(("common", "special")):
            self._policy(
                {
                    "resolution": {"target_seconds": 2 * HOUR, "on_reopen": "fresh"},
                    "update": {"target_seconds": 3 * HOUR, "pause_customer": True},
                    "next_response": HOUR,
                },
                sequence=sequence,
                handling_class=handling_class,
            )

    def test_a_breach_is_pursued_no_further_when_nothing_is_promised(self):
        """Whether the job had noticed the breach makes no difference."""
        self._no_policy_for_urgent_cases()
        for noticed in (True, False):
            with self.subTest(noticed=noticed):
                case = self._case(handling_class="common")
                self._pass(3 * HOUR)
                if noticed:
                    self._look()
                case.handling_class = "urgent"
                clock = self._last(case)
                self.assertEqual((clock.outcome, clock.state), ("breached", "stopped"))
                self.assertEqual(clock.stopped_at, self._now())
                self.assertFalse(clock.next_event_at)
                case.handling_class = "common"
                self.assertEqual(len(self._clocks(case, "resolution")), 1, "once")
                self._check(case)

    def test_when_the_job_looks_makes_no_difference(self):
        """The same lives, looked at each half hour and only at their ends."""
        self._no_policy_for_urgent_cases()
        start = self._now()
        for seed in range(60):
            found = []
            for looks in (True, False):
                with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                    self.time.move_to(start)
                    found.append(self._live(Random(f"looks {seed}"), looks))
                    savepoint.rollback()
                    self.env.invalidate_all()
            self.assertEqual(*found, seed)

    def _look(self):
        """Let the job look at all promises."""
        cron = self.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", return_value=inf):
            self.env["aftersales.clock"]._cron_tick()

    def _live(self, random, looks):
        case = self._case(handling_class=random.choice(["common", "special"]))
        for _n in range(12):
            until = self._now() + timedelta(seconds=random.randrange(60, 9000))
            while looks and self._now() + timedelta(minutes=30) < until:
                self.time.move_to(self._now() + timedelta(minutes=30))
                self._look()
            self.time.move_to(until)
            act = random.choice(["class", "class", "move", "reply", "say"])
            if act == "class":
                case.handling_class = random.choice(["common", "special", "urgent"])
            elif act == "move":
                kinds = ["working", "waiting_customer", "resolved", "working"]
                kind = random.choice(kinds)
                if kind != case.stage_kind:
                    self._move(case, kind)
            else:
                code = {"reply": ["reply"], "say": ["customer_message"]}[act]
                case._clocks_event(code[0], self._now())
        self._pass(4 * HOUR)
        self._look()
        names = ["kind", "cycle", "state", "outcome", "started_at", "deadline"]
        names += ["stopped_at", "void_cause", "pauses"]
        return [
            [clock[name] for name in names]
            for clock in case.clock_ids.sorted(lambda c: (c.kind, c.cycle))
        ]

    # What stays -----------------------------------------------------------------

    def test_start_and_pauses_stay(self):
        """36. Another policy keeps the start and the pauses, running and paused."""
        pausing = {"target_seconds": 8 * HOUR, "pause_customer": True}
        quick = {"target_seconds": 4 * HOUR, "pause_customer": True}
        self._policy({"resolution": quick}, sequence=1, handling_class="urgent")
        self._policy({"resolution": pausing}, sequence=2)
        case = self._case()
        self._pass(HOUR)
        self._move(case, "waiting_customer")
        self._pass(HOUR)
        self._move(case, "working")
        self._pass(HOUR)
        case.handling_class = "urgent"
        clock = self._last(case)
        self.assertEqual((clock.cycle, clock.started_at), (1, MONDAY))
        self.assertEqual(clock.deadline, MONDAY + timedelta(hours=5))
        self._move(case, "waiting_customer")
        case.handling_class = "common"
        clock = self._last(case)
        self.assertEqual((clock.state, clock.deadline), ("paused", False))
        self.assertEqual(clock.remaining_seconds, 6 * HOUR)
        self.assertEqual(len(clock.pauses), 2)
        self.assertEqual(len(self._lines(case, "clock_retargeted")), 2)
        self._check(case)

    def test_pauses_of_what_is_promised_later(self):
        """36. A promise that only the new policy makes has the pauses that it would
        have had: it is not late because the customer was asked."""
        work = {"target_seconds": 3 * HOUR, "pause_customer": True}
        self._policy({"work": work}, handling_class="urgent")
        case = self._case()
        self._pass(HOUR)
        self._move(case, "waiting_customer")
        self._pass(24 * HOUR)
        self._move(case, "working")
        self._pass(HOUR)
        case.handling_class = "urgent"
        clock = self._last(case, "work")
        self.assertEqual((clock.outcome, clock.started_at), ("none", MONDAY))
        self.assertEqual(clock.deadline, self._now() + timedelta(hours=1))
        self._move(case, "resolved")
        self.assertEqual(self._last(case, "work").outcome, "met")
        self.assertEqual(self._last(case, "work").net_seconds, 2 * HOUR)
        self._check(case)

    def test_promised_later_while_waiting(self):
        """36. The same while it is the customer's turn, and after a reopening."""
        work = {"target_seconds": 3 * HOUR, "pause_customer": True}
        self._policy({"work": work}, handling_class="urgent")
        case = self._case()
        self._pass(HOUR)
        self._move(case, "resolved")
        self._pass(24 * HOUR)
        self._move(case, "working")
        self._move(case, "waiting_customer")
        self._pass(24 * HOUR)
        case.handling_class = "urgent"
        clock = self._last(case, "work")
        self.assertEqual((clock.outcome, clock.state), ("none", "paused"))
        self.assertEqual(clock.remaining_seconds, 2 * HOUR)
        self._check(case)

    def test_decided_stays(self):
        """40. What is kept, broken or void stays so, with the old policy and the old
        time; a looser policy later does not undo a breach."""
        self._policy(
            {"first_response": 9 * HOUR, "resolution": 90 * HOUR},
            sequence=1,
            handling_class="urgent",
        )
        tight = self._policy({"first_response": HOUR, "resolution": 2 * HOUR})
        case = self._case()
        self._reply(case)
        self._pass(3 * HOUR)
        before = self._last(case, "first_response").read()
        case.handling_class = "urgent"
        self.assertEqual(self._last(case, "first_response").read(), before)
        clock = self._last(case)
        self.assertEqual(clock.outcome, "breached")
        self.assertEqual(clock.decided_at, MONDAY + timedelta(hours=2))
        self.assertEqual((clock.breach_cause, clock.policy_id), ("time", tight))
        self.assertEqual(len(self._lines(case, "clock_breached")), 1)

    def test_late_by_the_new_policy(self):
        """42. What is over by the new policy is broken at the change, once, because of
        it; going back does not undo it."""
        self._policy({"resolution": HOUR}, sequence=1, handling_class="urgent")
        self._policy({"resolution": 9 * HOUR}, sequence=2)
        case = self._case()
        self._pass(2 * HOUR)
        case.handling_class = "urgent"
        clock = self._last(case)
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", self._now()))
        self.assertEqual(clock.breach_cause, "policy_change")
        self._pass(MINUTE)
        case.handling_class = "common"
        self._pass(MINUTE)
        case.handling_class = "urgent"
        self.assertEqual(self._outcomes(case, "resolution"), ["breached"])
        self.assertEqual(len(self._lines(case, "clock_breached")), 1)
        self._check(case)

    def test_manual_deadline_stays(self):
        """A deadline set by hand is not changed by a policy, also after the case was
        cancelled and taken up again."""
        self._policy({"resolution": HOUR}, sequence=1, handling_class="urgent")
        self._policy({"resolution": 9 * HOUR}, sequence=2)
        case = self._case()
        told = self._now() + timedelta(days=2)
        self._last(case)._set_deadline(told, "Agreed by phone")
        case.handling_class = "urgent"
        self.assertEqual(self._last(case).deadline, told)
        self._move(case, "cancelled")
        self._move(case, "working")
        clock = self._last(case)
        self.assertEqual((clock.cycle, clock.deadline), (2, told))
        self.assertEqual(
            (clock.is_manual, clock.manual_reason), (True, "Agreed by phone")
        )
        clock._reset_deadline("Not any more")
        self.assertEqual(self._last(case).deadline, MONDAY + timedelta(hours=1))

    # What ends and begins ---------------------------------------------------------

    def test_kind_that_is_no_promise_any_more(self):
        """38. A promise that the new policy does not make is void, not left running;
        made again, it has its start and its pauses, also of the time in between."""
        both = {
            "first_response": 9 * HOUR,
            "resolution": {"target_seconds": 9 * HOUR, "pause_customer": True},
        }
        low = self.env["aftersales.team"].create(
            {"name": "No promises", "company_id": self.company.id}
        )
        self._policy(both, team_ids=[Command.set(self.team.ids)])
        case = self._case()
        self._pass(HOUR)
        self._move(case, "waiting_customer")
        self._pass(HOUR)
        case.team_id = low
        self.assertEqual(set(case.clock_ids.mapped("outcome")), {"void"})
        self.assertEqual(set(case.clock_ids.mapped("void_cause")), {"policy_change"})
        self.assertFalse(case.next_deadline)
        self._pass(HOUR)
        case.team_id = self.team
        clock = self._last(case)
        self.assertEqual((clock.cycle, clock.state), (2, "paused"))
        self.assertEqual(clock.started_at, MONDAY)
        self.assertEqual(clock.remaining_seconds, 8 * HOUR)
        answer = self._last(case, "first_response")
        self.assertEqual((answer.cycle, answer.started_at), (2, MONDAY))
        self._check(case)

    def test_archived_policy_lets_run(self):
        """37. Promises of an archived policy run on, also when the case changes."""
        policy = self._policy({"resolution": HOUR})
        case = self._case()
        policy.active = False
        case.handling_class = "urgent"
        clock = self._last(case)
        self.assertEqual((clock.state, clock.outcome), ("running", "none"))

    def test_long_running_follows(self):
        """From when on a case is long-running is a rule like the others."""
        late = {"target_seconds": HOUR, "long_running_seconds": 24 * HOUR}
        self._policy({"update": late}, sequence=1, handling_class="urgent")
        self._policy({"update": HOUR}, sequence=2)
        case = self._case()
        self._reply(case)
        self._pass(MINUTE)
        case.handling_class = "urgent"
        self.assertEqual(
            self._last(case, "update").deadline, MONDAY + timedelta(hours=24)
        )
        self._check(case)
        case.handling_class = "common"
        self.assertEqual(
            self._last(case, "update").deadline, MONDAY + timedelta(hours=1)
        )
        self._check(case)

    def test_changed_while_resolved(self):
        """38. What changed while the case was resolved or cancelled holds when it
        goes on."""
        self._policy({"resolution": 2 * HOUR}, sequence=1, handling_class="urgent")
        self._policy({"resolution": 9 * HOUR}, sequence=2)
        for rest in ("resolved", "cancelled"):
            case = self._case()
            received = self._now()
            self._move(case, rest)
            case.handling_class = "urgent"
            self._move(case, "working")
            clock = self._last(case)
            self.assertEqual(clock.target_seconds, 2 * HOUR)
            self.assertEqual(clock.deadline, received + timedelta(hours=2))
            self._check(case)

    # What lets policies apply -----------------------------------------------------

    def test_unrelated_edits(self):
        """39. A new owner or another title restarts and changes nothing."""
        self._policy({"resolution": HOUR, "first_response": HOUR})
        case = self._case()
        before = case.clock_ids.sorted("id").read(load=None)
        version = case.clock_ids.policy_id.version
        self._pass(MINUTE)
        case.write({"user_id": self.user_specialist.id, "name": "Other title"})
        case.description = "More"
        self.assertEqual(case.clock_ids.sorted("id").read(load=None), before)
        self.assertEqual(case.clock_ids.policy_id.version, version)

    def test_what_matters(self):
        """Team, country of another customer, value of another order and what a further
        condition looks at: each lets another policy apply at once."""
        self._policy({"resolution": 99 * HOUR}, sequence=99)
        rich = self._create_order(self.customer)
        rich.order_line.price_unit = 5000
        abroad = self.other_customer.copy({"country_id": self.env.ref("base.fr").id})
        category = self.env["aftersales.category"].create({"name": "Zips"})
        other_team = self.team.copy()
        for n, (condition, change) in enumerate(
            (
                ({"team_ids": other_team.ids}, {"team_id": other_team.id}),
                (
                    {"country_ids": self.env.ref("base.fr").ids},
                    {"partner_id": abroad.id},
                ),
                ({"amount_from": 3000}, {"sale_order_id": rich.id}),
                ({"category_ids": category.ids}, {"category_id": category.id}),
                ({"domain": "[('name', 'ilike', 'broken')]"}, {"name": "Broken"}),
                ({"priority": "3"}, {"priority": "3"}),
            )
        ):
            with self.subTest(condition=condition):
                hours = n + 1
                policy = self._policy(
                    {"resolution": hours * HOUR}, sequence=n, **condition
                )
                case = self._case()
                self.assertEqual(self._last(case).target_seconds, 99 * HOUR)
                case.write(change)
                clock = self._last(case)
                self.assertEqual(clock.policy_id, policy)
                self.assertEqual(clock.target_seconds, hours * HOUR)
                policy.active = False

    def test_cost(self):
        """51. Two hundred cases cost as many queries as twenty."""
        self._policy(
            {"resolution": HOUR, "work": HOUR}, sequence=1, handling_class="urgent"
        )
        self._policy({"resolution": 9 * HOUR, "first_response": HOUR}, sequence=2)

        def cases(count):
            return self.env["aftersales.case"].create(
                [
                    {
                        "name": f"Case {n}",
                        "team_id": self.team.id,
                        "partner_id": self.customer.id,
                    }
                    for n in range(count)
                ]
            )

        counts = []
        for some in (cases(20), cases(20), cases(200)):
            self._pass(MINUTE)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            some._clocks_rematch(self._now())
            urgent = some.with_context(tracking_disable=True)
            urgent._write_mirror({"handling_class": "urgent"})
            self.env.flush_all()
            some._clocks_rematch(self._now())
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 2)
        self.assertEqual(set(self._clocks(some, "work").mapped("outcome")), {"none"})

    # What a later policy counts from --------------------------------------------

    def test_owner_was_lost_later(self):
        """To be assigned counts from the loss of the owner, in one write or in two."""
        self._policy({"assignment": HOUR}, sequence=1, handling_class="urgent")
        for together in (True, False):
            with self.subTest(together=together):
                case = self._case(user_id=self.user_team.id)
                lost = self._pass(3 * DAY)
                if together:
                    case.write({"user_id": False, "handling_class": "urgent"})
                else:
                    case.user_id = False
                    self._pass(10 * MINUTE)
                    case.handling_class = "urgent"
                clock = self._last(case, "assignment")
                self.assertEqual((clock.started_at, clock.outcome), (lost, "none"))
                self._check(case)

    def test_a_wait_that_nobody_promised_yet(self):
        """The customer waits again, and it is promised again: also if an earlier
        answer was in time."""
        self._policy({"next_response": HOUR}, sequence=1, handling_class="urgent")
        case = self._case(handling_class="urgent")
        self._reply(case)
        self._pass(MINUTE)
        self._ask(case)
        self._pass(MINUTE)
        self._reply(case)
        self._pass(MINUTE)
        case.handling_class = "common"
        asked = self._pass(MINUTE)
        self._ask(case)
        self.assertEqual(len(self._clocks(case, "next_response")), 1)
        self._pass(MINUTE)
        case.handling_class = "urgent"
        waits = self._last(case, "next_response")
        self.assertEqual((waits.cycle, waits.started_at), (2, asked))
        self._check(case)

    def test_policies_of_the_day_of_receipt(self):
        """What begins later is promised by the same policy as the rest, and does not
        change hands with the next change of the case."""
        first_day = self._now().date()
        mine = self._policy({"next_response": 2 * HOUR}, valid_to=first_day)
        next_day = first_day + timedelta(days=1)
        self._policy({"next_response": 6 * HOUR}, valid_from=next_day)
        case = self._case()
        self._reply(case)
        self._pass(DAY)
        self._ask(case)
        waits = self._last(case, "next_response")
        self.assertEqual(waits.policy_id, mine)
        deadline = waits.deadline
        case.priority = "2"
        self.assertEqual(self._last(case, "next_response").deadline, deadline)

    def test_no_hours(self):
        """26. Hours that became empty stop nobody from answering a case that is to be
        long-running by them."""
        late = {
            "target_seconds": HOUR,
            "long_running_seconds": 24 * HOUR,
            "calendar_mode": "team",
        }
        self._policy({"update": late})
        case = self._case()
        self.calendar.attendance_ids.unlink()
        self._reply(case)
        self.assertTrue(case.first_response_at)
        self.assertEqual(self._last(case, "update").last_error, "no_working_time")
