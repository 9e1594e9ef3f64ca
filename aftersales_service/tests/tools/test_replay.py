from random import Random

from odoo.tests import BaseCase, tagged

from ...tools import clock_machine as machine
from ...tools import replay
from ...tools.business_time import ALWAYS
from ...tools.clock_machine import Clock
from ...tools.replay import LEDGER, Finding, Line

START = 1_767_600_000


@tagged("post_install", "-at_install", "aftersales_engine")
class TestReplay(BaseCase):
    """What the ledger alone says, without any database."""

    # Clocks -----------------------------------------------------------------------

    def _lines(self, *many):
        """Return the lines of acts of the machine as the ledger holds them."""
        lines = [line for lines in many for line in lines]
        return [
            Line(
                id=number,
                clock_id=1,
                **{
                    **line,
                    "data": {
                        "kind": "resolution",
                        "cycle": 1,
                        "rules": "fingerprint",
                        **line["data"],
                    },
                },
            )
            for number, line in enumerate(lines, 1)
        ]

    def _started(self, **values):
        clock = Clock(START, 3600, warn_percent=80, **values)
        return clock, machine.start(clock, ALWAYS)

    def _assert_same(self, clock, lines, seed=None):
        replayed = replay.replay_clock(lines)
        self.assertEqual(replayed.gaps, [], seed)
        stored = {**vars(clock), "kind": "resolution", "cycle": 1, "subject": ""}
        self.assertEqual(replay.compare(stored, replayed.values), [], seed)

    def test_kept_after_pauses(self):
        clock, lines = self._started()
        lines += machine.pause(clock, ALWAYS, START + 100, "waiting_customer")
        lines += machine.pause(clock, ALWAYS, START + 200, "waiting_third_party")
        lines += machine.resume(clock, ALWAYS, START + 300)
        lines += machine.stop(clock, ALWAYS, START + 400, "stage")
        self._assert_same(clock, self._lines(lines))
        self.assertEqual(clock.outcome, "met")

    def test_ended_while_paused(self):
        clock, lines = self._started()
        lines += machine.pause(clock, ALWAYS, START + 100, "waiting_customer")
        lines += machine.stop(clock, ALWAYS, START + 400, "stage")
        self._assert_same(clock, self._lines(lines))

    def test_broken_paused_and_ended(self):
        clock, lines = self._started()
        lines += machine.tick(clock, ALWAYS, START + 3000)
        lines += machine.tick(clock, ALWAYS, START + 3601)
        lines += machine.pause(clock, ALWAYS, START + 4000, "waiting_customer")
        lines += machine.resume(clock, ALWAYS, START + 5000)
        lines += machine.stop(clock, ALWAYS, START + 6000, "stage")
        self._assert_same(clock, self._lines(lines))

    def test_rules_changed(self):
        clock, lines = self._started()
        rules = {"target_seconds": 7200, "warn_percent": 50, "steps": []}
        lines += machine.retarget(
            clock, ALWAYS, ALWAYS, START + 10, cause="policy_change", **rules
        )
        lines += machine.pause(clock, ALWAYS, START + 100, "waiting_customer")
        rules["target_seconds"] = 90
        lines += machine.retarget(
            clock, ALWAYS, ALWAYS, START + 200, cause="policy_change", **rules
        )
        self._assert_same(clock, self._lines(lines))
        self.assertEqual(clock.breach_cause, "policy_change")

    def test_deadline_set_by_hand(self):
        clock, lines = self._started()
        lines += machine.pause(clock, ALWAYS, START + 100, "waiting_customer")
        lines += machine.fix(clock, ALWAYS, START + 200, START + 500)
        lines += machine.settle(clock, ALWAYS, START + 600)
        self._assert_same(clock, self._lines(lines))

    def test_random_histories(self):
        """Whatever happens to a clock, its lines say what became of it."""
        for seed in range(1000):
            random = Random(seed)
            clock, lines = self._started()
            now = START
            for _n in range(random.randrange(1, 12)):
                now += random.choice([0, 1, 100, 1000, 3000])
                lines += self._act(clock, random, now)
            self._assert_same(clock, self._lines(lines), seed)

    def _act(self, clock, random, now):
        rules = {"target_seconds": 1800, "warn_percent": 0, "steps": []}
        acts = (
            lambda: machine.tick(clock, ALWAYS, now),
            lambda: machine.pause(clock, ALWAYS, now, random.choice("ab")),
            lambda: machine.resume(clock, ALWAYS, now),
            lambda: machine.settle(clock, ALWAYS, now),
            lambda: machine.fix(clock, ALWAYS, now, now + 900),
            lambda: machine.move_start(clock, ALWAYS, now, START - 50),
            lambda: machine.retarget(clock, ALWAYS, ALWAYS, now, cause="x", **rules),
        )
        if random.random() < 0.1:
            return machine.stop(clock, ALWAYS, now, "stage")
        return random.choice(acts)()

    def test_missing_line(self):
        """Without one of its lines the rest does not fit together, or says something
        else than the clock."""
        clock, lines = self._started()
        lines += machine.pause(clock, ALWAYS, START + 100, "waiting_customer")
        lines += machine.resume(clock, ALWAYS, START + 300)
        lines += machine.tick(clock, ALWAYS, START + 3500)
        lines += machine.stop(clock, ALWAYS, START + 4000, "stage")
        lines = self._lines(lines)
        for index in range(len(lines)):
            replayed = replay.replay_clock(lines[:index] + lines[index + 1 :])
            found = replayed.gaps + replay.compare(vars(clock), replayed.values)
            self.assertTrue(found, lines[index].kind)

    def test_lines_of_an_earlier_version(self):
        """Lines that say less are not held against the clock."""
        clock, lines = self._started()
        lines += machine.settle(clock, ALWAYS, START + 3700)
        lines += machine.void(clock, ALWAYS, START + 4000, "cancelled")
        for line in lines:
            line["data"].pop("warning_at", None)
        lines = [
            line._replace(data={k: v for k, v in line.data.items() if k != "rules"})
            for line in self._lines(lines)
        ]
        self.assertEqual(clock.void_cause, "cancelled")
        self._assert_same(clock, lines)

    def test_no_lines_at_all(self):
        self.assertEqual(replay.replay_clock([]).gaps[0].field, LEDGER)
        self.assertEqual(replay.replay_case([]).gaps[0].field, LEDGER)

    # Plans ------------------------------------------------------------------------

    def test_plan(self):
        clock, _lines = self._started()
        row = {**vars(clock), "snapshot": {"warn_percent": 80}}
        self.assertEqual(replay.plan_findings(row, ALWAYS), [])
        row["deadline"] += 1
        found = replay.plan_findings(row, ALWAYS)
        self.assertIn(Finding("deadline", START + 3601, START + 3600), found)
        row.update(deadline=START + 3600, next_event_at=START + 3602)
        [finding] = replay.plan_findings(row, ALWAYS)
        self.assertEqual(finding.field, "next_event_at")

    # Cases ------------------------------------------------------------------------

    def _case_lines(self, *lines):
        received = {"stage": 1, "team": 2, "user": False, "order": False}
        every = [("received", START, None, received), *lines]
        return [
            Line(id=n, clock_id=None, kind=kind, at=at, cause=cause, data=data)
            for n, (kind, at, cause, data) in enumerate(every, 1)
        ]

    def _move(self, at, old, new, kind):
        return "stage_changed", at, None, {"from": old, "to": new, "to_kind": kind}

    def test_case(self):
        replayed = replay.replay_case(
            self._case_lines(
                ("assigned", START + 1, None, {"user_id": [False, 7]}),
                ("reply", START + 5, None, None),
                ("customer_message", START + 8, None, None),
                ("customer_message", START + 9, None, None),
                self._move(START + 10, 1, 5, "resolved"),
                ("resolved", START + 10, None, None),
                self._move(START + 20, 5, 2, "working"),
                ("reopened", START + 20, None, {"cycle": 2}),
                ("marked", START + 30, "spam", None),
            )
        )
        self.assertEqual(replayed.gaps, [])
        expected = {
            "stage_id": 2,
            "stage_kind": "working",
            "cycle": 2,
            "user_id": 7,
            "resolved_at": None,
            "first_response_at": START + 5,
            "last_reply_at": START + 5,
            "last_customer_message_at": START + 9,
            "awaiting_reply_since": None,
            "mark": "spam",
            "marked_at": START + 30,
        }
        self.assertEqual(replay.compare(expected, replayed.values), [])

    def test_case_with_a_gap(self):
        replayed = replay.replay_case(
            self._case_lines(
                ("assigned", START + 1, None, {"user_id": [7, 8]}),
                self._move(START + 10, 4, 5, "resolved"),
                ("reopened", START + 20, None, {"cycle": 3}),
                ("unmarked", START + 30, "spam", None),
            )
        )
        self.assertEqual(len(replayed.gaps), 4)

    def test_fingerprint(self):
        """The same whatever the order of keys, another for any other value."""
        one = replay.digest({"a": 1, "b": [1, None, "ä"]})
        self.assertEqual(one, replay.digest({"b": [1, None, "ä"], "a": 1}))
        self.assertNotEqual(one, replay.digest({"b": [1, None, "a"], "a": 1}))
