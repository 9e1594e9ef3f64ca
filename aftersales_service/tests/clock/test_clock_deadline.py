from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_clock_engine import HOUR, ClockCommon, at

REASON = "The customer asked for Friday"


@tagged("post_install", "-at_install", "aftersales_engine")
class TestManualDeadline(ClockCommon):
    """A manager sets a deadline by hand."""

    def _set(self, clock, deadline, reason=REASON, user=None):
        clock.with_user(user or self.user_manager).action_set_deadline(deadline, reason)

    def test_set(self):
        clock = self._clock(self._case(at("08:00")))
        self._set(clock, at("16:00", day=4))
        self.assertEqual(clock.deadline, at("16:00", day=4))
        self.assertTrue(clock.is_manual)
        self.assertEqual(clock.manual_reason, REASON)
        self.assertEqual(clock.manual_user_id, self.user_manager)
        case = clock.case_id
        self.frozen.move_to(at("08:05"))
        case._clocks_stop(["acknowledgement", "first_response"], at("08:05"))
        self.assertEqual(case.next_deadline, at("16:00", day=4))

    def test_ledger_has_no_text(self):
        case = self._case(at("08:00"))
        self._set(self._clock(case), at("16:00", day=4))
        line = self._events(case, "clock_fixed")
        self.assertEqual(line.cause, "manual")
        self.assertEqual(line.deadline_before, at("12:00"))
        self.assertEqual(line.deadline_after, at("16:00", day=4))
        self.assertNotIn(REASON, str(line.data))
        self.assertEqual(line.actor_kind, "user")
        self.assertEqual(line.actor_id, self.user_manager.id)

    def test_nothing_moves_it(self):
        """Neither a wait, nor a holiday, nor another priority."""
        case = self._case(at("08:00"))
        clock = self._clock(case)
        self._set(clock, at("16:00"))
        self.policy.copy(
            {
                "priority": "3",
                "sequence": 0,
                "target_ids": [
                    Command.create({"kind": "resolution", "target_seconds": HOUR})
                ],
            }
        )
        self._move(case, "waiting_customer", at("09:00"))
        self.assertEqual((clock.state, clock.deadline), ("running", at("16:00")))
        self._move(case, "working", at("10:00"))
        case.priority = "3"
        self.assertEqual(clock.deadline, at("16:00"))
        self._tick(at("16:01"))
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", at("16:00")))

    def test_pause_ends(self):
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        clock = self._clock(case)
        self._set(clock, at("16:00"))
        self.assertEqual((clock.state, clock.deadline), ("running", at("16:00")))

    def test_reset(self):
        case = self._case(at("08:00"))
        clock = self._clock(case)
        self._set(clock, at("16:00"))
        self.frozen.move_to(at("09:00"))
        clock.with_user(self.user_manager).action_reset_deadline("Asked too early")
        self.assertFalse(clock.is_manual)
        self.assertFalse(clock.fixed_deadline)
        self.assertEqual(clock.deadline, at("12:00"))
        with self.assertRaisesRegex(UserError, "not set by hand"):
            clock.with_user(self.user_manager).action_reset_deadline("Again")

    def test_reset_while_the_case_waits(self):
        """What was the customer's turn does not count afterwards either, and it stands
        still again."""
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        clock = self._clock(case)
        self._set(clock, at("16:00"))
        self.frozen.move_to(at("10:00"))
        clock.with_user(self.user_manager).action_reset_deadline("Asked too early")
        self.assertEqual(clock.state, "paused")
        self.assertEqual(clock.remaining_seconds, 3 * HOUR)

    def test_reset_too_late(self):
        """The calculated time is over: broken at the moment of the change, never
        before."""
        case = self._case(at("08:00"))
        clock = self._clock(case)
        self._set(clock, at("16:00"))
        self.frozen.move_to(at("14:00"))
        clock.with_user(self.user_manager).action_reset_deadline("Asked too early")
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", at("14:00")))

    def _promise_updates(self, **values):
        """Return a case that is worked on and whose customer hears of it hourly."""
        self.env["aftersales.policy.target"].create(
            {
                "policy_id": self.policy.id,
                "kind": "update",
                "target_seconds": HOUR,
                "pause_customer": True,
                **values,
            }
        )
        case = self._case(at("08:00"))
        self._move(case, "working", at("08:00"))
        case._clocks_event("reply", at("08:00"))
        return case

    def test_before_the_case_is_long_running(self):
        """A time set by hand is a promise, though the policy made none yet."""
        case = self._promise_updates(long_running_seconds=8 * HOUR)
        clock = self._clock(case, "update")
        self._set(clock, at("12:00"))
        self.frozen.move_to(at("11:00"))
        case._clocks_event("reply", at("11:00"))
        self.assertEqual((clock.outcome, clock.void_cause), ("met", False))

    def test_missed_while_the_case_waits(self):
        """A deadline set by hand does not wait; what follows on it in a chain does,
        from its start."""
        case = self._promise_updates()
        self.frozen.move_to(at("08:30"))
        self._set(self._clock(case, "update"), at("10:00"))
        self._move(case, "waiting_customer", at("09:00"))
        self._tick(at("16:30"))
        missed, waits = case.clock_ids.filtered(lambda c: c.kind == "update").sorted(
            "cycle"
        )
        self.assertEqual((missed.outcome, missed.decided_at), ("breached", at("10:00")))
        self.assertEqual((waits.state, waits.outcome), ("paused", "none"))
        self.assertEqual(waits.remaining_seconds, HOUR)
        self.assertFalse(self.env["aftersales.difference"]._check_cases(case.ids)[0])

    def test_reset_too_late_while_the_case_waits(self):
        """The next promise of a chain waits for the customer as well."""
        case = self._promise_updates()
        clock = self._clock(case, "update")
        self.frozen.move_to(at("08:30"))
        self._set(clock, at("16:00", day=1))
        self._move(case, "waiting_customer", at("11:00"))
        self.frozen.move_to(at("11:30"))
        clock.with_user(self.user_manager).action_reset_deadline("Asked too early")
        self._tick(at("16:30"))
        updates = case.clock_ids.filtered(lambda c: c.kind == "update")
        self.assertRecordValues(
            updates.sorted("cycle"),
            [
                {
                    "outcome": "breached",
                    "breach_cause": "manual_reset",
                    "state": "stopped",
                    "remaining_seconds": 0,
                },
                {
                    "outcome": "none",
                    "breach_cause": False,
                    "state": "paused",
                    "remaining_seconds": HOUR,
                },
            ],
        )

    # Refusals -------------------------------------------------------------------

    def test_only_managers(self):
        case = self._case(at("08:00"), sale_order_id=self.order.id)
        clock = self._clock(case)
        for user in (
            self.user_team,
            self.user_management,
            self.user_sales,
            self.user_portal,
        ):
            with self.assertRaises(AccessError):
                self._set(clock, at("16:00"), user=user)
            with self.assertRaises(AccessError):
                clock.with_user(user).action_reset_deadline(REASON)
            self.assertFalse(clock.sudo().is_manual)
        with self.assertRaises(AccessError):
            self.env["aftersales.clock.deadline"].with_user(self.user_team).create(
                {"clock_id": clock.id, "reason": REASON}
            )

    def test_refusals(self):
        case = self._case(at("08:00"))
        clock = self._clock(case)
        for reason in ("", "  ", False):
            with self.assertRaisesRegex(UserError, "Enter the reason"):
                self._set(clock, at("16:00"), reason)
        for deadline in (at("08:00"), at("07:00"), False):
            with self.assertRaisesRegex(UserError, "over already"):
                self._set(clock, deadline)
        for year in (2031, 2206):
            with self.assertRaisesRegex(UserError, "four years away"):
                self._set(clock, at("16:00").replace(year=year))
        self._move(case, "resolved", at("09:00"))
        with self.assertRaisesRegex(UserError, "has been decided"):
            self._set(clock, at("16:00"))

    def test_a_told_time_is_not_set_by_hand(self):
        case = self._case(at("08:00"))
        case._promise("callback", at("14:00"), at("08:00"))
        told = self._clock(case, "promise")
        with self.assertRaisesRegex(UserError, "was promised to the customer"):
            self._set(told, at("16:00"))

    # The dialog -----------------------------------------------------------------

    def _dialog(self, clock):
        action = clock.with_user(self.user_manager).action_open_deadline()
        wizard = self.env[action["res_model"]].with_user(self.user_manager)
        return Form(wizard.with_context(**action["context"]))

    def test_dialog(self):
        case = self._case(at("08:00"))
        case._promise("callback", at("14:00"), at("08:00"))
        clock = self._clock(case)
        with self._dialog(clock) as dialog:
            self.assertEqual(dialog.deadline, at("12:00"))
            dialog.deadline = at("16:00")
            dialog.reason = REASON
            preview = dialog.preview
        self.assertIn("4 h later", preview)
        self.assertIn("no pause, no holiday", preview)
        self.assertIn("The customer was promised", preview)
        self.assertIn("Callback", preview)
        dialog.record.action_set()
        self.assertEqual(clock.deadline, at("16:00"))
        self.assertEqual(self._clock(case, "promise").deadline, at("14:00"))

    def test_dialog_resets(self):
        clock = self._clock(self._case(at("08:00")))
        self._set(clock, at("16:00"))
        with self._dialog(clock) as dialog:
            dialog.reason = "Asked too early"
        dialog.record.action_reset()
        self.assertEqual(clock.deadline, at("12:00"))

    def test_preview_of_a_paused_promise(self):
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        dialog = self._dialog(self._clock(case))
        dialog.deadline = at("16:00")
        self.assertIn("becomes", dialog.preview)
        self.assertIn("goes on at once", dialog.preview)
        dialog.deadline = at("08:30")
        self.assertIn("over already", dialog.preview)
        dialog.deadline = at("16:00").replace(year=2062)
        self.assertEqual(
            dialog.preview, "This time is more than four years away. Check the year."
        )

    # Where it is shown ----------------------------------------------------------

    def test_explained(self):
        clock = self._clock(self._case(at("08:00")))
        self._set(clock, at("16:00"))
        explanation = clock.with_user(self.user_team).get_explanation()
        facts = {fact["code"]: fact["value"] for fact in explanation["facts"]}
        self.assertEqual(facts["manual"], f"by As Manager: {REASON}")
        self.assertIn("set by hand", explanation["changes"][0])

    def test_pinned_in_the_panel(self):
        case = self._case(at("08:00"))
        self._set(self._clock(case), at("16:00"))
        pinned = {
            promise["kind"]: (promise["is_manual"], promise["manual_reason"])
            for promise in case.with_user(self.user_team).get_panel()["promises"]
        }
        self.assertEqual(pinned["resolution"], (True, REASON))
        self.assertEqual(pinned["first_response"], (False, ""))

    def test_dialogs_are_their_owners(self):
        """What somebody is about to promise is neither read nor changed by others."""
        case = self._case(at("09:00"), user_id=self.user_specialist.id)
        promises = self.env["aftersales.case.promise"].with_user(self.user_specialist)
        promise = promises.create(
            {
                "case_id": case.id,
                "topic": "callback",
                "deadline": at("16:00"),
                "body": "We call you.",
            }
        )
        for user in (self.user_team, self.user_manager):
            theirs = promise.with_user(user)
            with self.assertRaises(AccessError):
                theirs.read(["body"])
            with self.assertRaises(AccessError):
                theirs.write({"body": "We never call you."})
        deadlines = self.env["aftersales.clock.deadline"].with_user(self.user_manager)
        deadline = deadlines.create(
            {"clock_id": self._clock(case).id, "reason": "Asked for it"}
        )
        other = self.user_manager.copy({"login": "as_manager_two"})
        with self.assertRaises(AccessError):
            deadline.with_user(other).read(["reason"])
