from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import html2plaintext

from ...tools.business_time import to_epoch
from ..clock.test_clock_engine import HOUR, ClockCommon, at


class PromiseCommon(ClockCommon):
    def _promises(self, case, topic="callback"):
        clocks = case.clock_ids.filtered(
            lambda c: c.kind == "promise" and c.subject == topic
        )
        return clocks.sorted("cycle")

    def _tell(self, case, deadline, topic="callback", instant=None):
        if instant:
            self.frozen.move_to(instant)
        case.with_user(self.user_team).action_promise(
            topic, deadline, f"We will call you by {deadline}."
        )


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPromise(PromiseCommon):
    """Times promised to a customer."""

    def test_told_and_kept(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        clock = self._promises(case)
        self.assertEqual(clock.deadline, at("14:00"))
        self.assertEqual(clock.started_at, at("09:00"))
        self.assertIn("We will call you", case.message_ids[0].body)
        self.assertEqual(self._clock(case, "first_response").outcome, "breached")
        self.frozen.move_to(at("14:00"))
        case.with_user(self.user_team).action_promise_kept("callback")
        self.assertEqual(clock.outcome, "met")
        self.assertEqual(clock.decided_at, at("14:00"))

    def test_message_is_a_human_reply(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("08:05"))
        self.assertEqual(self._clock(case, "first_response").outcome, "met")
        self.assertEqual(case.message_ids[0].partner_ids, self.customer)

    def test_seconds_nobody_was_told_do_not_count(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00") + timedelta(seconds=42))
        self.assertEqual(self._promises(case).deadline, at("14:00"))

    def test_ledger_holds_codes_only(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        line = self._events(case, "promised")
        self.assertEqual(
            line.data, {"topic": "callback", "deadline": to_epoch(at("14:00"))}
        )
        self.assertEqual(line.at, at("09:00"))
        self.frozen.move_to(at("10:00"))
        case.with_user(self.user_team).action_promise_kept("callback")
        self.assertEqual(self._events(case, "promise_kept").data["topic"], "callback")

    def test_broken_at_its_second(self):
        """Neither the night nor a holiday moves a time that was told."""
        case = self._case(at("08:00"))
        self._tell(case, at("02:00", day=1), instant=at("09:00"))
        self._tick(at("02:00", day=1))
        self.assertEqual(self._promises(case).outcome, "none")
        self._tick(at("02:01", day=1))
        self.assertEqual(self._promises(case).outcome, "breached")
        self.assertEqual(self._promises(case).decided_at, at("02:00", day=1))

    def test_waiting_does_not_move_it(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        self._move(case, "waiting_customer", at("10:00"))
        self.assertEqual(self._promises(case).state, "running")
        self.assertEqual(self._promises(case).deadline, at("14:00"))

    def test_moved_in_time(self):
        """A new time before the old one ends the old one without judging it."""
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        self._tell(case, at("16:00"), instant=at("13:00"))
        old, new = self._promises(case)
        self.assertEqual((old.outcome, old.void_cause), ("void", "moved"))
        self.assertEqual((new.outcome, new.deadline), ("none", at("16:00")))
        self.assertEqual(new.started_at, at("13:00"))

    def test_moved_too_late(self):
        """A new time after the old one does not mend it."""
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        self._tell(case, at("16:00"), instant=at("14:00") + timedelta(seconds=1))
        old, new = self._promises(case)
        self.assertEqual((old.outcome, old.state), ("breached", "stopped"))
        self.assertEqual(old.decided_at, at("14:00"))
        self.assertEqual(new.outcome, "none")

    def test_two_topics_side_by_side(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        self._tell(case, at("16:00"), "visit")
        self.frozen.move_to(at("10:00"))
        case.with_user(self.user_team).action_promise_kept("visit")
        self.assertEqual(self._promises(case, "visit").outcome, "met")
        self.assertEqual(self._promises(case).outcome, "none")

    def test_solution_is_kept_by_the_stage(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), "solution", at("09:00"))
        self._tell(case, at("16:00"))
        self._move(case, "resolved", at("12:00"))
        self.assertEqual(self._promises(case, "solution").outcome, "met")
        self.assertEqual(self._promises(case).outcome, "none")

    # Refusals -------------------------------------------------------------------

    def test_refusals(self):
        case = self._case(at("08:00"))
        for deadline in (at("07:00"), at("08:00"), False):
            with self.assertRaisesRegex(UserError, "over already"):
                self._tell(case, deadline)
        for year in (2031, 2206):
            with self.assertRaisesRegex(UserError, "four years away"):
                self._tell(case, at("14:00").replace(year=year))
        with self.assertRaisesRegex(UserError, "no such promise"):
            self._tell(case, at("14:00"), "money")
        with self.assertRaisesRegex(UserError, "not open any more"):
            case.with_user(self.user_team).action_promise_kept("callback")
        self._move(case, "resolved", at("09:00"))
        with self.assertRaisesRegex(UserError, "is over"):
            self._tell(case, at("14:00"))
        self.assertFalse(self._promises(case))

    def test_nothing_is_promised_when_nobody_can_be_told(self):
        """Message and promise are one transaction."""
        nobody = self.env["res.partner"].create({"name": "No Address"})
        case = self._case(at("08:00"), partner_id=nobody.id)
        with self.assertRaises(UserError), self.cr.savepoint():
            self._tell(case, at("14:00"))
        self.env.invalidate_all()
        self.assertFalse(self._promises(case))

    def test_who_may_promise(self):
        case = self._case(at("08:00"), sale_order_id=self.order.id)
        for user in (self.user_portal, self.user_sales, self.user_management):
            with self.assertRaises(AccessError):
                case.with_user(user).action_promise("callback", at("14:00"), "By two.")
            with self.assertRaises(AccessError):
                case.with_user(user).action_promise_kept("callback")

    # The dialog -----------------------------------------------------------------

    def _dialog(self, case, **context):
        context = {f"default_{name}": value for name, value in context.items()}
        wizard = self.env["aftersales.case.promise"].with_user(self.user_team)
        return Form(wizard.with_context(default_case_id=case.id, **context))

    def test_suggested_time_is_noon_of_the_next_working_day(self):
        case = self._case(at("10:00", day=4))
        self.assertEqual(self._dialog(case).deadline, at("11:00", day=7))

    def test_suggested_time_follows_the_policy(self):
        self.policy.target_ids = [
            Command.create({"kind": "promise", "target_seconds": 2 * 3600})
        ]
        case = self._case(at("11:00"))
        self.assertEqual(self._dialog(case).deadline, at("14:00"))

    def test_message_names_time_and_zone_of_the_customer(self):
        self.customer.tz = "America/New_York"
        case = self._case(at("08:00"))
        with self._dialog(case) as dialog:
            dialog.topic = "callback"
            dialog.deadline = at("14:00")
            self.assertIn("9:00", dialog.body)
            self.assertIn("New York", dialog.body)
            self.assertIn("New York", dialog.customer_time)
            self.assertIn("We will call you", dialog.body)

    def test_message_follows_the_time_and_keeps_what_was_written(self):
        case = self._case(at("08:00"))
        dialog = self._dialog(case, body="The part is on its way.")
        dialog.deadline = at("14:00")
        self.assertTrue(dialog.body.startswith("The part is on its way."))
        self.assertEqual(dialog.body.count("Madrid"), 1)
        dialog.body += "\nKind regards"
        dialog.deadline = at("16:00")
        self.assertIn("5:00", dialog.body)
        self.assertNotIn("3:00", dialog.body)
        self.assertTrue(dialog.body.endswith("Kind regards"))
        dialog.body = "Some day."
        self.assertIn("does not say the time", dialog.warning)

    def test_confirmed(self):
        case = self._case(at("08:00"))
        with self._dialog(case) as dialog:
            dialog.topic = "visit"
            dialog.deadline = at("16:00")
        self.frozen.move_to(at("08:09"))
        dialog.record.action_send()
        self.assertEqual(self._promises(case, "visit").deadline, at("16:00"))
        text = html2plaintext(case.message_ids[0].body)
        self.assertIn("We will be with you by Mon, Jan 5, 5:00", text)

    def test_warnings(self):
        """Warned, not refused: out of hours, on a holiday, in place of another."""
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Epiphany",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": at("23:00"),
                "date_to": at("22:59", day=1) + timedelta(seconds=59),
            }
        )
        case = self._case(at("08:00"))
        dialog = self._dialog(case)
        dialog.deadline = at("17:00")
        self.assertFalse(dialog.warning)
        dialog.deadline = at("17:01")
        self.assertIn("is closed at that time", dialog.warning)
        dialog.deadline = at("10:00", day=1)
        self.assertIn("Epiphany", dialog.warning)
        dialog.deadline = at("07:00")
        self.assertIn("over already", dialog.warning)
        dialog.deadline = at("10:00").replace(year=2062)
        self.assertEqual(
            dialog.warning, "This time is more than four years away. Check the year."
        )
        dialog.topic = "callback"
        dialog.deadline = at("10:00", day=1)
        dialog.save().action_send()
        self.assertTrue(self._promises(case))
        again = self._dialog(case, topic="callback")
        self.assertIn("is promised already", again.warning)

    # Where it is shown ----------------------------------------------------------

    def test_panel(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        self._tell(case, at("16:00"), "visit")
        shown = {
            promise["subject"]: promise
            for promise in case.with_user(self.user_team).get_panel()["promises"]
            if promise["kind"] == "promise"
        }
        self.assertEqual(set(shown), {"callback", "visit"})
        self.assertIn("Callback", shown["callback"]["label"])
        self.assertTrue(shown["callback"]["can_keep"])
        self.assertTrue(shown["callback"]["can_explain"])
        read_only = case.with_user(self.user_management).get_panel()["promises"]
        self.assertFalse(any(promise["can_keep"] for promise in read_only))
        self.assertTrue(all(promise["can_explain"] for promise in read_only))

    def test_panel_says_paused_and_whose_turn(self):
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        shown = {
            promise["kind"]: promise["paused"]
            for promise in case.with_user(self.user_team).get_panel()["promises"]
        }
        self.assertEqual(shown["resolution"], "paused, customer's turn")
        self.assertEqual(shown["first_response"], "")

    def test_panel_measures_as_promised(self):
        """Solved after a night, in service hours; a told time on the calendar."""
        case = self._case(at("17:00"))
        self._tell(case, at("10:00", 1), instant=at("17:00"))
        self._move(case, "resolved", at("09:00", 1))
        taken = {
            promise["kind"]: (promise["taken_seconds"], promise["calendar_seconds"])
            for promise in case.with_user(self.user_team).get_panel()["promises"]
        }
        solved = self._clock(case)
        self.assertEqual(taken["resolution"], (solved.net_seconds, 16 * HOUR))
        self.assertLess(solved.net_seconds, 4 * HOUR)
        self.assertIsNone(taken["promise"][0])
        case.with_user(self.user_team).action_promise_kept("callback")
        told = case.with_user(self.user_team).get_panel()["promises"]
        taken = [p["taken_seconds"] for p in told if p["kind"] == "promise"]
        self.assertEqual(taken, [16 * HOUR])

    def _taken(self, case):
        """Return how many seconds the panel says that the solution took."""
        promises = case.with_user(self.user_team).get_panel()["promises"]
        [taken] = [p["taken_seconds"] for p in promises if p["kind"] == "resolution"]
        return taken

    def test_panel_measures_in_the_hours_of_the_promise(self):
        """Whatever the hours of the team are."""
        hotline = self._create_calendar(
            name="Hotline", tz="UTC", attendance_ids=self._evenings()
        )
        self.target["resolution"].write(
            {"calendar_mode": "calendar", "calendar_id": hotline.id}
        )
        case = self._case(at("17:30"))
        self._move(case, "resolved", at("19:30"))
        self.assertEqual(self._taken(case), 1.5 * HOUR)

    def _evenings(self):
        return [
            Command.clear(),
            *(
                Command.create(
                    {
                        "name": f"Evening {day}",
                        "dayofweek": str(day),
                        "hour_from": 18,
                        "hour_to": 22,
                    }
                )
                for day in range(5)
            ),
        ]

    def test_panel_leaves_out_pauses_around_the_clock(self):
        self.target["resolution"].calendar_mode = "always"
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        self._move(case, "working", at("09:00", day=3))
        self._move(case, "resolved", at("10:00", day=3))
        self.assertEqual(self._taken(case), 2 * HOUR)

    def test_panel_adds_what_was_used_before_the_reopening(self):
        """Broken half an hour before it was solved again."""
        case = self._case(at("08:00"))
        self._move(case, "working", at("08:00"))
        self._move(case, "resolved", at("11:00"))
        self._move(case, "working", at("13:00"))
        self._move(case, "resolved", at("14:30"))
        self.assertEqual(self._clock(case).outcome, "breached")
        self.assertEqual(self._taken(case), 4.5 * HOUR)

    def test_customer_sees_it_in_his_zone(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("08:05"))
        first = case._portal_values()["promises"][0]
        self.assertEqual(first["kind"], "promise")
        self.assertIn("We will call you by Mon, Jan 5, 3:00", first["sentence"])
        self.assertIn("(Madrid time)", first["sentence"])
        self._tick(at("14:01"))
        late = case._portal_values()["promises"][0]
        self.assertTrue(late["late"])
        self.assertIn("sorry", late["sentence"])

    def test_timeline_says_which(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        entries = case.with_user(self.user_team).get_timeline()
        told = next(entry for entry in entries if entry["kind"] == "promised")
        self.assertIn("Callback by Mon, Jan 5", told["detail"])

    def test_explanation_of_a_told_time(self):
        case = self._case(at("08:00"))
        self._tell(case, at("14:00"), instant=at("09:00"))
        clock = self._promises(case).with_user(self.user_team)
        explanation = clock.get_explanation()
        text = " ".join(explanation["changes"])
        self.assertIn("no pause, no holiday", text)
        self.assertIn("new time", text)
        self.assertNotIn("would move it", text)
        facts = {fact["code"]: fact["value"] for fact in explanation["facts"]}
        self.assertIn("fixed time", facts["promise"])
        self.assertIn("was promised", facts["told"])
