from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.escalation import aftersales_clock_notify as tell
from ...tools.business_time import to_epoch
from ..clock.test_clock_engine import HOUR, MODEL, ClockCommon, at


class LadderCommon(ClockCommon):
    """Promises whose steps a test chooses; people on all levels."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team.write(
            {
                "leader_id": cls.user_team.id,
                "department_head_id": cls.user_other.id,
                "manager_id": cls.user_manager.id,
                "management_id": cls.user_management.id,
            }
        )
        cls.policy.target_ids.step_ids.unlink()
        cls.Step = cls.env["aftersales.policy.step"]
        cls.Mail = cls.env["mail.mail"].sudo()

    def _step(self, kind="resolution", **values):
        """Add a step to a promise; it does nothing but tell the leader by default."""
        return self.Step.create({"target_id": self.target[kind].id, **values})

    def _case(self, instant, **values):
        """Create a case whose promises of an answer are kept already."""
        case = super()._case(instant, **values)
        case._clocks_stop(["acknowledgement", "first_response"], instant)
        return case

    def _cycles(self, case, kind):
        """Return all cycles of a promise, the first one first."""
        clocks = case.clock_ids.filtered(lambda clock: clock.kind == kind)
        return clocks.sorted("cycle")

    def _fired(self, case, kind="step_fired"):
        """Return the keys of the steps of a case in the ledger, in order."""
        return self._events(case, kind).mapped("cause")

    def _server_action(self, code):
        return self.env["ir.actions.server"].create(
            {
                "name": "Ladder action",
                "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                "state": "code",
                "code": code,
            }
        )


@tagged("post_install", "-at_install", "aftersales_engine")
class TestLadder(LadderCommon):
    """What happens as a deadline comes near and passes."""

    # What is entered ----------------------------------------------------------

    def test_default(self):
        """A new promise tells the leader when it is broken."""
        target = self.env["aftersales.policy.target"].create(
            {
                "policy_id": self.policy.id,
                "kind": "classification",
                "target_seconds": HOUR,
            }
        )
        self.assertRecordValues(
            target.step_ids,
            [{"moment": "at", "recipient": "leader", "do_activity": True}],
        )
        copied = self.policy.copy()
        self.assertEqual(
            copied.target_ids.filtered(
                lambda t: t.kind == "classification"
            ).step_ids.mapped("moment"),
            ["at"],
        )

    def test_nonsense_is_refused(self):
        """What could never happen, or would tell nobody, is refused in a sentence."""
        gone = self.env["res.users"].search([("active", "=", False)], limit=1)
        nobody = self.env["res.groups"].create({"name": "Nobody"})
        chained = self.env["aftersales.policy.target"].create(
            {"policy_id": self.policy.id, "kind": "update", "target_seconds": HOUR}
        )
        for values, words in (
            ({"moment": "before", "offset_seconds": 4 * HOUR}, "before the promise"),
            ({"do_activity": False}, "does nothing"),
            ({"recipient": "user", "user_id": gone.id}, "Choose another person"),
            ({"recipient": "group", "group_id": nobody.id}, "another group"),
            (
                {
                    "target_id": chained.id,
                    "moment": "after",
                    "offset_seconds": 60,
                },
                "starts again at each missed deadline",
            ),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words):
                self._step(**values)
        self._step(moment="before", offset_seconds=239 * 60)
        with self.assertRaisesRegex(ValidationError, "before the promise"):
            self.target["resolution"].target_seconds = HOUR

    @mute_logger("odoo.sql_db")
    def test_numbers_out_of_range_are_refused(self):
        for values, constraint in (
            ({"moment": "percent", "percent": 0}, "percent"),
            ({"moment": "percent", "percent": 101}, "percent"),
            ({"moment": "after", "offset_seconds": 0}, "offset"),
            ({"recipient": "group"}, "group"),
            ({"recipient": "user"}, "user"),
            ({"do_reassign": True, "reassign_to": "user"}, "reassign"),
            ({"reassign_limit": -1}, "reassign_limit"),
        ):
            name = f"aftersales_policy_step_{constraint}_check"
            with self.subTest(values), self.assertRaisesRegex(Exception, name):
                with self.env.cr.savepoint():
                    self._step(**values)

    def test_only_administrators_choose_actions(self):
        """A manager edits steps, but server actions run with all rights: choosing one
        is an administrator's."""
        step = self._step()
        action = self._server_action("pass")
        theirs = step.with_user(self.user_manager)
        theirs.percent = 70
        with self.assertRaises(AccessError):
            theirs.server_action_ids = [Command.link(action.id)]
        with self.assertRaises(AccessError):
            step.with_user(self.user_team).percent = 60

    def test_change_makes_a_version(self):
        """A running promise keeps its ladder; a later one has the new one."""
        step = self._step()
        version = self.policy.version
        before = self._case(at("08:00"))
        step.write({"moment": "percent", "percent": 50})
        self.assertEqual(self.policy.version, version + 1)
        after = self._case(at("08:00"))
        self._tick(at("11:00"))
        self.assertFalse(self._fired(before))
        self.assertEqual(self._fired(after), [str(step.id)])

    # When ---------------------------------------------------------------------

    def test_share_of_the_time(self):
        """43. A share is one of the time that counts: half of four hours from 11:00 on
        is over at 14:00, for nobody works over lunch."""
        step = self._step(moment="percent", percent=50)
        case = self._case(at("11:00"))
        self._tick(at("13:59"))
        self.assertFalse(case.activity_ids)
        self._tick(at("14:00"))
        self.assertEqual(self._fired(case), [str(step.id)])
        self.assertEqual(case.activity_ids.user_id, self.user_team)
        self.assertIn("at risk: Solution", case.activity_ids.summary)

    def test_minutes_before(self):
        """43. The distance to the deadline counts the same hours: two hours before a
        deadline at 14:00 is 11:00, not noon and not midnight."""
        step = self._step(moment="before", offset_seconds=2 * 3600)
        case = self._case(at("09:00"))
        self.assertEqual(self._clock(case).deadline, at("14:00"))
        self._tick(at("10:59"))
        self.assertFalse(self._fired(case))
        self._tick(at("11:00"))
        self.assertEqual(self._fired(case), [str(step.id)])
        [line] = self._events(case, "step_fired")
        self.assertEqual(line.at, at("11:00"))
        self.assertEqual(line.data["due"], to_epoch(at("11:00")))

    def test_at_and_after(self):
        """46. All of several steps act, each at its own time; the one at the deadline
        when the promise is broken, not while it can still be kept."""
        first = self._step()
        second = self._step(moment="after", offset_seconds=30 * 60)
        third = self._step(moment="after", offset_seconds=2 * 3600)
        case = self._case(at("09:00"))
        self._tick(at("14:00"))
        self.assertFalse(self._fired(case))
        for instant, steps in (
            (at("14:01"), first),
            (at("14:29"), first),
            (at("14:30"), first + second),
            (at("16:00"), first + second + third),
        ):
            self._tick(instant)
            self.assertEqual(self._fired(case), [str(s.id) for s in steps])
        self.assertFalse(self._events(case, "step_skipped"))

    def test_each_promise_has_its_own(self):
        """44. The step of one promise does not act for another."""
        step = self._step("first_response")
        other = self._step("resolution")
        case = ClockCommon._case(self, at("09:00"))
        case._clocks_stop(["acknowledgement"], at("09:00"))
        self._tick(at("09:11"))
        self.assertEqual(self._fired(case), [str(step.id)])
        self._tick(at("14:01"))
        self.assertEqual(self._fired(case), [str(step.id), str(other.id)])

    def test_once(self):
        """A step acts once, however often the job looks."""
        self._step()
        case = self._case(at("09:00"))
        for minute in range(1, 6):
            self._tick(at(f"14:0{minute}"))
        self.assertEqual(len(case.activity_ids), 1)
        self.assertEqual(len(self._events(case, "step_fired")), 1)

    def test_once_in_the_database(self):
        """Two workers cannot both claim a step: the ledger refuses the second line."""
        self._step()
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        [line] = self._events(case, "step_fired")
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            with self.env.cr.savepoint():
                self.Event._append(
                    [
                        {
                            "case_id": case.id,
                            "clock_id": line.clock_id,
                            "kind": "step_fired",
                            "at": at("14:02"),
                            "cause": line.cause,
                        }
                    ]
                )
        self.assertIn("aftersales_event_step_uniq", str(caught.exception))

    def test_never_while_paused_or_over(self):
        """38. Nothing is told of a promise that is paused, kept or void."""
        self._step(moment="percent", percent=50)
        paused, solved, spam = (self._case(at("09:00")) for _n in range(3))
        for case in (paused, solved, spam):
            self._move(case, "working", at("09:01"))
        self._move(paused, "waiting_customer", at("10:00"))
        self._move(solved, "resolved", at("10:00"))
        spam._set_aside("spam", "advertising")
        self._tick(at("16:00"))
        for case in (paused, solved, spam):
            self.assertFalse(self._fired(case))
        self._move(paused, "working", at("16:00"))
        self._tick(at("16:59"))
        self.assertFalse(self._fired(paused))
        self._tick(at("09:00", day=1))
        self.assertTrue(self._fired(paused))

    def test_not_again_after_a_pause(self):
        """A warning that was given is not repeated because a pause moved the deadline
        away."""
        self._step(moment="percent", percent=50)
        case = self._case(at("09:00"))
        self._move(case, "working", at("09:01"))
        self._tick(at("11:00"))
        self._move(case, "waiting_customer", at("11:01"))
        self._move(case, "working", at("16:00"))
        self._tick(at("16:30"))
        self.assertEqual(len(self._fired(case)), 1)

    def test_reopened(self):
        """A reopened case carries what was told: no step twice for the same time."""
        self._step(moment="percent", percent=50)
        case = self._case(at("08:00"))
        self._move(case, "working", at("08:01"))
        self._tick(at("10:00"))
        self._move(case, "resolved", at("10:30"))
        self._move(case, "working", at("11:00"))
        self._tick(at("11:30"))
        self.assertEqual(len(self._fired(case)), 1)

    def test_chain(self):
        """Each broken promise of a chain is told, though it ends as it breaks."""
        self.env["aftersales.policy.target"].create(
            {"policy_id": self.policy.id, "kind": "update", "target_seconds": HOUR}
        )
        case = self._case(at("08:00"))
        case._clocks_event("reply", at("08:00"))
        self._tick(at("09:01"))
        self.assertEqual(len(self._fired(case)), 1)
        self.assertIn("Progress update", case.activity_ids.summary)
        self._tick(at("10:01"))
        self.assertEqual(len(self._fired(case)), 2)
        self.assertEqual(
            len(set(self._events(case, "step_fired").mapped("clock_id"))), 2
        )

    def _chain(self, **values):
        """Promise progress updates; return a case that waits for its first one."""
        target = self.env["aftersales.policy.target"].create(
            {
                "policy_id": self.policy.id,
                "kind": "update",
                "target_seconds": HOUR,
                **values,
            }
        )
        case = self._case(at("08:00"))
        case._clocks_event("reply", at("08:00"))
        return target, case

    def test_chain_after_downtime(self):
        """Of several updates missed unnoticed only the last is told."""
        _target, case = self._chain()
        self._tick(at("11:30"))
        self.assertEqual(len(self._fired(case)), 1)
        self.assertEqual(len(self._fired(case, "step_skipped")), 2)
        self.assertEqual(len(case.activity_ids), 1)
        fired = self.Clock.browse(self._events(case, "step_fired").clock_id)
        self.assertEqual(fired.decided_at, at("11:00"))
        self._tick(at("11:31"))
        self.assertEqual(len(self._fired(case)), 1)

    def test_chain_at_risk_after_downtime(self):
        """The update that is due next is at risk as soon as the job looks again."""
        _target, case = self._chain(warn_percent=80)
        self._tick(at("09:55"))
        missed, running = self._cycles(case, "update")
        self.assertFalse(missed.warned_at)
        self.assertEqual(running.warned_at, at("09:48"))
        self.assertGreater(running.next_event_at, at("10:00"))

    def test_chain_at_night(self):
        """Nobody is told at night of an update that was missed then; it comes when the
        team opens, once, and of the last one."""
        _target, case = self._chain(calendar_mode="always", target_seconds=12 * HOUR)
        self._tick(at("20:01"))
        self._tick(at("08:01", day=1))
        broken = self._cycles(case, "update")[:2]
        self.assertEqual(broken.mapped("outcome"), ["breached"] * 2)
        self.assertEqual(len(self._fired(case)), 1)
        self.assertEqual(self._events(case, "step_fired").clock_id, broken[1].id)
        self.assertEqual(len(self._fired(case, "step_skipped")), 1)
        self.assertEqual(len(case.activity_ids), 1)

    def test_chain_urgent_at_night(self):
        target, case = self._chain(calendar_mode="always", target_seconds=12 * HOUR)
        target.step_ids.is_urgent = True
        other = self._case(at("08:00"))
        other._clocks_event("reply", at("08:00"))
        self._tick(at("20:01"))
        self.assertFalse(case.activity_ids)
        self.assertEqual(len(other.activity_ids), 1)

    def test_chain_answered_before_the_team_opens(self):
        """Who has been told meanwhile needs no warning in the morning."""
        _target, case = self._chain(calendar_mode="always", target_seconds=12 * HOUR)
        self._tick(at("20:01"))
        case._clocks_event("reply", at("22:00"))
        self._tick(at("07:30", day=1))
        self.assertFalse(self._fired(case))
        self.assertFalse(case.activity_ids)
        self.assertFalse(self._cycles(case, "update").filtered("pending_event"))

    def test_chain_is_told_by_the_job(self):
        """Whoever moves a case to its end is not made to wait for server actions."""
        target, case = self._chain()
        action = self._server_action("record.write({'description': 'acted'})")
        target.step_ids.server_action_ids = [Command.link(action.id)]
        second = self._case(at("08:00"))
        second._clocks_event("reply", at("08:00"))
        self._move(second, "waiting_customer", at("09:30"))
        self.assertFalse(self._fired(second))
        self._tick(at("09:31"))
        self.assertEqual(len(self._fired(second)), 1)
        self.assertIn("acted", second.description)

    @mute_logger(MODEL)
    def test_chain_with_a_failing_action(self):
        target, case = self._chain()
        action = self._server_action("raise UserError('no')")
        target.step_ids.server_action_ids = [Command.link(action.id)]
        bad = self._case(at("08:00"))
        bad._clocks_event("reply", at("08:00"))
        self._tick(at("09:01"))
        self.assertEqual(len(self._fired(case)), 1)
        self.assertFalse(self._fired(bad))
        broken = self._cycles(bad, "update")[0]
        self.assertEqual((broken.error_count, broken.retry_at), (1, at("09:02")))
        action.code = "pass"
        self._tick(at("09:02"))
        self.assertEqual(len(self._fired(bad)), 1)
        self.assertFalse(broken.error_count or broken.retry_at or broken.pending_event)

    @mute_logger(MODEL)
    def test_chain_with_nobody_to_escalate_to(self):
        """A step that cannot be taken silences no other at the same deadline; it is
        noted, tried again ever later, and taken when somebody is set."""
        self.team.management_id = False
        target, case = self._chain(
            step_ids=[
                Command.create({"recipient": "assignee"}),
                Command.create({"do_activity": False, "escalate_level": "4"}),
            ]
        )
        telling, escalating = (str(step.id) for step in target.step_ids)
        broken = self._cycles(case, "update")[0]
        self._tick(at("09:01"))
        self.assertEqual(self._fired(case), [telling])
        self.assertEqual(len(case.activity_ids), 1)
        self.assertIn("Nobody is set", broken.last_error)
        self.assertEqual((broken.error_count, broken.retry_at), (1, at("09:02")))
        self._tick(at("09:02"))
        self.assertEqual((broken.error_count, broken.retry_at), (2, at("09:04")))
        self.team.management_id = self.user_management
        self._tick(at("09:04"))
        self.assertEqual(self._fired(case), [telling, escalating])
        self.assertEqual(case.escalation_ids.user_id, self.user_management)
        self.assertFalse(broken.error_count or broken.last_error or broken.retry_at)
        self.assertFalse(broken.owes_steps)

    @mute_logger(MODEL)
    def test_chain_with_a_deleted_template(self):
        template = self.env["mail.template"].create(
            {"name": "t", "model_id": self.env["ir.model"]._get_id("aftersales.case")}
        )
        mailing = {"do_activity": False, "do_mail": True}
        target, case = self._chain(
            step_ids=[
                Command.create({"recipient": "leader"}),
                Command.create({**mailing, "mail_template_id": template.id}),
            ]
        )
        telling, styled = target.step_ids
        styled.unlink()
        template.unlink()
        self._tick(at("09:01"))
        self.assertEqual(self._fired(case), [str(telling.id)])
        self.assertEqual(len(case.activity_ids), 1)
        broken = self._cycles(case, "update")[0]
        self.assertIn("gone, or is not for cases any more", broken.last_error)

    @mute_logger(MODEL)
    def test_chain_with_one_failing_action(self):
        """Actions of an ended promise run apart, too: one that fails takes nothing
        with it, and stays on the list of what failed."""
        failing = self._server_action("raise UserError('no')")
        good = self._server_action("record.write({'description': 'acted'})")
        target, case = self._chain(
            step_ids=[
                Command.create({"recipient": "leader"}),
                *(
                    Command.create(
                        {
                            "do_activity": False,
                            "server_action_ids": [Command.set(action.ids)],
                        }
                    )
                    for action in (failing, good)
                ),
            ]
        )
        keys = [str(step.id) for step in target.step_ids]
        broken = self._cycles(case, "update")[0]
        self._tick(at("09:01"))
        self.assertEqual(self._fired(case), [keys[0], keys[2]])
        self.assertIn("acted", case.description)
        self.assertEqual((broken.error_count, broken.retry_at), (1, at("09:02")))
        failing.code = "pass"
        self._tick(at("09:02"))
        self.assertEqual(self._fired(case), [keys[0], keys[2], keys[1]])
        self.assertEqual(len(case.activity_ids), 1)
        self.assertFalse(broken.error_count or broken.retry_at or broken.owes_steps)

    @mute_logger(MODEL)
    def test_chain_failing_at_night(self):
        """What waits for the morning comes then, however often the other failed."""
        self.team.management_id = False
        urgent = {"do_activity": False, "escalate_level": "4", "is_urgent": True}
        target, case = self._chain(
            calendar_mode="always",
            target_seconds=12 * HOUR,
            step_ids=[Command.create(urgent), Command.create({"recipient": "leader"})],
        )
        broken = self._cycles(case, "update")[0]
        instant = at("20:01")
        while instant < at("07:59", day=1):
            self._tick(instant)
            self.assertGreater(broken.retry_at, instant)
            instant = broken.retry_at
        self.assertEqual(instant, at("08:00", day=1))
        self._tick(instant)
        self.assertEqual(self._fired(case), [str(target.step_ids[1].id)])

    def test_chain_action_that_resolves(self):
        """What an action made needless is not done any more."""
        actions = [
            self._server_action(code)
            for code in ("record.action_resolve()", "record.write({'color': 5})")
        ]
        target, case = self._chain(
            step_ids=[
                Command.create(
                    {
                        "do_activity": False,
                        "server_action_ids": [Command.set(action.ids)],
                    }
                )
                for action in actions
            ]
        )
        self._move(case, "working", at("08:01"))
        self._tick(at("09:01"))
        self.assertEqual(case.stage_kind, "resolved")
        self.assertFalse(case.color)
        keys = [str(step.id) for step in target.step_ids]
        self.assertEqual(self._fired(case), keys[:1])
        self.assertEqual(self._fired(case, "step_skipped"), keys[1:])
        self.assertFalse(self._cycles(case, "update").filtered("owes_steps"))

    @mute_logger(MODEL)
    def test_chain_that_could_not_be_told(self):
        """While its steps wait for the morning, what could not be told is tried ever
        more rarely, and neither forgets the other."""
        _target, case = self._chain(calendar_mode="always", target_seconds=12 * HOUR)
        broken = self._cycles(case, "update")[0]
        with patch.object(
            self.registry["aftersales.clock"], "_on_breached", side_effect=ValueError
        ):
            for minute, count, again in ((1, 1, 2), (2, 2, 4), (4, 3, 8)):
                self._tick(at(f"20:0{minute}"))
                self.assertEqual(broken.error_count, count)
                self.assertEqual(broken.retry_at, at(f"20:0{again}"))
        self._tick(at("20:08"))
        self.assertFalse(broken.error_count or broken.pending_event)
        self.assertFalse(self._fired(case))
        self._tick(at("08:00", day=1))
        self.assertEqual(len(self._fired(case)), 1)

    def test_promise_without_policy(self):
        """A time promised to a customer is watched even if no policy speaks of it."""
        case = self._case(at("08:00"))
        case._clocks_event("promised", at("08:00"), deadline=at("10:00"))
        self._tick(at("10:01"))
        self.assertEqual(case.activity_ids.user_id, self.user_team)
        self.assertIn("Promised time", case.activity_ids.summary)

    # After downtime -----------------------------------------------------------

    def test_downtime(self):
        """After days without the job only the last step acts, the others are noted as
        skipped; the instants of the promise are right all the same."""
        steps = self._step(moment="percent", percent=50)
        steps += self._step(moment="percent", percent=80)
        steps += self._step(moment="after", offset_seconds=30 * 60)
        case = self._case(at("09:00"))
        self._tick(at("10:00", day=3))
        self.assertEqual(self._fired(case), [str(steps[2].id)])
        skipped = [str(step.id) for step in steps[:2]]
        self.assertEqual(self._fired(case, "step_skipped"), skipped)
        self.assertEqual(len(case.activity_ids), 1)
        self.assertEqual(self._clock(case).decided_at, at("14:00"))
        self._tick(at("10:01", day=3))
        self.assertEqual(len(self._events(case, "step_fired")), 1)

    # Quiet hours ----------------------------------------------------------------

    def _round_the_clock(self, **values):
        self.target["resolution"].write(
            {"calendar_mode": "always", "target_seconds": 12 * HOUR, **values}
        )

    def test_quiet_hours(self):
        """45, 52. Nobody is told at night what can wait: it comes when the team opens;
        the promise itself is judged in time."""
        self._round_the_clock()
        step = self._step()
        case = self._case(at("12:00"))
        self._tick(at("00:01", day=1))
        self.assertEqual(self._clock(case).outcome, "breached")
        self.assertFalse(self._fired(case))
        self.assertEqual(self._clock(case).next_event_at, at("08:00", day=1))
        self.assertEqual(self._tick(at("07:59", day=1)), 0)
        self._tick(at("08:00", day=1))
        self.assertEqual(self._fired(case), [str(step.id)])

    def test_waiting_does_not_hide_the_deadline(self):
        """A warning that waits for the morning leaves the deadline at night alone."""
        self._round_the_clock()
        self._step(moment="percent", percent=50)
        case = self._case(at("12:00"))
        self._tick(at("18:01"))
        self.assertEqual(self._clock(case).next_event_at, at("21:36"))
        self._tick(at("21:36"))
        self._tick(at("00:00", day=1))
        self._tick(at("00:00", day=1).replace(second=1))
        self.assertEqual(self._clock(case).outcome, "breached")

    def test_not_on_sunday(self):
        """45. Nor on a Sunday."""
        self._round_the_clock()
        self._step()
        case = self._case(at("16:00", day=4))
        self._tick(at("12:00", day=6))
        self.assertFalse(self._fired(case))
        self._tick(at("08:00", day=7))
        self.assertTrue(self._fired(case))

    def test_urgent(self):
        """What is urgent happens at once; what was due before it is past, what is due
        after it waits."""
        self._round_the_clock()
        early = self._step(moment="percent", percent=60)
        urgent = self._step(moment="percent", percent=70, is_urgent=True)
        late = self._step()
        case = self._case(at("12:00"))
        self._tick(at("02:00", day=1))
        self.assertEqual(self._fired(case), [str(urgent.id)])
        self.assertEqual(self._fired(case, "step_skipped"), [str(early.id)])
        self._tick(at("08:00", day=1))
        self.assertEqual(self._fired(case), [str(urgent.id), str(late.id)])

    # To whom --------------------------------------------------------------------

    def test_recipients(self):
        """Each recipient is the person it names."""
        group = self.env["res.groups"].create(
            {
                "name": "Workshop",
                "user_ids": [
                    Command.set((self.user_responder | self.user_specialist).ids)
                ],
            }
        )
        for values, users in (
            ({"recipient": "assignee"}, self.user_specialist),
            ({"recipient": "leader"}, self.user_team),
            ({"recipient": "department_head"}, self.user_other),
            ({"recipient": "manager"}, self.user_manager),
            ({"recipient": "management"}, self.user_management),
            ({"recipient": "salesperson"}, self.user_sales),
            (
                {"recipient": "group", "group_id": group.id},
                self.user_responder | self.user_specialist,
            ),
            (
                {"recipient": "user", "user_id": self.user_responder.id},
                self.user_responder,
            ),
        ):
            with self.subTest(values["recipient"]):
                self.target["resolution"].step_ids.unlink()
                self._step(**values)
                case = self._case(
                    at("09:00"),
                    user_id=self.user_specialist.id,
                    sale_order_id=self.order.id,
                )
                self._tick(at("14:01"))
                self.assertEqual(case.activity_ids.user_id, users)

    def test_nobody_set(self):
        """Where nobody is set it goes up, and the activity says so; nobody who has left
        is told, and where nobody is above, the owner."""
        self._step(recipient="department_head")
        self.team.department_head_id = False
        case = self._case(at("09:00"), user_id=self.user_specialist.id)
        self._tick(at("14:01"))
        self.assertEqual(case.activity_ids.user_id, self.user_manager)
        self.assertIn("Department head", case.activity_ids.note)
        self.team.write({"manager_id": False, "management_id": False})
        self.user_team.action_archive()
        case = self._case(at("09:00", day=1), user_id=self.user_specialist.id)
        self._tick(at("14:01", day=1))
        self.assertEqual(case.activity_ids.user_id, self.user_specialist)

    def test_who_is_told_follows_nothing(self):
        """An activity makes nobody a follower of a customer's conversation."""
        self._step(recipient="department_head")
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertNotIn(self.user_other.partner_id, case.message_partner_ids)

    # What -----------------------------------------------------------------------

    def test_activity_as_configured(self):
        kind = self.env.ref("mail.mail_activity_data_call")
        self._step(activity_type_id=kind.id, activity_summary="Call the customer")
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertRecordValues(
            case.activity_ids,
            [{"activity_type_id": kind.id, "summary": "Call the customer"}],
        )

    def _mails_to(self, user):
        return self.Mail.search([("recipient_ids", "in", user.partner_id.ids)])

    def test_mail(self):
        """A mail goes to the colleague, with a link, and stays in the outbox until the
        transaction is committed; nothing goes to the customer."""
        self._step(do_activity=False, do_mail=True)
        case = self._case(at("09:00"))
        before = len(case.message_ids)
        self._tick(at("14:01"))
        [mail] = self._mails_to(self.user_team)
        self.assertEqual(mail.state, "outgoing")
        self.assertIn(case.number, mail.subject)
        self.assertIn("Promise breached: Solution", mail.subject)
        self.assertIn(
            f"/mail/view?model=aftersales.case&amp;res_id={case.id}", mail.body_html
        )
        self.assertEqual(mail.recipient_ids, self.user_team.partner_id)
        self.assertFalse(mail.email_to)
        self.assertEqual(len(case.message_ids), before)
        self.assertFalse(self._mails_to(self.user_portal))

    @mute_logger("odoo.addons.aftersales_service.models.clock.aftersales_clock_job")
    def test_who_has_no_address(self):
        """A mail goes to the next one whom it reaches; a step that reaches nobody has
        failed, is listed, and is done when it can be."""
        self._step(do_activity=False, do_mail=True)
        self.user_team.partner_id.email = False
        self._case(at("09:00"), user_id=self.user_specialist.id)
        self._tick(at("14:01"))
        self.assertEqual(len(self._mails_to(self.user_other)), 1)
        everybody = self.user_other | self.user_manager | self.user_management
        (everybody | self.user_specialist).partner_id.email = False
        case = self._case(at("09:00", day=1), user_id=self.user_specialist.id)
        self._tick(at("14:01", day=1))
        clock = self._clock(case, "resolution")
        self.assertIn("Nobody is left", clock.last_error)
        self.assertFalse(self._fired(case))
        self.user_manager.partner_id.email = "manager@example.com"
        self._tick(at("15:01", day=1))
        self.assertEqual(len(self._mails_to(self.user_manager)), 1)
        self.assertEqual(len(self._fired(case)), 1)
        self.assertFalse(clock.last_error)

    def test_mail_to_outsiders(self):
        """Who may not read the case learns its number, not what the customer wrote."""
        self._step(recipient="department_head", do_activity=False, do_mail=True)
        case = self._case(at("09:00"), name="Secret matter")
        self._tick(at("14:01"))
        [mail] = self._mails_to(self.user_other)
        self.assertIn(case.number, mail.body_html)
        self.assertNotIn("Secret matter", mail.body_html)

    def test_mail_of_a_template(self):
        """A template is written in the language of who is told."""
        template = self.env["mail.template"].create(
            {
                "name": "Ladder",
                "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                "subject": "Look at {{ object.number }}",
                "body_html": "<p>Now: <t t-out='object.name'/></p>",
            }
        )
        self._step(do_activity=False, do_mail=True, mail_template_id=template.id)
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        [mail] = self._mails_to(self.user_team)
        self.assertEqual(mail.subject, f"Look at {case.number}")
        self.assertIn("Left shoe too small", mail.body_html)

    def test_digests(self):
        """Many at once are one activity and one mail for one person."""
        self._step(do_mail=True)
        cases = [self._case(at("09:00")) for _n in range(tell.DIGEST_SIZE + 1)]
        known = self.env["mail.activity"].search([])
        self._tick(at("14:01"))
        [activity] = self.env["mail.activity"].search([]) - known
        self.assertIn(str(len(cases)), activity.summary)
        [mail] = self._mails_to(self.user_team)
        for case in cases:
            self.assertIn(case.number, mail.body_html)
            self.assertIn(case.number, activity.note)
            self.assertEqual(len(self._fired(case)), 1)

    def _half_and_answer(self, **values):
        """Say something when half of the time for a solution is over, and when the
        answer did not come in time."""
        self._step("resolution", moment="percent", percent=50, **values)
        self._step("first_response", **values)

    def test_digest_of_different_things(self):
        """What is only at risk is not said to be broken: neither in the title of an
        activity nor in the subject and the lists of a mail."""
        self._half_and_answer(do_mail=True)
        at_risk = [self._case(at("08:00")) for _n in range(tell.DIGEST_SIZE)]
        broken = ClockCommon._case(self, at("09:55"))
        known = self.env["mail.activity"].search([])
        self._tick(at("10:06"))
        [activity] = self.env["mail.activity"].search([]) - known
        title = f"Promise breached: 1 · Promise at risk: {len(at_risk)}"
        self.assertEqual(activity.summary, title)
        [mail] = self._mails_to(self.user_team)
        self.assertEqual(mail.subject, title)
        of_broken, of_others = mail.body_html.split("Promise at risk: 5")
        self.assertIn("Promise breached: 1", of_broken)
        self.assertIn(broken.number, of_broken)
        for case in at_risk:
            self.assertNotIn(case.number, of_broken)
            self.assertIn(case.number, of_others)

    def test_mail_of_different_things_on_one_case(self):
        self.target["first_response"].target_seconds = 2 * HOUR
        self._half_and_answer(do_mail=True, do_activity=False)
        case = ClockCommon._case(self, at("08:00"))
        self._tick(at("10:06"))
        [mail] = self._mails_to(self.user_team)
        self.assertEqual(
            mail.subject,
            f"[{case.number}] Promise breached: First answer · "
            "Promise at risk: Solution",
        )

    def test_two_steps_are_one_promise(self):
        """A digest counts promises, not the steps that speak of them."""
        self._step()
        self._step(activity_summary="Call the customer")
        for _n in range(tell.DIGEST_SIZE):
            self._case(at("09:00"))
        known = self.env["mail.activity"].search([])
        self._tick(at("14:01"))
        [activity] = self.env["mail.activity"].search([]) - known
        self.assertEqual(activity.summary, f"Promise breached: {tell.DIGEST_SIZE}")

    def test_reassign(self):
        """Cases go to the person named, but to nobody who has enough already."""
        self._step(
            do_activity=False,
            do_reassign=True,
            reassign_to="leader",
            reassign_limit=2,
        )
        cases = [
            self._case(at("09:00"), user_id=self.user_specialist.id) for _n in range(5)
        ]
        self._tick(at("14:01"))
        owners = [case.user_id for case in cases]
        self.assertEqual(owners.count(self.user_team), 2)
        self.assertEqual(owners.count(self.user_other), 2)
        self.assertEqual(owners.count(self.user_manager), 1)
        self.assertTrue(self._events(cases[0], "assigned"))

    def test_reassign_to_the_least_busy(self):
        """A member with fewer cases gets one; the present owner does not."""
        self._step(do_activity=False, do_reassign=True, reassign_to="member")
        self._create_case(user_id=self.user_team.id)
        case = self._case(at("09:00"), user_id=self.user_team.id)
        self._tick(at("14:01"))
        self.assertEqual(case.user_id, self.user_specialist)

    def test_priority_and_tags(self):
        tag = self.env["aftersales.tag"].create({"name": "Late"})
        self._step(do_activity=False, do_priority=True, tag_ids=[Command.link(tag.id)])
        low, top = self._case(at("09:00")), self._case(at("09:00"), priority="3")
        self.assertEqual(low.priority, "1")
        self._tick(at("14:01"))
        self.assertEqual((low.priority, top.priority), ("2", "3"))
        self.assertEqual((low | top).tag_ids, tag)

    def test_notice(self):
        """A message to the customer is prepared before the deadline, and not sent."""
        self._step(moment="percent", percent=80, do_activity=False, do_notice=True)
        case = self._case(at("09:00"), user_id=self.user_specialist.id)
        before = len(case.message_ids)
        self._tick(at("13:20"))
        [notice] = case.notice_ids
        self.assertEqual((notice.reason, notice.state), ("late", "prepared"))
        self.assertEqual(len(case.message_ids), before)

    def test_escalate(self):
        """A step brings the case before the person of a level."""
        self._step(do_activity=False, escalate_level="2")
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertRecordValues(
            case.escalation_ids,
            [
                {
                    "level": "2",
                    "user_id": self.user_other.id,
                    "clock_id": self._clock(case).id,
                    "raised_by_id": False,
                    "state": "waiting",
                }
            ],
        )

    def test_server_action(self):
        """Any server action runs, with the case as record."""
        action = self._server_action("record.write({'color': 5})")
        self._step(do_activity=False, server_action_ids=[Command.link(action.id)])
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertEqual(case.color, 5)

    def test_action_that_ends_the_promise(self):
        """What an action does to the clock itself is not overwritten: a second promise
        of the same case that it ended stays ended, and its step is not taken."""
        self.target["first_response"].target_seconds = 4 * HOUR
        action = self._server_action("record.action_resolve()")
        actions = [Command.link(action.id)]
        self._step(do_activity=False, server_action_ids=actions)
        case = self._case(at("09:00"))
        self._move(case, "working", at("09:01"))
        self._tick(at("14:01"))
        self.assertEqual(case.stage_kind, "resolved")
        clock = self._clock(case)
        self.assertEqual((clock.state, clock.outcome), ("stopped", "breached"))
        self.assertEqual(clock.steps_done, [str(self.target["resolution"].step_ids.id)])

    # What fails -----------------------------------------------------------------

    @mute_logger(MODEL)
    def test_failing_action(self):
        """48. A step that fails takes nothing with it: neither other cases nor the
        other steps of its own; it is noted, tried again ever later, and by a button."""
        action = self._server_action(
            "if record.name == 'Bad':\n    raise UserError('no')"
        )
        telling = self._step(sequence=1)
        failing = self._step(
            sequence=2, do_activity=False, server_action_ids=[Command.link(action.id)]
        )
        bad, good = self._case(at("09:00"), name="Bad"), self._case(at("09:00"))
        self._tick(at("14:01"))
        both = {str(telling.id), str(failing.id)}
        self.assertEqual(set(self._fired(good)), both)
        self.assertEqual(self._fired(bad), [str(telling.id)])
        self.assertEqual(bad.activity_ids.user_id, self.user_team)
        clock = self._clock(bad)
        self.assertEqual(clock.error_count, 1)
        self.assertIn("no", clock.last_error)
        self.assertEqual(clock.retry_at, at("14:02"))
        self._tick(at("14:02"))
        self.assertEqual(self._clock(bad).error_count, 2)
        self.assertEqual(self._clock(bad).retry_at, at("14:04"))
        self.assertEqual(len(bad.activity_ids), 1)
        bad.name = "Mended"
        with self.assertRaises(AccessError):
            self._clock(bad).with_user(self.user_team).action_retry()
        self._clock(bad).with_user(self.user_manager).action_retry()
        self.assertEqual(set(self._fired(bad)), both)
        clock = self._clock(bad)
        self.assertFalse(clock.error_count or clock.last_error or clock.retry_at)

    @mute_logger(MODEL)
    def test_failing_action_before_a_good_one(self):
        """A step that failed stays on the list though a later one of the same time
        acted."""
        actions = [
            self._server_action(code) for code in ("raise UserError('no')", "pass")
        ]
        steps = [
            self._step(
                sequence=number,
                do_activity=False,
                server_action_ids=[Command.link(action.id)],
            )
            for number, action in enumerate(actions)
        ]
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertEqual(self._fired(case), [str(steps[1].id)])
        clock = self._clock(case)
        self.assertEqual((clock.error_count, clock.next_event_at), (1, at("14:02")))
        actions[0].code = "pass"
        self._tick(at("14:02"))
        self.assertEqual(self._fired(case), [str(steps[1].id), str(steps[0].id)])
        self.assertFalse(self._clock(case).error_count)

    def _tick_without_telling(self, instant):
        with patch.object(
            self.registry["aftersales.clock"], "_on_breached", side_effect=ValueError
        ):
            self._tick(instant)

    @mute_logger(MODEL)
    def test_told_at_last_with_a_failing_step(self):
        """What could be told at last is forgotten; a step that failed in the same go
        stays on the list, and is tried again."""
        action = self._server_action("raise UserError('no')")
        step = self._step(server_action_ids=[Command.link(action.id)])
        case = self._case(at("09:00"))
        self._tick_without_telling(at("14:01"))
        self.assertEqual(self._clock(case).pending_event, "breached")
        count = self._clock(case).error_count
        self._tick(at("14:20"))
        clock = self._clock(case)
        self.assertFalse(clock.pending_event)
        self.assertEqual(clock.error_count, count + 1)
        self.assertIn("no", clock.last_error)
        action.code = "pass"
        self._tick(clock.next_event_at)
        self.assertEqual(self._fired(case), [str(step.id)])
        self.assertFalse(self._clock(case).error_count)

    @mute_logger(MODEL)
    def test_chain_told_at_last_with_a_failing_step(self):
        action = self._server_action("raise UserError('no')")
        target, case = self._chain(
            step_ids=[Command.create({"server_action_ids": [Command.set(action.ids)]})]
        )
        broken = self._cycles(case, "update")[0]
        self._tick_without_telling(at("09:01"))
        self.assertEqual(broken.pending_event, "breached")
        count = broken.error_count
        self._tick(at("09:20"))
        self.assertFalse(broken.pending_event)
        self.assertEqual(broken.error_count, count + 1)
        action.code = "pass"
        self._tick(broken.retry_at)
        self.assertIn(str(target.step_ids.id), self._fired(case))
        self.assertFalse(broken.error_count or broken.retry_at)

    @mute_logger(MODEL)
    def test_later_steps_do_not_wait_for_a_failing_one(self):
        action = self._server_action("raise UserError('no')")
        self._step(
            moment="percent",
            percent=50,
            do_activity=False,
            server_action_ids=[Command.link(action.id)],
        )
        second = self._step(moment="percent", percent=75)
        case = self._case(at("08:00"))
        for minute in (0, 1, 3, 7, 15, 31):
            self._tick(at(f"10:{minute:02}"))
        self.assertGreater(self._clock(case).retry_at, at("11:00"))
        self.assertEqual(self._clock(case).next_event_at, at("11:00"))
        self._tick(at("11:00"))
        self.assertEqual(self._fired(case), [str(second.id)])

    @mute_logger(MODEL)
    def test_deleted_action(self):
        """A server action that was deleted makes the step fail visibly."""
        action = self._server_action("pass")
        self._step(do_activity=False, server_action_ids=[Command.link(action.id)])
        case = self._case(at("09:00"))
        action.unlink()
        self._tick(at("14:01"))
        self.assertFalse(self._fired(case))
        self.assertIn(
            "gone, or is not for cases any more", self._clock(case).last_error
        )

    @mute_logger(MODEL)
    def test_nobody_to_escalate_to(self):
        self.team.write(
            dict.fromkeys(("department_head_id", "manager_id", "management_id"), False)
        )
        self._step(do_activity=False, escalate_level="2")
        case = self._case(at("09:00"))
        self._tick(at("14:01"))
        self.assertIn("Nobody is set", self._clock(case).last_error)
        self.team.manager_id = self.user_manager
        self._tick(at("14:02"))
        self.assertEqual(case.escalation_ids.user_id, self.user_manager)

    @mute_logger(MODEL)
    def test_crash_in_between(self):
        """If acting fails, the claim is undone with it: nothing is lost and nothing
        happens twice."""
        self._step(do_mail=True)
        case = self._case(at("09:00"))
        with patch.object(
            self.registry["aftersales.clock"], "_mail", side_effect=ValueError("broken")
        ):
            self._tick(at("14:01"))
        self.assertFalse(self._fired(case))
        self.assertFalse(case.activity_ids)
        self.assertIn("broken", self._clock(case).last_error)
        self._tick(at("14:02"))
        self.assertEqual(len(self._fired(case)), 1)
        self.assertEqual(len(case.activity_ids), 1)
        self.assertEqual(len(self._mails_to(self.user_team)), 1)

    # Cost -----------------------------------------------------------------------

    def _cost_of(self, number, **values):
        """Return the queries of a tick that takes a step on as many cases."""
        cases = [self._case(at("09:00"), **values) for _n in range(number)]
        self.frozen.move_to(at("14:01"))
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        with self._no_commit():
            self.Clock._cron_tick()
            self.env.flush_all()
        queries = self.env.cr.sql_log_count - before
        self.assertTrue(all(self._fired(case) for case in cases))
        return queries

    def test_cost(self):
        """Steps cost a fixed number of queries, however many clocks and people."""
        self._step(do_mail=True, recipient="salesperson")
        self._step(
            do_activity=False, do_notice=True, do_priority=True, escalate_level="1"
        )
        self._cost_of(1, sale_order_id=self.order.id)
        few = self._cost_of(2, sale_order_id=self.order.id)
        many = self._cost_of(60, sale_order_id=self.order.id)
        self.assertLessEqual(many, few + 5)

    def test_manager_copies_a_policy_with_server_actions(self):
        """A manager copies a policy without the actions that only administrators may
        choose; an administrator copies them too."""
        action = self.env["ir.actions.server"].create(
            {
                "name": "Anything",
                "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                "state": "code",
                "code": "pass",
            }
        )
        values = {
            "target_id": self.target["resolution"].id,
            "moment": "percent",
            "do_activity": False,
            "server_action_ids": [Command.set(action.ids)],
        }
        self.env["aftersales.policy.step"].create(values)
        copy = self.policy.with_user(self.user_manager).copy()
        steps = copy.sudo().target_ids.step_ids.filtered(lambda s: s.percent == 80)
        steps = steps.filtered(lambda s: s.moment == "percent")
        self.assertFalse(steps.server_action_ids)
        self.assertTrue(steps.do_activity)
        steps = self.policy.copy().target_ids.step_ids
        steps = steps.filtered(lambda s: s.moment == "percent")
        self.assertEqual(steps.server_action_ids, action)
