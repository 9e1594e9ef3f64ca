"""What becomes of promises when an archive, a mark or a cancellation is taken back."""

from odoo.tests import tagged

from .test_clock_engine import HOUR, ClockCommon, at


@tagged("post_install", "-at_install", "aftersales_engine")
class TestClockUndo(ClockCommon):
    """A promise goes on as if nothing had happened, and only if it is still owed."""

    def _target(self, kind, seconds=HOUR, **values):
        return self.env["aftersales.policy.target"].create(
            {
                "policy_id": self.policy.id,
                "kind": kind,
                "target_seconds": seconds,
                **values,
            }
        )

    def _undo(self, case, instant, way="archive"):
        self.frozen.move_to(instant)
        if way == "archive":
            case.active = True
        elif way == "spam":
            case.action_undo_mark()
        else:
            case._transition(self._stage("working"))

    def _set_aside(self, case, instant, way="archive"):
        self.frozen.move_to(instant)
        if way == "archive":
            case.active = False
        elif way == "spam":
            case._set_aside("spam", "By mistake")
        else:
            case._transition(self._stage("cancelled"))

    # Pauses -----------------------------------------------------------------------

    def test_the_customer_had_the_turn(self):
        """The time in which the customer had the turn does not count, aside or not."""
        for way in ("archive", "spam"):
            with self.subTest(way):
                case = self._case(at("08:00"))
                self._move(case, "waiting_customer", at("09:00"))
                self._set_aside(case, at("09:30"), way)
                self._undo(case, at("10:00", day=2), way)
                clock = self._clock(case)
                self.assertEqual((clock.state, clock.outcome), ("paused", "none"))
                self._move(case, "working", at("11:00", day=2))
                self.assertEqual(clock.deadline, at("15:00", day=2))

    def test_moved_while_archived(self):
        """Nor does a pause that began and ended in the archive."""
        case = self._case(at("08:00"))
        self._set_aside(case, at("08:30"))
        self._move(case, "waiting_customer", at("09:00"))
        self._move(case, "working", at("10:00"))
        self._undo(case, at("10:30"))
        self.assertEqual(self._clock(case).deadline, at("14:00"))

    def test_archived_customer_writes(self):
        """Who writes to an archived case that waited for them has missed nothing."""
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("09:00"))
        self._set_aside(case, at("09:30"))
        self.frozen.move_to(at("10:00", day=2))
        case.message_post(
            body="Here it is",
            author_id=self.customer.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertTrue(case.active)
        clock = self._clock(case)
        self.assertEqual((clock.state, clock.outcome), ("running", "none"))
        self.assertEqual(clock.deadline, at("14:00", day=2))

    def test_mail_read_late(self):
        """What begins with a mail that lay unread pauses since its case rests."""
        self._target("update", pause_customer=True)
        case = self._case(at("08:00"))
        self._move(case, "waiting_customer", at("08:10"))
        self.frozen.move_to(at("10:00"))
        case._clocks_event("reply", at("08:30"))
        clock = self._clock(case, "update")
        self.assertEqual((clock.state, clock.outcome), ("paused", "none"))
        self.assertEqual(clock.remaining_seconds, HOUR)

    # What is still owed ---------------------------------------------------------------

    def test_done_meanwhile(self):
        """What was done while it was set aside is owed no more."""
        self._target("assignment")
        self._target("classification")
        category = self.env["aftersales.category"].create({"name": "Shoes"})
        for way in ("archive", "spam"):
            with self.subTest(way):
                case = self._case(at("08:00"))
                self._set_aside(case, at("08:10"), way)
                self.frozen.move_to(at("08:20"))
                case.write({"user_id": self.user_team.id, "category_id": category.id})
                self._undo(case, at("09:30"), way)
                for kind in ("assignment", "classification"):
                    clock = self._clock(case, kind)
                    self.assertEqual((clock.cycle, clock.outcome), (1, "void"))
                self.assertEqual(self._clock(case).outcome, "none")

    def test_not_done_meanwhile(self):
        """What was not is broken where it would have been."""
        self._target("assignment")
        case = self._case(at("08:00"))
        self._set_aside(case, at("08:10"))
        self._undo(case, at("09:30"))
        clock = self._clock(case, "assignment")
        self.assertEqual((clock.outcome, clock.decided_at), ("breached", at("09:00")))

    def test_answered_meanwhile(self):
        """An answer from the archive is an answer, and the next progress update counts
        from it."""
        self._target("update", 2 * HOUR)
        case = self._case(at("08:00"), user_id=self.user_team.id)
        case.with_user(self.user_team).action_reply("<p>We are on it.</p>")
        self._set_aside(case, at("08:02"))
        self.frozen.move_to(at("09:00"))
        case.with_user(self.user_team).action_reply("<p>Nearly there.</p>")
        self._undo(case, at("10:30"))
        self.assertEqual(self._clock(case, "first_response").outcome, "met")
        update = self._clock(case, "update")
        self.assertEqual((update.started_at, update.outcome), (at("09:00"), "none"))

    def test_first_answer_meanwhile(self):
        case = self._case(at("08:00"), user_id=self.user_team.id)
        self._set_aside(case, at("08:02"))
        self.frozen.move_to(at("08:05"))
        case.with_user(self.user_team).action_reply("<p>Hello</p>")
        self._undo(case, at("08:30"))
        for kind in ("first_response", "acknowledgement"):
            self.assertEqual(self._clock(case, kind).outcome, "void")

    def test_escalation_has_ended(self):
        """Nobody is to acknowledge an escalation that ended with the setting aside."""
        self._target("escalation_ack")
        for way in ("archive", "cancel"):
            with self.subTest(way):
                case = self._case(at("08:00"))
                case._transition(self._stage("working"))
                case._escalate("1", at=at("08:00"), reason="Look at this")
                self._set_aside(case, at("08:10"), way)
                self._undo(case, at("08:20"), way)
                acknowledged = self._clock(case, "escalation_ack")
                self.assertEqual(
                    (acknowledged.cycle, acknowledged.outcome), (1, "void")
                )

    def test_taken_up_in_the_archive(self):
        """What is taken up again while it is archived has no promises."""
        case = self._case(at("08:00"))
        case._transition(self._stage("working"))
        case._transition(self._stage("cancelled"))
        self._set_aside(case, at("08:10"))
        self._undo(case, at("08:30"), "cancel")
        self.assertFalse(case.clock_ids.filtered(lambda c: c.state != "stopped"))
        self._undo(case, at("08:40"))
        self.assertEqual(self._clock(case).state, "running")

    def test_resolved_in_the_archive(self):
        """Reopened later, it is to be solved: with the time used until then."""
        case = self._case(at("08:00"))
        case._transition(self._stage("working"))
        self._set_aside(case, at("08:10"))
        self._move(case, "resolved", at("08:20"))
        self._undo(case, at("08:30"))
        self._move(case, "working", at("09:00"))
        clock = self._clock(case)
        self.assertEqual((clock.state, clock.carried_seconds), ("running", 600))
        # With an hour of lunch in between.
        self.assertEqual(clock.deadline, at("13:50"))
