from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from random import Random
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import Command, api
from odoo.exceptions import AccessError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger

from ...models.clock import aftersales_clock_job
from ...models.escalation import aftersales_clock_notify
from ...tools import clock_machine as machine
from ...tools.business_time import to_epoch
from ...tools.clock_machine import Clock
from ..common import AftersalesCommon, StoppedClock, clause, delete_cases

HOUR = 3600
DAY = timedelta(days=1)
# A Monday in winter: Madrid is UTC+1, so the team is there 8 to 12 and 13 to 17 UTC.
MONDAY = datetime(2026, 1, 5)
MODEL = "odoo.addons.aftersales_service.models.clock.aftersales_clock_job"


def at(clock_time, day=0):
    """Return "10:30" UTC on a day of the test week."""
    hours, minutes = map(int, clock_time.split(":"))
    return MONDAY + timedelta(days=day, hours=hours, minutes=minutes)


class ClockCommon(AftersalesCommon):
    """A team with three promises: receipt confirmed in 15 minutes around the clock, a
    first answer in ten minutes and a solution in four hours of service."""

    freeze_time = StoppedClock(at("08:00"))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Clock = cls.env["aftersales.clock"]
        cls.Event = cls.env["aftersales.event"]
        cls.env["aftersales.policy"].search([]).active = False
        cls.policy = cls.env["aftersales.policy"].create(
            {
                "name": "Test promises",
                "company_id": cls.company.id,
                "target_ids": [
                    Command.create(
                        {
                            "kind": "acknowledgement",
                            "target_seconds": 900,
                            "calendar_mode": "always",
                        }
                    ),
                    Command.create({"kind": "first_response", "target_seconds": 600}),
                    Command.create(
                        {
                            "kind": "resolution",
                            "target_seconds": 4 * HOUR,
                            "pause_customer": True,
                        }
                    ),
                ],
            }
        )
        cls.target = {target.kind: target for target in cls.policy.target_ids}

    def setUp(self):
        super().setUp()
        self.frozen = self.freeze_time.rewind()

    def _case(self, instant, **values):
        """Create a case received at an instant, which is now."""
        self.frozen.move_to(instant)
        case = self._create_case(**values)
        missing = {"acknowledgement", "first_response", "resolution"}
        case._clocks_start(missing - set(case.clock_ids.mapped("kind")), instant)
        return case

    def _clock(self, case, kind="resolution"):
        """Return the last cycle of a promise."""
        clocks = case.clock_ids.filtered(lambda clock: clock.kind == kind)
        return clocks.sorted("cycle")[-1:]

    def _move(self, case, kind, instant):
        """Move a case to the stage of a kind, at an instant."""
        self.frozen.move_to(instant)
        case._transition(self._stage(kind))

    @contextmanager
    def _no_commit(self):
        """Let the job run within the test's transaction."""
        cron = self.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", return_value=inf) as progress:
            yield progress

    def _tick(self, instant):
        """Run the job at an instant."""
        self.frozen.move_to(instant)
        with self._no_commit() as progress:
            self.Clock._cron_tick()
        return sum(call.args[0] for call in progress.call_args_list)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestClockEngine(ClockCommon):
    """Promises on real cases."""

    # Start --------------------------------------------------------------------

    def test_start(self):
        """A new case has its promises, with a copy of the rules."""
        case = self._case(at("10:00"))
        self.assertRecordValues(
            case.clock_ids.sorted("kind"),
            [
                {
                    "kind": "acknowledgement",
                    "deadline": at("10:15"),
                    "warning_at": at("10:12"),
                    "calendar_id": False,
                    "tz": "UTC",
                },
                {
                    "kind": "first_response",
                    "deadline": at("10:10"),
                    "warning_at": at("10:08"),
                    "calendar_id": self.calendar.id,
                    "tz": "Europe/Madrid",
                },
                {
                    "kind": "resolution",
                    "deadline": at("15:00"),
                    "warning_at": at("14:12"),
                    "calendar_id": self.calendar.id,
                    "tz": "Europe/Madrid",
                },
            ],
        )
        clock = self._clock(case)
        self.assertEqual(
            (clock.state, clock.outcome, clock.cycle), ("running", "none", 1)
        )
        self.assertEqual(clock.policy_version, self.policy.version)
        self.assertEqual(clock.company_id, self.company)
        self.assertEqual(case.next_deadline, at("10:10"))
        self.assertEqual(case.next_warning_at, at("10:08"))
        self.assertEqual(case.deadline_state, "on_time")

    def test_start_twice(self):
        """A promise is started once, also when asked again or for a copy of a case."""
        case = self._case(at("10:00"))
        case._clocks_start(["resolution"], at("11:00"))
        self.assertEqual(len(case.clock_ids), 3)

    def test_copy(self):
        """12. A copy has promises of its own, from its own start."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("11:00"))
        self.frozen.move_to(at("13:00"))
        copy = case.copy()
        self.assertEqual(self._clock(copy).started_at, at("13:00"))
        self.assertEqual(self._clock(copy).deadline, at("17:00"))
        self.assertEqual(self._clock(copy).state, "running")

    def test_started_late(self):
        """What was received hours ago counts from then, and is judged at once."""
        self.frozen.move_to(at("12:00"))
        case = self._create_case(received_at=at("09:00"))
        clock = self._clock(case, "first_response")
        self.assertEqual(clock.outcome, "breached")
        self.assertEqual(clock.decided_at, at("09:10"))

    def test_received_outside_hours(self):
        """30. What comes in at night counts from the opening."""
        case = self._case(at("19:00"))
        self.assertEqual(
            self._clock(case, "first_response").deadline, at("08:10", day=1)
        )

    def test_same_for_every_user(self):
        """28. The second is the same whoever makes the case, in whatever zone."""
        self.user_specialist.tz = "Asia/Shanghai"
        one = self._case(at("10:00"))
        Case = self.env["aftersales.case"].with_user(self.user_specialist)
        other = Case.create(
            {
                "name": "x",
                "team_id": self.team.id,
                "partner_id": self.customer.id,
                "user_id": self.user_specialist.id,
            }
        )
        self.assertEqual(other.sudo().next_deadline, one.next_deadline)

    # Answer -------------------------------------------------------------------

    @clause("FT-20")
    def test_ten_minutes(self):
        """First answer within ten minutes: 09:59 and 10:00 kept, 10:01 broken at 10:00,
        though no job ran in between (49)."""
        for minute, outcome, decided in (
            ("09:59", "met", "09:59"),
            ("10:00", "met", "10:00"),
            ("10:01", "breached", "10:00"),
        ):
            case = self._case(at("09:50"))
            self.frozen.move_to(at(minute))
            case._clocks_stop(["first_response"], at(minute), "reply")
            clock = self._clock(case, "first_response")
            self.assertEqual(clock.outcome, outcome)
            self.assertEqual(clock.decided_at, at(decided))
            self.assertEqual(clock.state, "stopped")
            self.assertEqual(clock.calendar_seconds, (at(minute) - at("09:50")).seconds)

    @clause("FT-21")
    def test_acknowledgement_counts_only_if_said(self):
        """An acknowledgement keeps the promise of an answer only by policy; the two
        are told apart in any case."""
        case = self._case(at("10:00"))
        case._clocks_event("acknowledged", at("10:01"), cause="automatic")
        self.assertEqual(self._clock(case, "acknowledgement").outcome, "met")
        self.assertEqual(self._clock(case, "first_response").outcome, "none")
        self.target["first_response"].ack_counts = True
        other = self._case(at("10:00"))
        other._clocks_event("acknowledged", at("10:01"), cause="automatic")
        self.assertEqual(self._clock(other, "first_response").outcome, "met")

    def test_waiting_is_no_answer(self):
        """7. Waiting for the customer is not an answer and does not pause one."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("10:05"))
        clock = self._clock(case, "first_response")
        self.assertEqual((clock.state, clock.outcome), ("running", "none"))
        self.assertEqual(clock.deadline, at("10:10"))

    # Stages -------------------------------------------------------------------

    def test_pause_and_resume(self):
        """8. While the customer has to act there is no deadline, only what is left;
        over lunch and night only open time counts (2, 3)."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("11:00"))
        clock = self._clock(case)
        self.assertRecordValues(
            clock,
            [{"state": "paused", "deadline": False, "remaining_seconds": 3 * HOUR}],
        )
        self.assertFalse(clock.next_event_at)
        self._move(case, "working", at("14:00"))
        self.assertEqual(self._clock(case).deadline, at("17:00"))
        self._move(case, "waiting_customer", at("16:00"))
        self._move(case, "working", at("09:00", day=1))
        self.assertEqual(self._clock(case).deadline, at("10:00", day=1))
        self.assertEqual(len(self._clock(case).pauses), 2)

    def test_third_party_by_policy(self):
        """Waiting for a third party pauses only where the policy says so."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_third_party", at("11:00"))
        self.assertEqual(self._clock(case).state, "running")
        self.target["resolution"].pause_third_party = True
        other = self._case(at("10:00"))
        self._move(other, "waiting_third_party", at("11:00"))
        self.assertEqual(self._clock(other).state, "paused")

    def test_resolved_from_pause(self):
        """1. Resolved straight from waiting, long after the frozen deadline: kept."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("11:00"))
        self._move(case, "resolved", at("16:00", day=20))
        clock = self._clock(case)
        self.assertEqual(clock.outcome, "met")
        self.assertEqual(clock.net_seconds, HOUR)
        self.assertEqual(clock.calendar_seconds, 20 * 24 * HOUR + 6 * HOUR)

    def test_cancelled(self):
        """15. Cancelling voids; taking the case up again starts from the first
        contact, with nothing lost."""
        case = self._case(at("10:00"))
        self._move(case, "cancelled", at("10:05"))
        self.assertEqual(set(case.clock_ids.mapped("outcome")), {"void"})
        self.assertEqual(set(case.clock_ids.mapped("void_cause")), {"cancelled"})
        self.assertFalse(case.next_deadline)
        self._move(case, "working", at("10:20"))
        clock = self._clock(case)
        self.assertEqual((clock.cycle, clock.deadline), (2, at("15:00")))
        answer = self._clock(case, "first_response")
        self.assertEqual((answer.outcome, answer.decided_at), ("breached", at("10:10")))

    def test_marked_and_taken_back(self):
        """Marked as spam, nothing runs; taken back, everything runs from its start;
        what was kept before stays kept."""
        case = self._case(at("10:00"))
        case._clocks_stop(["first_response"], at("10:05"), "reply")
        self._move(case, "waiting_customer", at("10:30"))
        self.frozen.move_to(at("11:00"))
        case._clocks_void(at("11:00"), "spam")
        self.assertEqual(self._clock(case).void_cause, "spam")
        self.assertEqual(self._tick(at("10:00", day=9)), 0)
        case._clocks_restore(at("10:00", day=9))
        self.assertEqual(self._clock(case, "first_response").cycle, 1)
        clock = self._clock(case)
        self.assertEqual((clock.cycle, clock.state), (2, "paused"))

    def test_reopened(self):
        """6, 9. Reopened from resolved and from closed: the time used is carried, the
        time in between is not counted, the first outcome stays."""
        case = self._case(at("10:00"))
        self._move(case, "resolved", at("11:00"))
        self._move(case, "working", at("09:00", day=1))
        clock = self._clock(case)
        self.assertEqual((clock.cycle, clock.carried_seconds), (2, HOUR))
        self.assertEqual(clock.deadline, at("12:00", day=1))
        self._move(case, "closed", at("10:00", day=1))
        self._move(case, "waiting_customer", at("10:00", day=4))
        clock = self._clock(case)
        self.assertEqual((clock.cycle, clock.state), (3, "paused"))
        self.assertEqual(clock.remaining_seconds, 2 * HOUR)
        self._move(case, "working", at("08:00", day=7))
        self.assertEqual(self._clock(case).deadline, at("10:00", day=7))
        outcomes = case.clock_ids.filtered(lambda c: c.kind == "resolution")
        self.assertEqual(outcomes.mapped("outcome"), ["met", "met", "none"])

    def test_reopened_after_breach(self):
        """9. A broken promise is not broken a second time; the case is overdue."""
        case = self._case(at("10:00"))
        self._move(case, "resolved", at("16:00"))
        self._move(case, "working", at("09:00", day=1))
        self.assertTrue(self._clock(case).carried_breach)
        self._tick(at("16:00", day=3))
        resolution = case.clock_ids.filtered(lambda c: c.kind == "resolution")
        self.assertEqual(resolution.mapped("outcome"), ["breached", "none"])
        lines = self._events(case, "clock_breached")
        self.assertEqual(
            len(lines.filtered(lambda e: e.data["kind"] == "resolution")), 1
        )
        self.assertEqual(case.deadline_state, "overdue")

    def test_created_solved(self):
        """16. A case made in a later stage has judged promises and durations."""
        self.frozen.move_to(at("10:00"))
        case = self._create_case(stage_id=self._stage("resolved").id)
        clock = self._clock(case)
        self.assertEqual((clock.outcome, clock.net_seconds), ("met", 0))

    def test_ended_is_never_touched(self):
        """13. A holiday entered after the end changes nothing of it."""
        case = self._case(at("10:00"))
        self._move(case, "resolved", at("11:00"))
        before = self._clock(case).read()[0]
        self._holiday(at("00:00"), at("23:00"))
        self._tick(at("10:00", day=1))
        self.assertEqual(self._clock(case).read()[0], before)

    # Calendars ----------------------------------------------------------------

    def _holiday(self, start, end, **values):
        return self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "date_from": start,
                "date_to": end,
                "calendar_id": False,
                **values,
            }
        )

    def test_holidays_of_this_company_only(self):
        """32. Company-wide holidays count for their company, another's never do."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        leave = self._holiday(at("00:00"), at("22:59"))
        self.env.cr.execute(
            SQL(
                "UPDATE resource_calendar_leaves SET company_id = %s WHERE id = %s",
                other.id,
                leave.id,
            )
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        case = self._case(at("10:00"))
        self.assertEqual(self._clock(case).deadline, at("15:00"))
        self._holiday(at("23:00"), at("22:59", day=1))
        case = self._case(at("16:00"))
        self.assertEqual(self._clock(case).deadline, at("11:00", day=2))

    def test_leave_of_a_person(self):
        """The leave of one person closes nothing."""
        resource = self.env["resource.resource"].create(
            {"name": "Somebody", "calendar_id": self.calendar.id}
        )
        self._holiday(at("00:00"), at("22:59"), resource_id=resource.id)
        self.assertEqual(self._clock(self._case(at("10:00"))).deadline, at("15:00"))

    def test_holiday_ends_with_its_day(self):
        """25. Odoo's whole day ends at 23:59:59; its last second is a holiday too."""
        leave = self._holiday(at("00:00"), at("23:59") + timedelta(seconds=59))
        schedule = self.calendar._aftersales_schedule(self.company)
        self.assertEqual(schedule._closed[-1][1] % 86400, 0)
        self.calendar.attendance_ids.unlink()
        self.calendar.attendance_ids = [
            Command.create(
                {"name": "x", "dayofweek": str(day), "hour_from": 0, "hour_to": 24}
            )
            for day in range(7)
        ]
        clock = self._clock(self._case(at("00:00")))
        self.assertEqual(clock.deadline, at("04:00", day=1))
        leave.unlink()
        clock = self._clock(self._case(at("00:00")))
        self.assertEqual(clock.deadline, at("04:00"))

    def test_calendar_changes_are_seen(self):
        """27. Hours and zones changed are those of the next promise."""
        self._case(at("10:00"))
        self.calendar.attendance_ids.filtered(
            lambda line: line.day_period == "afternoon"
        ).unlink()
        self.assertEqual(
            self._clock(self._case(at("10:00"))).deadline, at("10:00", day=1)
        )
        self.calendar.tz = "UTC"
        self.assertEqual(
            self._clock(self._case(at("10:00"))).deadline, at("10:00", day=1)
        )
        self.calendar.attendance_ids[0].hour_to = 10
        self.assertEqual(
            self._clock(self._case(at("09:00"))).deadline, at("12:00", day=1)
        )

    @mute_logger(MODEL)
    def test_no_hours_at_all(self):
        """11, 26. Without hours a case is still made; the promise says why it has no
        time, the leader has a task, and it heals by itself."""
        self.calendar.attendance_ids.unlink()
        case = self._case(at("10:00"))
        clock = self._clock(case)
        self.assertFalse(clock.deadline)
        self.assertEqual(clock.last_error, "no_working_time")
        self.assertEqual(case.activity_ids.user_id, self.user_manager)
        self.assertEqual(case.next_deadline, at("10:15"))
        case.copy()
        self._tick(at("11:30"))
        self.assertEqual(len(case.activity_ids), 2)  # one more: receipt not confirmed
        self.calendar.attendance_ids = [
            Command.create(
                {"name": "x", "dayofweek": "1", "hour_from": 9, "hour_to": 18}
            )
        ]
        self._tick(at("13:00"))
        clock = self._clock(case)
        self.assertEqual(clock.deadline, at("12:00", day=1))
        self.assertFalse(clock.error_count)

    def test_hours_again(self):
        """When the job finds a deadline again, the case shows it, too."""
        self.calendar.attendance_ids.unlink()
        case = self._case(at("10:00"))
        case._clocks_stop(["acknowledgement", "first_response"], at("10:00"))
        self.assertFalse(case.next_deadline)
        self.calendar.attendance_ids = [
            Command.create(
                {"name": "x", "dayofweek": "1", "hour_from": 9, "hour_to": 18}
            )
        ]
        self._tick(at("13:00"))
        self.assertEqual(case.next_deadline, at("12:00", day=1))
        self.assertEqual(case.next_warning_at, self._clock(case).warning_at)

    # The job ------------------------------------------------------------------

    def test_tick(self):
        """The job notices a case at risk and a broken promise, once each, with the
        instant of the promise, and leaves cases alone."""
        case = self._case(at("10:00"))
        case._clocks_stop(["acknowledgement", "first_response"], at("10:00"))
        self.assertEqual(self._tick(at("14:11")), 0)
        self.assertEqual(self._tick(at("14:13")), 1)
        self.assertEqual(self._clock(case).last_event, "warned")
        self.assertEqual(case.deadline_state, "at_risk")
        self.assertEqual(self._tick(at("15:00")), 0)
        stamp = case.write_date
        self.assertEqual(self._tick(at("10:00", day=2)), 1)
        clock = self._clock(case)
        self.assertRecordValues(
            clock,
            [
                {
                    "state": "running",
                    "outcome": "breached",
                    "decided_at": at("15:00"),
                    "breach_cause": "time",
                    "last_event": "breached",
                    "business_seconds": 4 * HOUR,
                    "next_event_at": False,
                }
            ],
        )
        self.assertEqual(case.write_date, stamp)
        case.invalidate_recordset()
        self.assertEqual(case.deadline_state, "overdue")
        self.assertEqual(self._tick(at("11:00", day=2)), 0)
        line = self._events(case, "clock_breached")
        self.assertEqual((line.at, line.recorded_at), (at("15:00"), at("10:00", day=2)))

    def test_leader_is_told(self):
        """The leader of the team has an activity on the case, without a mail."""
        case = self._case(at("10:00"))
        self._tick(at("11:30"))
        activities = case.activity_ids
        self.assertEqual(activities.user_id, self.user_manager)
        self.assertEqual(len(activities), 1)
        self.assertIn("First answer", activities.summary)
        self.assertIn("Acknowledgement", activities.summary)

    def test_owner_is_told_when_the_leader_has_left(self):
        case = self._case(at("10:00"), user_id=self.user_specialist.id)
        self.team.leader_id.action_archive()
        self._tick(at("11:30"))
        self.assertEqual(case.activity_ids.user_id, self.user_specialist)

    def test_owner_is_told_without_leader(self):
        """Without a leader it is the owner of the case."""
        self.team.leader_id = False
        case = self._case(at("10:00"), user_id=self.user_specialist.id)
        self._tick(at("11:30"))
        self.assertEqual(case.activity_ids.user_id, self.user_specialist)

    def test_many_are_one_activity(self):
        """Many broken promises at once are one activity for one person."""
        many = aftersales_clock_notify.DIGEST_SIZE + 1
        for _n in range(many):
            self._case(at("10:00"))
        before = self.env["mail.activity"].search_count([])
        self._tick(at("11:30"))
        new = self.env["mail.activity"].search([], order="id desc")
        self.assertEqual(len(new) - before, 1)
        self.assertIn(str(2 * many), new[0].summary)

    def test_late_answer(self):
        """A breach noticed by the late answer itself is recorded as any other; nobody
        is called to what has been done."""
        case = self._case(at("10:00"))
        self.frozen.move_to(at("11:30"))
        case._clocks_stop(["first_response"], at("11:30"))
        self.assertEqual(self._clock(case, "first_response").outcome, "breached")
        self._tick(at("11:30"))
        self.assertNotIn("First answer", case.activity_ids.summary)

    def test_late_act_of_a_customer(self):
        """What a customer does may be the first to notice a breach: it works for them,
        and who is told of it is told in their own language."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.user_manager.lang = "fr_FR"
        public = self.env.ref("base.public_user")
        for user in (self.user_portal, public):
            case = self._case(at("10:00"))
            self._move(case, "working", at("10:01"))
            self.frozen.move_to(at("16:00"))
            case.with_user(user).sudo()._clocks_stop(["resolution"], at("16:00"))
            self.assertEqual(self._clock(case).outcome, "breached")

    def test_what_depends_on_clocks(self):
        """Fields computed from clocks follow them, although SQL writes them."""
        case = self._case(at("10:00"))
        before = case.clock_ids
        case.invalidate_recordset()
        self.assertEqual(case.clock_ids, before)
        self.assertEqual(case.deadline_state, "on_time")
        self._move(case, "waiting_customer", at("10:01"))
        case._clocks_stop(["acknowledgement", "first_response"], at("10:02"))
        self.assertEqual(case.deadline_state, "paused")
        self._move(case, "working", at("10:03"))
        self.assertEqual(case.deadline_state, "on_time")

    def test_one_failure_blocks_nothing(self):
        """48. What fails is noted, tried again ever more rarely, and never blocks the
        others; the outcome is recorded all the same."""
        bad, good = self._case(at("10:00")), self._case(at("10:00"))
        on_breached = self.registry["aftersales.clock"]._on_breached

        def fail(self, clocks):
            if bad in clocks.case_id:
                raise ValueError("no such thing")
            return on_breached(self, clocks)

        with (
            patch.object(self.registry["aftersales.clock"], "_on_breached", fail),
            mute_logger(MODEL),
        ):
            self._tick(at("10:11"))
            clock = self._clock(bad, "first_response")
            self.assertEqual(clock.outcome, "breached")
            self.assertEqual(clock.error_count, 1)
            self.assertEqual(clock.last_error, "ValueError: no such thing")
            self.assertEqual(clock.retry_at, at("10:12"))
            self.assertEqual(len(good.activity_ids), 1)
            self.assertEqual(len(bad.activity_ids), 1)
            self._tick(at("10:12"))
            clock = self._clock(bad, "first_response")
            self.assertEqual((clock.error_count, clock.retry_at), (2, at("10:14")))
        self._tick(at("10:14"))
        clock = self._clock(bad, "first_response")
        self.assertFalse(clock.error_count or clock.last_error or clock.next_event_at)
        self.assertEqual(len(bad.activity_ids), 1)
        self.assertEqual(len(self._events(bad, "clock_breached")), 1)

    def test_broken_data_of_one(self):
        """48. A clock that cannot be worked on is isolated as well."""
        bad, good = self._case(at("10:00")), self._case(at("10:00"))
        self.env.cr.execute(
            SQL(
                "UPDATE aftersales_clock SET snapshot = snapshot - 'calendar_mode'"
                " WHERE case_id = %s",
                bad.id,
            )
        )
        with mute_logger(MODEL):
            self._tick(at("10:11"))
        self.assertEqual(self._clock(good, "first_response").outcome, "breached")
        clock = self._clock(bad, "first_response")
        self.assertIn("KeyError", clock.last_error)
        self.assertEqual(clock.outcome, "none")

    def test_batches(self):
        """The job works in batches and reports what is left."""
        for _n in range(5):
            self._case(at("10:00"))
        with patch.object(aftersales_clock_job, "BATCH_SIZE", 4):
            self.frozen.move_to(at("11:00"))
            with self._no_commit() as progress:
                self.Clock._cron_tick()
        self.assertEqual(
            [(call.args, call.kwargs["remaining"]) for call in progress.mock_calls],
            [((4,), 1), ((4,), 1), ((2,), 0)],
        )

    def test_as_a_cron(self):
        """The shipped job runs as jobs do, with its progress."""
        case = self._case(at("10:00"))
        self.frozen.move_to(at("12:00"))
        cron = self.env.ref("aftersales_service.ir_cron_clock_tick")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(self._clock(case, "first_response").outcome, "breached")
        line = self._events(case, "clock_breached")[0]
        self.assertEqual(line.actor_kind, "cron")

    def test_each_at_its_own_time(self):
        """34, 35, 44. Nothing is broken at creation or at night; the promise of an
        answer breaks at its own time, not with the solution."""
        case = self._case(at("16:55"))
        case._clocks_stop(["acknowledgement"], at("16:56"))
        self._tick(at("23:00"))
        self.assertEqual(set(case.clock_ids.mapped("outcome")), {"met", "none"})
        self._tick(at("08:06", day=1))
        self.assertEqual(self._clock(case, "first_response").outcome, "breached")
        self.assertEqual(self._clock(case).outcome, "none")

    def test_editing_a_policy_costs_nothing(self):
        """51. Editing a policy touches no running clock."""
        case = self._case(at("10:00"))
        before = case.clock_ids.sorted("id").read()
        self.target["resolution"].target_seconds = HOUR
        self.policy.active = False
        self._tick(at("10:01"))
        self.assertEqual(case.clock_ids.sorted("id").read(), before)

    def test_random_histories(self):
        """What is stored and read back between the acts of many cases is what the
        machine does without any database."""
        self.policy.target_ids.step_ids.unlink()
        random = Random(20260105)
        schedule = self.calendar._aftersales_schedule(self.company)
        cases = {self._case(at("08:00")): None for _n in range(12)}
        for case in cases:
            cases[case] = Clock(to_epoch(at("08:00")), 4 * HOUR, warn_percent=80)
            machine.start(cases[case], schedule)
        instant = at("08:00")
        for _n in range(60):
            instant += timedelta(seconds=random.choice([1, 59, 600, 3000, 20000]))
            now = to_epoch(instant)
            case = random.choice(list(cases))
            kind = random.choice(["working", "waiting_customer", "resolved", "tick"])
            if kind == "tick":
                self._tick(instant)
                for clock in cases.values():
                    machine.tick(clock, schedule, now)
                continue
            if case.stage_kind == kind:
                continue
            self._move(case, kind, instant)
            clock = cases[case]
            if clock.state == "stopped":
                clock, _lines = machine.reopen(clock, schedule, now)
                cases[case] = clock
            if kind == "resolved":
                machine.stop(clock, schedule, now, "stage")
            elif kind == "waiting_customer":
                machine.pause(clock, schedule, now, kind)
            else:
                machine.resume(clock, schedule, now)
            machine.settle(clock, schedule, now)
        for case, clock in cases.items():
            stored = self.Clock._load(SQL("id = %s", self._clock(case).id), SQL())[
                0
            ].clock
            self.assertEqual(stored, clock)

    def test_last_event_through_the_orm(self):
        """Automated actions can listen on the last event of a promise."""
        self.env["base.automation"].create(
            {
                "name": "Listener",
                "model_id": self.env["ir.model"]._get_id("aftersales.clock"),
                "trigger": "on_create_or_write",
                "trigger_field_ids": [
                    Command.link(
                        self.env["ir.model.fields"]
                        ._get("aftersales.clock", "last_event")
                        .id
                    )
                ],
                "filter_domain": "[('last_event', '=', 'breached')]",
                "action_server_ids": [
                    Command.create(
                        {
                            "name": "Set colour",
                            "model_id": self.env["ir.model"]._get_id(
                                "aftersales.clock"
                            ),
                            "state": "code",
                            "code": "record.case_id.write({'color': 7})",
                        }
                    )
                ],
            }
        )
        case = self._case(at("10:00"))
        self.assertEqual(case.color, 0)
        self._tick(at("12:00"))
        self.assertEqual(case.color, 7)
        self.assertEqual(self._clock(case, "first_response").last_event, "breached")

    # Cost ---------------------------------------------------------------------

    def test_cost_of_a_batch(self):
        """Promises of 1,000 cases cost a handful of queries, to start and to move."""
        self.policy.active = False
        self.frozen.move_to(at("10:00"))
        cases = self.env["aftersales.case"].create(
            [
                {
                    "name": f"case {n}",
                    "team_id": self.team.id,
                    "partner_id": self.customer.id,
                }
                for n in range(1000)
            ]
        )
        self.policy.active = True
        warm = self._case(at("10:00"))
        self._tick(at("10:11"))
        warm._clocks_void(at("10:11"), "test")
        self.frozen.move_to(at("10:00"))
        self.env.flush_all()
        with self.assertQueryCount(4):
            cases._clocks_start(["first_response", "resolution"], at("10:00"))
            self.env.flush_all()
        self.assertEqual(self.Clock.search_count([("case_id", "in", cases.ids)]), 2000)
        moves = dict.fromkeys(cases.ids, ("new", "waiting_customer"))
        with self.assertQueryCount(4):
            cases._clocks_stage_changed(moves, at("10:01"))
            self.env.flush_all()
        self.frozen.move_to(at("10:11"))
        with self._no_commit(), self.assertQueryCount(1000 // 50):
            self.Clock._cron_tick()
            self.env.flush_all()
        self.assertEqual(
            self.Clock.search_count(
                [("case_id", "in", cases.ids), ("outcome", "=", "breached")]
            ),
            1000,
        )

    def test_cost_of_nothing(self):
        """A tick with nothing due is two queries, by the indexes of what is due."""
        self._case(at("10:00"))
        self.frozen.move_to(at("10:01"))
        self.env.flush_all()
        with self._no_commit(), self.assertQueryCount(2):
            self.Clock._cron_tick()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        plan = self.env.execute_query(
            SQL(
                "EXPLAIN SELECT id FROM aftersales_clock WHERE state = 'running'"
                " AND next_event_at <= now() ORDER BY next_event_at LIMIT 10"
            )
        )
        self.assertIn("aftersales_clock_next_event_idx", str(plan))

    # Nobody else writes -------------------------------------------------------

    def test_nobody_else_writes(self):
        """55. Nobody enters, changes or deletes promises, whatever the rights and
        whatever the context says."""
        clock = self._clock(self._case(at("10:00")))
        for user in (
            self.env.user,
            self.user_specialist,
            self.user_manager,
            self.user_portal,
            self.env.ref("base.user_admin"),
        ):
            theirs = clock.with_user(user).with_context(aftersales_engine=True)
            for act in (
                lambda c=theirs: c.write({"outcome": "met"}),
                lambda c=theirs: c.unlink(),
                lambda c=theirs: c.create([{"kind": "resolution"}]),
                lambda c=theirs: c.sudo().write({"deadline": at("20:00")}),
            ):
                with self.assertRaises(AccessError):
                    act()

    def test_message_meets_other_work_on_the_case(self):
        """The case is written before its promises begin: a second message at the same
        moment is then repeated, and not lost to a cycle that exists already."""
        case = self._case(at("09:00"))
        written = []

        def see(cases, _codes, _at, **_options):
            query = SQL(
                "SELECT awaiting_reply_since, last_reply_at,"
                " last_customer_message_at FROM aftersales_case WHERE id = %s",
                cases.id,
            )
            written.extend(self.env.execute_query(query))

        self.frozen.move_to(at("09:30"))
        with patch.object(type(case), "_clocks_event", see):
            self._post(case, self.user_team.partner_id)
            self._post(case, self.customer)
        answered = (None, at("09:30"), at("09:00"))
        waiting = (at("09:30"), at("09:30"), at("09:30"))
        self.assertEqual(written, [answered, waiting])

    def _post(self, case, author):
        case.message_post(
            body="Hello",
            author_id=author.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )


@tagged("post_install", "-at_install", "aftersales_engine")
class TestTwoWorkers(BaseCase):
    """Two jobs at once, on two real connections with committed data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            leader = env.ref("base.user_admin")
            team = {"name": "Two workers", "leader_id": leader.id}
            self.team = env["aftersales.team"].create(team).id
            partner = env["res.partner"].create({"name": "Committed"})
            past = datetime.now().replace(microsecond=0) - 100 * DAY
            with freeze_time(past):
                cases = env["aftersales.case"].create(
                    [
                        {
                            "name": f"case {n}",
                            "team_id": self.team,
                            "partner_id": partner.id,
                        }
                        for n in range(6)
                    ]
                )
            self.cases, self.partner = cases.ids, partner.id
        self.addCleanup(self._remove)

    def _remove(self):
        with self.registry.cursor() as cr:
            delete_cases(cr, self.cases)
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            env["aftersales.team"].browse(self.team).unlink()
            env["res.partner"].browse(self.partner).unlink()

    def test_nothing_twice(self):
        """Locked clocks are left to the one who has them; all are judged once."""
        now = int(datetime.now().timestamp())
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first = api.Environment(one, api.SUPERUSER_ID, {})["aftersales.clock"]
            second = api.Environment(two, api.SUPERUSER_ID, {})["aftersales.clock"]
            mine = first._lock_due(now, limit=4)
            theirs = second._lock_due(now)
            self.assertEqual(len(mine), 4)
            self.assertFalse({c.id for c in mine} & {c.id for c in theirs})
            first._tick(mine, now)
            second._tick(theirs, now)
            one.commit()
            two.commit()
            env = first.env
            lines = env["aftersales.event"]._read_group(
                [("case_id", "in", self.cases), ("kind", "=", "clock_breached")],
                ["clock_id"],
                ["__count"],
            )
            self.assertEqual({count for _clock, count in lines}, {1})
            clocks = first.search([("case_id", "in", self.cases)])
            self.assertEqual(len(lines), len(clocks))
            self.assertEqual(set(clocks.mapped("outcome")), {"breached"})

    def _tick_disturbed(self, disturb):
        """Run the job; each time it tells something, somebody has just changed a case
        that the job writes as well."""
        Clock = self.registry["aftersales.clock"]
        announce, calls = Clock._announce_news, []

        def told(clocks, cycles, now):
            calls.append(now)
            rename = SQL(
                "UPDATE aftersales_case SET name = %s WHERE id = %s",
                f"call {len(calls)}",
                self.cases[0],
            )
            if len(calls) <= disturb:
                with self.registry.cursor() as user:
                    user.execute(rename)
            clocks.env.cr.execute(rename)
            return announce(clocks, cycles, now)

        with (
            self.registry.cursor() as job,
            patch.object(Clock, "_announce_news", told),
            mute_logger("odoo.sql_db"),
        ):
            api.Environment(job, api.SUPERUSER_ID, {})["aftersales.clock"]._cron_tick()
        return calls

    def _breaches(self):
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    "SELECT count(*), count(DISTINCT clock_id) FROM aftersales_event"
                    " WHERE case_id = ANY(%s) AND kind = 'clock_breached'",
                    self.cases,
                )
            )
            return cr.fetchone()

    def test_changed_while_it_works(self):
        """What the job could not write, because somebody was quicker, it does at once
        again, and only once."""
        calls = self._tick_disturbed(1)
        self.assertGreater(len(calls), 1)
        lines, clocks = self._breaches()
        self.assertTrue(lines)
        self.assertEqual(lines, clocks)

    def test_changed_again_and_again(self):
        """It gives up in the end, and nothing has happened; the next run does it."""
        with self.assertRaises(SerializationFailure):
            self._tick_disturbed(99)
        self.assertEqual(self._breaches(), (0, 0))
        self._tick_disturbed(0)
        lines, clocks = self._breaches()
        self.assertTrue(lines)
        self.assertEqual(lines, clocks)

    def test_two_people_move_a_case_at_once(self):
        """The second one's act is begun again by Odoo, and finds what the first one
        did; nobody is told of a promise that has been started already."""

        def stage(env, kind):
            return env["aftersales.stage"].search([("kind", "=", kind)], limit=1)

        with self.registry.cursor() as one, self.registry.cursor() as two:
            first = api.Environment(one, api.SUPERUSER_ID, {})
            second = api.Environment(two, api.SUPERUSER_ID, {})
            case = first["aftersales.case"].browse(self.cases[0])
            case._transition(stage(first, "resolved"))
            one.commit()
            mine = case.with_env(second)
            mine.stage_kind  # noqa: B018 both know it resolved
            for env in (first, second):
                case.with_env(env).invalidate_recordset()
                self.assertEqual(case.with_env(env).stage_kind, "resolved")
            case._transition(stage(first, "working"))
            one.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                mine._transition(stage(second, "working"))

    def test_changed_meanwhile(self):
        """Clocks that somebody changed since the job's snapshot do not stop it."""
        with self.registry.cursor() as job, self.registry.cursor() as user:
            clocks = api.Environment(job, api.SUPERUSER_ID, {})["aftersales.clock"]
            clocks.search_count([])  # the job's snapshot is taken
            case = api.Environment(user, api.SUPERUSER_ID, {})["aftersales.case"]
            case.browse(self.cases[0])._clocks_void(datetime.now(), "test")
            user.commit()
            with mute_logger("odoo.sql_db"):
                clocks._cron_tick()
        with self.registry.cursor() as cr:
            clocks = api.Environment(cr, api.SUPERUSER_ID, {})["aftersales.clock"]
            clocks = clocks.search([("case_id", "in", self.cases)])
            left = clocks.filtered(lambda clock: clock.case_id.id == self.cases[0])
            self.assertFalse(left.filtered(lambda clock: clock.outcome == "none"))
            others = set((clocks - left).mapped("outcome"))
            self.assertEqual(others, {"breached"})
