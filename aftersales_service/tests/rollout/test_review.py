"""Faults that a second look at the promises found."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..clock.test_clock_engine import MODEL, ClockCommon, at


@tagged("post_install", "-at_install", "aftersales_engine")
class TestReview(ClockCommon):
    """Two people at once, other people's dialogs, and figures of changes by hand."""

    # Two messages at once -------------------------------------------------------

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

    # Telling again --------------------------------------------------------------

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

    # Conditions -----------------------------------------------------------------

    def test_condition_looks_at_no_more_than_its_author(self):
        """What a manager may not search by he cannot find out by a policy either."""
        domain = "[('partner_id.credit_limit', '>', 1)]"
        with self.assertRaises(ValidationError):
            self.policy.with_user(self.user_manager).domain = domain
        self.policy.domain = domain

    # Dialogs --------------------------------------------------------------------

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

    # Figures --------------------------------------------------------------------

    def test_set_back_by_hand_counts_for_nobody(self):
        """Broken because a manager set the deadline back: nobody was too slow."""
        clock = self._clock(self._case(at("08:00"))).with_user(self.user_manager)
        clock.action_set_deadline(at("16:00", day=4), "He asked for Friday")
        self.frozen.move_to(at("15:00"))
        clock.action_reset_deadline("A mistake")
        self.env.flush_all()
        self.assertEqual(clock.outcome, "breached")
        row = self.env["aftersales.report.clock"].browse(clock.id)
        self.assertFalse(row.counts_for_agent)
        causes = dict(row._fields["breach_cause"]._description_selection(self.env))
        self.assertIn(row.breach_cause, causes)

    # Server actions ---------------------------------------------------------------

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
