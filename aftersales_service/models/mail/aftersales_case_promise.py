"""Times promised to a customer."""

from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.business_time import (
    CLOSED,
    LEAVE,
    NoWorkingTime,
    from_epoch,
    load_zone,
    to_epoch,
)
from ...tools.words import Reader

NOON = 12
# Days in which the next working day is looked for.
DAYS_AHEAD = 31


class AftersalesCase(models.Model):
    """Times promised to the customer: "we call you back by Tuesday, three o'clock".

    Each is a promise of its own, told apart by its topic. A time once told is moved by
    nothing but a new time promised.
    """

    _inherit = "aftersales.case"

    # What can be promised -------------------------------------------------------

    def _promise_sentence(self, topic, deadline):
        """Return the sentence that tells the customer a time, in the language of the
        environment and in their own zone, which is named; extendable.

        :param str topic: code of what is promised
        :param deadline: naive UTC ``datetime``
        """
        self.ensure_one()
        when = self._customer_moment(deadline)
        if topic == "callback":
            return self.env._("We will call you by %(when)s.", when=when)
        if topic == "visit":
            return self.env._("We will be with you by %(when)s.", when=when)
        return self.env._("You will have a solution by %(when)s.", when=when)

    def _promise_late_sentence(self, topic, deadline):
        """Return the sentence that tells the customer that a time promised has passed,
        as
        :meth:`_promise_sentence`; extendable."""
        self.ensure_one()
        when = self._customer_moment(deadline)
        if topic == "callback":
            return self.env._(
                "We said we would call you by %(when)s. We are sorry that we are late; "
                "we call as soon as we can.",
                when=when,
            )
        if topic == "visit":
            return self.env._(
                "We said we would be with you by %(when)s. We are sorry that we are "
                "late; we come as soon as we can.",
                when=when,
            )
        return self.env._(
            "You should have had a solution by %(when)s. We are sorry that this takes "
            "longer than promised. We are still on it.",
            when=when,
        )

    # Promising ------------------------------------------------------------------

    def action_promise(self, topic, deadline, body, attachment_ids=None):
        """Tell the customer a time and promise it, in one transaction.

        :param str topic: code of what is promised, see
            ``aftersales.policy.target._promise_topics``
        :param deadline: UTC, as ``datetime`` or string
        :param str body: the message that tells it, see :meth:`action_reply`
        :param list attachment_ids: see :meth:`action_reply`
        :return: True
        :raise UserError: when the time is over or too far away, the case is over, or
            there is nobody to tell
        """
        self.ensure_one()
        self._refuse_customers()
        self.check_access("write")
        deadline = fields.Datetime.to_datetime(deadline)
        if deadline:
            # The customer is told minutes: nothing after them counts.
            deadline = deadline.replace(second=0, microsecond=0)
        self._promise(topic, deadline, self._clock_now())
        return self.action_reply(body, attachment_ids=attachment_ids)

    def _promise(self, topic, deadline, told_at):
        """Take down a time that the customers of these cases were told.

        An open promise of the same topic is replaced: it is void if its time was not
        over yet when the new one was told, else it stays broken.

        :param str topic: code of what is promised
        :param deadline: naive UTC ``datetime``
        :param told_at: naive UTC ``datetime``
        :raise UserError: when the time was over or is too far away, or a case is over
        """
        if topic not in dict(self.env["aftersales.policy.target"]._promise_topics()):
            raise UserError(self.env._("There is no such promise: %s.", topic))
        if not deadline or deadline <= told_at:
            raise UserError(
                self.env._(
                    "This time is over already. Promise one that is still to be."
                )
            )
        if refusal := self.env["aftersales.clock"]._far_refusal(deadline, told_at):
            raise UserError(refusal)
        self._check_may_promise()
        deadline = deadline.replace(microsecond=0)
        line = {"topic": topic, "deadline": to_epoch(deadline)}
        events = [self._event(case, "promised", told_at, data=line) for case in self]
        self.env["aftersales.event"].sudo()._append(events)
        self._clocks_event("promised", told_at, subject=topic, deadline=deadline)

    def _check_may_promise(self):
        for case in self.sudo():
            if case.mark or not case.is_open:
                raise UserError(
                    self.env._(
                        "Case %(case)s is over or excluded. Resume it before you "
                        "promise a time.",
                        case=case.number,
                    )
                )

    def action_promise_kept(self, topic):
        """Note that what was promised has happened.

        :param str topic: code of what was promised
        :return: True
        :raise UserError: when no such promise is open
        """
        self.ensure_one()
        self._refuse_customers()
        self.check_access("write")
        if not self._open_promise(topic):
            raise UserError(
                self.env._(
                    "This promise is not open any more. Reload the page to see what "
                    "became of it."
                )
            )
        now = self._clock_now()
        event = self._event(self, "promise_kept", now, data={"topic": topic})
        self.env["aftersales.event"].sudo()._append([event])
        self._clocks_event("promise_kept", now, subject=topic)
        return True

    def _open_promise(self, topic):
        """Return the ``aftersales.clock`` of the promise that is still to be kept, as
        superuser; empty if there is none."""
        self.ensure_one()
        return self.sudo().clock_ids.filtered(
            lambda clock: (
                clock._is_promised_time()
                and clock.subject == topic
                and clock.state != "stopped"
            )
        )[:1]

    # Choosing a time --------------------------------------------------------------

    def _default_promise_deadline(self, now):
        """Return the time to suggest: by the policy's target for promises, else noon
        of the team's next working day.

        :param now: naive UTC ``datetime``
        :return: naive UTC ``datetime`` in whole minutes
        """
        self.ensure_one()
        kinds = self.env["aftersales.policy.target"]._clock_kinds().items()
        promised = [code for code, rule in kinds if rule.is_promised_time]
        matched = self.env["aftersales.policy"]._match_plain(self, promised, now)
        target = next(iter(matched[self.id].values()), None)
        if target:
            deadline = self._target_deadline(target, to_epoch(now))
        else:
            deadline = self._noon_of_next_working_day(to_epoch(now))
        return from_epoch(deadline - deadline % 60)

    def _target_deadline(self, target, now):
        case_sudo = self.sudo()
        row = case_sudo._new_row(target, now)
        schedule = case_sudo.env["aftersales.clock"]._schedule(row)
        try:
            return schedule.add(now, target["target_seconds"])
        except NoWorkingTime:
            return now + target["target_seconds"]

    def _noon_of_next_working_day(self, now):
        """Return an epoch instant: noon of the next day on which the team works, or as
        near to it as it works then."""
        schedule = self._promise_schedule()
        zone = load_zone(schedule.tz)
        today = datetime.fromtimestamp(now, zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        for days in range(1, DAYS_AHEAD):
            day = today + timedelta(days=days)
            start, end = (int((day + timedelta(days=n)).timestamp()) for n in (0, 1))
            opened = schedule.intervals(start, end)
            if opened:
                noon = int(day.replace(hour=NOON).timestamp())
                return min(max(noon, opened[0][0]), opened[-1][1])
        return int((today + timedelta(days=1)).replace(hour=NOON).timestamp())

    def _promise_schedule(self):
        """Return the ``Schedule`` of the team's service hours."""
        team_sudo = self.sudo().team_id
        return team_sudo._service_calendar()._aftersales_schedule(team_sudo.company_id)

    def _promise_doubts(self, deadline):
        """Return sentences on what is unusual about a time; it may be promised all the
        same.

        :param deadline: naive UTC ``datetime``
        """
        self.ensure_one()
        instant = to_epoch(deadline)
        # A promise by closing time is one of working time.
        span = self._promise_schedule().explain(instant - 1, instant)[0]
        if span.reason == LEAVE:
            return [
                self.env._(
                    "%(team)s does not work then: %(holiday)s.",
                    team=self.sudo().team_id.name,
                    holiday=span.name or self.env._("Holiday"),
                )
            ]
        if span.reason == CLOSED:
            return [
                self.env._(
                    "%(team)s is closed at that time.", team=self.sudo().team_id.name
                )
            ]
        return []

    # Words ------------------------------------------------------------------------

    @api.model
    def _timeline_detail(self, line, names):
        """Say which time was promised, and for what."""
        detail = super()._timeline_detail(line, names)
        if line.kind not in ("promised", "promise_kept"):
            return detail
        data = line.data or {}
        topic = dict(self.env["aftersales.policy.target"]._promise_topics()).get(
            data.get("topic"), ""
        )
        if not data.get("deadline"):
            return topic
        return self.env._(
            "%(topic)s by %(when)s",
            topic=topic,
            when=Reader(self.env).moment(data["deadline"]),
        )
