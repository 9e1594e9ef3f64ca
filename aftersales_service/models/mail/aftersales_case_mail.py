from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ...tools import promise_life as life
from ...tools.incoming_mail import IncomingMail
from ...tools.stage_kinds import OPEN_KINDS

# Messages that a person writes; all others are notices and machines' mails.
WRITTEN_TYPES = ("comment", "email")


class AftersalesCase(models.Model):
    """What a message means to its case.

    Each message is exactly one of: a **customer message**, a **human reply**, an
    **automatic message**, or none of them. Whose message it is follows from its
    author, never from the user of the request: a customer with a link posts as the
    public user, and a mail as the gateway's.
    """

    _inherit = "aftersales.case"

    # Who ----------------------------------------------------------------------

    def _is_customer(self, author, email):
        """Whether somebody writes as the customer: a person of their commercial entity,
        or the sender of the case's own mail address.

        :param author: ``res.partner``, perhaps empty
        :param str email: address as it was written
        """
        self.ensure_one()
        entity = self.commercial_partner_id
        if author and entity and author.commercial_partner_id == entity:
            # Colleagues are all of one entity, ours: there the person counts.
            return entity != self.company_id.partner_id or author == self.partner_id
        if author and not author.partner_share:
            return False
        normalized = email_normalize(email or "", strict=False)
        return bool(normalized) and normalized == self.email_normalized

    def _is_colleague(self, author):
        """Whether somebody writes for us: an internal user who is not the customer."""
        self.ensure_one()
        return (
            bool(author)
            and not author.partner_share
            and author.id
            != self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")
            and not self._is_customer(author, False)
        )

    def _responsible_user(self):
        """Return the ``res.users`` to tell: the owner, else the team's leader; nobody
        who has left."""
        self.ensure_one()
        people = self.user_id | self.team_id.leader_id
        return people.filtered("active")[:1]

    @api.model
    def _mail_author(self, message_dict):
        return (
            self.env["res.partner"].sudo().browse(message_dict.get("author_id") or [])
        )

    def _post_author(self, values):
        """Return the author of a message about to be posted."""
        partners = self.env["res.partner"].sudo()
        if values.get("author_id"):
            return partners.browse(values["author_id"])
        if values.get("email_from") or self._incoming_mail():
            return partners
        return self.env.user.partner_id.sudo()

    # What ---------------------------------------------------------------------

    @api.model
    def _incoming_mail(self):
        """Return the ``IncomingMail`` being taken in, or None."""
        mail = self.env.context.get("aftersales_mail")
        return mail if isinstance(mail, IncomingMail) else None

    def _mail_of_message(self, values):
        """Return the ``IncomingMail`` that a message is, or None."""
        mail = self._incoming_mail()
        return mail if mail and values.get("message_id") == mail.message_id else None

    def _message_meaning(self, values):
        """Return what a message means.

        :param dict values: of the message: author, type, subtype and so on
        :return: ``customer``, ``forwarded`` (a customer message too), ``reply``,
            ``automatic``, ``colleague`` or ``stranger`` (somebody has to say whose it
            is), or None for a notice or note
        """
        self.ensure_one()
        if values.get("message_type") not in WRITTEN_TYPES:
            return None
        if mail := self._mail_of_message(values):
            return self._mail_meaning(mail)
        if not self._is_public_post(values):
            return None
        author = self.env["res.partner"].sudo().browse(values.get("author_id") or [])
        case = self.sudo()
        if case._is_customer(author, values.get("email_from")):
            return "customer"
        return "reply" if case._is_colleague(author) else "stranger"

    def _mail_meaning(self, mail):
        if mail.taken_as == "note":
            return None
        opening = self.env.context.get("aftersales_opening")
        return {"forwarded": "forwarded", "answered": "reply"}.get(
            opening, mail.taken_as
        )

    @api.model
    def _is_public_post(self, values):
        """Whether a message is one the customer sees, not a note."""
        if values.get("is_internal"):
            return False
        resolve = self.env["ir.model.data"]._xmlid_to_res_id
        subtype_id = values.get("subtype_id")
        if values.get("subtype_xmlid"):
            subtype_id = resolve(values["subtype_xmlid"])
        if not subtype_id or subtype_id == resolve("mail.mt_note"):
            return False
        if subtype_id == resolve("mail.mt_comment"):
            return True
        return not self.env["mail.message.subtype"].sudo().browse(subtype_id).internal

    # Where --------------------------------------------------------------------

    def _takes_messages(self):
        """Whether a customer's message still belongs to this case."""
        self.ensure_one()
        if self.mark:
            return True
        if self.stage_kind in ("resolved", "closed"):
            return self._is_reopenable(fields.Datetime.now())
        return self.stage_kind != "cancelled"

    def _prepare_follow_up_values(self, author):
        """Return the values of a new case that continues this one.

        :param author: ``res.partner`` who wrote, perhaps empty
        """
        self.ensure_one()
        entity = self.commercial_partner_id
        is_own = author and author.commercial_partner_id == entity
        return {
            "origin_case_id": self.id,
            "team_id": self.team_id.id,
            "partner_id": (author if is_own else self.partner_id).id,
            "sale_order_id": self.sale_order_id.id,
            "case_type": self.case_type,
            "category_id": self.category_id.id,
        }

    # What follows -------------------------------------------------------------

    def _complete_values(self, vals):
        """A new case waits for us from its receipt on, whatever the way in."""
        vals = super()._complete_values(vals)
        vals["awaiting_reply_since"] = vals["received_at"]
        vals["last_customer_message_at"] = vals["received_at"]
        return vals

    def _on_moved(self, kinds, at):
        """Nobody waits for an answer on a case that has ended."""
        result = super()._on_moved(kinds, at)
        ended = self.filtered(lambda case: kinds[case.id][1] not in OPEN_KINDS)
        ended.filtered("awaiting_reply_since")._write_mirror(
            {"awaiting_reply_since": False}
        )
        return result

    def _message_post_after_hook(self, message, msg_values):
        """Let the message take effect on stamps, promises and stage."""
        meaning = self._message_meaning(msg_values)
        mail = self._mail_of_message(msg_values)
        at = mail.received_at if mail else fields.Datetime.now()
        case = self.sudo()
        if meaning in ("customer", "forwarded"):
            case._on_customer_message(message, at, meaning)
        elif meaning == "reply":
            case._on_human_reply(message, at)
        elif meaning == "automatic":
            case._log_message("auto_message", message, at)
        elif meaning in ("colleague", "stranger") and mail:
            message.sudo().aftersales_doubt = meaning
            case._log_message("sender_doubted", message, at, cause=meaning)
        return super()._message_post_after_hook(message, msg_values)

    def _check_can_update_message_content(self, messages):
        """Refuse to edit or delete what was said: it has been read, and mailed."""
        result = super()._check_can_update_message_content(messages)
        if messages.filtered(lambda message: message._aftersales_is_said()):
            raise UserError(messages._aftersales_verbatim_sentence())
        return result

    def _log_message(self, kind, message, at, **values):
        line = self._event(
            self,
            kind,
            at,
            source_kind=message._name,
            source_id=message.id,
            **values,
        )
        self.env["aftersales.event"]._append([line])

    def _on_customer_message(self, message, at, meaning):
        """The customer wrote: they wait, and a case that waited goes on."""
        self.ensure_one()
        author = message.sudo().author_id
        is_own = meaning == "customer"
        self._log_message(
            "customer_message",
            message,
            at,
            cause=None if is_own else meaning,
            actor_kind="customer",
            actor_id=(author if is_own else self.partner_id).id,
        )
        self._write_mirror(
            {
                "awaiting_reply_since": self.awaiting_reply_since or at,
                "last_customer_message_at": max(
                    self.last_customer_message_at or at, at
                ),
            }
        )
        self._meet_other_work()
        if not self.active and not self.mark:
            # Nobody looks for one who waits in the archive.
            self.write({"active": True})
        at = self._go_on(at)
        if self._is_live():
            self._clocks_event("customer_message", at)
        self._notify_changed()

    def _meet_other_work(self):
        """Write the case before its promises: who posts on it at the same moment then
        waits and is repeated with a new snapshot. Two new cycles of one promise would
        be a violation of uniqueness instead, which costs the second message."""
        self.flush_recordset()

    def _go_on(self, at):
        """Take a case the customer wrote to back to work, if it waited. A refusal
        must not cost the message: then the case stays where it is.

        :return: the instant from which on the customer waits
        """
        if self.stage_kind not in ("waiting_customer", "resolved", "closed"):
            return at
        stage = self.env["aftersales.stage"]._of_kind("working", self.team_id)
        if stage and not self._transition_refusals(stage):
            at = self._not_before_last_move(at)
            self._transition(stage, at=at, cause="customer_reply")
        return at

    def _not_before_last_move(self, at):
        """Return an instant, or that of the last move if it is later: a mail may have
        reached our server while somebody still moved the case."""
        moves = self.env["aftersales.event"].search(
            [("case_id", "=", self.id), ("kind", "=", "stage_changed")],
            order="at desc, id desc",
            limit=1,
        )
        return max(at, moves.at or at)

    def _on_human_reply(self, message, at):
        """A person of ours answered: nobody waits any more."""
        self.ensure_one()
        author = message.sudo().author_id
        self._log_message(
            "reply",
            message,
            at,
            actor_kind="user",
            actor_id=author.main_user_id.id,
        )
        is_first = not self.first_response_at
        self._write_mirror(
            {
                "awaiting_reply_since": False,
                "last_reply_at": max(self.last_reply_at or at, at),
                **({"first_response_at": at} if is_first else {}),
            }
        )
        self._meet_other_work()
        if is_first:
            self._skip_acknowledgement(at, "human_reply")
        self._clocks_event(
            self._events_of_reply(author, is_first), at, cause="human_reply"
        )
        self._notify_changed()

    def _events_of_reply(self, author, is_first):
        """Return the codes of what an answer means to the promises of the case.

        :param author: ``res.partner`` of the person who answered
        :param is_first: whether it is the first answer of a person
        """
        by_owner = not self.user_id or self.user_id.partner_id == author
        return life.reply_codes(is_first=is_first, by_owner=by_owner)
