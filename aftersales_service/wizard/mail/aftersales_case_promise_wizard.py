from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.business_time import to_epoch
from ...tools.words import Reader


class AftersalesCasePromise(models.TransientModel):
    """Asks what is promised to a customer and by when, and prepares the message that
    tells them."""

    _name = "aftersales.case.promise"
    _description = "Promise the Customer a Time"
    _inherit = ["aftersales.reference.mixin"]

    case_id = fields.Many2one("aftersales.case", required=True, readonly=True)
    topic = fields.Selection(
        lambda self: self._selection_topic(), string="Promise", required=True
    )
    deadline = fields.Datetime(
        string="By",
        required=True,
        help="This time is sent to the customer, and counts to the second.",
    )
    customer_time = fields.Char(
        string="For the Customer",
        compute="_compute_customer_time",
        help="The same time in the customer's zone and language.",
    )
    body = fields.Text(string="Message", required=True)
    sentence = fields.Char(
        readonly=True, help="What the prepared message says about the time."
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Attachments")
    warning = fields.Text(compute="_compute_warning")

    def _selection_topic(self):
        return self.env["aftersales.policy.target"]._promise_topics()

    @api.model
    def default_get(self, fields):
        """Suggest a time, and a message that tells it below what was written so far."""
        values = super().default_get(fields)
        case = self.env["aftersales.case"].browse(values.get("case_id"))
        if not case:
            return values
        case.check_access("write")
        now = case._clock_now()
        values.setdefault(
            "topic", self.env["aftersales.policy.target"]._promise_topics()[0][0]
        )
        if not values.get("deadline"):
            values["deadline"] = case._default_promise_deadline(now)
        values["sentence"] = self._sentence(case, values["topic"], values["deadline"])
        values["body"] = self._prepare_body(
            case, values.get("body"), values["sentence"]
        )
        return {name: values[name] for name in values if name in fields}

    @api.model
    def _in_customers_words(self, case):
        """Return the case in the language in which its customer is written to.

        :raise AccessError: for who may not read the case
        """
        case.check_access("read")
        return case.with_context(lang=case.sudo()._customer_lang())

    @api.model
    def _sentence(self, case, topic, deadline):
        if not (case and topic and deadline):
            return ""
        words = self._in_customers_words(case)
        return words._promise_sentence(topic, fields.Datetime.to_datetime(deadline))

    @api.model
    def _prepare_body(self, case, draft, sentence):
        if draft:
            return f"{draft.rstrip()}\n\n{sentence}"
        words = self._in_customers_words(case)
        return words.env._(
            "Hello %(name)s,\n\n%(sentence)s",
            name=words.sudo().partner_id.name or "",
            sentence=sentence,
        )

    # Compute ------------------------------------------------------------------

    @api.depends("case_id", "deadline")
    def _compute_customer_time(self):
        for wizard in self:
            case = wizard._in_customers_words(wizard.case_id)
            wizard.customer_time = (
                case._customer_moment(wizard.deadline) if wizard.deadline else ""
            )

    @api.depends("case_id", "topic", "deadline", "body", "sentence")
    def _compute_warning(self):
        for wizard in self:
            wizard.warning = "\n".join(wizard._warnings())

    def _warnings(self):
        """Return sentences on what should be looked at before the time is told.

        :raise AccessError: for who may not read the case
        """
        self.ensure_one()
        self.case_id.check_access("read")
        if not self.deadline:
            return []
        now = self.case_id._clock_now()
        if self.deadline <= now:
            return [self.env._("This time is over already.")]
        if refusal := self.env["aftersales.clock"]._far_refusal(self.deadline, now):
            return [refusal]
        result = self.case_id._promise_doubts(self.deadline)
        if self.sentence and self.sentence not in (self.body or ""):
            result.append(
                self.env._(
                    "The message does not say the time in the words prepared. Make "
                    "sure that it says the same time."
                )
            )
        return [*result, *self._warnings_of_open_promise()]

    def _warnings_of_open_promise(self):
        clock_sudo = self.case_id._open_promise(self.topic)
        if not clock_sudo:
            return []
        when = Reader(self.env).moment(to_epoch(clock_sudo.fixed_deadline))
        if clock_sudo.outcome == "breached":
            return [
                self.env._(
                    "%(when)s was promised before and not met. That stays so; the new "
                    "time is a new promise.",
                    when=when,
                )
            ]
        return [
            self.env._(
                "%(when)s is promised already. The new time takes its place.", when=when
            )
        ]

    # Onchange -----------------------------------------------------------------

    @api.onchange("topic", "deadline")
    def _onchange_promise(self):
        """Say the new time in the message; what was written around it stays."""
        sentence = self._sentence(self.case_id, self.topic, self.deadline)
        if not sentence:
            return
        if self.sentence and self.sentence in (self.body or ""):
            self.body = self.body.replace(self.sentence, sentence)
        self.sentence = sentence

    # Actions ------------------------------------------------------------------

    def action_send(self):
        """Send the message and promise the time, in one transaction."""
        self.ensure_one()
        if not self.body.strip():
            raise UserError(self.env._("Write the customer by when, then send it."))
        self.case_id.action_promise(
            self.topic, self.deadline, self.body, attachment_ids=self.attachment_ids.ids
        )
        return {"type": "ir.actions.act_window_close"}
