from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_clock_engine import MODEL, ClockCommon, at

# The example of the documentation, see readme/USAGE.md.
DOMAIN = (
    "[('last_event', '=', 'breached'), ('kind', '=', 'resolution'),"
    " ('case_id.handling_class', '=', 'urgent')]"
)
CODE = """
for clock in records:
    clock.case_id.message_post(body="Urgent, and late: please call the customer.")
"""


@tagged("post_install", "-at_install", "aftersales_engine")
class TestLastEvent(ClockCommon):
    """An administrator's automated action listens on what happens to promises."""

    def setUp(self):
        super().setUp()
        self.policy.target_ids.step_ids.unlink()

    def _automation(self, domain=DOMAIN, code=CODE, before="[]"):
        Model = self.env["ir.model"]
        Field = self.env["ir.model.fields"]
        return self.env["base.automation"].create(
            {
                "name": "Urgent and late",
                "model_id": Model._get_id("aftersales.clock"),
                "trigger": "on_create_or_write",
                "trigger_field_ids": [
                    Command.set(Field._get("aftersales.clock", "last_event").ids)
                ],
                "filter_pre_domain": before,
                "filter_domain": domain,
                "action_server_ids": [
                    Command.create(
                        {
                            "name": "Note on the case",
                            "model_id": Model._get_id("aftersales.clock"),
                            "state": "code",
                            "code": code,
                        }
                    )
                ],
            }
        )

    def _notes(self, case):
        return case.message_ids.filtered(lambda m: "Urgent, and late" in m.body)

    def test_example(self):
        """The example of the documentation does what it says, once, and only for the
        cases it names."""
        self._automation()
        urgent = self._case(at("09:00"), handling_class="urgent")
        common = self._case(at("09:00"), handling_class="common")
        self._tick(at("10:00"))
        self.assertFalse(self._notes(urgent), "the first answer is another promise")
        self._tick(at("14:01"))
        self.assertEqual(len(self._notes(urgent)), 1)
        self.assertFalse(self._notes(common))
        self._tick(at("14:02"))
        self._tick(at("16:00"))
        self.assertEqual(len(self._notes(urgent)), 1)
        self.assertEqual(self._clock(urgent).outcome, "breached")

    def test_once_each(self):
        """Of many promises broken in one batch each sets the action off once, however
        often the job looks at them."""
        self._automation("[('last_event', '=', 'breached')]")
        cases = [self._case(at("09:00")) for _n in range(20)]
        for case in cases:
            case._clocks_stop(["acknowledgement", "first_response"], at("09:00"))
        for instant in (at("14:01"), at("14:02"), at("15:00")):
            self._tick(instant)
        self.assertEqual([len(self._notes(case)) for case in cases], [1] * 20)

    def test_steps_are_events(self):
        """A step of the ladder is an event too."""
        self.env["aftersales.policy.step"].create(
            {"target_id": self.target["resolution"].id, "moment": "percent"}
        )
        self._automation(domain="[('last_event', '=', 'step_fired')]")
        case = self._case(at("09:00"))
        self._tick(at("13:59"))
        self.assertEqual(len(self._notes(case)), 1)

    @mute_logger(MODEL)
    def test_failing_automation(self):
        """48. An automation that fails undoes no outcome and holds up no other case."""
        self._automation(
            domain="[('last_event', '=', 'breached')]",
            code="if records.filtered(lambda c: c.case_id.name == 'Bad'):\n"
            "    raise UserError('no')\n" + CODE,
        )
        bad, good = self._case(at("09:00"), name="Bad"), self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertEqual(self._clock(bad).outcome, "breached")
        self.assertEqual(self._clock(bad).error_count, 1)
        self.assertTrue(self._notes(good))
        self.assertFalse(self._notes(bad))

    def test_nobody_else_writes_it(self):
        """The field is written by the engine alone: an action cannot be set off by
        hand."""
        case = self._case(at("09:00"))
        with self.assertRaises(AccessError):
            self._clock(case).with_user(self.user_manager).last_event = "breached"

    @mute_logger(MODEL)
    def test_any_event_is_told_again(self):
        """An automation that failed on a promise kept is run again; one that is gone
        meanwhile leaves nothing behind that the job looks at for ever."""
        told = []

        def fail(_clocks, _cycles):
            raise ValueError("no")

        def write(_clocks, cycles):
            told.extend(code for cycle in cycles for code in cycle.codes)

        clock = self._kept_unheard(fail)
        self.assertEqual((clock.outcome, clock.pending_event), ("met", "met"))
        with self._listening(write):
            self._tick(at("09:02"))
        self.assertEqual(told, ["met"])
        self.assertEqual((clock.error_count, clock.pending_event), (0, False))
        clock = self._kept_unheard(fail)
        self.assertEqual(clock.error_count, 1)
        self._tick(at("09:03"))
        self.assertEqual((clock.error_count, clock.pending_event), (0, False))

    def _kept_unheard(self, fail):
        """Return a promise that was kept while its automation failed."""
        case = self._case(at("09:00"))
        with self._listening(fail):
            case._clocks_stop(["first_response"], at("09:00"))
        return self._clock(case, "first_response")

    @contextmanager
    def _listening(self, write):
        Clock = type(self.env["aftersales.clock"])
        with (
            patch.object(Clock, "_is_listened_to", lambda _clocks: True),
            patch.object(Clock, "_write_last_event", write),
        ):
            yield
