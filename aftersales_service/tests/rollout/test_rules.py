"""Each rule of a promise's life, by a life that shows it: the engine lives it with real
records, the simulation reenacts its ledger. What is to come out is written by hand."""

from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from ..clock.test_clock_engine import HOUR, at
from .test_policy_simulation import OUTCOMES, SimulationCommon

# Around the clock: an hour is an hour.
TARGETS = {
    "first_response": {"target_seconds": HOUR, "ack_counts": False},
    "next_response": {"target_seconds": 2 * HOUR},
    "update": {"target_seconds": 3 * HOUR, "pause_customer": True},
    "classification": {"target_seconds": HOUR},
    "resolution": {"target_seconds": 4 * HOUR, "pause_customer": True},
}
# What is lived from 08:00, the receipt of the case, up to 16:00: (when, act, of what);
# what is open then has a deadline, or none while it pauses. A cycle is (outcome, from,
# deadline, to); one that was made void leaves none.
LIVES = {
    "a stage fulfils": (
        [("10:00", "move", "resolved")],
        {"resolution": [("met", "08:00", "12:00", "10:00")]},
    ),
    "a pause moves the deadline": (
        [("09:00", "move", "waiting_customer"), ("10:30", "move", "working")],
        {"resolution": [("breached", "08:00", "13:30", None)]},
    ),
    "what pauses has no deadline": (
        [("09:00", "move", "waiting_customer")],
        {"resolution": [("open", "08:00", None, None)]},
    ),
    "no promise pauses for others": (
        [("09:00", "move", "waiting_third_party"), ("10:30", "move", "working")],
        {"resolution": [("breached", "08:00", "12:00", None)]},
    ),
    "cancelling makes void": (
        [("09:00", "move", "cancelled")],
        {"resolution": [], "first_response": [], "classification": []},
    ),
    "a cancelled case owes nothing": (
        [("09:00", "move", "cancelled"), ("09:30", "reply", None)],
        {"update": []},
    ),
    "an archived case owes nothing": (
        [("09:00", "archive", None), ("09:30", "reply", None)],
        {"update": []},
    ),
    "an excluded case owes nothing": (
        [("09:00", "exclude", None), ("09:30", "reply", None)],
        {"update": []},
    ),
    "a resolved case owes nothing that resolving fulfils": (
        [("09:00", "move", "resolved"), ("09:30", "reply", None)],
        {"update": []},
    ),
    "a confirmation is no answer unless it counts": (
        [("08:10", "acknowledge", None), ("08:30", "reply", None)],
        {"first_response": [("met", "08:00", "09:00", "08:30")]},
    ),
    "the oldest question waits": (
        [("08:30", "reply", None), ("09:00", "say", None), ("09:30", "say", None)]
        + [("10:00", "reply", None)],
        {"next_response": [("met", "09:00", "11:00", "10:00")]},
    ),
    "the first answer comes before the next": (
        [("08:20", "say", None), ("08:30", "reply", None)],
        {"next_response": []},
    ),
    "restored, a promise has run on": (
        [("09:00", "move", "cancelled"), ("10:00", "move", "working")]
        + [("11:00", "move", "resolved")],
        {"resolution": [("met", "08:00", "12:00", "11:00")]},
    ),
    "restored, it has the pauses it would have had": (
        [("09:00", "archive", None), ("09:30", "move", "waiting_customer")]
        + [("10:30", "move", "working"), ("11:00", "unarchive", None)]
        + [("12:30", "move", "resolved")],
        {"resolution": [("met", "08:00", "13:00", "12:30")]},
    ),
    "the end of the work is no time of work": (
        [("09:00", "archive", None), ("09:30", "move", "resolved")]
        + [("10:30", "move", "working"), ("11:00", "unarchive", None)]
        + [("12:30", "move", "resolved")],
        {"resolution": [("met", "08:00", "13:00", "12:30")]},
    ),
    "what was answered meanwhile is not owed again": (
        [("08:10", "move", "cancelled"), ("08:20", "reply", None)]
        + [("08:30", "move", "working")],
        {"first_response": []},
    ),
    "what is owed since comes as a cycle of its own": (
        [("08:10", "reply", None), ("08:20", "say", None), ("08:30", "reply", None)]
        + [("09:00", "exclude", None), ("09:30", "say", None)]
        + [("10:00", "include", None), ("10:30", "reply", None)],
        {
            "next_response": [
                ("met", "08:20", "10:20", "08:30"),
                ("met", "09:30", "11:30", "10:30"),
            ]
        },
    ),
    "what a stage fulfilled meanwhile is not owed": (
        [("08:10", "archive", None), ("08:20", "reply", None)]
        + [("08:30", "move", "resolved"), ("09:00", "move", "working")]
        + [("09:30", "unarchive", None)],
        {"update": []},
    ),
    "what began meanwhile has its pauses": (
        [("08:10", "archive", None), ("08:20", "reply", None)]
        + [("08:30", "move", "waiting_customer"), ("09:30", "move", "working")]
        + [("10:00", "unarchive", None), ("12:00", "reply", None)],
        {
            "update": [
                ("met", "08:20", "12:20", "12:00"),
                ("breached", "12:00", "15:00", "15:00"),
                ("open", "15:00", "18:00", None),
            ]
        },
    ),
    "no update is owed to who waits for an answer": (
        [("08:10", "exclude", None), ("08:20", "reply", None), ("08:30", "say", None)]
        + [("09:00", "include", None)],
        {"update": [], "next_response": [("breached", "08:30", "10:30", None)]},
    ),
    "reopened, it carries the time": (
        [("10:00", "move", "resolved"), ("11:00", "move", "working")],
        {
            "resolution": [
                ("met", "08:00", "12:00", "10:00"),
                ("breached", "11:00", "13:00", None),
            ]
        },
    ),
    "reopened to wait, it waits": (
        [("10:00", "move", "resolved"), ("11:00", "move", "waiting_customer")],
        {
            "resolution": [
                ("met", "08:00", "12:00", "10:00"),
                ("open", "11:00", None, None),
            ]
        },
    ),
    "reopened, only what carries its time begins again": (
        [("08:30", "reply", None), ("08:40", "classify", None)]
        + [("10:00", "move", "resolved"), ("11:00", "move", "working")],
        {
            "first_response": [("met", "08:00", "09:00", "08:30")],
            "classification": [("met", "08:00", "09:00", "08:40")],
        },
    ),
    "reopened afresh": (
        [("10:00", "move", "resolved"), ("11:00", "move", "working")],
        {
            "resolution": [
                ("met", "08:00", "12:00", "10:00"),
                ("breached", "11:00", "15:00", None),
            ]
        },
        {"resolution": {"on_reopen": "fresh"}},
    ),
    "reopened without a promise": (
        [("10:00", "move", "resolved"), ("11:00", "move", "working")],
        {"resolution": [("met", "08:00", "12:00", "10:00")]},
        {"resolution": {"on_reopen": "none"}},
    ),
}


class RulesCommon(SimulationCommon):
    def _policy(self, changes):
        self.env["aftersales.policy"].search([]).active = False
        return self.env["aftersales.policy"].create(
            {
                "name": "Rules",
                "sequence": 1,
                "company_id": self.company.id,
                "target_ids": [
                    Command.create(
                        {
                            "kind": kind,
                            "calendar_mode": "always",
                            **values,
                            **changes.get(kind, {}),
                        }
                    )
                    for kind, values in TARGETS.items()
                ],
            }
        )

    def _lives(self):
        """Let each life be lived; yield its policy, its case, and what is expected."""
        for name, (acts, expected, *changes) in LIVES.items():
            with self.subTest(life=name), self._undone():
                policy = self._policy(*changes or [{}])
                self.frozen.move_to(at("08:00"))
                case = self._create_case(channel="mail")
                for clock_time, act, what in acts:
                    self.frozen.move_to(at(clock_time))
                    getattr(self, f"_let_{act}")(case, what, at(clock_time))
                self._tick(at("16:00"))
                yield policy, case, expected

    def _let_move(self, case, kind, instant):
        self._move(case, kind, instant)

    def _let_reply(self, case, _what, instant):
        self._reply(case, instant)

    def _let_say(self, case, _what, instant):
        self._say(case, instant)

    def _let_acknowledge(self, case, _what, instant):
        self._do_acknowledge(None, case, instant)

    def _let_classify(self, case, _what, _instant):
        case.category_id = self.category

    def _let_archive(self, case, _what, _instant):
        case.active = False

    def _let_unarchive(self, case, _what, _instant):
        case.active = True

    def _let_exclude(self, case, _what, _instant):
        case._set_aside("test", "Only a test")

    def _let_include(self, case, _what, _instant):
        case.action_undo_mark()

    def _cycle(self, outcome, started, deadline, stopped):
        instants = (started, deadline, stopped)
        times = [instant.strftime("%H:%M") if instant else None for instant in instants]
        return (outcome, *times)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestRulesInEngine(RulesCommon):
    def test_lives(self):
        for _policy, case, expected in self._lives():
            for kind, cycles in expected.items():
                clocks = case.clock_ids.filtered(lambda clock, k=kind: clock.kind == k)
                clocks = clocks.filtered(lambda clock: clock.outcome != "void")
                found = [
                    self._cycle(
                        clock.outcome if clock.outcome != "none" else "open",
                        clock.started_at,
                        clock.deadline,
                        clock.stopped_at,
                    )
                    for clock in clocks.sorted("cycle")
                ]
                self.assertEqual(found, cycles, kind)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestRulesInSimulation(RulesCommon):
    def test_lives(self):
        outcomes = {told: outcome for outcome, told in OUTCOMES.items()}
        for policy, case, expected in self._lives():
            rows = self._simulated_rows(policy)
            for kind, cycles in expected.items():
                mine = [row for row in rows if row[:2] == (case.id, kind)]
                mine.sort(key=lambda row: row[2])
                found = [
                    self._cycle(outcomes.get(row[3], row[3]), *row[5:8]) for row in mine
                ]
                self.assertEqual(found, cycles, kind)

    def _simulated_rows(self, policy):
        rows = []
        collect = patch.object(
            self.registry["aftersales.policy.simulation"],
            "_insert_outcomes",
            lambda _self, found: rows.extend(found),
        )
        with collect:
            self._simulate(policy, at("16:01"))
        return rows
