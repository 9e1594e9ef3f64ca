from collections import Counter
from datetime import timedelta
from random import Random
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.rollout import aftersales_policy_simulation_work
from ...tools.incoming_mail import IncomingMail
from ..base.test_job import JobCommon
from ..clock.test_clock_engine import HOUR, ClockCommon, at

JOB_LOGGER = "odoo.addons.aftersales_service.models.base.aftersales_job_work"
OUTCOMES = {"met": "kept", "breached": "broken"}
ALL_TARGETS = {
    "acknowledgement": {"target_seconds": 900, "calendar_mode": "always"},
    "first_response": {"target_seconds": HOUR, "ack_counts": False},
    "next_response": {"target_seconds": 2 * HOUR},
    "resolution": {"target_seconds": 9 * HOUR, "pause_customer": True},
    "work": {
        "target_seconds": 5 * HOUR,
        "pause_customer": True,
        "pause_third_party": True,
    },
    "update": {"target_seconds": 6 * HOUR, "pause_customer": True},
    "classification": {"target_seconds": HOUR},
    "assignment": {"target_seconds": 2 * HOUR},
}


class SimulationCommon(ClockCommon, JobCommon):
    """Cases with histories, made by the engine itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._forget_cases()
        cls.Simulation = cls.env["aftersales.policy.simulation"]
        cls.category = cls.env["aftersales.category"].create({"name": "Sole"})
        cls.all_policy = cls.env["aftersales.policy"].create(
            {
                "name": "Everything",
                "sequence": 1,
                "active": False,
                "company_id": cls.company.id,
                "target_ids": [
                    Command.create({"kind": kind, **values})
                    for kind, values in ALL_TARGETS.items()
                ],
            }
        )

    def _case(self, instant, **values):
        """Create a case that a customer wrote, received at an instant."""
        return super()._case(instant, **{"channel": "mail", **values})

    def _simulate(self, policy, instant=None, **values):
        if instant:
            self.frozen.move_to(instant)
        simulation = self.Simulation.with_user(self.user_manager).create(
            {"policy_id": policy.id, "months": 1, **values}
        )
        simulation.action_run()
        self.work()
        self.assertEqual(simulation.state, "done", simulation.error)
        return simulation

    def _line(self, simulation, kind):
        return simulation.line_ids.filtered(lambda line: line.kind == kind)

    def _say(self, case, instant, author=None):
        """Post a message of the customer, or of a colleague."""
        self.frozen.move_to(instant)
        author = author or case.partner_id
        user = self.user_specialist if author != case.partner_id else self.env.user
        case.with_user(user).sudo().message_post(
            body="Hello",
            author_id=author.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _reply(self, case, instant):
        self._say(case, instant, self.user_specialist.partner_id)

    def _live_through(self, random, cases, steps):
        """Let random things happen to cases.

        :return: the instant at the end
        """
        instant = at("08:30")
        for _n in range(steps):
            instant += timedelta(seconds=random.choice([7, 61, 900, 4000, 9000]))
            self.frozen.move_to(instant)
            case = random.choice(cases)
            act = random.choice(
                ["message", "mail", "reply", "reply", "move", "move", "owner"]
                + ["category", "mark", "archive", "acknowledge", "tick"]
            )
            getattr(self, f"_do_{act}")(random, case, instant)
        return instant

    def _do_message(self, _random, case, instant):
        self._say(case, instant)

    def _do_mail(self, random, case, instant):
        """The customer's mail reached our server a while before it is read."""
        age = timedelta(seconds=random.choice([0, 5, 600, 3600]))
        self._write(case, instant, instant - age)

    def _write(self, case, instant, received):
        """Let the customer write a mail that is read at an instant."""
        mail = IncomingMail(
            None, "", received, automatic=False, answerable=True, taken_as="customer"
        )
        with patch.object(
            self.registry["aftersales.case"], "_mail_of_message", lambda *_args: mail
        ):
            self._say(case, instant)

    def _do_reply(self, _random, case, instant):
        self._reply(case, instant)

    def _do_move(self, random, case, instant):
        kinds = ["working", "waiting_customer", "waiting_third_party", "resolved"]
        kind = random.choice([*kinds, "closed", "cancelled"])
        stage = self._stage(kind)
        if kind != case.stage_kind and not case._transition_refusals(stage):
            self._move(case, kind, instant)

    def _do_owner(self, random, case, _instant):
        case.user_id = random.choice([False, self.user_specialist, self.user_team])

    def _do_category(self, random, case, _instant):
        case.category_id = random.choice([False, self.category])

    def _do_mark(self, random, case, _instant):
        if case.mark:
            case.action_undo_mark()
        elif random.random() < 0.3:
            case._set_aside("test", "Only a test")

    def _do_archive(self, random, case, _instant):
        if random.random() < 0.3:
            case.active = not case.active

    def _do_acknowledge(self, _random, case, instant):
        if not case.acknowledged_at and not case.first_response_at and not case.mark:
            line = case._event(case, "acknowledged", instant, cause="automatic")
            case._write_mirror({"acknowledged_at": instant})
            self.Event._append([line])
            case._clocks_event("acknowledged", instant, cause="acknowledgement")

    def _do_tick(self, _random, _case, instant):
        self._tick(instant)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestSimulation(SimulationCommon):
    """A policy is tried on past cases."""

    def test_draft(self):
        """A draft shows how much of it would have been kept, beside what really was;
        nothing of the cases changes."""
        draft = self.policy.copy({"name": "Faster", "sequence": 1})
        self.assertFalse(draft.active)
        targets = {target.kind: target for target in draft.target_ids}
        targets["resolution"].target_seconds = HOUR
        quick, slow, still_open = (self._case(at("10:00")) for _n in range(3))
        for case in (quick, slow):
            self._reply(case, at("10:05"))
        self._move(quick, "resolved", at("10:30"))
        self._move(slow, "resolved", at("11:30"))
        self._tick(at("11:50"))
        before = self._everything()
        simulation = self._simulate(draft, at("13:00"))
        self.assertEqual(self._everything(), before)
        self.assertEqual(simulation.case_count, 3)
        self.assertRecordValues(
            self._line(simulation, "resolution"),
            [
                {
                    "case_count": 3,
                    "kept_count": 1,
                    "broken_count": 2,
                    "open_count": 0,
                    "attainment": 100 / 3,
                    "real_kept_count": 2,
                    "real_broken_count": 0,
                    "real_open_count": 1,
                    "real_attainment": 100,
                    "median_seconds": 3600,
                    "p90_seconds": 5400,
                    "real_median_seconds": 1800,
                }
            ],
        )
        answers = self._line(simulation, "first_response")
        self.assertEqual((answers.kept_count, answers.broken_count), (2, 1))
        broken = simulation.broken_ids.filtered(lambda o: o.kind == "resolution")
        self.assertEqual(broken.case_id, slow | still_open)
        self.assertEqual(set(broken.mapped("deadline")), {at("11:00")})
        self.assertEqual(set(simulation.broken_ids.mapped("outcome")), {"broken"})
        self.assertIn("Solution: 33.3 % met", simulation.job_id.description)

    def _everything(self):
        """Return all that is known of cases and promises."""
        self.env.flush_all()
        tables = ("aftersales_clock", "aftersales_event", "aftersales_case")
        return [
            self.env.execute_query(
                SQL(
                    "SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM %s t",
                    SQL.identifier(table),
                )
            )
            for table in tables
        ]

    def test_oracle(self):
        """The very policy that was in force has the very outcomes that the real
        promises had, promise by promise."""
        self.policy.active = False
        self.all_policy.active = True
        totals = Counter()
        for seed in range(6):
            with self._undone():
                totals += self._live_and_compare(Random(f"simulation {seed}"))
        # The histories are worth something only if all of it happened.
        self.assertGreater(totals["kept"], 50, totals)
        self.assertGreater(totals["broken"], 50, totals)
        self.assertGreater(totals["open"], 5, totals)

    def _live_and_compare(self, random):
        start = at("08:00")
        cases = [self._case(start + timedelta(minutes=n)) for n in range(5)]
        end = self._live_through(random, cases, 90)
        self._tick(end + timedelta(seconds=1))
        return self._compare(self.env["aftersales.case"].union(*cases), end)

    def _compare(self, cases, end):
        """Compare a simulation with the real promises of cases.

        :return: how often each outcome occurred
        """
        rows = []
        collect = patch.object(
            self.registry["aftersales.policy.simulation"],
            "_insert_outcomes",
            lambda _self, found: rows.extend(found),
        )
        with collect:
            self._simulate(self.all_policy, end + timedelta(seconds=1))
        found = {row[:3]: row[3:] for row in rows if row[0] in cases.ids}
        real = {}
        counts = Counter()
        kinds = self.env["aftersales.policy.simulation"]._simulated_kinds()
        for clock in cases.clock_ids:
            is_open = clock.outcome == "none" and clock.state != "stopped"
            outcome = OUTCOMES.get(clock.outcome, "open" if is_open else None)
            if clock.kind not in kinds or outcome is None or clock.case_id.mark:
                continue
            if outcome == "open" and clock.carried_breach:
                continue
            counts[outcome] += 1
            ended = clock.stopped_at or clock.decided_at
            real[clock.case_id.id, clock.kind, clock.cycle] = (
                outcome,
                clock.net_seconds if ended else None,
                clock.started_at,
                clock.deadline or None,
                clock.stopped_at or None,
            )
        keys = found.keys() | real.keys()
        differences = {
            key: (found.get(key), real.get(key))
            for key in keys
            if found.get(key) != real.get(key)
        }
        self.assertFalse(differences)
        return counts

    def test_first_wait_is_promised_once(self):
        """22. The first message of a customer waits for the first answer alone."""
        self.policy.active = False
        self.all_policy.active = True
        case = self._case(at("10:00"))
        self.assertFalse(self._clock(case, "next_response"))
        self._reply(case, at("10:05"))
        self._say(case, at("10:10"))
        self.assertEqual(self._clock(case, "next_response").started_at, at("10:10"))

    def test_mail_older_than_the_last_move(self):
        """The customer waits from the instant at which their case was put to rest: by
        then their mail had reached our server, and nobody had read it."""
        self.policy.active = False
        self.all_policy.active = True
        case = self._case(at("08:30"))
        self._reply(case, at("10:00"))
        self._move(case, "waiting_customer", at("10:10"))
        self._write(case, at("10:15"), at("10:05"))
        waits = self._clock(case, "next_response")
        self.assertEqual(waits.started_at, at("10:10"))
        self._tick(at("11:00") + timedelta(seconds=1))
        self._compare(case, at("11:00"))

    def test_history_told_later(self):
        """What is recorded long after it happened was judged as it went on, as its
        real promises were."""
        self.policy.active = False
        self.all_policy.active = True
        self.frozen.move_to(at("12:00", 2))
        told = self.env["aftersales.case"].with_context(aftersales_now=at("08:30"))
        case = told.create(
            {
                "name": "Long ago",
                "received_at": at("08:30"),
                "channel": "mail",
                "partner_id": self.customer.id,
                "team_id": self.team.id,
            }
        )
        later = case.with_context(aftersales_now=at("09:00"))
        message = self.env["mail.message"].create({"body": "Hello"})
        later._on_human_reply(message, at("09:00"))
        self.assertEqual(self._clock(case, "first_response").outcome, "met")
        self._tick(at("12:01", 2))
        self._compare(case, at("12:00", 2))

    def test_place_in_the_order(self):
        """The draft is tried at its place: what a policy above promises is not its."""
        draft = self.policy.copy({"name": "Below", "sequence": 50})
        draft.target_ids = [
            Command.create({"kind": "classification", "target_seconds": HOUR})
        ]
        self._case(at("10:00"))
        simulation = self._simulate(draft, at("12:00"))
        self.assertEqual(simulation.line_ids.mapped("kind"), ["classification"])
        draft.sequence = 1
        simulation.action_run()
        self.work()
        self.assertEqual(len(simulation.line_ids), 4)

    def test_conditions(self):
        """Only cases it applies to, of the time, the team and the company; none that
        were set aside."""
        draft = self.policy.copy({"name": "Urgent", "sequence": 1, "urgency": "2"})
        mine = self._case(at("10:00"), urgency="2")
        self._case(at("10:00"))
        spam = self._case(at("10:00"), urgency="2")
        spam._set_aside("spam", "Advertising")
        simulation = self._simulate(draft, at("12:00"))
        self.assertEqual(self._line(simulation, "resolution").case_count, 1)
        team = self.team.copy({"name": "Other team"})
        simulation = self._simulate(draft, at("12:00"), team_id=team.id)
        self.assertEqual((simulation.case_count, len(simulation.line_ids)), (0, 0))
        simulation = self._simulate(draft, at("12:00", 40))
        self.assertFalse(simulation.case_count)
        self.assertTrue(mine)

    def test_holidays_and_pauses(self):
        """The hours are those of the team, with pauses as the draft has them."""
        draft = self.policy.copy({"name": "No pause", "sequence": 1})
        draft.target_ids.filtered(
            lambda target: target.kind == "resolution"
        ).pause_customer = False
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("11:00"))
        self._move(case, "resolved", at("10:00", 1))
        self.assertEqual(self._clock(case).outcome, "met")
        simulation = self._simulate(draft, at("12:00", 1))
        self.assertEqual(self._line(simulation, "resolution").broken_count, 1)
        self.assertEqual(self._line(simulation, "resolution").real_kept_count, 1)

    def test_chain(self):
        """72 hours of silence at 24 hours are three broken promises."""
        draft = self.env["aftersales.policy"].create(
            {
                "name": "Updates",
                "active": False,
                "sequence": 1,
                "target_ids": [
                    Command.create(
                        {
                            "kind": "update",
                            "target_seconds": 24 * HOUR,
                            "calendar_mode": "always",
                        }
                    )
                ],
            }
        )
        case = self._case(at("10:00"))
        self._reply(case, at("10:00"))
        simulation = self._simulate(draft, at("10:01", 3))
        line = self._line(simulation, "update")
        self.assertEqual((line.broken_count, line.open_count), (3, 1))

    def test_resumed(self):
        """Batch by batch with progress; stopped and gone on with, nothing counts
        twice, nor when tried again."""
        for _n in range(5):
            self._case(at("10:00"))
        draft = self.policy.copy({"name": "Draft", "sequence": 1})
        self.frozen.move_to(at("12:00"))
        simulation = self.Simulation.create({"policy_id": draft.id, "months": 1})
        with self._batches_of(2):
            simulation.action_run()
            self.work(batches=1)
            self.assertEqual((simulation.state, simulation.progress), ("running", 40))
            self.assertFalse(simulation.broken_ids)
            simulation.action_cancel()
            self.assertEqual(simulation.state, "cancelled")
            simulation.job_id.action_retry()
            self.work()
        self.assertEqual(self._line(simulation, "resolution").open_count, 5)
        simulation.action_run()
        self.work()
        self.assertEqual(self._line(simulation, "resolution").open_count, 5)
        self.assertEqual(len(simulation.line_ids), 3)

    def _batches_of(self, size):
        jobs = self.registry["aftersales.job"]
        kinds = self.Job._job_kinds()
        kinds["simulation"] = kinds["simulation"]._replace(batch_size=size)
        return patch.object(jobs, "_job_kinds", lambda _self: kinds)

    def test_first_broken_are_kept(self):
        """Only the first broken promises are kept, the others are counted."""
        for _n in range(4):
            self._case(at("10:00"))
        draft = self.policy.copy({"name": "Draft", "sequence": 1})
        with patch.object(aftersales_policy_simulation_work, "LISTED", 3):
            simulation = self._simulate(draft, at("17:00"))
        self.assertEqual(self._line(simulation, "resolution").broken_count, 4)
        self.assertEqual(len(simulation.broken_ids), 3)
        self.assertEqual(
            self.env["aftersales.policy.simulation.outcome"].search_count(
                [("simulation_id", "=", simulation.id)]
            ),
            3,
        )

    def test_one_bad_case(self):
        """A case whose history cannot be told does not stop the others."""
        bad, good = self._case(at("10:00")), self._case(at("10:00"))
        line = bad._event(bad, "stage_changed", at("10:01"), data={})
        self.Event._append([line])
        draft = self.policy.copy({"name": "Draft", "sequence": 1})
        with mute_logger(JOB_LOGGER):
            simulation = self._simulate(draft, at("12:00"))
        self.assertEqual(self._line(simulation, "resolution").case_count, 1)
        [failure] = simulation.job_id.result["failures"]
        self.assertEqual(failure["id"], bad.id)
        self.assertTrue(good)

    def test_compare(self):
        """Two simulations stand side by side."""
        cases = [self._case(at("10:00")) for _n in range(2)]
        self._move(cases[0], "resolved", at("10:30"))
        self._move(cases[1], "resolved", at("13:30"))
        draft = self.policy.copy({"name": "Draft", "sequence": 1})
        target = draft.target_ids.filtered(lambda t: t.kind == "resolution")
        first = self._simulate(draft, at("17:00"))
        target.target_seconds = HOUR
        second = self._simulate(draft, at("17:01"))
        self.assertEqual(second.policy_version, first.policy_version + 1)
        second.compare_id = first
        line = self._line(second, "resolution")
        self.assertEqual((line.attainment, line.other_attainment), (50, 100))
        self.assertEqual(line.difference, -50)
        action = second.action_open_chart()
        self.assertEqual(
            action["domain"], [("simulation_id", "in", [second.id, first.id])]
        )

    def test_rights(self):
        """Managers only; results are not entered by hand; companies are kept apart."""
        self._case(at("10:00"))
        simulation = self._simulate(self.policy, at("12:00"))
        theirs = simulation.with_user(self.user_team)
        with self.assertRaises(AccessError):
            theirs.read(["name"])
        with self.assertRaises(AccessError):
            theirs.create({"policy_id": self.policy.id})
        for values in ({"is_done": False}, {"case_count": 9}, {"job_id": False}):
            with self.assertRaises(AccessError):
                simulation.write(values)
        with self.assertRaises(AccessError):
            simulation.line_ids.write({"kept_count": 9})
        company = self.env["res.company"].create({"name": "Elsewhere"})
        team = self.env["aftersales.team"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        with self.assertRaises(ValidationError):
            self.Simulation.create({"policy_id": self.policy.id, "team_id": team.id})
        theirs = self.Simulation.create(
            {
                "policy_id": self.env["aftersales.policy"]
                .create({"name": "Theirs", "company_id": company.id})
                .id,
                "company_id": company.id,
            }
        )
        with self.assertRaises(AccessError):
            theirs.with_user(self.user_manager).read(["name"])

    def test_cost(self):
        """Hundreds of cases cost a handful of queries."""
        self.frozen.move_to(at("10:00"))
        self.env["aftersales.case"].create(
            [
                {
                    "name": f"case {n}",
                    "team_id": self.team.id,
                    "partner_id": self.customer.id,
                }
                for n in range(200)
            ]
        )
        self.env.flush_all()
        self.frozen.move_to(at("12:00"))
        simulation = self.Simulation.create(
            {"policy_id": self.all_policy.id, "months": 1}
        )
        simulation.action_run()
        self.env.flush_all()
        with self.assertQueryCount(60):
            self.work()
        self.assertEqual(self._line(simulation, "resolution").case_count, 200)
