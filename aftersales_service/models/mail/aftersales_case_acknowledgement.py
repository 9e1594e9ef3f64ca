import logging
from datetime import timedelta

from odoo import api, fields, models

from ...tools.business_time import NoWorkingTime, from_epoch, to_epoch
from ...tools.core_api import commit_progress, hand_over, own_addresses
from ...tools.mail_headers import is_machine_address
from ..base.limits import limit
from ..base.trust import system_only

_logger = logging.getLogger(__name__)

# An older message is one that was imported: its sender waits for no confirmation.
MAX_AGE = timedelta(days=1)
BATCH = 50
RETRY_AFTER = timedelta(minutes=5)
HEADERS = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


class AftersalesCase(models.Model):
    """The automatic confirmation of receipt.

    Queued when the case is made, sent by a job at most once: the line of the ledger
    is the claim, and the database refuses a second one.
    """

    _inherit = "aftersales.case"

    answer_due_text = fields.Char(
        compute="_compute_customer_texts",
        help="By when the customer has an answer, in the customer's language and time "
        "zone.",
    )
    opening_text = fields.Char(
        compute="_compute_customer_texts",
        help="When the team opens again, in the customer's language and time zone; "
        "empty while it is open.",
    )
    customer_url = fields.Char(
        compute="_compute_customer_url",
        string="Customer's Page",
        help="Opens the case for the customer. In mails to the customer it becomes the "
        "link that needs no login.",
    )

    # What the mail says ---------------------------------------------------------

    @api.depends("clock_ids.deadline", "team_id", "partner_id")
    @api.depends_context("lang")
    def _compute_customer_texts(self):
        now = fields.Datetime.now()
        for case in self.sudo():
            due = case._answer_due()
            opening = case._next_opening(now)
            case.answer_due_text = case._customer_moment(due) if due else False
            case.opening_text = case._customer_moment(opening) if opening else False

    def _answer_due(self):
        """Return the deadline of the answer that is still to come, or None."""
        rules = self.env["aftersales.policy.target"]._clock_kinds()
        deadlines = [
            clock.deadline
            for clock in self.clock_ids
            if rules[clock.kind].waits and clock.state == "running" and clock.deadline
        ]
        return min(deadlines, default=None)

    def _next_opening(self, now):
        """Return when the team opens, None while it is open or when it never does."""
        calendar = self.team_id._service_calendar()
        if not calendar:
            return None
        schedule = calendar._aftersales_schedule(self.company_id)
        instant = to_epoch(now)
        try:
            opening = schedule.next_opening(instant)
        except NoWorkingTime:
            return None
        return from_epoch(opening) if opening > instant else None

    @api.depends("access_url")
    def _compute_customer_url(self):
        for case in self:
            case.customer_url = case.get_base_url() + case.access_url

    # Queue ----------------------------------------------------------------------

    def _on_created(self):
        """Queue the confirmation of receipt."""
        super()._on_created()
        self._queue_acknowledgement()

    def _queue_acknowledgement(self):
        """Queue the confirmation of cases whose sender expects one."""
        now = fields.Datetime.now()
        by_instant = {}
        for case in self.filtered(lambda case: case._expects_acknowledgement(now)):
            delay = timedelta(minutes=case.team_id.acknowledge_delay)
            at = case.received_at + delay
            by_instant[at] = by_instant.get(at, self.browse()) | case
        for at, cases in by_instant.items():
            cases._write_mirror({"acknowledge_at": at})

    def _expects_acknowledgement(self, now):
        mail = self._incoming_mail()
        return bool(
            self.channel in self._channels_that_are("confirmed")
            and self.team_id.acknowledge
            and not self.mark
            and not self.acknowledged_at
            and not self.first_response_at
            and self.received_at > now - MAX_AGE
            and self._acknowledgement_email()
            and (not mail or mail.answerable)
        )

    def _acknowledgement_email(self):
        """Return the bare address to confirm to, False when nobody reads it."""
        email = self.email_normalized or self.partner_id.email_normalized
        return email if email and not is_machine_address(email) else False

    def _skip_acknowledgement(self, at, cause):
        """Take cases off the queue, and say why in the ledger.

        :param str cause: code: ``human_reply``, ``own_address``, ``too_many`` …
        """
        queued = self.filtered("acknowledge_at")
        if not queued:
            return
        queued._write_mirror({"acknowledge_at": False})
        self.env["aftersales.event"]._append(
            [
                self._event(case, "acknowledgement_skipped", at, cause=cause)
                for case in queued
            ]
        )

    # Job ------------------------------------------------------------------------

    @api.model
    @system_only
    def _cron_acknowledge(self, batch_size=BATCH):
        """Send the confirmations that are due, in batches; another worker's cases are
        left to it, and a case that fails is tried again later."""
        domain = self._due_acknowledgement_domain()
        commit_progress(self.env, remaining=self.search_count(domain))
        while due := self.search(domain, order="acknowledge_at, id", limit=batch_size):
            cases = due.try_lock_for_update(allow_referencing=True)
            cases._acknowledge_each(fields.Datetime.now())
            left = commit_progress(self.env, len(due))
            if len(cases) < len(due):
                break
            if not left:
                hand_over(self.env, "aftersales_service.ir_cron_acknowledge")
                break

    @api.model
    def _due_acknowledgement_domain(self):
        return [
            ("acknowledge_at", "<=", fields.Datetime.now()),
            ("active", "in", (True, False)),
        ]

    def _acknowledge_each(self, at):
        """Confirm each case, apart from the others."""
        refusals = self._acknowledgement_refusals(at)
        mails = self.env["mail.mail"]
        for case in self:
            if case in refusals:
                case._skip_acknowledgement(at, refusals[case])
                continue
            sent, error = self._attempt(case._acknowledge, at)
            if error:
                _logger.error("Case %s was not confirmed", case.id, exc_info=error)
                case._retry_acknowledgement(at)
            else:
                mails |= sent
        if mails:
            mails.send_after_commit()

    def _acknowledgement_refusals(self, at):
        """Return {case: code of why it is not confirmed}, in few queries for all."""
        emails = {case: case._acknowledgement_email() for case in self}
        own = set(own_addresses(self.env, filter(None, emails.values())))
        sent = self._count_acknowledged(at, emails)
        most = limit(self.env, "acknowledgement_daily_limit")
        refusals = {}
        for case, email in emails.items():
            if reason := case._acknowledgement_refusal(email, own):
                refusals[case] = reason
            elif sent.get(email, 0) >= most:
                refusals[case] = "too_many"
            else:
                sent[email] = sent.get(email, 0) + 1
        return refusals

    def _acknowledgement_refusal(self, email, own):
        if not email:
            return "no_address"
        if email in own or email == self._team_email():
            return "own_address"
        if self.first_response_at:
            return "human_reply"
        if self.acknowledged_at:
            return "done"
        return None if self.active and not self.mark and self.is_open else "set_aside"

    @api.model
    def _count_acknowledged(self, at, emails):
        """Return {address: confirmations of the last day}. Two machines that answer
        each other stop there."""
        groups = self.with_context(active_test=False)._read_group(
            [
                ("email_normalized", "in", list(filter(None, set(emails.values())))),
                ("acknowledged_at", ">", at - timedelta(days=1)),
            ],
            ["email_normalized"],
            ["__count"],
        )
        return dict(groups)

    def _acknowledge(self, at):
        """Claim the confirmation in the ledger and send it.

        :return: ``mail.mail`` records, to be sent after the commit
        """
        self.ensure_one()
        self._write_mirror({"acknowledge_at": False, "acknowledged_at": at})
        line = self._event(self, "acknowledged", at, cause="automatic")
        self.env["aftersales.event"]._append([line])
        message = self._post_acknowledgement()
        # Where a policy lets it count, it fulfils the promise of an answer as well.
        self._clocks_event("acknowledged", at, cause="acknowledgement")
        self._notify_changed()
        return self.env["mail.mail"].search([("mail_message_id", "=", message.id)])

    def _post_acknowledgement(self):
        """Post the confirmation, in the customer's language, from the team."""
        template = self._acknowledgement_template()
        lang = self._customer_lang()
        render = template.with_context(lang=lang)._render_field
        options = {"set_lang": lang}
        bodies = render(
            "body_html", self.ids, options={"post_process": True}, **options
        )
        if self.partner_id:
            subject = render("subject", self.ids, **options)[self.id]
        else:
            # Whoever has made up a sender does not choose what we write to them.
            case = self.with_context(lang=lang)
            subject = case.env._("[%s] We have received your message", self.number)
        return self._post_to_customer(subject, bodies[self.id])

    def _post_to_customer(self, subject, body):
        """Post what the team tells the customer by itself; it is no answer.

        :param str subject: of the mail, in the customer's language
        :param body: ``Markup``
        :return: ``mail.message`` record
        """
        email = self._acknowledgement_email()
        to_contact = self.partner_id.email_normalized == email
        case = self.with_context(
            lang=self._customer_lang(),
            email_notification_allow_header=False,
            mail_post_autofollow=False,
        )
        return case.message_post(
            author_id=self.company_id.partner_id.id,
            body=body,
            email_add_signature=False,
            email_from=self.team_id._sender_address()
            or self.company_id.email_formatted
            or self.env.user.email_formatted,
            force_send=False,
            mail_headers=HEADERS,
            message_type="auto_comment",
            notify_skip_followers=True,
            outgoing_email_to=False if to_contact else email,
            partner_ids=self.partner_id.ids if to_contact else [],
            subject=subject,
            subtype_xmlid="mail.mt_comment",
        )

    def _acknowledgement_template(self):
        """Return the text of the team; the standard one where the template has become
        one for other documents since it was chosen."""
        own = self.team_id.acknowledge_template_id
        if own.model == self._name:
            return own
        return self.env.ref("aftersales_service.mail_template_acknowledgement")

    def _retry_acknowledgement(self, at):
        """Try a failed confirmation again, ever later; give up after a day."""
        waited = at - self.received_at
        if waited > MAX_AGE:
            self._skip_acknowledgement(at, "failed")
        else:
            self._write_mirror({"acknowledge_at": at + max(RETRY_AFTER, waited)})
