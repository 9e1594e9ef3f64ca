from datetime import datetime, timedelta
from random import Random
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.base import resource_calendar
from ...models.base.resource_calendar import FreshSchedules
from ...tools import clock_machine as machine
from ...tools.business_time import to_epoch
from ..base.test_job import JobCommon
from .test_clock_engine import HOUR, ClockCommon, at


class CalendarChangeCommon(ClockCommon, JobCommon):
    """Running promises whose hours change."""

    def _holiday(self, day=1, **values):
        """Close a day of the test week, Madrid time."""
        midnight = at("00:00", day) - timedelta(hours=1)
        return self.env["resource.calendar.leaves"].create(
            {
                "name": "Bank holiday",
                "calendar_id": self.calendar.id,
                "date_from": midnight,
                "date_to": midnight + timedelta(days=1, seconds=-1),
                **values,
            }
        )

    def _jobs(self):
        return self.Job.search([("kind", "=", "replan")])

    def _work_at(self, instant):
        self.frozen.move_to(instant)
        self.work()

    def _finish(self, instant):
        """Let the job do both of its rounds."""
        self._work_at(instant)
        self._work_at(instant + timedelta(minutes=2))


@tagged("post_install", "-at_install", "aftersales_engine")
class TestCalendarChange(CalendarChangeCommon):
    """Working hours and holidays change while promises run."""

    def test_holiday(self):
        """27. A holiday moves the deadline of a running promise; the save itself
        touches nothing."""
        case = self._case(at("15:00"))
        clock = self._clock(case)
        self.assertEqual(clock.deadline, at("10:00", 1))
        self._holiday()
        self.assertEqual(clock.deadline, at("10:00", 1))
        self.assertEqual(self._jobs().mapped("state"), ["queued"])
        self._work_at(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 2))
        [line] = self._events(case, "clock_replanned").filtered(
            lambda line: line.clock_id == clock.id
        )
        self.assertRecordValues(
            line,
            [
                {
                    "at": at("15:01"),
                    "cause": "calendar_change",
                    "deadline_before": at("10:00", 1),
                    "deadline_after": at("10:00", 2),
                    "source_kind": "aftersales.job",
                    "source_id": self._jobs().id,
                }
            ],
        )
        self.assertEqual(self._jobs().result["later"], 1)
        self.assertIn("1 deadlines moved to later.", self._jobs().description)

    def test_taken_back(self):
        """A holiday taken back moves it back."""
        clock = self._clock(self._case(at("15:00")))
        leave = self._holiday()
        self._finish(at("15:01"))
        leave.unlink()
        self._finish(at("15:10"))
        self.assertEqual(clock.deadline, at("10:00", 1))
        self.assertEqual(self._jobs()[0].result["earlier"], 1)

    def test_cases_are_not_written(self):
        """What the case mirrors follows; nobody wrote it, nobody is told."""
        case = self._case(at("15:00"))
        for kind in ("acknowledgement", "first_response"):
            case._clocks_stop([kind], at("15:01"))
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE aftersales_case SET write_date = '2020-01-01'"))
        self.env.invalidate_all()
        messages = case.message_ids
        self._holiday()
        Case = self.registry["aftersales.case"]
        with (
            patch.object(Case, "write") as write,
            patch.object(Case, "message_post") as post,
        ):
            self._finish(at("15:02"))
        self.assertFalse(write.called or post.called)
        self.assertEqual(case.next_deadline, at("10:00", 2))
        self.assertEqual(case.write_date, datetime(2020, 1, 1))
        self.assertEqual(case.message_ids, messages)
        self.assertFalse(case.activity_ids)

    def test_paused(self):
        """A paused promise shows what will be left when it goes on: hours that are
        taken away later change nothing, hours that were counted already do."""
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        clock = self._clock(case)
        self._holiday(day=1)
        self._finish(at("15:05"))
        self.assertEqual(clock.remaining_seconds, 3 * HOUR)
        self.assertFalse(self._events(case, "clock_replanned"))
        self._holiday(day=0)
        self._finish(at("15:15"))
        self.assertEqual(clock.remaining_seconds, 4 * HOUR)
        self.assertEqual(clock.state, "paused")
        self.assertEqual(len(self._events(case, "clock_replanned")), 1)
        self._move(case, "working", at("08:00", 2))
        self.assertEqual(clock.deadline, at("12:00", 2))

    def test_only_what_is_open(self):
        """13. What is kept, broken or void is never touched."""
        kept, broken, void = (self._case(at("08:00")) for _n in range(3))
        self._move(kept, "resolved", at("09:00"))
        self._move(void, "cancelled", at("09:00"))
        clocks = self.Clock.union(*(self._clock(case) for case in (kept, broken, void)))
        self._tick(at("15:00"))
        self.assertEqual(self._clock(broken).outcome, "breached")
        before = clocks.read()
        self._holiday(day=0)
        self._holiday(day=1)
        self._finish(at("15:05"))
        self.assertEqual(clocks.read(), before)
        self.assertFalse(
            self.Event.search(
                [("kind", "=", "clock_replanned"), ("clock_id", "in", clocks.ids)]
            )
        )

    def test_only_the_next_look_moves(self):
        """Where hours move but the deadline does not, a step of the ladder may still be
        due at another time: that needs no line. What failed keeps its next try."""
        self.env["aftersales.policy.step"].create(
            {
                "target_id": self.target["resolution"].id,
                "moment": "percent",
                "percent": 50,
            }
        )
        self.target["resolution"].warn_percent = 0
        self.calendar.attendance_ids = self._lines(9, 12) + self._lines(13, 18)[1:]
        case, failing = self._case(at("08:00")), self._case(at("08:00"))
        clocks = self._clock(case) | self._clock(failing)
        self.assertEqual(clocks.mapped("deadline"), [at("13:00")] * 2)
        self.assertEqual(clocks.mapped("next_event_at"), [at("10:00")] * 2)
        self.env.cr.execute(
            "UPDATE aftersales_clock SET error_count = 3, next_event_at = %s"
            " WHERE id = %s",
            [at("10:30"), clocks[1].id],
        )
        self.calendar.attendance_ids = self._lines(9, 10) + self._lines(11, 18)[1:]
        self._finish(at("08:10"))
        clocks.invalidate_recordset()
        self.assertEqual(clocks.mapped("deadline"), [at("13:00")] * 2)
        self.assertEqual(clocks.mapped("next_event_at"), [at("11:00"), at("10:30")])
        self.assertFalse(self._events(case, "clock_replanned"))

    def test_broken_by_the_change(self):
        """A deadline that is past by the new hours is broken at the change, and that
        is the cause."""
        night = self._create_calendar(attendance_ids=self._lines(0, 24))
        self.target["resolution"].write(
            {"calendar_mode": "calendar", "calendar_id": self._create_calendar().id}
        )
        clock = self._clock(self._case(at("15:00")))
        calendar = self.target["resolution"].calendar_id
        calendar.attendance_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "name": "Always",
                        "dayofweek": line.dayofweek,
                        "hour_from": 0,
                        "hour_to": 24,
                    }
                )
                for line in night.attendance_ids
            ),
        ]
        self._work_at(at("21:00"))
        self.assertRecordValues(
            clock,
            [
                {
                    "outcome": "breached",
                    "breach_cause": "calendar_change",
                    "decided_at": at("21:00"),
                    "state": "running",
                }
            ],
        )
        self.assertEqual(self._jobs()[0].result["breached"], 1)

    def test_broken_chain_waits_on(self):
        """What follows on a promise broken by the change waits for the customer, as
        the broken one did."""
        self.env["aftersales.policy.target"].create(
            {
                "policy_id": self.policy.id,
                "kind": "update",
                "target_seconds": HOUR,
                "pause_customer": True,
            }
        )
        leave = self._holiday(date_from=at("08:30"), date_to=at("10:30"))
        case = self._case(at("08:00"))
        self._move(case, "working", at("08:00"))
        case._clocks_event("reply", at("08:00"))
        self._move(case, "waiting_customer", at("10:40"))
        leave.unlink()
        self._finish(at("11:00"))
        self._tick(at("16:30"))
        updates = case.clock_ids.filtered(lambda clock: clock.kind == "update")
        self.assertRecordValues(
            updates.sorted("cycle"),
            [
                {"breach_cause": "calendar_change", "state": "stopped", "cycle": 1},
                {"breach_cause": False, "state": "paused", "cycle": 2},
            ],
        )

    def _lines(self, start, end):
        return [
            Command.clear(),
            *(
                Command.create(
                    {
                        "name": f"Day {day}",
                        "dayofweek": str(day),
                        "hour_from": start,
                        "hour_to": end,
                    }
                )
                for day in range(5)
            ),
        ]

    def test_attendances(self):
        """Weekly hours edited in their form make one job, whatever the lines."""
        clock = self._clock(self._case(at("15:00")))
        self.calendar.write({"attendance_ids": self._lines(9, 20)})
        self.assertEqual(len(self._jobs()), 1)
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("19:00"))

    def test_attendance_lines(self):
        """Single lines created, changed and deleted count as well."""
        clock = self._clock(self._case(at("15:00")))
        Attendance = self.env["resource.calendar.attendance"]
        line = Attendance.create(
            {
                "name": "Evening",
                "calendar_id": self.calendar.id,
                "dayofweek": "0",
                "hour_from": 18,
                "hour_to": 20,
            }
        )
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("19:00"))
        line.hour_to = 19
        self._finish(at("15:10"))
        self.assertEqual(clock.deadline, at("09:00", 1))
        line.unlink()
        self._finish(at("15:20"))
        self.assertEqual(clock.deadline, at("10:00", 1))

    def test_zone(self):
        """Hours read in another zone are other hours."""
        clock = self._clock(self._case(at("13:00")))
        self.assertEqual(clock.deadline, at("17:00"))
        self.calendar.tz = "UTC"
        self._finish(at("13:01"))
        # 14 to 18 in the new zone, after lunch there
        self.assertEqual(clock.deadline, at("18:00"))
        self.assertEqual(clock.tz, "UTC")

    def test_moved_to_other_hours(self):
        """A holiday moved from one calendar to another, or to other days, concerns
        both."""
        other = self._create_calendar()
        clock = self._clock(self._case(at("15:00")))
        self.target["resolution"].write(
            {"calendar_mode": "calendar", "calendar_id": other.id}
        )
        second = self._clock(self._case(at("15:00")))
        leave = self._holiday()
        self._finish(at("15:01"))
        leave.calendar_id = other
        self.assertEqual(len(self._jobs()), 3)
        self._finish(at("15:10"))
        self.assertEqual(clock.deadline, at("10:00", 1))
        self.assertEqual(second.deadline, at("10:00", 2))
        leave.write(
            {
                "date_from": leave.date_from + timedelta(days=7),
                "date_to": leave.date_to + timedelta(days=7),
            }
        )
        self._finish(at("15:20"))
        self.assertEqual(second.deadline, at("10:00", 1))

    def test_whole_company(self):
        """32. A holiday of a whole company concerns all its working hours, and no
        other company's."""
        clock = self._clock(self._case(at("15:00")))
        company = self.env["res.company"].create({"name": "Elsewhere"})
        midnight = at("23:00")
        theirs = (
            self.env["resource.calendar.leaves"]
            .with_company(company)
            .create(
                {
                    "name": "Their holiday",
                    "date_from": midnight,
                    "date_to": midnight + timedelta(days=1),
                }
            )
        )
        self.assertEqual(theirs.company_id, company)
        self.assertFalse(self._jobs())
        theirs.company_id = self.company
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 2))
        theirs.company_id = company
        self._finish(at("15:10"))
        self.assertEqual(clock.deadline, at("10:00", 1))

    def test_of_a_person(self):
        """Somebody's own leave concerns no promise and costs no query more."""
        self._case(at("15:00"))
        resource = self.env["resource.resource"].create(
            {"name": "Somebody", "calendar_id": self.calendar.id}
        )
        with patch.object(
            self.registry["resource.calendar"], "_aftersales_hours_in_use"
        ) as look:
            leave = self._holiday(resource_id=resource.id)
            leave.name = "Longer"
            leave.unlink()
        self.assertFalse(look.called)
        leave = self._holiday(resource_id=resource.id)
        self.assertFalse(self._jobs())
        leave.resource_id = False
        self.assertTrue(self._jobs())

    def test_nothing_changes(self):
        """What changes no hour makes no job: a name, hours nobody counts in, a holiday
        on a day off."""
        self._case(at("15:00"))
        leave = self._holiday()
        self._finish(at("15:01"))
        self._jobs().unlink()
        leave.name = "Other name"
        self.calendar.name = "Other name"
        other = self._create_calendar()
        self._holiday(calendar_id=other.id)
        self.assertFalse(self._jobs())
        self._holiday(day=6)
        self._finish(at("15:05"))
        self.assertEqual(self._jobs().description, "No deadline moved.")

    def test_two_edits(self):
        """Two edits in a row are one job; one while it runs is another."""
        clock = self._clock(self._case(at("15:00")))
        self._holiday(day=1)
        self._holiday(day=2)
        self.assertEqual(len(self._jobs()), 1)
        self._work_at(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 3))
        self._holiday(day=3)
        self.assertEqual(len(self._jobs()), 2)
        self._finish(at("15:02"))
        self.assertEqual(clock.deadline, at("10:00", 4))

    def test_failed_edit(self):
        """An edit that is refused leaves no job."""
        self._case(at("15:00"))
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._holiday(date_to=at("00:00", -9))
        self.assertFalse(self._jobs())

    def test_edit_after_a_failed_one(self):
        """An import tries its rows together, and one by one if that fails: what was
        undone in between is planned for all the same."""
        clock = self._clock(self._case(at("15:00")))
        columns = ["name", "calendar_id/.id", "date_from", "date_to"]
        calendar = str(self.calendar.id)
        good = ["Good", calendar, "2026-01-05 23:00:00", "2026-01-06 22:59:59"]
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._holiday()
            self._holiday(date_to=at("00:00", -9))
        self.assertFalse(self._jobs())
        result = self.env["resource.calendar.leaves"].load(columns, [good])
        self.assertTrue(result["ids"], result["messages"])
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 2))

    def test_no_hours_any_more(self):
        """26. Hours that become empty are an error with one task, never a loop; with
        hours again there is a deadline again."""
        cases = [self._case(at("15:00")) for _n in range(3)]
        clocks = self.Clock.union(*map(self._clock, cases))
        lines = self.calendar.attendance_ids
        self.calendar.attendance_ids = [Command.clear()]
        self._finish(at("15:01"))
        self.assertEqual(set(clocks.mapped("state")), {"running"})
        self.assertEqual(set(clocks.mapped("deadline")), {False})
        self.assertEqual(set(clocks.mapped("last_error")), {"no_working_time"})
        self.assertTrue(self._events(cases[0], "clock_error"))
        tasks = self.env["mail.activity"].search(
            [("user_id", "=", self.user_manager.id)]
        )
        self.assertEqual(len(tasks), 1)
        self.assertFalse(lines.exists())
        self.calendar.attendance_ids = self._lines(9, 18)
        self._finish(at("15:10"))
        self.assertEqual(set(clocks.mapped("deadline")), {at("10:00", 1)})
        self.assertFalse(any(clocks.mapped("last_error")))

    # Times promised to customers --------------------------------------------------

    def _promised(self, deadline, instant):
        case = self._case(instant)
        case._promise("callback", deadline, instant)
        return case

    def test_told_times_stay(self):
        """No holiday moves a time promised to a customer; those that now fall into
        closed hours are listed, with a message prepared and one task for the leader."""
        inside, other = (self._promised(at("10:00", d), at("15:00")) for d in (1, 2))
        outside = self._promised(at("22:00", 1), at("15:00"))
        self._holiday()
        self._finish(at("15:01"))
        for case, deadline in (
            (inside, at("10:00", 1)),
            (other, at("10:00", 2)),
            (outside, at("22:00", 1)),
        ):
            clock = self._clock(case, "promise")
            self.assertEqual((clock.deadline, clock.outcome), (deadline, "none"))
        job = self._jobs()
        self.assertEqual(job.result["promises"], self._clock(inside, "promise").ids)
        self.assertIn(inside.display_name, job.description)
        notice = self.env["aftersales.notice"].search([])
        self.assertRecordValues(
            notice,
            [{"case_id": inside.id, "reason": "holiday", "state": "prepared"}],
        )
        task = self.env["mail.activity"].search(
            [
                ("user_id", "=", self.user_manager.id),
                ("summary", "ilike", "now fall outside working hours: 1"),
            ]
        )
        self.assertEqual(len(task), 1)
        self.assertIn(inside.display_name, task.note)

    def test_told_time_and_shorter_days(self):
        """The same when the weekly hours shrink; a time that ends with the day is in
        it."""
        case = self._promised(at("17:00", 1), at("15:00"))
        edge = self._promised(at("15:00", 1), at("15:00"))
        self.calendar.attendance_ids = self._lines(9, 16)
        self._finish(at("15:01"))
        self.assertEqual(
            self._jobs().result["promises"], self._clock(case, "promise").ids
        )
        self.assertEqual(self._clock(edge, "promise").deadline, at("15:00", 1))

    def test_deadline_set_by_hand(self):
        """A deadline set by hand stays."""
        clock = self._clock(self._case(at("15:00")))
        cycle = self.Clock._load(SQL("id = %s", clock.id), SQL())[0]
        schedule = self.Clock._schedule(cycle)
        fixed = to_epoch(at("10:30", 1))
        cycle.add(machine.fix(cycle.clock, schedule, to_epoch(at("15:00")), fixed))
        cycle.changed_rules = True
        self.Clock._store([cycle], to_epoch(at("15:00")))
        self._holiday()
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("10:30", 1))
        self.assertNotIn("promises", self._jobs().result or {})

    # Others at the same time --------------------------------------------------

    def test_second_look(self):
        """Somebody who read the old hours and saves what they planned a little later is
        put right by the second look."""
        self._case(at("15:00"))
        self._holiday()
        self._work_at(at("15:01"))
        late = self._clock(self._case(at("15:01")))
        self.env.cr.execute(
            SQL(
                "UPDATE aftersales_clock SET deadline = %s WHERE id = %s",
                at("10:01", 1),
                late.id,
            )
        )
        self.assertEqual(self._jobs().state, "running")
        self._work_at(at("15:03"))
        self.assertEqual(self._jobs().state, "done")
        self.assertEqual(late.deadline, at("10:01", 2))

    def test_stale_cache(self):
        """The job reads the hours itself: another thread may have the old ones in the
        cache still."""
        clock = self._clock(self._case(at("15:00")))
        old = self.calendar._aftersales_schedule(self.company)
        self._holiday()
        Calendar = self.registry["resource.calendar"]
        with patch.object(Calendar, "_aftersales_cached_schedule", return_value=old):
            self._work_at(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 2))

    def test_context_of_a_user(self):
        """Nobody can hand in hours of their own, or hide a change, through the
        context."""
        clock = self._clock(self._case(at("15:00")))
        leaves = self.env["resource.calendar.leaves"].with_context(
            aftersales_watched=True, aftersales_schedules={"a": 1}
        )
        leaves.create(
            {
                "name": "Hidden",
                "calendar_id": self.calendar.id,
                "date_from": at("00:00", 1),
                "date_to": at("23:00", 1),
            }
        )
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 2))
        self.assertNotIsInstance({"a": 1}, FreshSchedules)
        self.assertIsNot(resource_calendar._WATCHED, True)

    def test_by_who_has_no_rights(self):
        """Who keeps the holidays need not know of after-sales."""
        clock = self._clock(self._case(at("15:00")))
        self.user_other.group_ids += self.env.ref("base.group_system")
        leave = self._holiday()
        leave.with_user(self.user_other).write(
            {"date_to": leave.date_to + timedelta(days=1)}
        )
        self._finish(at("15:01"))
        self.assertEqual(clock.deadline, at("10:00", 3))

    # Exactness and cost -------------------------------------------------------

    def test_random_changes(self):
        """After any change each running promise stands where the machine would plan it
        from scratch, and a second run changes nothing."""
        random = Random(20260109)
        cases = []
        for n in range(12):
            case = self._case(at("08:00") + timedelta(minutes=37 * n))
            if n % 3 == 0:
                self._move(case, "waiting_customer", at("15:30"))
                self._move(case, "working", at("15:30") + timedelta(minutes=7 * n))
            cases.append(case)
        leaves = []
        instant = at("17:00")
        for _n in range(8):
            instant += timedelta(minutes=random.randrange(5, 90))
            self.frozen.move_to(instant)
            if leaves and random.random() < 0.4:
                leaves.pop(random.randrange(len(leaves))).unlink()
            else:
                leaves.append(self._holiday(day=random.randrange(1, 9)))
            self._finish(instant)
            self._check_plans(cases)
            lines = self.Event.search_count([])
            self.Clock._replan_later({(self.calendar.id, 1): ("UTC", (), ())})
            self._finish(instant + timedelta(minutes=3))
            self.assertEqual(self.Event.search_count([]), lines)

    def _check_plans(self, cases):
        ids = [clock.id for case in cases for clock in case.clock_ids]
        for cycle in self.Clock._load(SQL("id = ANY(%s)", ids), SQL()):
            clock = cycle.clock
            if clock.state != "running" or not clock.is_open:
                continue
            stored = clock.deadline, clock.warning_at, clock.next_event_at
            machine.plan(clock, self.Clock._schedule(cycle))
            self.assertEqual(
                (clock.deadline, clock.warning_at, clock.next_event_at), stored
            )

    def test_cost(self):
        """Hundreds of promises cost a handful of queries."""
        self.frozen.move_to(at("15:00"))
        cases = self.env["aftersales.case"].create(
            [
                {
                    "name": f"case {n}",
                    "team_id": self.team.id,
                    "partner_id": self.customer.id,
                }
                for n in range(300)
            ]
        )
        self._holiday()
        self.env.flush_all()
        self.frozen.move_to(at("15:01"))
        with self.assertQueryCount(40):
            self.work()
        clocks = cases.clock_ids.filtered(lambda clock: clock.kind == "resolution")
        self.assertEqual(set(clocks.mapped("deadline")), {at("10:00", 2)})
