"""Deadlines set by hand."""

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...tools.business_time import to_epoch
from .aftersales_clock_explain import Reader

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
        if self.kind == "promise":
            return self.env._(
                "The customer was told this time. Promise him a new one instead, with "
                "“Promise a time” on the case."
            )
        over = self.deadline and self.deadline < fields.Datetime.now()
        decided = self.outcome != "none" or self.carried_breach or over
        if self.state == "stopped" or decided:
            return self.env._(
                "This promise has been decided; its deadline cannot be set any more."
            )
        return ""

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
        if refusal := self.case_id._far_refusal(deadline, now):
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
        if refusal := self.case_id._far_refusal(deadline, now):
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
        return [*result, *self._preview_told(reader)]

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

    def _preview_told(self, reader):
        """Return sentences on the times the customer was told: they stay."""
        told_sudo = self.sudo().case_id.clock_ids.filtered(
            lambda clock: clock.kind == "promise" and clock.state != "stopped"
        )
        return [
            self.env._(
                "The customer was told %(when)s (%(promise)s). That does not change; "
                "tell him if it will not hold.",
                when=reader.moment(to_epoch(clock.fixed_deadline)),
                promise=clock.with_env(self.env)._promise_label(),
            )
            for clock in told_sudo
            if clock.fixed_deadline
        ]
