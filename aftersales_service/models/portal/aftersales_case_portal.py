from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import ormcache, plaintext2html

from ...tools.customer_actor import CustomerActor
from ...tools.stage_kinds import ENDED_KINDS
from ..base.trust import is_system


class AftersalesCase(models.Model):
    """The case as its customer sees it and acts on it."""

    _inherit = "aftersales.case"

    # Access -------------------------------------------------------------------

    @api.model
    def _portal_fields(self):
        """Return the names of all the fields that a portal user may read of a case that
        is open to that person, by whatever way in. A field added later is hidden until
        it is named here; extendable. The pages show more (who answers, what was
        promised), computed by the methods below on the authorised case.
        """
        return {
            "id",
            "active",
            "display_name",
            "access_token",
            "access_url",
            "access_warning",
            "number",
            "name",
            "description",
            "case_type",
            "company_id",
            "partner_id",
            "commercial_partner_id",
            "sale_order_id",
            "sale_line_ids",
            "stage_kind",
            "is_open",
            "received_at",
            "first_response_at",
            "resolved_at",
            "accepted_at",
            "closed_at",
        }

    @api.model
    @ormcache()
    def _portal_fields_cached(self):
        return frozenset(self._portal_fields())

    def _has_field_access(self, field, operation):
        # Asked for each value that is read: what costs least decides first.
        if self.env.su:
            return super()._has_field_access(field, operation)
        is_open = operation == "read" and field.name in self._portal_fields_cached()
        if not is_open and self._is_customers_env():
            return False
        return super()._has_field_access(field, operation)

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """List a customer's cases newest first: the usual order is by a field that
        they may not see."""
        if self._is_customers_env():
            self._check_portal_domain(domain)
            if order == self._order:
                order = "received_at desc, id desc"
        return super()._search(domain, offset, limit, order, **kwargs)

    @api.model
    def _check_portal_domain(self, domain):
        """Refuse to search by what may not be read. Fields with a search of their own
        are not checked by the ORM itself."""
        for condition in Domain(domain).iter_conditions():
            field = self._fields.get(condition.field_expr.partition(".")[0])
            if field:
                self._check_field_access(field, "read")

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """Close the conversation of a case set aside to its customer, with a link as
        well as with a login."""
        thread = super()._get_thread_with_access(thread_id, **kwargs)
        if thread and self.env.user.share and thread.sudo().mark:
            return self.browse()
        return thread

    def _message_compute_author(self, author_id=None, email_from=None):
        """A visitor with a link to a case without a contact writes as the case's own
        mail address, never as the anonymous user."""
        anonymous = self.env.user._is_public() and len(self) == 1
        if anonymous and not author_id and not email_from and self.email_from:
            email_from = self.email_from
        return super()._message_compute_author(author_id, email_from)

    def _as_customer(self, partner):
        """Return the cases with the customer as the actor of what follows.

        :param partner: ``res.partner`` record, empty for an unknown sender
        """
        return self.with_context(aftersales_actor=CustomerActor(partner.id or None))

    # What the page says ---------------------------------------------------------

    def _portal_values(self):
        """Return all that the customer's pages show of a case besides its
        conversation; nothing internal goes in here.

        :return: dict of plain values and sentences in the customer's language
        """
        self.ensure_one()
        now = fields.Datetime.now()
        return {
            "id": self.id,
            "number": self.number,
            "subject": self.name,
            "case_type": self._portal_type_label(),
            "url": self.access_url,
            "contact": self.team_id.name,
            "order": self.sale_order_id.name,
            "order_id": self.sale_order_id.id,
            "lines": self.sale_line_ids.mapped("product_id.display_name"),
            "state": self._portal_state(),
            "steps": self._portal_steps(),
            "promises": self._portal_promises(now),
            "can_accept": self._portal_can_accept(),
            "can_reject": self._portal_can_reject(now),
            "can_follow_up": self._portal_can_follow_up(now),
            "accepted": bool(self.accepted_at),
            "ended": self.stage_kind in ENDED_KINDS,
        }

    def _portal_type_label(self):
        field = self._fields["case_type"]
        return dict(field._description_selection(self.env)).get(self.case_type)

    def _portal_state(self):
        """Return where the case stands: a code for the colour, and words."""
        words = {
            "new": self.env._("Received"),
            "working": self.env._("In progress"),
            "waiting_customer": self.env._("Waiting for your reply"),
            "waiting_third_party": self.env._("In progress"),
            "resolved": self.env._("Solution proposed"),
            "closed": self.env._("Closed"),
            "cancelled": self.env._("Cancelled"),
        }
        colours = {
            "waiting_customer": "warning",
            "resolved": "success",
            "closed": "secondary",
            "cancelled": "secondary",
        }
        colour = colours.get(self.stage_kind, "info")
        return {"label": words[self.stage_kind], "colour": colour}

    def _portal_steps(self):
        """Return the three steps of a case: what, whether it is done, and when."""
        solved = self.stage_kind in ("resolved", "closed")
        steps = (
            (self.env._("Received"), self.received_at, True),
            (self.env._("Answered"), self.first_response_at, False),
            (self.env._("Solved"), solved and self.resolved_at, solved),
        )
        return [
            {
                "label": label,
                "done": bool(at) or done,
                "when": self._customer_moment(at, zone=False) if at else "",
            }
            for label, at, done in steps
        ]

    def _portal_promises(self, now):
        """Return the sentences about the promises that are open; none when the case
        is over.

        :param now: ``datetime``
        :return: list of dicts ``kind``, ``sentence`` and ``late``
        """
        if not self.is_open:
            return []
        open_ones = self.clock_ids.filtered(
            lambda clock: (
                clock.state in ("running", "paused") and clock.outcome != "void"
            )
        ).grouped("kind")
        return [
            promise
            for kind, rule in self.env["aftersales.policy.target"]
            ._clock_kinds()
            .items()
            if rule.portal
            for clock in open_ones.get(kind, ())
            if (promise := self._portal_promise(clock, rule, now))["sentence"]
        ]

    def _portal_promise(self, clock, rule, now):
        late = clock.outcome == "breached" or bool(
            clock.deadline and clock.deadline < now
        )
        if clock.state == "paused":
            sentence = self._portal_paused_sentence()
        else:
            sentence = getattr(self, rule.portal)(clock, late) if clock.deadline else ""
        return {"kind": clock.kind, "sentence": sentence, "late": late}

    def _portal_promised_sentence(self, clock, late):
        """Say the time that the customer was told."""
        if late:
            return self._promise_late_sentence(clock.subject, clock.deadline)
        return self._promise_sentence(clock.subject, clock.deadline)

    def _portal_answer_sentence(self, clock, late):
        """Say when the first answer comes."""
        when = self._customer_moment(clock.deadline)
        if late:
            return self.env._(
                "You should have had an answer by %s. We are sorry that we are late; "
                "it comes next.",
                when,
            )
        return self.env._("We will answer by %s", when)

    def _portal_solution_sentence(self, clock, late):
        """Say when it is solved."""
        when = self._customer_moment(clock.deadline)
        if late:
            return self.env._(
                "It should have been solved by %s. We are sorry that this takes longer "
                "than promised. We are still on it.",
                when,
            )
        return self.env._("We expect to solve it by %s", when)

    def _portal_paused_sentence(self):
        if self.stage_kind == "waiting_customer":
            return self.env._("We go on as soon as you reply.")
        return self.env._("We are waiting for somebody else's part and go on then.")

    # What the customer decides ----------------------------------------------------

    def _check_customers_act(self, entities, persons):
        """Refuse what only the customer does to a colleague who can see the page.
        Reading is not acting.

        :param entities: commercial ``res.partner`` records of the customer
        :param persons: ``res.partner`` records of the customer; a colleague can be one
        :raise AccessError: with what the colleague can do instead
        """
        user = self.env.user
        if is_system(self.env) or user.share:
            return
        own = user.company_ids.partner_id
        theirs = user.partner_id.commercial_partner_id in entities - own
        if not theirs and user.partner_id not in persons:
            raise AccessError(
                self.env._(
                    "This is for the customer to decide. You are logged in as a "
                    "colleague: work on the case in the back end, or send the customer "
                    "the link."
                )
            )

    def _portal_can_accept(self):
        return self.stage_kind == "resolved" and not self.mark and not self.accepted_at

    def _portal_can_reject(self, at):
        ended = self.stage_kind in ("resolved", "closed")
        return ended and not self.mark and self._is_reopenable(at)

    def _portal_can_follow_up(self, at):
        """Whether the matter can only be taken up again by a new case."""
        over = self.stage_kind in ENDED_KINDS
        return (
            over
            and not self.mark
            and not self._portal_can_reject(at)
            and self.company_id.aftersales_portal_intake
        )

    def _portal_accept(self, partner, *, at=None):
        """Take the customer's word that the matter is solved: it ends the case.

        A company's condition for closing may hold the case back in ``resolved``; the
        acceptance counts all the same. Accepting twice changes nothing.

        :param partner: ``res.partner`` who accepts
        :param at: instant, now when not given
        :raise AccessError: when a colleague calls it
        :raise UserError: when there is no solution to accept
        """
        self.ensure_one()
        self._check_customers_act(self.commercial_partner_id, self.partner_id)
        if self.accepted_at:
            return
        if not self._portal_can_accept():
            raise UserError(
                self.env._(
                    "There is no solution to accept at the moment. Write below what "
                    "you need."
                )
            )
        at = at or fields.Datetime.now()
        case = self._as_customer(partner)
        case._write_mirror({"accepted_at": at})
        case.env["aftersales.event"]._append([case._event(case, "accepted", at)])
        case._portal_close_accepted(at)

    def _portal_close_accepted(self, at):
        closed = self.env["aftersales.stage"]._of_kind("closed", self.team_id)
        if closed and not self._transition_refusals(closed):
            self._transition(closed, at=at, cause="customer_accepted")

    def _portal_reject(self, text, partner, *, at=None):
        """Take the customer's word that the matter is not solved: the case goes back
        to work, and what they write stands in the conversation.

        :param str text: their words, may be empty
        :param partner: ``res.partner`` who says so
        :param at: instant, now when not given
        :raise AccessError: when a colleague calls it
        :raise UserError: when the case cannot be reopened any more
        """
        self.ensure_one()
        self._check_customers_act(self.commercial_partner_id, self.partner_id)
        at = at or fields.Datetime.now()
        case = self._as_customer(partner)
        if self.is_open:
            # Sent twice, or taken back to work meanwhile: only their words are new.
            case._portal_say(text, partner, once=True)
            return
        if not self._portal_can_reject(at):
            raise UserError(self._portal_too_late_sentence())
        case.env["aftersales.event"]._append([case._event(case, "rejected", at)])
        case._reopen(at, "customer_not_solved")
        case._portal_say(text or self.env._("It is not solved."), partner)

    def _portal_too_late_sentence(self):
        if self.stage_kind == "cancelled":
            return self.env._(
                "This case was cancelled. If you still need help, open a new case; it "
                "will be linked to this one."
            )
        return self.env._(
            "This case was closed more than %s days ago. If the problem is back, open "
            "a new case; it will be linked to this one.",
            self._reopen_days(),
        )

    def _portal_say(self, text, partner, *, files=(), once=False):
        """Post the customer's words in the conversation.

        :param str text: plain text
        :param partner: the author; empty: the case's own mail address
        :param files: list of ``(name, bytes)``
        :param bool once: leave out what they said word for word last time
        """
        body = plaintext2html((text or "").strip())
        if not (text or "").strip() or (once and self._portal_last_said() == body):
            return
        self.message_post(
            body=body,
            author_id=partner.id or None,
            email_from=None if partner else self.email_from,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=list(files),
        )

    def _portal_last_said(self):
        return self.website_message_ids.sorted("id")[-1:].body
