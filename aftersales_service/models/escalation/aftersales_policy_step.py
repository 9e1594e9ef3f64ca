from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError

from ...tools.words import duration

MOMENTS = [
    ("percent", "When a share of the time is used up"),
    ("before", "Before the deadline"),
    ("at", "At the deadline"),
    ("after", "After the deadline"),
]
RECIPIENTS = [
    ("assignee", "Person assigned to the case"),
    ("leader", "Team leader"),
    ("department_head", "Department head"),
    ("manager", "Manager"),
    ("management", "Management"),
    ("salesperson", "Salesperson of the order"),
    ("group", "Everybody in a group"),
    ("user", "A certain person"),
]
# Whom a case can be given to.
ASSIGNEES = [
    ("member", "Team member with the fewest open cases"),
    *(pair for pair in RECIPIENTS if pair[0] not in ("assignee", "group")),
]


class AftersalesPolicyStep(models.Model):
    """One step of the ladder of a promise: when something happens, to whom, and what.

    A clock copies the steps of its target when it starts, so a change reaches only
    promises that start later.
    """

    _name = "aftersales.policy.step"
    _description = "After-Sales Escalation Step"
    _inherit = ["aftersales.shared.mixin"]
    _order = "target_id, sequence, id"

    target_id = fields.Many2one(
        "aftersales.policy.target", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="target_id.company_id")
    sequence = fields.Integer(default=10)

    # When
    moment = fields.Selection(MOMENTS, string="When", required=True, default="at")
    percent = fields.Integer(
        string="Share (%)",
        default=80,
        help="Of the promised time, counted in the hours of the promise.",
    )
    offset_seconds = fields.Integer(
        string="Distance",
        help="Seconds before or after the deadline, counted in the hours of the "
        "promise.",
    )
    is_urgent = fields.Boolean(
        string="Urgent",
        help="Happens at once. Otherwise it waits until the team is there.",
    )

    # To whom
    recipient = fields.Selection(
        RECIPIENTS,
        string="To",
        required=True,
        default="leader",
        help="Where nobody is set, it goes to the next level of the team, and the "
        "message says so.",
    )
    group_id = fields.Many2one("res.groups", ondelete="restrict")
    user_id = fields.Many2one(
        "res.users",
        string="Person",
        domain="[('share', '=', False)]",
        ondelete="restrict",
    )

    # What
    do_activity = fields.Boolean(string="Create an Activity", default=True)
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        domain="[('res_model', 'in', (False, 'aftersales.case'))]",
        ondelete="set null",
        help="Empty: a warning.",
    )
    activity_summary = fields.Char(help="Empty: a sentence that names the promise.")
    do_mail = fields.Boolean(
        string="Send a Mail", help="To colleagues only, never to the customer."
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        domain="[('model', '=', 'aftersales.case')]",
        ondelete="restrict",
        help="Empty: a standard text. Many mails for one person at the same time are "
        "put together in one.",
    )
    do_reassign = fields.Boolean(string="Give the Case to Somebody Else")
    reassign_to = fields.Selection(ASSIGNEES, default="leader")
    reassign_user_id = fields.Many2one(
        "res.users",
        string="New Owner",
        domain="[('share', '=', False)]",
        ondelete="restrict",
    )
    reassign_limit = fields.Integer(
        string="Unless They Have",
        help="Open cases. Who has as many already is passed over for the next level "
        "of the team. 0: no limit.",
    )
    do_priority = fields.Boolean(
        string="Raise the Priority", help="By one step, up to “Very high”."
    )
    tag_ids = fields.Many2many("aftersales.tag", string="Add Tags")
    do_notice = fields.Boolean(
        string="Prepare a Message to the Customer",
        help="It says that the promise cannot be met. The person in charge of the "
        "case decides whether to send it.",
    )
    escalate_level = fields.Selection(
        lambda self: self._selection_escalate_level(),
        string="Escalate To",
        help="The person of this level must acknowledge it.",
    )
    server_action_ids = fields.Many2many(
        "ir.actions.server",
        string="Run Actions",
        domain="[('model_id.model', '=', 'aftersales.case'),"
        " ('usage', '=', 'ir_actions_server')]",
        groups="base.group_system",
        copy=False,
        help="Any server action on the case. Only administrators choose them.",
    )

    _percent_check = models.Constraint(
        "CHECK (moment <> 'percent' OR (percent > 0 AND percent <= 100))",
        "The share of the time must be between 1 and 100 percent. For something after "
        "the deadline choose “After the deadline”.",
    )
    _offset_check = models.Constraint(
        "CHECK (moment NOT IN ('before', 'after') OR offset_seconds > 0)",
        "Enter how long before or after the deadline the step happens, or choose “At "
        "the deadline”.",
    )
    _group_check = models.Constraint(
        "CHECK (recipient <> 'group' OR group_id IS NOT NULL)",
        "Choose the group whose people are notified.",
    )
    _user_check = models.Constraint(
        "CHECK (recipient <> 'user' OR user_id IS NOT NULL)",
        "Choose the person who is notified.",
    )
    _reassign_check = models.Constraint(
        "CHECK (do_reassign IS NOT TRUE OR (reassign_to IS NOT NULL AND"
        " (reassign_to <> 'user' OR reassign_user_id IS NOT NULL)))",
        "Choose whom the case is given to.",
    )
    _reassign_limit_check = models.Constraint(
        "CHECK (reassign_limit >= 0)", "The number of open cases cannot be negative."
    )

    @api.model
    def _selection_escalate_level(self):
        return self.env["aftersales.team"]._escalation_levels()

    # Compute ------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends("moment", "percent", "offset_seconds")
    def _compute_display_name(self):
        for step in self:
            step.display_name = step._moment_text()

    def _moment_text(self):
        """Return when it happens, in words."""
        self.ensure_one()
        time = duration(self.env, self.offset_seconds)
        if self.moment == "percent":
            return self.env._("At %s %% of the time", self.percent)
        if self.moment == "before":
            return self.env._("%(time)s before the deadline", time=time)
        if self.moment == "after":
            return self.env._("%(time)s after the deadline", time=time)
        return self.env._("At the deadline")

    # Constraints --------------------------------------------------------------

    @api.constrains("moment", "offset_seconds", "target_id")
    def _check_not_before_start(self):
        """Refuse a step that would lie before the promise even starts."""
        for step in self.filtered(lambda s: s.moment == "before"):
            if step.offset_seconds >= step.target_id.target_seconds:
                raise ValidationError(
                    self.env._(
                        "“%(step)s” would be before the promise starts, because "
                        "“%(promise)s” is promised within less time. Enter a shorter "
                        "distance.",
                        step=step.display_name,
                        promise=step.target_id.display_name,
                    )
                )

    @api.constrains("moment", "target_id")
    def _check_not_after_stop(self):
        """Refuse a step after the end: where a broken promise ends and the next one
        starts at once, nothing is left to run after the deadline."""
        kinds = self.env["aftersales.policy.target"]._clock_kinds()
        for step in self.filtered(lambda s: s.moment == "after"):
            kind = kinds[step.target_id.kind]
            if getattr(kind, "repeats", None) == "chain":
                raise ValidationError(
                    self.env._(
                        "“%(promise)s” starts again at each missed deadline, so “"
                        "%(step)s” would never happen. Choose “At the deadline”.",
                        promise=step.target_id.display_name,
                        step=step.display_name,
                    )
                )

    @api.constrains(lambda self: self._action_fields())
    def _check_does_something(self):
        for step in self.sudo():
            if not any(step[name] for name in self._action_fields()):
                raise ValidationError(
                    self.env._(
                        "The step “%s” does nothing. Choose what happens then.",
                        step.display_name,
                    )
                )

    @api.model
    def _action_fields(self):
        """Return the fields that each say one thing a step does; extendable."""
        return [
            "do_activity",
            "do_mail",
            "do_reassign",
            "do_priority",
            "tag_ids",
            "do_notice",
            "escalate_level",
            "server_action_ids",
        ]

    @api.constrains("recipient", "group_id", "user_id", "do_activity", "do_mail")
    def _check_recipients(self):
        """Refuse to tell people who are not there."""
        for step in self.sudo().filtered(lambda s: s.do_activity or s.do_mail):
            if step.recipient == "user" and not step._can_be_notified(step.user_id):
                raise ValidationError(
                    self.env._(
                        "%s has left or is no colleague, so nobody would be notified. "
                        "Choose another person.",
                        step.user_id.name,
                    )
                )
            if step.recipient == "group" and not step._group_people():
                raise ValidationError(
                    self.env._(
                        "Nobody is in the group “%s”, so nobody would be notified. "
                        "Choose another group, or add people to it.",
                        step.group_id.display_name,
                    )
                )

    @api.model
    def _can_be_notified(self, user):
        return user.active and not user.share

    def _group_people(self):
        return self.group_id.all_user_ids.filtered(self._can_be_notified)

    @api.constrains("server_action_ids", "mail_template_id")
    def _check_models(self):
        """Refuse what is made for other documents than cases."""
        for step in self.sudo():
            models_ = set(step.server_action_ids.mapped("model_id.model"))
            models_ |= set(step.mail_template_id.mapped("model"))
            if models_ - {"aftersales.case"}:
                raise ValidationError(
                    self.env._(
                        "A step runs actions and templates made for cases. Choose "
                        "others, or set their model to “After-Sales Case”."
                    )
                )

    # CRUD -----------------------------------------------------------------------

    def copy_data(self, default=None):
        """Who may not choose server actions copies a step without them; one that would
        do nothing else tells its people."""
        copies = super().copy_data(default)
        field = self._fields["server_action_ids"]
        may_choose = self._has_field_access(field, "write")
        others = [name for name in self._action_fields() if name != field.name]
        for step, vals in zip(self, copies, strict=True):
            if vals and may_choose:
                vals.setdefault(field.name, [Command.set(step[field.name].ids)])
            elif vals and not any(step[name] for name in others):
                vals["do_activity"] = True
        return copies

    @api.model_create_multi
    def create(self, vals_list):
        """Create steps; makes a new version of the policy."""
        steps = super().create(vals_list)
        steps.target_id._after_change()
        return steps

    def write(self, vals):
        """Write; makes a new version of the policy."""
        result = super().write(vals)
        self.target_id._after_change()
        return result

    def unlink(self):
        """Delete; makes a new version of the policy."""
        targets = self.target_id
        result = super().unlink()
        targets._after_change()
        return result

    # Engine -------------------------------------------------------------------

    def _plain(self):
        """Return the step as plain data: what a clock copies when it starts.

        Everything that decides what happens is in the copy; templates and server
        actions are in it by id, because their content is maintained in one place.
        """
        self.ensure_one()
        plain = {"key": str(self.id), "urgent": self.is_urgent}
        if self.moment == "percent":
            plain["percent"] = self.percent
        else:
            sign = {"before": -1, "at": 0, "after": 1}[self.moment]
            plain["offset"] = sign * self.offset_seconds
        return {**plain, **self._plain_people(), **self._plain_actions()}

    def _plain_people(self):
        return {
            "to": self.recipient,
            "group_id": self.group_id.id,
            "user_id": self.user_id.id,
        }

    def _plain_actions(self):
        step_sudo = self.sudo()
        plain = {
            "priority": self.do_priority,
            "notice": self.do_notice,
            "level": self.escalate_level,
            "tag_ids": self.tag_ids.ids,
            "server_action_ids": step_sudo.server_action_ids.ids,
        }
        if self.do_activity:
            plain["activity"] = {
                "type_id": self.activity_type_id.id,
                "summary": self.activity_summary,
            }
        if self.do_mail:
            plain["mail"] = {"template_id": self.mail_template_id.id}
        if self.do_reassign:
            plain["reassign"] = {
                "to": self.reassign_to,
                "user_id": self.reassign_user_id.id,
                "limit": self.reassign_limit,
            }
        return {name: value for name, value in plain.items() if value}


class AftersalesPolicyTarget(models.Model):
    """The ladder of a promise."""

    _inherit = "aftersales.policy.target"

    step_ids = fields.One2many(
        "aftersales.policy.step",
        "target_id",
        string="Escalation Rules",
        copy=True,
        default=lambda self: self._default_step_ids(),
        help="What happens when the deadline comes near or has passed.",
    )

    def _default_step_ids(self):
        """A broken promise is told to the leader of the team."""
        return [Command.create(self._prepare_default_step())]

    @api.model
    def _prepare_default_step(self):
        """Return the values of the step that every new promise has."""
        return {"moment": "at", "recipient": "leader", "do_activity": True}

    @api.constrains("target_seconds")
    def _check_steps(self):
        """A shorter promise must not leave steps before its start."""
        self.step_ids._check_not_before_start()

    def _plain(self):
        """Add the ladder, in the order in which its steps are listed."""
        steps = [step._plain() for step in self.step_ids.sorted("sequence")]
        return {**super()._plain(), "steps": steps}
