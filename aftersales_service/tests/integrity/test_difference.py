import json
import os
from contextlib import redirect_stdout
from datetime import timedelta
from io import StringIO
from random import Random

from odoo import Command
from odoo.cli.command import find_command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.integrity.compared_columns import (
    CASE_FACTS,
    CASE_INSTANTS,
    CLOCK_FACTS,
    CLOCK_INSTANTS,
)
from ...tools.business_time import to_epoch
from ..clock.test_clock_engine import HOUR, MODEL, at
from ..clock.test_clock_replan import CalendarChangeCommon

# Bookkeeping of the job, not facts.
BOOKKEEPING = {"error_count"}
HISTORIES = 200 if os.environ.get("SLOW") else 12


class IntegrityCommon(CalendarChangeCommon):
    """A policy with every kind of promise that the service starts by itself, with a
    ladder, and a checker."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Difference = cls.env["aftersales.difference"]
        cls.policy.target_ids = [
            Command.create({"kind": kind, "target_seconds": seconds, **values})
            for kind, seconds, values in (
                ("next_response", HOUR, {}),
                ("update", 2 * HOUR, {"long_running_seconds": 3 * HOUR}),
                ("classification", 3 * HOUR, {}),
                ("assignment", HOUR, {"calendar_mode": "always"}),
                ("start_work", 1800, {}),
                ("work", 3 * HOUR, {"pause_customer": True, "pause_third_party": True}),
            )
        ]
        cls.other_team = cls.team.copy(
            {"name": "Other", "calendar_id": cls._create_calendar(tz="UTC").id}
        )
        cls.category = cls.env["aftersales.category"].create({"name": "Fit"})

    def _check(self, cases):
        found, _clocks = self.Difference._check_cases(cases.ids)
        return found

    def _fields(self, case):
        return {finding.field for *_where, finding in self._check(case)}

    def _sql(self, query, *parameters, maintenance=False):
        self.env.flush_all()
        if maintenance:
            self.env.cr.execute("SET LOCAL aftersales.maintenance TO 'on'")
        self.env.cr.execute(SQL(query, *parameters))
        if maintenance:
            self.env.cr.execute("SET LOCAL aftersales.maintenance TO 'off'")
        self.env.invalidate_all()

    def _say(self, case, author, instant):
        self.frozen.move_to(instant)
        case.with_user(self.user_manager).sudo().message_post(
            author_id=author.id,
            body="Hello",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )


@tagged("post_install", "-at_install", "aftersales_engine")
class TestIntegrity(IntegrityCommon):
    """The checker finds whatever is not what the ledger says, and nothing else."""

    def _rich_case(self):
        """Return a case with a broken, a kept, a paused and a running promise."""
        case = self._case(at("09:00"), user_id=self.user_team.id)
        self._say(case, self.user_team.partner_id, at("09:05"))
        self._say(case, self.customer, at("09:30"))
        self._tick(at("12:00"))
        self._move(case, "waiting_customer", at("13:30"))
        self._move(case, "working", at("14:00"))
        self._move(case, "waiting_customer", at("14:30"))
        case._promise("callback", at("16:00"), at("14:30"))
        return case

    # Nothing to find ------------------------------------------------------------

    def test_nothing_to_find(self):
        self.assertEqual(self._check(self._rich_case()), [])

    def test_closed_and_reopened(self):
        case = self._rich_case()
        self._move(case, "resolved", at("15:00"))
        self._move(case, "closed", at("15:10"))
        self._move(case, "working", at("16:00", 1))
        self._move(case, "cancelled", at("16:10", 1))
        self.assertEqual(self._check(case), [])

    def test_archived_when_made(self):
        case = self._case(at("09:00"), active=False)
        self.assertEqual(self._check(case), [])

    def test_policy_and_user_deleted(self):
        """What the database itself emptied is no difference."""
        user = self.user_other.copy({"login": "as_leaving"})
        case = self._case(at("09:00"), user_id=user.id)
        self._sql("UPDATE aftersales_case SET user_id = NULL WHERE id = %s", case.id)
        self.assertEqual(self._fields(case), {"user_id"})
        self._sql("DELETE FROM res_users WHERE id = %s", user.id)
        self.assertEqual(self._fields(case), set())

    def test_demo_data_agree(self):
        cases = self.env["aftersales.case"].with_context(active_test=False).search([])
        self.assertEqual(self._check(cases), [])

    # Sabotage: columns ----------------------------------------------------------

    def test_every_column_of_a_case(self):
        """Whatever column is changed by hand, the check says which."""
        case = self._rich_case()
        stage = self._stage("resolved")
        values = {
            "stage_id": stage.id,
            "stage_kind": "resolved",
            "cycle": 7,
            "team_id": self.other_team.id,
            "user_id": self.user_manager.id,
            "sale_order_id": None if case.sale_order_id else self.order.id,
            "active": False,
            "mark": "spam",
        }
        for name in (*CASE_FACTS, *CASE_INSTANTS):
            value = values.get(name, at("03:33"))
            found = self._found_after("aftersales_case", case.id, name, value, case)
            self.assertIn(name, {finding.field for *_where, finding in found}, name)

    def _found_after(self, table, row_id, name, value, cases):
        """Return what the check finds after a column was changed; undone again."""
        found = None
        try:
            with self.env.cr.savepoint(flush=False):
                self._sql(
                    "UPDATE %s SET %s = %s WHERE id = %s",
                    SQL.identifier(table),
                    SQL.identifier(name),
                    value,
                    row_id,
                )
                found = self._check(cases)
                raise _UndoneError
        except _UndoneError:
            self.env.invalidate_all()
        return found

    def test_every_column_of_a_clock(self):
        """Whatever column of whatever clock is changed by hand, the check says so."""
        case = self._rich_case()
        rows = {(clock.state, clock.outcome): clock for clock in case.clock_ids}
        self.assertEqual(
            set(case.clock_ids.mapped("state")), {"running", "paused", "stopped"}
        )
        # A case without promises, to give a promise to.
        self.policy.active = False
        other = self._case(at("14:30"))
        company = self.env["res.company"].create({"name": "Other"})
        for clock in rows.values():
            values = self._made_up(clock, other, company)
            for name in (*CLOCK_FACTS, *CLOCK_INSTANTS):
                if name not in BOOKKEEPING and not self._is_free(clock, name):
                    value = values.get(name, at("03:33"))
                    self._sabotage(clock, name, value, case | other)

    def _made_up(self, clock, case, company):
        """Return a wrong value for each column of a clock that is no instant."""
        return {
            **dict.fromkeys(("subject", "void_cause", "breach_cause"), "made up"),
            **dict.fromkeys(
                (
                    "calendar_seconds",
                    "business_seconds",
                    "net_seconds",
                    "remaining_seconds",
                    "carried_seconds",
                    "target_seconds",
                ),
                12345,
            ),
            "case_id": case.id,
            "company_id": company.id,
            "kind": "repair_notice",
            "cycle": 9,
            "policy_id": self.policy.copy().id,
            "policy_version": 99,
            "calendar_id": self.other_team.calendar_id.id,
            "state": "running" if clock.state == "paused" else "paused",
            "outcome": "void" if clock.outcome != "void" else "met",
            "carried_breach": not clock.carried_breach,
            "pauses": json.dumps([[1, 2, "made up"]]),
            "steps_done": json.dumps(["made up"]),
            "decision": json.dumps({"made": "up"}),
            "snapshot": json.dumps({"made": "up"}),
        }

    def _is_free(self, clock, name):
        """Whether a column means nothing in the state that a clock is in."""
        planned = clock.state == "running" and clock.outcome == "none"
        if name in ("warning_at", "next_event_at"):
            return not planned
        undecided = not clock.decided_at
        return undecided and name in (
            "decision",
            "calendar_seconds",
            "business_seconds",
            "net_seconds",
        )

    def _sabotage(self, clock, name, value, cases):
        if name == "next_event_at":
            value = None
        found = self._found_after("aftersales_clock", clock.id, name, value, cases)
        about = [one for one in found if one[1] in (clock.id, None)]
        what = f"{name} of {clock.kind} {clock.state} {clock.outcome}"
        self.assertTrue(about, what)
        if name != "case_id":
            known = {finding.field for *_where, finding in about}
            self.assertTrue(known & {name, "ledger"}, what)

    # Sabotage: rows and lines -----------------------------------------------------

    def test_clock_removed(self):
        case = self._rich_case()
        clock = self._clock(case, "first_response")
        self._sql("DELETE FROM aftersales_clock WHERE id = %s", clock.id)
        self.assertIn("ledger", self._fields(case))

    def test_every_line_removed(self):
        """Whatever line of the ledger is taken away, the check says so."""
        case = self._rich_case()
        lines = self._events(case)
        self.assertGreater(len(lines), 15)
        for line_id in lines.ids:
            try:
                with self.env.cr.savepoint(flush=False):
                    self._sql(
                        "DELETE FROM aftersales_event WHERE id = %s",
                        line_id,
                        maintenance=True,
                    )
                    found = self._check(case)
                    raise _UndoneError
            except _UndoneError:
                self.env.invalidate_all()
            self.assertTrue(found, line_id)

    def test_line_removed_without_a_trace(self):
        """Also where somebody switched off the guard of the ledger, and the state is
        the same by later lines."""
        case = self._rich_case()
        case.user_id = self.user_specialist
        case.user_id = self.user_manager
        line = self._events(case, "assigned")[0]
        self._sql("ALTER TABLE aftersales_event DISABLE TRIGGER USER")
        self._sql("DELETE FROM aftersales_event WHERE id = %s", line.id)
        self._sql("ALTER TABLE aftersales_event ENABLE TRIGGER USER")
        self.assertEqual(self._fields(case), {"ledger"})

    def test_line_changed(self):
        case = self._rich_case()
        line = self._events(case, "clock_breached")[0]
        self._sql(
            "UPDATE aftersales_event SET at = at + interval '1 second' WHERE id = %s",
            line.id,
            maintenance=True,
        )
        self.assertLessEqual({"decided_at", "ledger"}, self._fields(case))

    def test_line_that_cannot_be_read(self):
        case = self._rich_case()
        line = self._events(case, "clock_started")[0]
        self._sql(
            "UPDATE aftersales_event SET data = '[]' WHERE id = %s",
            line.id,
            maintenance=True,
        )
        self.assertIn("ledger", self._fields(case))

    # Plans ----------------------------------------------------------------------

    def test_hours_changed_behind_the_back(self):
        """A deadline that does not follow from the hours any more is told; one that is
        about to be planned again is not."""
        case = self._case(at("15:00"))
        self._holiday()
        self.assertEqual(self._check(case), [])
        self._sql("DELETE FROM aftersales_job WHERE kind = 'replan'")
        self.assertIn("deadline", self._fields(case))

    # Job and screens --------------------------------------------------------------

    def _work_integrity(self):
        self.work()
        return self.Job.search([("kind", "=", "integrity")], limit=1)

    def test_job(self):
        """The button queues a check; what it found is listed, and health says so."""
        case = self._rich_case()
        Health = self.env["aftersales.health.check"].with_user(self.user_manager)
        verdict = self._health(Health)
        self.assertEqual(verdict.state, "warning")
        verdict.action_check_integrity()
        job = self._work_integrity()
        self.assertEqual((job.state, job.company_id), ("done", self.company))
        self.assertEqual(job.result["differences"], 0)
        self.assertEqual(self._health(Health).state, "ok")
        self._sql("UPDATE aftersales_case SET cycle = 4 WHERE id = %s", case.id)
        self.Difference.with_user(self.user_manager).action_check()
        self.assertEqual(self._work_integrity().result["differences"], 1)
        self.assertEqual(self._health(Health).state, "error")
        difference = self.Difference.with_user(self.user_manager).search([])
        self.assertEqual(
            (difference.case_id, difference.field_name, difference.stored),
            (case, "cycle", "4"),
        )
        self.assertEqual((difference.replayed, difference.kind), ("1", "fact"))
        self.assertTrue(difference.field_label and difference.advice)
        self.assertEqual(difference.action_open_case()["res_id"], case.id)

    def _health(self, Health):
        lines = Health.search(Health.action_open()["domain"])
        return lines.filtered(lambda line: line.code == "integrity")

    def test_found_before_is_forgotten(self):
        case = self._rich_case()
        self._sql("UPDATE aftersales_case SET cycle = 4 WHERE id = %s", case.id)
        self.Difference._cron_check()
        self._work_integrity()
        self.assertEqual(len(self.Difference.search([])), 1)
        self._sql("UPDATE aftersales_case SET cycle = 1 WHERE id = %s", case.id)
        self.Difference._cron_check()
        self._work_integrity()
        self.assertFalse(self.Difference.search([]))

    def test_weekly(self):
        job = self.env.ref("aftersales_service.ir_cron_check")
        self.assertEqual((job.interval_number, job.interval_type), (1, "weeks"))
        self.assertTrue(job.active)

    def test_command_line(self):
        """The command prints each difference, and counts them for its exit status."""
        command = find_command("aftersales_check")()
        case = self._rich_case()
        self.env.flush_all()
        for cycle, differences in ((1, 0), (4, 1)):
            self._sql(
                "UPDATE aftersales_case SET cycle = %s WHERE id = %s", cycle, case.id
            )
            printed = StringIO()
            with redirect_stdout(printed):
                self.assertEqual(command._check(self.env, False), differences)
            self.assertIn(f"{differences} differences", printed.getvalue())
        self.assertIn(
            f"case {case.id} promise - fact cycle: stored 4, by the ledger 1",
            printed.getvalue(),
        )

    def test_maintenance_is_told_once(self):
        """A change of the ledger is told by the next check, not for ever."""
        case = self._rich_case()
        line = self._events(case, "clock_warned")[0]
        self._sql(
            "UPDATE aftersales_event SET source_id = 5 WHERE id = %s",
            line.id,
            maintenance=True,
        )
        for differences in (1, 0):
            self.Difference._cron_check()
            self.assertEqual(self._work_integrity().result["differences"], differences)
            # The line of the ledger has the real instant of the database.
            self.env.cr.execute(
                "UPDATE aftersales_job SET started_at = now() AT TIME ZONE 'UTC'"
                " + interval '1 second' WHERE kind = 'integrity'"
            )
            self.env.invalidate_all()

    def test_rights(self):
        case = self._rich_case()
        for user in (self.user_team, self.user_management, self.user_portal):
            Difference = self.Difference.with_user(user)
            for method in ("action_check", "action_rebuild_mirrors"):
                with self.assertRaises(AccessError):
                    getattr(Difference, method)()
            with self.assertRaises(AccessError):
                Difference.search([])
        self.assertTrue(case)

    # Mirrors ----------------------------------------------------------------------

    def test_rebuild_mirrors(self):
        """Mirrors are worked out again; a fact that differs stays as it is."""
        case = self._rich_case()
        before = (case.next_deadline, case.next_warning_at)
        self._sql(
            "UPDATE aftersales_case SET next_deadline = NULL, next_warning_at = NULL,"
            " last_reply_at = %s, first_response_at = NULL, cycle = 4 WHERE id = %s",
            at("01:00"),
            case.id,
        )
        self.Difference.with_user(self.user_manager).action_rebuild_mirrors()
        self.work()
        [job] = self.Job.search([("kind", "=", "mirrors")])
        self.assertEqual(job.result["mended"], 1)
        self.assertIn("1", job.description)
        self.assertEqual((case.next_deadline, case.next_warning_at), before)
        self.assertEqual(case.first_response_at, at("09:05"))
        self.assertEqual(case.last_reply_at, at("09:05"))
        self.assertEqual(case.cycle, 4)
        self.assertEqual(self._fields(case), {"cycle"})
        # And it was checked afterwards.
        found = self.Difference.search([])
        self.assertEqual(found.mapped("field_name"), ["cycle"])

    # Failing steps ------------------------------------------------------------------

    def test_failing_steps(self):
        """A failure is listed in words, with when it began, and can be tried again."""
        self.calendar.attendance_ids = [Command.clear()]
        with mute_logger(MODEL):
            case = self._case(at("09:00"))
            self._tick(at("11:00"))
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_clock_action_failing"
        )
        self.assertEqual(action["domain"], "[('error_count', '>', 0)]")
        clock = self._clock(case)
        self.assertEqual(clock.error_since, at("09:00"))
        self.assertIn("Enter working times", clock.failure)
        self.assertIn(self.calendar.name, clock.failure)
        with self.assertRaises(AccessError):
            clock.with_user(self.user_team).action_retry()
        self.calendar.attendance_ids = self._create_calendar().attendance_ids.copy()
        clock.with_user(self.user_manager).action_retry()
        self.assertFalse(clock.error_count or clock.failure)
        self.assertTrue(clock.deadline)

    @mute_logger(MODEL)
    def test_failing_step_in_words(self):
        case = self._case(at("09:00"))
        clock = self._clock(case)
        self.Clock._note_failure(clock.id, ValueError("boom"), ["breached"], 0)
        first = to_epoch(at("09:30"))
        self._sql("UPDATE aftersales_clock SET error_count = 0 WHERE id = %s", clock.id)
        for now in (first, first + 60):
            self.Clock._note_failure(clock.id, ValueError("boom"), ["breached"], now)
        self.assertEqual(clock.error_since, at("09:30"))
        self.assertIn("ValueError: boom", clock.failure)


class _UndoneError(Exception):
    """Raised to undo a sabotage."""


@tagged("post_install", "-at_install", "aftersales_engine")
class TestRandomHistories(IntegrityCommon):
    """After whatever happened, in whatever order, the checker finds nothing."""

    def test_random_histories(self):
        for seed in range(HISTORIES):
            with self.subTest(seed=seed), self._undone():
                self._history(Random(seed))

    def _history(self, random):
        instant = at("08:00") + timedelta(minutes=random.randrange(600))
        cases = self._case(instant) | self._case(instant, channel="mail")
        acts = [name for name in dir(self) if name.startswith("_act_")]
        story = []
        for _n in range(25):
            instant += timedelta(
                seconds=random.choice([0, 1, 59, 600, 3000, 20000, 90000])
            )
            self.frozen.move_to(instant)
            case, act = random.choice(cases), random.choice(acts)
            story.append((act, str(instant), case.id))
            try:
                with self.env.cr.savepoint(), mute_logger("odoo.addons"):
                    getattr(self, act)(case, random, instant)
            except (UserError, AccessError):
                self.env.invalidate_all()
            found = self._check(cases)
            self.assertFalse(found, f"{found}\n{story}")

    def _act_move(self, case, random, instant):
        kinds = ("working", "waiting_customer", "waiting_third_party", "resolved")
        case._transition(self._stage(random.choice([*kinds, "closed", "cancelled"])))

    _act_move_again = _act_move

    def _act_tick(self, case, random, instant):
        self._tick(instant)

    def _act_customer(self, case, random, instant):
        self._say(case, self.customer, instant)

    def _act_reply(self, case, random, instant):
        self._say(case, self.user_team.partner_id, instant)

    def _act_acknowledge(self, case, random, instant):
        if not case.acknowledged_at:
            case._acknowledge(instant)

    def _act_fields(self, case, random, instant):
        case.write(
            random.choice(
                [
                    {"user_id": self.user_team.id},
                    {"user_id": False},
                    {"team_id": self.other_team.id},
                    {"team_id": self.team.id},
                    {"category_id": self.category.id},
                    {"handling_class": "urgent"},
                    {"handling_class": "common"},
                    {"urgency": random.choice("012")},
                    {"sale_order_id": self.order.id},
                    {"sale_order_id": False},
                ]
            )
        )

    _act_fields_again = _act_fields

    def _act_archive(self, case, random, instant):
        case.active = not case.active

    def _act_mark(self, case, random, instant):
        if case.mark:
            case.action_undo_mark()
        else:
            case._set_aside(random.choice(["spam", "test"]), "x")

    def _act_promise(self, case, random, instant):
        hours = random.choice([1, 5, 30])
        topic = random.choice(["callback", "solution"])
        case._promise(topic, instant + timedelta(hours=hours), instant)

    def _act_promise_kept(self, case, random, instant):
        case.action_promise_kept("callback")

    def _act_deadline(self, case, random, instant):
        clock = random.choice(case.clock_ids).with_user(self.user_manager)
        if clock.is_manual:
            clock.action_reset_deadline("x")
        else:
            hours = random.choice([1, 5, 30])
            clock.action_set_deadline(instant + timedelta(hours=hours), "x")

    def _act_policy(self, case, random, instant):
        target = random.choice(self.policy.target_ids)
        target.target_seconds = random.choice([300, 3600, 20000])
        self.env.flush_all()
        case._clocks_rematch(instant, versions=True)

    def _act_holiday(self, case, random, instant):
        self._holiday(random.randrange(5))
        if random.random() < 0.7:
            self.work()

    def _act_work(self, case, random, instant):
        self.work()

    def _act_absorb(self, case, random, instant):
        other = self._case(instant)
        case._clocks_absorb(other, instant)
        self.assertFalse(self._check(other))
