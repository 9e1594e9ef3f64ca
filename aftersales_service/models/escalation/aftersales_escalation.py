from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError

STATES = [
    ("waiting", "Waiting"),
    ("acknowledged", "Acknowledged"),
    ("ended", "Ended with the case"),
]
TODO = "mail.mail_activity_data_todo"
MANAGER = "aftersales_service.group_aftersales_manager"


class AftersalesEscalation(models.Model):
    """A case brought before the person of a level, who must say that they have it.

    Raised by a step of a ladder or by hand, and only by ``aftersales.case``; whoever it
    is raised to sees it even without any right in after-sales.
    """

    _name = "aftersales.escalation"
    _description = "After-Sales Escalation"
    _inherit = ["aftersales.of.case.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "raised_at desc, id desc"
    _mail_post_access = "read"

    team_id = fields.Many2one(
        related="case_id.team_id", store=True, precompute=True, index=True
    )
    clock_id = fields.Many2one(
        help="The promise that caused it; empty when a person raised it."
    )
    cycle = fields.Integer(
        readonly=True, default=1, help="Of the case, when it was raised."
    )
    level = fields.Selection(
        lambda self: self._selection_level(), required=True, readonly=True, index=True
    )
    asked_level = fields.Selection(
        lambda self: self._selection_level(), required=True, readonly=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="To",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    reason = fields.Text(readonly=True)
    cause_text = fields.Char(
        string="Cause",
        compute="_compute_texts",
        help="What it was raised for, in a sentence.",
    )
    note = fields.Char(
        compute="_compute_texts",
        help="Says so when nobody was set on the level it was meant for.",
    )
    raised_at = fields.Datetime(required=True, readonly=True)
    raised_by_id = fields.Many2one(
        "res.users", readonly=True, help="Empty when a promise caused it."
    )
    acknowledged_at = fields.Datetime(readonly=True)
    acknowledged_by_id = fields.Many2one("res.users", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="waiting")
    can_acknowledge = fields.Boolean(compute="_compute_can_acknowledge")
    can_open_case = fields.Boolean(compute="_compute_can_open_case")

    # What somebody without rights on the case learns of it
    case_number = fields.Char(related="case_id.number", string="Number")
    case_name = fields.Char(related="case_id.name", string="Subject")
    owner_id = fields.Many2one(related="case_id.user_id", string="Assigned to")

    _waiting_uniq = models.UniqueIndex(
        "(case_id, level) WHERE state = 'waiting'",
        "The case is escalated to this level already and waits to be acknowledged.",
    )
    _raised_idx = models.Index("(raised_at DESC, id DESC)")
    _user_waiting_idx = models.Index("(user_id) WHERE state = 'waiting'")

    @api.model
    def _selection_level(self):
        return self.env["aftersales.team"]._escalation_levels()

    # Compute ------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends("case_id.number", "level")
    def _compute_display_name(self):
        labels = dict(self._selection_level())
        for record in self:
            record.display_name = self.env._(
                "%(case)s to: %(level)s",
                case=record.case_number or "",
                level=labels.get(record.level, ""),
            )

    @api.depends_context("lang")
    @api.depends("clock_id", "raised_by_id", "level", "asked_level")
    def _compute_texts(self):
        labels = dict(self._selection_level())
        for record in self:
            record.note = record.cause_text = False
            if record.asked_level != record.level:
                record.note = self.env._(
                    "Nobody is set as “%(asked)s” of the team, so it went on to: "
                    "%(level)s.",
                    asked=labels.get(record.asked_level),
                    level=labels.get(record.level),
                )
            clock_sudo = record.sudo().clock_id
            if clock_sudo:
                record.cause_text = clock_sudo._escalation_cause()

    @api.depends_context("uid")
    @api.depends("user_id", "state")
    def _compute_can_acknowledge(self):
        is_manager = self.env.user.has_group(MANAGER)
        for record in self:
            record.can_acknowledge = record.state == "waiting" and (
                is_manager or record.user_id == self.env.user
            )

    @api.depends_context("uid")
    @api.depends("case_id")
    def _compute_can_open_case(self):
        cases = self.env["aftersales.case"]
        if cases.has_access("read"):
            cases = self.sudo().case_id.sudo(False)._filtered_access("read")
        for record in self:
            record.can_open_case = record.case_id in cases

    # Acknowledge --------------------------------------------------------------

    def action_acknowledge(self):
        """Say that one has it: only that person, or a manager in their place."""
        self.check_access("read")
        self._check_may_acknowledge()
        self._acknowledge(fields.Datetime.now())
        return True

    def _check_may_acknowledge(self):
        """Refuse everybody but the person escalated to, and managers.

        :raise AccessError: for anybody else
        """
        others = self.filtered(lambda e: e.user_id != self.env.user)
        if others and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "This was escalated to %(person)s. Only that person or a manager "
                    "can acknowledge it.",
                    person=", ".join(others.sudo().user_id.mapped("name")),
                )
            )

    def _acknowledge(self, at):
        """Note that it was taken up, end the promise to do so, and the activity.

        :param at: instant
        """
        waiting_sudo = self.sudo().filtered(lambda e: e.state == "waiting")
        if not waiting_sudo:
            return
        waiting_sudo.write(
            {
                "state": "acknowledged",
                "acknowledged_at": at,
                "acknowledged_by_id": self.env.uid,
            }
        )
        waiting_sudo._log("escalation_acknowledged", at)
        waiting_sudo._clocks_event("escalation_acknowledged", at)
        waiting_sudo.activity_ids._action_done()
        waiting_sudo._notify_raisers()
        waiting_sudo.case_id._notify_changed()

    def _notify_raisers(self):
        """Who asked for help learns that somebody has it."""
        for escalation in self.filtered("raised_by_id"):
            user = escalation.raised_by_id
            if user == self.env.user:
                continue
            record = escalation.with_context(lang=user.lang)
            words = {
                "case": record.case_number,
                "person": record.acknowledged_by_id.name,
            }
            record.message_notify(
                partner_ids=user.partner_id.ids,
                subject=record.env._("%(case)s: %(person)s has it", **words),
                body=record.env._(
                    "%(person)s has acknowledged what you escalated.", **words
                ),
            )

    def _end(self):
        """Nobody needs to take up what is over."""
        waiting_sudo = self.sudo().filtered(lambda e: e.state == "waiting")
        waiting_sudo.write({"state": "ended"})
        waiting_sudo.activity_ids.unlink()

    # What follows -------------------------------------------------------------

    def _log(self, kind, at):
        """Write one ledger line each."""
        self.env["aftersales.event"]._append(
            [
                self.env["aftersales.case"]._event(
                    escalation.case_id,
                    kind,
                    at,
                    source_kind=self._name,
                    source_id=escalation.id,
                    data=escalation._ledger_data(),
                )
                for escalation in self
            ]
        )

    def _ledger_data(self):
        self.ensure_one()
        return {
            "level": self.level,
            "asked_level": self.asked_level,
            "user": self.user_id.id,
            "clock": self.clock_id.id,
        }

    def _clocks_event(self, code, at):
        """Let the promises to take them up start or end: all at once, but those of one
        case one after the other."""
        later = self
        while later:
            first = {escalation.case_id: escalation for escalation in later}
            subjects = {case.id: f"{e._name},{e.id}" for case, e in first.items()}
            cases = self.case_id.browse(subjects)
            cases._clocks_event(code, at, subject=subjects)
            later -= self.browse().union(*first.values())

    def _notify_recipients(self):
        """Give each person an activity per escalation and one mail for all."""
        model_id = self.env["ir.model"]._get_id(self._name)
        notify = self.env["aftersales.notify"]
        values = [
            {
                **notify._activity_values(escalation.user_id, TODO),
                "res_model_id": model_id,
                "res_id": escalation.id,
                "summary": escalation._activity_summary(),
            }
            for escalation in self
        ]
        notify._create_activities(values)
        mails = []
        for user, theirs in self.grouped("user_id").items():
            theirs = theirs.with_context(lang=user.lang, tz=user.tz)
            mails.append(theirs._prepare_mail(user))
        self.env["aftersales.notify"]._mail_colleagues(mails)

    def _alert(self):
        """Return what the form of the case shows of it."""
        self.ensure_one()
        return {
            "id": self.id,
            "level": dict(self._selection_level())[self.level],
            "user": self.sudo().user_id.name,
            "is_mine": self.user_id == self.env.user,
            "can_acknowledge": self.can_acknowledge,
            "reason": self.reason or "",
            "cause": self.cause_text or "",
            "note": self.note or "",
        }

    def _activity_summary(self):
        self.ensure_one()
        record = self.with_context(lang=self.user_id.lang)
        return record.env._("Escalated to you: %s", record.case_number)

    def _prepare_mail(self, user):
        """Return the mail to a person: what it is about and a link each, nothing of
        the conversation."""
        if len(self) == 1:
            subject = self._activity_summary()
        else:
            subject = self.env._("%s cases are escalated to you", len(self))
        rows = Markup("").join(escalation._mail_row() for escalation in self)
        text = self.env._(
            "Please look at it and acknowledge it, so that everybody knows you have it:"
        )
        return {
            "user": user,
            "company": self.company_id[:1],
            "subject": subject,
            "body": Markup("<p>%s</p><ul>%s</ul>") % (text, rows),
        }

    def _mail_row(self):
        self.ensure_one()
        words = filter(None, (self.reason, self.cause_text, self.note))
        return Markup('<li><a href="%s">%s %s</a><br/>%s</li>') % (
            self._mail_link(),
            self.case_number,
            self.case_name,
            " ".join(words),
        )

    def _mail_link(self):
        base = self.get_base_url()
        return f"{base}/mail/view?model={self._name}&res_id={self.id}"

    def action_open_case(self):
        """Open the case, for who may read it."""
        self.ensure_one()
        self.case_id.check_access("read")
        return self.case_id._get_records_action()
