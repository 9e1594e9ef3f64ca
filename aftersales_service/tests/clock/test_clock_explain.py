from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_clock_engine import HOUR, ClockCommon, at


def flat(explanation):
    """Return the intervals of an explanation as (from, to, reason, seconds)."""
    return [
        (
            interval["from"][5:],
            interval["to"][5:],
            interval["reason"],
            interval["seconds"],
        )
        for day in (*explanation["days"], *explanation["last_days"])
        for interval in day["intervals"]
    ]


def sentences(explanation):
    """Return what the intervals of an explanation say."""
    return [
        interval["sentence"]
        for day in explanation["days"]
        for interval in day["intervals"]
    ]


@tagged("post_install", "-at_install", "aftersales_engine")
class TestExplain(ClockCommon):
    """Why a promise has its deadline. Madrid is one hour ahead of UTC."""

    def _explain(self, clock, user=None, **kwargs):
        return clock.with_user(user or self.user_manager).get_explanation(**kwargs)

    def _fact(self, explanation, code):
        return {fact["code"]: fact["value"] for fact in explanation["facts"]}.get(code)

    def _holiday(self, day=1, name="Epiphany"):
        """Close a whole day of Madrid."""
        midnight = at("00:00", day) - timedelta(hours=1)
        return self.env["resource.calendar.leaves"].create(
            {
                "name": name,
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": midnight,
                "date_to": midnight + timedelta(hours=24, seconds=-1),
            }
        )

    # Intervals ----------------------------------------------------------------

    def test_night_and_holiday(self):
        """Two hours and a half on Monday, nothing on the holiday, the rest on
        Wednesday; and that is the deadline."""
        self._holiday()
        clock = self._clock(self._case(at("14:30")))
        explanation = self._explain(clock)
        self.assertEqual(
            flat(explanation),
            [
                ("01-05 14:30:00", "01-05 17:00:00", "open", 9000),
                ("01-05 17:00:00", "01-05 23:00:00", "closed", 0),
                ("01-05 23:00:00", "01-06 23:00:00", "leave", 0),
                ("01-06 23:00:00", "01-07 08:00:00", "closed", 0),
                ("01-07 08:00:00", "01-07 09:30:00", "open", 5400),
            ],
        )
        self.assertEqual(clock.deadline, at("09:30", day=2))
        self.assertEqual(explanation["counted"], 4 * HOUR)
        self.assertIn("Holiday: Epiphany", sentences(explanation))
        self.assertEqual(explanation["days"][0]["words"], "2 h 30 min")

    def test_lunch_and_pause(self):
        """A wait for the customer over lunch: the pause stands over the break."""
        case = self._case(at("11:00"))
        self._move(case, "waiting_customer", at("11:30"))
        self._move(case, "working", at("14:00"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(
            flat(explanation)[:3],
            [
                ("01-05 11:00:00", "01-05 11:30:00", "open", 1800),
                ("01-05 11:30:00", "01-05 14:00:00", "pause", 0),
                ("01-05 14:00:00", "01-05 17:00:00", "open", 3 * HOUR),
            ],
        )
        self.assertIn("Paused: waiting for the customer", sentences(explanation))
        self.assertEqual(explanation["counted"], 4 * HOUR)

    def test_lunch_break_by_name(self):
        explanation = self._explain(self._clock(self._case(at("11:00"))))
        self.assertEqual(
            sentences(explanation), ["Working time", "Lunch break", "Working time"]
        )

    def test_paused_until_now(self):
        """There is no deadline to count to: it ends now, and says what is left."""
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        self.frozen.move_to(at("09:30"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(flat(explanation)[-1][1:], ("01-05 09:30:00", "pause", 0))
        self.assertIn("3 h are left", explanation["headline"])
        self.assertIn("Paused: waiting for the customer", explanation["headline"])

    def test_days_of_the_reader(self):
        """In Tokyo the working day of Madrid goes over midnight: rows are their days,
        and the zone of the hours is named."""
        clock = self._clock(self._case(at("13:00")))
        self.user_manager.tz = "Asia/Tokyo"
        explanation = self._explain(clock)
        labels = [day["label"] for day in explanation["days"]]
        self.assertEqual(labels, ["Mon, Jan 5", "Tue, Jan 6"])
        self.assertIn("Tokyo time", explanation["zones"])
        self.assertIn("Madrid time", explanation["zones"])
        self.assertEqual(explanation["counted"], 4 * HOUR)

    def test_zone_without_a_place(self):
        """Its name would read as the opposite of what it is."""
        clock = self._clock(self._case(at("13:00")))
        for tz, name in (
            ("Etc/GMT-7", "UTC+07:00"),
            ("Etc/GMT+3", "UTC-03:00"),
            ("Etc/UTC", "UTC"),
            (False, "UTC"),
        ):
            with self.subTest(tz):
                self.user_manager.tz = tz
                zones = self._explain(clock)["zones"]
                self.assertIn(f"All times are {name}.", zones)
                self.assertIn("Madrid time", zones)

    def test_same_zone_is_named_once(self):
        explanation = self._explain(self._clock(self._case(at("13:00"))))
        self.assertEqual(explanation["zones"], "All times are Madrid time.")

    def test_around_the_clock(self):
        clock = self._clock(self._case(at("10:00")), "acknowledgement")
        explanation = self._explain(clock)
        self.assertEqual(
            flat(explanation), [("01-05 10:00:00", "01-05 10:15:00", "open", 900)]
        )
        self.assertIn("around the clock", self._fact(explanation, "promise"))
        self.assertFalse(any("holiday" in s for s in explanation["changes"]))

    def test_long_promise_is_folded(self):
        """Half a year has its first and last days at once, and all of them when asked;
        the sum is that of all days."""
        self.target["resolution"].target_seconds = 1000 * HOUR
        clock = self._clock(self._case(at("08:00")))
        folded, whole = self._explain(clock), self._explain(clock, show_all=True)
        self.assertTrue(folded["hidden"])
        self.assertLess(len(folded["days"]) + len(folded["last_days"]), 25)
        self.assertFalse(whole["hidden"] or whole["last_days"])
        self.assertEqual(folded["counted"], 1000 * HOUR)
        self.assertEqual(whole["counted"], 1000 * HOUR)
        spans = flat(whole)
        for before, after in zip(spans, spans[1:], strict=False):
            self.assertEqual(before[1], after[0])

    def test_weekend_is_one_row(self):
        clock = self._clock(self._case(at("16:00", day=4)))
        labels = [day["label"] for day in self._explain(clock)["days"]]
        self.assertEqual(
            labels, ["Fri, Jan 9", "Sat, Jan 10 to Sun, Jan 11", "Mon, Jan 12"]
        )

    # Sums ---------------------------------------------------------------------

    def _sums(self, explanation):
        return [(line["label"], line["value"]) for line in explanation["sums"]]

    def _used(self, explanation):
        [used] = [fact for fact in explanation["facts"] if fact["code"] == "used"]
        return used["label"], used["value"]

    def test_sum_of_a_running_promise(self):
        """What is used so far is one thing, what counts by the deadline another."""
        clock = self._clock(self._case(at("08:00")))
        self.frozen.move_to(at("08:00") + timedelta(seconds=40))
        explanation = self._explain(clock)
        self.assertEqual(self._used(explanation), ("Used until now", "40 s"))
        self.assertEqual(self._sums(explanation), [("Counted by the deadline", "4 h")])

    def test_sum_with_carried_time(self):
        """It adds up to what was promised."""
        case = self._case(at("08:00"))
        self._move(case, "resolved", at("10:00"))
        self._move(case, "working", at("11:00"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(self._used(explanation), ("Used until now", "2 h"))
        self.assertEqual(
            self._sums(explanation),
            [
                ("Used before it was reopened", "2 h"),
                ("Counted by the deadline", "4 h"),
            ],
        )

    def test_sum_of_a_paused_promise(self):
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        self.frozen.move_to(at("09:30"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(self._used(explanation), ("Used until now", "1 h"))
        self.assertEqual(self._sums(explanation), [("Counted until now", "1 h")])

    def _paused_update(self, received, paused, **values):
        """Return a paused promise to tell the customer hourly how things stand."""
        self.env["aftersales.policy.target"].create(
            {
                "policy_id": self.policy.id,
                "kind": "update",
                "target_seconds": HOUR,
                "pause_customer": True,
                **values,
            }
        )
        case = self._case(received)
        self._move(case, "working", received)
        case._clocks_event("reply", received)
        self._move(case, "waiting_customer", paused)
        return self._clock(case, "update")

    def test_nothing_left_when_the_time_goes_on(self):
        """Used up before the case was long-running: due at once, but not before."""
        clock = self._paused_update(
            at("08:00"), at("11:30"), long_running_seconds=8 * HOUR
        )
        self.assertEqual(clock.remaining_seconds, -2.5 * HOUR)
        headline = self._explain(clock)["headline"]
        self.assertNotIn("are left", headline)
        self.assertIn("due as soon as the time goes on, but not before", headline)
        panel = clock.case_id.with_user(self.user_team).get_panel()
        [shown] = [p for p in panel["promises"] if p["kind"] == "update"]
        self.assertEqual(shown["floor_at"], "2026-01-05 17:00:00")
        self.frozen.move_to(at("17:00"))
        self.assertIn("as the time goes on.", self._explain(clock)["headline"])

    def test_paused_at_the_deadline(self):
        headline = self._explain(self._paused_update(at("08:00"), at("09:00")))[
            "headline"
        ]
        self.assertIn("due as soon as the time goes on.", headline)

    def test_sum_of_a_broken_promise(self):
        """While it is open more is shown than was used when it broke; once it is over,
        the same."""
        case = self._case(at("08:00"))
        self._tick(at("15:00"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(self._used(explanation), ("Used until it was breached", "4 h"))
        self.assertEqual(self._sums(explanation), [("Counted until now", "6 h")])
        self._move(case, "resolved", at("16:00"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(self._used(explanation), ("Used", "4 h"))
        self.assertEqual(self._sums(explanation), [("Counted altogether", "4 h")])

    def test_sum_of_what_was_broken_before(self):
        case = self._case(at("08:00"))
        self._tick(at("15:00"))
        self._move(case, "resolved", at("16:00"))
        self._move(case, "working", at("16:30"))
        self.frozen.move_to(at("16:40"))
        explanation = self._explain(self._clock(case))
        [carried, total] = self._sums(explanation)
        self.assertEqual(carried[0], "Used before it was reopened")
        self.assertEqual(total[0], "Counted until now")
        self.assertEqual(self._used(explanation), ("Used until now", total[1]))

    # Decided ------------------------------------------------------------------

    def test_decided_answer_is_frozen(self):
        """Hours and holidays changed since, the policy edited: the answer stays."""
        case = self._case(at("15:00"))
        self._tick(at("10:30", day=2))
        clock = self._clock(case)
        self.assertEqual(clock.outcome, "breached")
        self._move(case, "resolved", at("11:00", day=2))
        before = self._explain(clock)
        self._holiday()
        self.calendar.attendance_ids.filtered(lambda a: a.hour_from == 14).unlink()
        self.target["resolution"].target_seconds = 99 * HOUR
        self.env.invalidate_all()
        after = self._explain(clock)
        self.assertEqual(flat(after), flat(before))
        self.assertEqual(after["headline"], before["headline"])
        self.assertEqual(self._fact(after, "used"), self._fact(before, "used"))
        self.assertIn("Final: it is shown", after["changes"][0])
        self.assertIn("version", self._fact(after, "policy"))

    def test_broken_and_still_running(self):
        """What was counted until the deadline, and what has gone by since."""
        case = self._case(at("08:00"))
        self._tick(at("15:00"))
        explanation = self._explain(self._clock(case))
        self.assertIn("still to be done", explanation["headline"])
        self.assertEqual(flat(explanation)[-1][1], "01-05 15:00:00")
        self.assertEqual(explanation["counted"], 6 * HOUR)
        self.assertEqual(self._fact(explanation, "used"), "4 h")

    def test_void_names_its_cause(self):
        case = self._case(at("08:00"))
        self._move(case, "cancelled", at("09:00"))
        explanation = self._explain(self._clock(case))
        self.assertIn("the case was cancelled", explanation["headline"])

    def test_every_cause_has_words(self):
        """Whatever ends, breaks, fulfils or pauses a promise is said in words."""
        report = self.env["aftersales.report.clock"]
        kinds = self.env["aftersales.policy.target"]._clock_kinds().values()
        codes = {
            *dict(report._selection_void_cause()),
            *dict(report._selection_breach_cause()),
            *(code for rule in kinds if rule.offered for code in rule.met_by),
            *dict(self.env["aftersales.case"]._fields["mark"].selection),
            *("waiting_customer", "waiting_third_party", "stage", "no_working_time"),
            *("human_reply", "acknowledgement", "reopened", "restarted", "chain"),
            *("manual", "manual_reset"),
        }
        for code in codes:
            with self.subTest(code):
                words = self.env["aftersales.clock"]._cause_words(code)
                self.assertNotIn(words, ("", code))

    # Facts --------------------------------------------------------------------

    def test_policy_in_words(self):
        self.policy.team_ids = [Command.set(self.team.ids)]
        clock = self._clock(self._case(at("08:00")))
        version = clock.policy_version
        explanation = self._explain(clock)
        self.assertEqual(
            self._fact(explanation, "policy"), f"Test promises, version {version}"
        )
        self.assertIn("Test Team", self._fact(explanation, "conditions"))
        self.assertEqual(
            self._fact(explanation, "promise"), "within 4 h of service hours"
        )
        self.assertIn("Madrid time", self._fact(explanation, "hours"))

    def test_carried_time_is_told(self):
        case = self._case(at("08:00"))
        self._move(case, "resolved", at("10:00"))
        self._move(case, "working", at("11:00"))
        explanation = self._explain(self._clock(case))
        self.assertEqual(self._fact(explanation, "carried"), "2 h")
        self.assertEqual(explanation["counted"], 2 * HOUR)

    def test_what_would_change_it(self):
        case = self._case(at("08:00"))
        text = " ".join(self._explain(self._clock(case))["changes"])
        for words in (
            "Waiting for the customer stops the time",
            "A holiday entered",
            "another policy",
            "A manager may set",
            "reopened",
            "excluding the case",
        ):
            self.assertIn(words, text)
        answer = self._explain(self._clock(case, "first_response"))["changes"]
        self.assertIn("does not stop this time", " ".join(answer))
        self.assertNotIn("reopened", " ".join(answer))

    def test_ledger_lines(self):
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        ledger = self._explain(self._clock(case))["ledger"]
        self.assertEqual(
            [line["kind"] for line in ledger], ["clock_started", "clock_paused"]
        )
        self.assertEqual(ledger[1]["cause"], "we wait for the customer")
        self.assertTrue(ledger[1]["before"])
        self.assertFalse(ledger[1]["after"])

    def test_ledger_says_what_fulfilled_it(self):
        case = self._case(at("08:00"))
        case.with_user(self.user_team).action_reply("Here you are.")
        ledger = self._explain(self._clock(case, "first_response"))["ledger"]
        self.assertEqual(ledger[-1]["cause"], "somebody answered the customer")

    def test_ledger_does_not_name_a_step(self):
        """Which step of the ladder it was, only the policy could tell."""
        self.env["aftersales.policy.step"].create(
            {
                "target_id": self.target["resolution"].id,
                "moment": "percent",
                "percent": 50,
                "recipient": "leader",
            }
        )
        case = self._case(at("08:00"))
        self._tick(at("10:00"))
        [line] = [
            line
            for line in self._explain(self._clock(case))["ledger"]
            if line["kind"] == "step_fired"
        ]
        self.assertEqual(line["cause"], "")

    # Rights -------------------------------------------------------------------

    def test_who_may_ask(self):
        case = self._case(
            at("08:00"), user_id=self.user_specialist.id, sale_order_id=self.order.id
        )
        clock = self._clock(case)
        for user in (self.user_specialist, self.user_team, self.user_sales):
            self.assertTrue(self._explain(clock, user)["days"])
        for user in (self.user_portal, self.user_other, self.user_responder):
            with self.assertRaises(AccessError):
                self._explain(clock, user)
        case.user_id = self.user_team
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self._explain(clock, self.user_specialist)
