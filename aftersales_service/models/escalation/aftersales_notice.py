from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import plaintext2html

from ...tools.words import selection_label
from ..mail.aftersales_notify import QUIET

TODO = "mail.mail_activity_data_todo"
STATES = [("prepared", "Prepared"), ("sent", "Sent"), ("discarded", "Discarded")]
# What a person may write; all else follows from what they do with the message.
WRITABLE_FIELDS = frozenset({"body", "standard_body", "new_time"})


class NoticeReason(NamedTuple):
    """Why a message to a customer is prepared."""

    label: str
    # name of the notice's method that returns the paragraph that says so
    text: str = "_text_late"


class AftersalesNotice(models.Model):
    """A message to a customer, prepared for a person, who decides whether it is sent.

    It is written in the customer's language and names no new time unless the person
    enters one: nothing is promised that nobody stands for.
    """

    _name = "aftersales.notice"
    _description = "After-Sales Prepared Message"
    _inherit = ["aftersales.of.case.mixin"]
    _order = "prepared_at desc, id desc"
    _rec_name = "case_id"

    reason = fields.Selection(
        lambda self: self._selection_reason(), required=True, readonly=True
    )
    told_at = fields.Datetime(
        string="Promised For",
        readonly=True,
        help="The deadline that the message is about.",
    )
    new_time = fields.Datetime(
        help="A realistic time, if you know one. The message then names it, in the "
        "customer's time zone.",
    )
    body = fields.Text(string="Message", required=True)
    standard_body = fields.Text(
        help="The text as it was proposed: while the message is the same, nobody has "
        "changed it."
    )
    is_outdated = fields.Boolean(
        string="Outdated",
        readonly=True,
        help="The promise was breached after somebody had changed the text.",
    )
    state = fields.Selection(STATES, required=True, readonly=True, default="prepared")
    prepared_at = fields.Datetime(required=True, readonly=True)
    used_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        help="Who took the text into an answer and has not sent it yet.",
    )
    decided_at = fields.Datetime(readonly=True, help="When it was sent or discarded.")
    decided_by_id = fields.Many2one("res.users", readonly=True)
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, index="btree_not_null", ondelete="set null"
    )
    user_id = fields.Many2one(related="case_id.user_id", string="Assigned to")

    _prepared_at_idx = models.Index("(prepared_at DESC, id DESC)")
    _prepared_uniq = models.UniqueIndex(
        "(case_id, reason, COALESCE(clock_id, 0)) WHERE state = 'prepared'",
        "Such a message is prepared already.",
    )

    @api.model
    def _reasons(self):
        """Return why messages are prepared, as {code: NoticeReason}; extendable."""
        return {
            "late": NoticeReason(self.env._("The promise will not be met in time")),
            "missed": NoticeReason(self.env._("The promise was not met in time")),
            "holiday": NoticeReason(
                self.env._(
                    "Working hours changed around a time promised to the customer"
                )
            ),
            "escalated": NoticeReason(
                self.env._("The case was escalated"), "_text_escalated"
            ),
            "other": NoticeReason(self.env._("Other")),
        }

    @api.model
    def _selection_reason(self):
        return [(code, reason.label) for code, reason in self._reasons().items()]

    # CRUD -----------------------------------------------------------------------

    def write(self, vals):
        """Write the text or the new time; a new time rewrites a text that nobody has
        changed."""
        if not self.env.su and set(vals) - WRITABLE_FIELDS:
            raise AccessError(
                self.env._("Only the text and the new time can be changed.")
            )
        if not self.env.su and self.filtered(lambda n: n.state != "prepared"):
            raise UserError(self.env._("The message was sent or discarded already."))
        if "body" in vals:
            # Whoever writes it now knows what has passed.
            vals = {**vals, "is_outdated": False}
        result = super().write(vals)
        if "new_time" in vals and "body" not in vals:
            for notice in self.filtered(lambda n: n._is_standard()):
                super(AftersalesNotice, notice).write(notice._prepare_body())
        return result

    def _is_standard(self):
        """Whether nobody has changed the text."""
        self.ensure_one()
        return self.body == self.standard_body

    @api.onchange("new_time")
    def _onchange_new_time(self):
        """Show at once how the new time reads."""
        for notice in self.filtered(lambda n: n._is_standard()):
            notice.update(notice._prepare_body())

    # Text -----------------------------------------------------------------------

    def _prepare_body(self):
        body = self._render_body()
        return {"body": body, "standard_body": body}

    def _render_body(self):
        """Return the standard text for the case, in the customer's language."""
        self.ensure_one()
        case_sudo = self.case_id.sudo()
        record = self.with_context(lang=case_sudo._customer_lang()).sudo()
        paragraphs = [
            record._text_greeting(),
            record._text_reason(),
            record._text_outlook(),
            case_sudo.team_id.with_env(record.env).name or "",
        ]
        return "\n\n".join(paragraphs)

    def _text_greeting(self):
        name = self.case_id.partner_id.name
        if name:
            return self.env._("Hello %s,", name)
        return self.env._("Hello,")

    def _text_reason(self):
        """Return why we write."""
        return getattr(self, self._reasons()[self.reason].text)()

    def _text_escalated(self):
        return self.env._(
            "Your case %(number)s has been passed on to a superior, who is looking "
            "at it now.",
            number=self.case_id.number,
        )

    def _text_late(self):
        words = {"number": self.case_id.number}
        if not self.told_at:
            return self.env._(
                "We are sorry that your case %(number)s takes longer than we expected.",
                **words,
            )
        words["time"] = self.case_id._customer_moment(self.told_at)
        if self._is_missed():
            return self.env._(
                "We are sorry that you had to wait: we did not keep the time of "
                "%(time)s for your case %(number)s.",
                **words,
            )
        return self.env._(
            "We are sorry that you have to wait longer: we will not keep the time "
            "of %(time)s for your case %(number)s.",
            **words,
        )

    def _is_missed(self):
        """Whether the promise is broken by now, whatever it was prepared for."""
        self.ensure_one()
        return self.reason == "missed" or self.clock_id.outcome == "breached"

    def _text_outlook(self):
        if self.new_time:
            return self.env._(
                "You hear from us by %s.", self.case_id._customer_moment(self.new_time)
            )
        return self.env._("We are working on it and keep you informed.")

    # Prepare --------------------------------------------------------------------

    @api.model
    def _prepare(self, clocks, reason):
        """Prepare a message for the customer of each promise and tell who is in charge
        of the case; one that is prepared already for the same is left alone, and one
        that said before that it would be missed says now that it was.

        :param clocks: ``aftersales.clock`` records
        :param str reason: code, see :meth:`_reasons`
        :return: the new records, as superuser
        """
        clocks_sudo = clocks.sudo()
        if reason == "missed":
            self._follow_breach(clocks_sudo)
        known = self._prepared_clocks(clocks_sudo, reason)
        values = [
            {
                "case_id": clock.case_id.id,
                "clock_id": clock.id,
                "told_at": clock.deadline,
            }
            for clock in clocks_sudo
            if clock.id not in known
        ]
        return self._prepare_values(values, reason)

    @api.model
    def _prepare_for_cases(self, cases, reason):
        """Prepare a message that belongs to no promise.

        :param cases: ``aftersales.case`` records
        :param str reason: code, see :meth:`_reasons`
        :return: the new records, as superuser
        """
        known = self.sudo().search(
            [
                ("case_id", "in", cases.ids),
                ("reason", "=", reason),
                ("clock_id", "=", False),
                ("state", "=", "prepared"),
            ]
        )
        values = [{"case_id": case.id} for case in cases - known.case_id]
        return self._prepare_values(values, reason)

    @api.model
    def _prepared_clocks(self, clocks, reason):
        """Return the set of ids of clocks with such a message."""
        groups = self.sudo()._read_group(
            [
                ("clock_id", "in", clocks.ids),
                ("reason", "=", reason),
                ("state", "=", "prepared"),
            ],
            ["clock_id"],
        )
        return {clock.id for (clock,) in groups}

    @api.model
    def _prepare_values(self, values, reason):
        at = fields.Datetime.now()
        notices = self.sudo()
        for vals in values:
            vals.update(reason=reason, prepared_at=at)
            vals.update(notices.new(vals)._prepare_body())
        notices = notices.create(values)
        notices._log("notice_prepared", at)
        notices._notify_owners()
        return notices

    def _log(self, kind, at):
        """Write one ledger line each: codes and ids, never the text."""
        self.env["aftersales.event"]._append(
            [
                self.env["aftersales.case"]._event(
                    notice.case_id,
                    kind,
                    at,
                    cause=notice.reason,
                    source_kind=self._name,
                    source_id=notice.id,
                    data={"clock": notice.clock_id.id},
                )
                for notice in self
            ]
        )

    def _notify_owners(self):
        """Give who is in charge of a case an activity for all its new messages."""
        by_case = self.grouped("case_id")
        people = {case: case._responsible_user() for case in by_case}
        notified = [case for case in by_case if people[case]]
        notify = self.env["aftersales.notify"]
        model_id = self.env["ir.model"]._get_id("aftersales.case")
        values = [
            {
                **notify._activity_values(people[case], TODO),
                "res_model_id": model_id,
                "res_id": case.id,
                "summary": self._activity_summary(people[case]),
            }
            for case in notified
        ]
        activities = notify._create_activities(values)
        for case, activity in zip(notified, activities, strict=True):
            by_case[case].activity_id = activity

    def _activity_summary(self, user):
        env = self.with_context(lang=user.lang).env
        return env._("A message to the customer is prepared: send or discard it")

    # Follow ---------------------------------------------------------------------

    @api.model
    def _follow_breach(self, clocks):
        """Let prepared messages say that promises were broken, and at which deadline. A
        text that somebody has changed stays as it is, and whoever reads it is notified.

        :param clocks: broken ``aftersales.clock`` records
        """
        notices = self.sudo().search(
            [("clock_id", "in", clocks.ids), ("state", "=", "prepared")]
        )
        missed = notices.filtered(lambda notice: notice.reason == "missed")
        late = notices.filtered(lambda notice: notice.reason == "late")
        late.filtered(lambda n: n.clock_id not in missed.clock_id).reason = "missed"
        for notice in notices - missed:
            # It may have been moved since the message was prepared.
            notice.told_at = notice.clock_id.deadline or notice.told_at
            if notice._is_standard():
                notice.write(notice._prepare_body())
            else:
                notice.is_outdated = True

    def _follow_owners(self):
        """Hand the open activities to who is in charge of the cases now; tell them of
        messages that have none."""
        notified = self.filtered("activity_id.active")
        (self - notified)._notify_owners()
        by_user = defaultdict(self.env["mail.activity"].browse)
        for notice in notified:
            user = notice.case_id._responsible_user()
            if user and user != notice.activity_id.user_id:
                by_user[user] |= notice.activity_id
        for user, activities in by_user.items():
            activities.with_context(**QUIET).write(
                {"user_id": user.id, "summary": self._activity_summary(user)}
            )

    def _alert_words(self):
        """Return what the form of the case says of the message."""
        self.ensure_one()
        if self.is_outdated:
            return self.env._("Read it again, the time has passed since.")
        return selection_label(self, "reason")

    # Decide ---------------------------------------------------------------------

    def action_use(self):
        """Take the text into one's answer. It counts as sent when the answer is.

        :return: the action that opens the case
        """
        self.ensure_one()
        self._check_may_decide()
        self.sudo().used_by_id = self.env.user
        return self.case_id._get_records_action()

    def action_send(self):
        """Send the text as it is, as one's own answer to the customer."""
        self._check_may_decide()
        for notice in self:
            notice.sudo().used_by_id = self.env.user
            # A text, whatever it looks like: never markup.
            notice.case_id.action_reply(plaintext2html(notice.body))
        return True

    def action_discard(self):
        """Say that the customer need not be notified."""
        self._check_may_decide()
        self._decide("discarded", fields.Datetime.now())
        return True

    def _check_may_decide(self):
        """Refuse who may not answer on the case, and what is decided already."""
        self.check_access("read")
        self.case_id.check_access("write")
        if self.filtered(lambda notice: notice.state != "prepared"):
            raise UserError(self.env._("The message was sent or discarded already."))

    def _decide(self, state, at, by=None):
        """Note what became of messages.

        :param str state: ``sent`` or ``discarded``
        :param at: instant
        :param by: ``res.users``, the present user when not given
        """
        if not self:
            return
        notices_sudo = self.sudo()
        notices_sudo.write(
            {
                "state": state,
                "decided_at": at,
                "decided_by_id": (by or self.env.user).id,
            }
        )
        if state == "sent":
            notices_sudo._log("notice_sent", at)
        activities = notices_sudo.activity_id
        waiting = self.sudo().search(
            [("activity_id", "in", activities.ids), ("state", "=", "prepared")]
        )
        (activities - waiting.activity_id).unlink()
