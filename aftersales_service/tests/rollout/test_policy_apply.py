from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ...tools import clock_machine as machine
from ...tools.business_time import to_epoch
from ...wizard.rollout import aftersales_policy_apply
from ..base.test_job import JobCommon
from ..clock.test_clock_engine import HOUR, ClockCommon, at


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPolicyApply(ClockCommon, JobCommon):
    """A policy changes, and open cases follow only when asked to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._forget_cases()

    def _preview(self, policy=None):
        """Open the dialog as the manager."""
        policy = (policy or self.policy).with_user(self.user_manager)
        action = policy.action_apply_to_open_cases()
        model, id_ = action["res_model"], action["res_id"]
        return self.env[model].with_user(self.user_manager).browse(id_)

    def _tally(self, job):
        """Return the counts of a result."""
        return {key: count for key, count in (job.result or {}).items() if ":" in key}

    def _apply(self, wizard=None):
        wizard = wizard or self._preview()
        wizard.action_apply()
        self.work()
        return self._job()

    def _job(self, kind="policy_apply"):
        return self.Job.search([("kind", "=", kind)], limit=1)

    def _state_of_all(self, cases):
        self.env.flush_all()
        self.env.invalidate_all()
        clocks = cases.clock_ids.sorted("id").read()
        return clocks, self.Event.search_count([]), cases.read(["next_deadline"])

    def test_edit_alone_moves_nothing(self):
        """Editing the policy is for the cases that come after."""
        clock = self._clock(self._case(at("10:00")))
        self.target["resolution"].target_seconds = 2 * HOUR
        self.work()
        self.assertEqual(clock.deadline, at("15:00"))
        self.assertEqual(clock.policy_version, self.policy.version - 1)

    def test_preview_writes_nothing(self):
        """The preview counts and lists, and touches nothing."""
        case = self._case(at("10:00"))
        self.target["resolution"].target_seconds = 2 * HOUR
        self.frozen.move_to(at("10:05"))
        before = self._state_of_all(case)
        wizard = self._preview()
        self.assertEqual(wizard.state, "done")
        self.assertEqual(self._state_of_all(case), before)
        self.assertEqual(
            self._tally(wizard.job_id),
            {
                "earlier:resolution": 1,
                "unchanged:first_response": 1,
                "unchanged:acknowledgement": 1,
            },
        )
        self.assertEqual(wizard.changed_count, 1)
        self.assertIn(case.display_name, wizard.examples)
        self.assertIn("01/05/2026 04:00:00 PM", wizard.examples)
        self.assertIn("01/05/2026 01:00:00 PM", wizard.examples)
        self.assertIn(f"/odoo/aftersales.case/{case.id}", wizard.examples)
        self.assertIn("Due earlier", wizard.counts)

    def test_every_change(self):
        """What the preview tells is what happens: earlier, later, new, void, broken,
        unchanged; with one ledger line for each promise."""
        earlier = self._case(at("10:00"))
        broken = self._case(at("08:00"))
        answered = self._case(at("10:00"))
        answered._clocks_stop(["first_response"], at("10:01"))
        self.target["resolution"].target_seconds = 2 * HOUR
        self.target["first_response"].target_seconds = HOUR
        self.target["acknowledgement"].unlink()
        self.policy.target_ids = [
            Command.create({"kind": "classification", "target_seconds": HOUR})
        ]
        self.frozen.move_to(at("10:06"))
        wizard = self._preview()
        expected = {
            "earlier:resolution": 2,
            "broken:resolution": 1,
            "later:first_response": 1,
            "voided:acknowledgement": 2,
            "started:classification": 2,
            "broken:classification": 1,
        }
        tally = self._tally(wizard.job_id)
        self.assertEqual({key: tally.get(key) for key in expected}, expected)
        job = self._apply(wizard)
        self.assertEqual(self._tally(job), tally)
        self.assertEqual(job.state, "done")
        self.assertEqual(self._clock(earlier).deadline, at("12:00"))
        self.assertEqual(self._clock(earlier, "first_response").deadline, at("11:00"))
        clock = self._clock(broken)
        self.assertRecordValues(
            clock,
            [
                {
                    "outcome": "breached",
                    "breach_cause": "policy_version",
                    "decided_at": at("10:06"),
                    "policy_version": self.policy.version,
                }
            ],
        )
        void = self._clock(earlier, "acknowledgement")
        self.assertEqual((void.outcome, void.void_cause), ("void", "policy_version"))
        new = self._clock(answered, "classification")
        self.assertEqual((new.started_at, new.deadline), (at("10:00"), at("11:00")))
        kept = self._clock(answered, "first_response")
        self.assertEqual((kept.outcome, kept.target_seconds), ("met", 600))
        line = self._events(earlier, "clock_retargeted").filtered(
            lambda line: line.clock_id == self._clock(earlier).id
        )
        self.assertRecordValues(
            line,
            [
                {
                    "cause": "policy_version",
                    "deadline_before": at("15:00"),
                    "deadline_after": at("12:00"),
                    "source_kind": "aftersales.job",
                    "source_id": job.id,
                }
            ],
        )
        self.assertEqual(earlier.next_deadline, at("11:00"))

    def test_again_changes_nothing(self):
        """Applied twice, the second time finds nothing to do."""
        case = self._case(at("10:00"))
        self.target["resolution"].target_seconds = 2 * HOUR
        self._apply()
        before = self._state_of_all(case)
        job = self._apply()
        self.assertEqual(self._state_of_all(case), before)
        self.assertEqual(
            set(key.split(":")[0] for key in self._tally(job)), {"unchanged"}
        )

    def test_paused(self):
        """A paused promise keeps its pauses; what is left of it changes."""
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("11:00"))
        self.target["resolution"].target_seconds = 2 * HOUR
        wizard = self._preview()
        self.assertEqual(self._tally(wizard.job_id)["earlier:resolution"], 1)
        self.assertIn("paused, 3 h left", wizard.examples)
        self._apply(wizard)
        clock = self._clock(case)
        self.assertEqual((clock.state, clock.remaining_seconds), ("paused", HOUR))

    def test_set_by_hand(self):
        """A deadline set by hand stays, and is counted."""
        case = self._case(at("10:00"))
        clock = self._clock(case)
        [cycle] = self.Clock._load_of_cases(case.ids, ["resolution"])
        fixed = to_epoch(at("16:00"))
        schedule = self.Clock._schedule(cycle)
        cycle.add(machine.fix(cycle.clock, schedule, to_epoch(at("10:01")), fixed))
        cycle.changed_rules = True
        self.Clock._store([cycle], to_epoch(at("10:01")))
        self.target["resolution"].target_seconds = HOUR
        self.frozen.move_to(at("10:02"))
        wizard = self._preview()
        self.assertEqual(self._tally(wizard.job_id)["manual:resolution"], 1)
        self._apply(wizard)
        self.assertEqual(clock.deadline, at("16:00"))

    def test_only_this_policy(self):
        """Promises of other policies stay, also those whose policy was edited."""
        other = self.policy.copy(
            {"name": "Urgent", "active": True, "sequence": 1, "urgency": "2"}
        )
        case = self._case(at("10:00"), urgency="2")
        mine = self._case(at("10:00"))
        self.assertEqual(self._clock(case).policy_id, other)
        for policy in (other, self.policy):
            policy.target_ids.filtered(
                lambda target: target.kind == "resolution"
            ).target_seconds = 2 * HOUR
        self._apply()
        self.assertEqual(self._clock(case).deadline, at("15:00"))
        self.assertEqual(self._clock(mine).deadline, at("12:00"))

    def test_wider_conditions(self):
        """A policy that applies to more cases now takes their promises over; one that
        applies to fewer gives them to the next."""
        other = self.policy.copy(
            {"name": "Urgent", "active": True, "sequence": 1, "urgency": "2"}
        )
        other.target_ids.filtered(
            lambda target: target.kind == "resolution"
        ).target_seconds = 2 * HOUR
        case = self._case(at("10:00"))
        other.urgency = False
        wizard = self._preview(other)
        self._apply(wizard)
        clock = self._clock(case)
        self.assertEqual((clock.policy_id, clock.deadline), (other, at("12:00")))
        other.urgency = "2"
        self._apply(self._preview(other))
        self.assertEqual((clock.policy_id, clock.deadline), (self.policy, at("15:00")))

    def test_cases_out_of_use(self):
        """Cases that are over, set aside or archived are left alone."""
        resolved, spam, archived = (self._case(at("10:00")) for _n in range(3))
        self._move(resolved, "resolved", at("10:01"))
        spam._set_aside("spam", "Advertising")
        archived.active = False
        self.target["resolution"].target_seconds = HOUR
        cases = resolved | spam | archived
        before = self._state_of_all(cases)[0]
        job = self._apply()
        self.assertEqual(job.total, 0)
        self.assertEqual(self._state_of_all(cases)[0], before)

    def test_in_the_background(self):
        """Many cases are looked at in the background, with progress."""
        for _n in range(3):
            self._case(at("10:00"))
        self.target["resolution"].target_seconds = 2 * HOUR
        with patch.object(aftersales_policy_apply, "AT_ONCE", 2):
            wizard = self._preview()
        self.assertEqual(wizard.state, "queued")
        self.assertFalse(wizard.counts)
        self.work()
        self.assertEqual(wizard.state, "done")
        self.assertEqual(self._tally(wizard.job_id)["earlier:resolution"], 3)

    def test_changed_meanwhile(self):
        """A preview of an older version cannot be applied, nor can work go on after
        another edit."""
        self._case(at("10:00"))
        wizard = self._preview()
        self.target["resolution"].target_seconds = 2 * HOUR
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard = self._preview()
        wizard.action_apply()
        self.target["resolution"].target_seconds = 3 * HOUR
        self.work()
        job = self._job()
        self.assertEqual(job.state, "failed")
        self.assertIn("Look at the new version", job.error)

    def test_requester_is_told(self):
        """Who asked for it gets one message with what became of it."""
        for _n in range(3):
            self._case(at("10:00"))
        self.target["resolution"].target_seconds = 2 * HOUR
        self._apply()
        activity = self.env["mail.activity"].search(
            [("user_id", "=", self.user_manager.id)]
        )
        self.assertEqual(len(activity), 1)
        self.assertIn(self.policy.name, activity.summary)
        self.assertIn("Due earlier: 3", activity.note)

    def test_rights(self):
        """Only managers may; a draft cannot be applied."""
        for user in (self.user_specialist, self.user_team):
            policy = self.policy.with_user(user)
            with self.assertRaises(AccessError):
                policy.action_apply_to_open_cases()
            with self.assertRaises(AccessError):
                policy.action_archive_with_choice()
        self.policy.active = False
        with self.assertRaises(UserError):
            self.policy.with_user(self.user_manager).action_apply_to_open_cases()

    def test_no_work_for_others(self):
        """The context that says what is applied cannot come from outside."""
        case = self._case(at("10:00"))
        theirs = case.with_context(aftersales_policy_change={"dry": True})
        theirs._clocks_stop(["first_response"], at("10:01"))
        self.assertEqual(self._clock(case, "first_response").outcome, "met")

    # Archiving --------------------------------------------------------------------

    def _archive(self, choice):
        """Archive the policy through the dialog."""
        Archive = self.env["aftersales.policy.archive"].with_user(self.user_manager)
        with Form(Archive.with_context(default_policy_id=self.policy.id)) as form:
            self.assertEqual(form.choice, "run")
            if form.running_promise_count:
                form.choice = choice
        result = form.record.action_archive()
        self.assertFalse(self.policy.active)
        self.work()
        return result

    def test_archive_and_let_run(self):
        """37. By default what was promised is kept; so it is for a plain archiving."""
        clock = self._clock(self._case(at("10:00")))
        self._archive("run")
        self.assertEqual((clock.state, clock.outcome), ("running", "none"))
        self.policy.active = True
        self.policy.with_user(self.user_manager).action_archive()
        self.work()
        self.assertEqual((clock.state, clock.outcome), ("running", "none"))

    def test_archive_and_void(self):
        """All its promises end as void, those of other policies go on."""
        other = self.env["aftersales.policy"].create(
            {
                "name": "Classify",
                "sequence": 20,
                "target_ids": [
                    Command.create({"kind": "classification", "target_seconds": HOUR}),
                    Command.create({"kind": "resolution", "target_seconds": HOUR}),
                ],
            }
        )
        case = self._case(at("10:00"))
        self._archive("void")
        clock = self._clock(case)
        self.assertEqual((clock.outcome, clock.void_cause), ("void", "policy_archived"))
        self.assertEqual(self._clock(case, "first_response").outcome, "void")
        running = case.clock_ids.filtered(lambda clock: clock.state == "running")
        self.assertEqual(running.policy_id, other)
        self.assertEqual(running.kind, "classification")
        self.assertEqual(case.next_deadline, running.deadline)

    def test_archive_and_void_what_is_breached(self):
        """A breach stays, and is pursued no further, also where nothing else runs."""
        case = self._case(at("10:00"))
        self._tick(at("16:00", 4))
        open_ones = case.clock_ids.filtered(lambda clock: clock.state == "running")
        self.assertEqual(set(open_ones.mapped("outcome")), {"breached"})
        self._archive("void")
        self.assertEqual(set(case.clock_ids.mapped("state")), {"stopped"})
        self.assertEqual(set(open_ones.mapped("outcome")), {"breached"})
        self.assertFalse(any(open_ones.mapped("next_event_at")))
        told = self._job("policy_archive").description
        self.assertIn(f"pursued no further: {len(open_ones)}", told)

    def test_archive_and_choose_again(self):
        """38. The policies in force decide: what they promise goes on by their rules,
        what nobody promises any more is void."""
        other = self.env["aftersales.policy"].create(
            {
                "name": "Fallback",
                "sequence": 20,
                "target_ids": [
                    Command.create({"kind": "resolution", "target_seconds": 6 * HOUR})
                ],
            }
        )
        case = self._case(at("10:00"))
        self._move(case, "waiting_customer", at("11:00"))
        self._move(case, "working", at("11:30"))
        self._archive("rematch")
        clock = self._clock(case)
        self.assertEqual((clock.policy_id, clock.outcome), (other, "none"))
        self.assertEqual(clock.started_at, at("10:00"))
        self.assertEqual(clock.deadline, at("08:30", 1))
        self.assertEqual(
            self._clock(case, "acknowledgement").void_cause, "policy_archived"
        )
        self.assertEqual(self._job("policy_archive").state, "done")

    def test_archive_without_promises(self):
        """Without running promises nothing is asked and nothing queued."""
        action = self._archive("void")
        self.assertEqual(action["type"], "ir.actions.act_window_close")
        self.assertFalse(self._job("policy_archive"))

    def test_random_policies(self):
        """Whatever was edited, after applying it every promise stands as one made now
        with the old start and pauses."""
        cases = self.env["aftersales.case"]
        for n in range(6):
            case = self._case(at("08:00") + timedelta(minutes=11 * n))
            cases |= case
            if n % 2:
                self._move(case, "waiting_customer", at("10:00"))
            if n % 3 == 0:
                self._move(case, "working", at("11:00"))
        for seconds in (5 * HOUR, HOUR, 9 * HOUR, 7 * HOUR):
            self.target["resolution"].target_seconds = seconds
            self.frozen.move_to(at("11:30"))
            self._apply()
            for cycle in self.Clock._load_of_cases(cases.ids, ["resolution"]):
                clock = cycle.clock
                if clock.state != "running" or not clock.is_open:
                    continue
                schedule = self.Clock._schedule(cycle)
                self.assertEqual(clock.target_seconds, seconds)
                self.assertEqual(
                    machine.consumed(clock, schedule, clock.deadline), seconds
                )
