"""Deadlines set by hand."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools import promise_life as life
from ...tools.business_time import HORIZON, to_epoch
from ...tools.words import Reader

GROUP = "aftersales_service.group_aftersales_manager"


class AftersalesClock(models.Model):
    """A manager may set the deadline of an open promise, with a reason. It then stands:
    no pause, holiday or policy moves it until somebody sets it back."""

    _inherit = "aftersales.clock"

    can_set_deadline = fields.Boolean(
        compute="_compute_can_set_deadline",
        help="Whether the user may set the deadline by hand.",
    )

    def _compute_can_set_deadline(self):
        for clock in self:
            clock.can_set_deadline = not clock._deadline_refusal()

    # Rights -------------------------------------------------------------------

    def _deadline_refusal(self):
        """Return why the deadline cannot be set by hand now, in a sentence; empty if
        it can."""
        self.ensure_one()
        if not (self.env.su or self.env.user.has_group(GROUP)):
            return self.env._(
                "Only a manager of After-Sales sets the deadline of a promise."
            )
        if self._is_promised_time():
            return self.env._(
                "This time was promised to the customer. Promise a new one instead, "
                "with “Promise a time” on the case."
            )
        over = self.deadline and self.deadline < fields.Datetime.now()
        decided = self.outcome != "none" or self.carried_breach or over
        if self.state == "stopped" or decided:
            return self.env._(
                "This promise has been decided; its deadline cannot be set any more."
            )
        return ""

    @api.model
    def _far_refusal(self, deadline, now):
        """Return why a time is too far away to be a deadline, in a sentence; empty if
        it is not.

        :param deadline: naive UTC ``datetime``
        :param now: naive UTC ``datetime``
        """
        if deadline - now <= timedelta(seconds=HORIZON):
            return ""
        return self.env._("This time is more than four years away. Check the year.")

    def _check_may_set_deadline(self, reason):
        """Refuse who may not set the deadlines of these promises.

        :raise AccessError: for who is no manager, or may not work on a case
        :raise UserError: when a promise is decided, or the reason is missing
        """
        if not (self.env.su or self.env.user.has_group(GROUP)):
            raise AccessError(self[:1]._deadline_refusal())
        self.check_access("read")
        self.case_id.check_access("write")
        for clock in self:
            if refusal := clock._deadline_refusal():
                raise UserError(refusal)
        if not (reason or "").strip():
            raise UserError(
                self.env._("Enter the reason: it is shown to who asks why.")
            )

    # Actions ------------------------------------------------------------------

    def action_open_deadline(self):
        """Open the dialog that sets the deadline."""
        self.ensure_one()
        if refusal := self._deadline_refusal():
            raise UserError(refusal)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "aftersales_service.aftersales_clock_deadline_action"
        )
        action["context"] = {
            "default_clock_id": self.id,
            "default_deadline": fields.Datetime.to_string(self.deadline),
            "dialog_size": "medium",
        }
        return action

    def action_set_deadline(self, deadline, reason):
        """Set the deadline of the promise by hand.

        :param deadline: UTC, as ``datetime`` or string
        :param str reason: shown to whoever asks why
        :return: True
        :raise AccessError: for who is no manager
        :raise UserError: when the promise is decided, the time is over or too far
            away, or the reason is missing
        """
        self.ensure_one()
        self._check_may_set_deadline(reason)
        deadline, now = fields.Datetime.to_datetime(deadline), fields.Datetime.now()
        if not deadline or deadline <= now:
            raise UserError(
                self.env._("This time is over already. Choose one that is still to be.")
            )
        if refusal := self._far_refusal(deadline, now):
            raise UserError(refusal)
        self._set_deadline(deadline.replace(microsecond=0), reason.strip())
        return True

    def action_reset_deadline(self, reason):
        """Go back from a deadline set by hand to the one that follows from the policy.

        :param str reason: shown to whoever asks why
        :return: True
        :raise AccessError: for who is no manager
        :raise UserError: when the deadline was not set by hand
        """
        self.ensure_one()
        self._check_may_set_deadline(reason)
        if not self.is_manual:
            raise UserError(self.env._("This deadline was not set by hand."))
        self._reset_deadline(reason.strip())
        return True

    # Preview --------------------------------------------------------------------

    def _preview_deadline(self, deadline):
        """Return sentences on what a deadline set by hand would change.

        :param deadline: naive UTC ``datetime``, or False
        """
        if not self or not deadline:
            return []
        self.ensure_one()
        reader, now = Reader(self.env), fields.Datetime.now()
        if deadline <= now:
            return [self.env._("This time is over already. Choose a later one.")]
        if refusal := self._far_refusal(deadline, now):
            return [refusal]
        result = [self._preview_move(to_epoch(deadline), reader)]
        if self.state == "paused":
            result.append(
                self.env._("The time goes on at once; the deadline waits for nobody.")
            )
        result.append(
            self.env._(
                "From then on no pause, no holiday and no other policy moves it, until "
                "somebody sets it back."
            )
        )
        if self.snapshot.get("steps"):
            result.append(
                self.env._("Escalation steps still to come follow the new deadline.")
            )
        return [*result, *self._preview_promised_times(reader)]

    def _preview_move(self, deadline, reader):
        new = reader.moment(deadline)
        if not self.deadline:
            return self.env._("The deadline becomes %(new)s.", new=new)
        old = to_epoch(self.deadline)
        values = {
            "old": reader.moment(old),
            "new": new,
            "time": reader.duration(deadline - old),
        }
        if deadline == old:
            return self.env._("The deadline stays at %(new)s.", new=new)
        if deadline > old:
            return self.env._(
                "The deadline moves from %(old)s to %(new)s, %(time)s later.", **values
            )
        return self.env._(
            "The deadline moves from %(old)s to %(new)s, %(time)s earlier.", **values
        )

    def _preview_promised_times(self, reader):
        """Return sentences on the times the customer was told: they stay."""
        promised_sudo = self.sudo().case_id.clock_ids.filtered(
            lambda clock: clock._is_promised_time() and clock.state != "stopped"
        )
        return [
            self.env._(
                "The customer was promised %(when)s (%(promise)s). That does not "
                "change; tell the customer if it will not hold.",
                when=reader.moment(to_epoch(clock.fixed_deadline)),
                promise=clock.with_env(self.env)._promise_label(),
            )
            for clock in promised_sudo
            if clock.fixed_deadline
        ]

    # The act ----------------------------------------------------------------------

    def _set_deadline(self, deadline, reason):
        """Set the deadline of these promises by hand. It stands until it is set again
        or back: no pause, holiday or policy moves it. What is decided stays.

        :param deadline: naive UTC ``datetime``, not in the past
        :param str reason: kept on the clock, for who asks why
        """

        def fix(_case, row, schedule, instant):
            row.values["is_manual"] = True
            row.add(
                machine.fix(row.clock, schedule, instant, to_epoch(deadline), "manual")
            )

        self._change_by_hand(fix, reason)

    def _reset_deadline(self, reason):
        """Let the deadline of these promises follow from the rules again: those of the
        policy that is chosen now, with the pauses they would have had meanwhile.

        :param str reason: kept on the clock, for who asks why
        """
        by_hand = self.filtered("is_manual")
        cases_sudo = by_hand.sudo().case_id
        now = cases_sudo._clock_now()
        received = {case.id: case.received_at for case in cases_sudo}
        kinds = set(by_hand.mapped("kind"))
        matched = self.env["aftersales.policy"]._match_plain(
            cases_sudo, kinds, received
        )
        facts = cases_sudo._clock_facts(whole=True)

        def reset(case, row, schedule, instant):
            target = matched[case.id].get(row.values["kind"])
            waiting = facts[case.id].waiting(instant)
            self._reset_row(case, row, schedule, instant, target, waiting)

        by_hand._change_by_hand(reset, reason)
        cases_sudo._clocks_rematch(now)

    def _reset_row(self, case, row, schedule, instant, target, waiting):
        """Let one promise follow from its rules again.

        :param target: plain data of the target that is chosen now, or None
        :param waiting: see ``Facts.waiting``
        """
        clock, values = row.clock, row.values
        values["is_manual"] = False
        seconds = clock.target_seconds
        if target and target["id"] != values["target_id"]:
            values.update(case._rule_values(target))
            case._complete_row(row, None)
            seconds = target["target_seconds"]
        known = clock.pauses[-1][1] if clock.pauses else clock.started_at
        rule = self.env["aftersales.policy.target"]._clock_kinds()[values["kind"]]
        missed = life.missed_pauses(rule, values["snapshot"], waiting, known)
        lines = machine.retarget(
            clock,
            schedule,
            self.env["aftersales.clock"].sudo()._schedule(row),
            instant,
            target_seconds=seconds,
            warn_percent=values["snapshot"]["warn_percent"],
            steps=values["snapshot"].get("steps", []),
            cause="manual_reset",
            missed=missed,
        )
        row.add(lines)
        case._pause_as_stage(row, schedule, instant)

    def _change_by_hand(self, change, reason):
        """Change the rules of the promises among these that are still open.

        :param change: function of the case, the locked ``ClockRow``, its schedule and
            an instant in epoch seconds
        :param str reason: kept on the clock
        """
        cases_sudo = self.sudo().case_id
        instant = to_epoch(cases_sudo._clock_now())
        Clocks = self.env["aftersales.clock"].sudo()
        changed = []
        for row in Clocks._load(
            SQL("id = ANY(%s)", list(self.ids)), SQL("ORDER BY id FOR NO KEY UPDATE")
        ):
            schedule = Clocks._schedule(row)
            rows = row.settle(schedule, instant)
            last = rows[-1]
            if last.clock.is_open and last.clock.state != "stopped":
                values = {"manual_reason": reason, "manual_user_id": self.env.uid}
                last.values.update(values)
                last.changed_rules = True
                case = cases_sudo.browse(last.values["case_id"])
                change(case, last, schedule, instant)
                followers = last.follow(schedule, instant)
                case._pause_as_stage(followers[-1], schedule, instant)
                rows += followers[1:]
            changed += rows
        cases_sudo._clocks_store(changed)
