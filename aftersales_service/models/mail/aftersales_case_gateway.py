import logging

from odoo import api, fields, models
from odoo.tools import email_normalize, formataddr, html2plaintext, plaintext2html

from ...tools import mail_headers
from ...tools.core_api import own_addresses
from ...tools.forwarded import find_forwarded
from ...tools.order_reference import order_references

_logger = logging.getLogger(__name__)

MAX_SUBJECT = 250


class AftersalesCase(models.Model):
    """Mails that come in: which case they belong to, and how they open one."""

    _inherit = "aftersales.case"

    sender_blocked = fields.Boolean(
        readonly=True,
        copy=False,
        help="Later mails of this sender are marked as spam when they arrive. “Undo” "
        "ends that.",
    )

    _sender_blocked_idx = models.Index("(email_normalized) WHERE sender_blocked")

    @api.model
    def _protected_fields(self):
        """Who is blocked follows from cases set aside as spam."""
        return super()._protected_fields() | {"sender_blocked"}

    # Routes -------------------------------------------------------------------

    @api.model
    def _mail_routes(self, mail, message_dict, routes):
        """Return the routes of a mail with those to cases put right: one new case
        for one mail, an answer to its case, an answer that comes too late to a new
        case that follows the old one.

        :param mail: ``IncomingMail``
        :param dict message_dict: what the gateway read of the mail
        :param list routes: ``(model, thread_id, custom_values, user_id, alias)``
        """
        others = [route for route in routes if route[0] != self._name]
        own = [route for route in routes if route[0] == self._name]
        route = next((route for route in own if route[1]), None)
        if not route:
            route = self._first_addressed(mail, own)
            named = self._find_named_case(message_dict, route[2] or {})
            route = (self._name, named.id, *route[2:])
        return [*others, self._route_late_answer(mail, message_dict, route)]

    @api.model
    def _first_addressed(self, mail, routes):
        """Of several teams a mail was sent to, the one the sender named first."""
        if len(routes) == 1:
            return routes[0]
        order = mail_headers.recipients_in_order(mail.message)

        def place(route):
            email = route[4].alias_full_name if route[4] else False
            return order.index(email) if email in order else len(order)

        return min(routes, key=place)

    @api.model
    def _find_named_case(self, message_dict, values):
        """Return the customer's case whose number stands in the subject of a mail
        that lost its references. A stranger cannot write into another's case by
        naming its number, nor can anyone in a colleague's name to the customer. Each
        company numbers its own cases: the team that was written to says whose it is.

        :param dict message_dict: what the gateway read of the mail
        :param dict values: of the case the mail would open
        """
        numbers = order_references(message_dict.get("subject") or "")
        if not numbers or not any("/" in number for number in numbers):
            return self.browse()
        domain = [("number", "in", list(numbers))]
        team_sudo = self.env["aftersales.team"].sudo().browse(values.get("team_id"))
        if team_sudo:
            domain.append(("company_id", "=", team_sudo.company_id.id))
        cases = self.sudo().search(domain, limit=5)
        author = self._mail_author(message_dict)
        email = message_dict.get("email_from")
        return cases.filtered(lambda case: case._is_customer(author, email))[:1]

    @api.model
    def _route_late_answer(self, mail, message_dict, route):
        """Turn a customer's answer to a case that is over into a new case."""
        case = self.sudo().browse(route[1] or [])
        author = self._mail_author(message_dict)
        email = message_dict.get("email_from")
        if (
            not case
            or mail.automatic
            or message_dict.get("is_internal")
            or case._takes_messages()
            or not case._is_customer(author, email)
        ):
            return route
        return (self._name, 0, case._prepare_follow_up_values(author), *route[3:])

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

    # New cases ----------------------------------------------------------------

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Open a case for a mail: of its sender, or of the customer whose mail a
        colleague forwarded. A colleague who writes to us has a case of their own."""
        mail = self._incoming_mail()
        author = self._mail_author(msg_dict)
        values = self._prepare_mail_values(mail, msg_dict, custom_values or {})
        message = {**msg_dict, "cc": msg_dict.get("cc_filtered")}
        colleague = author.filtered(lambda partner: not partner.partner_share)
        forwarded = self._find_forwarded(mail, msg_dict) if colleague else None
        if forwarded:
            values.update(self._prepare_forwarded_values(forwarded))
            message.update(email_from=values["email_from"], cc="")
            # The colleague's own words are not for the customer's eyes.
            msg_dict["is_internal"] = True
        elif colleague:
            values.setdefault("partner_id", colleague.id)
        # Asked before the case is made: a search then would write it twice.
        is_blocked = self._is_sender_blocked(message.get("email_from"), values)
        text = html2plaintext(msg_dict.get("body") or "")
        cases = self.with_context(aftersales_body=text, default_user_id=False)
        case = super(AftersalesCase, cases).message_new(message, values)
        if forwarded:
            case.message_subscribe(partner_ids=colleague.ids)
        if is_blocked:
            _logger.info("Case %s is set aside: its sender is blocked.", case.number)
            case._set_aside("spam", self.env._("The sender is blocked."))
        return case.with_context(
            aftersales_opening="forwarded" if forwarded else "mail"
        )

    @api.model
    def _mail_author(self, message_dict):
        return (
            self.env["res.partner"].sudo().browse(message_dict.get("author_id") or [])
        )

    @api.model
    def _prepare_mail_values(self, mail, msg_dict, custom_values):
        values = {
            **custom_values,
            "channel": "mail",
            "name": self._shorten_subject(msg_dict.get("subject")),
        }
        if mail:
            values["received_at"] = mail.received_at
        return values

    @api.model
    def _shorten_subject(self, subject):
        """Return a subject as one line of readable length; whole it stands on the
        message."""
        subject = " ".join((subject or "").split())
        if len(subject) > MAX_SUBJECT:
            subject = subject[: MAX_SUBJECT - 1] + "…"
        return subject or self.env._("No subject")

    @api.model
    def _find_forwarded(self, mail, message_dict):
        """Return the customer's mail inside one a colleague forwarded, else None."""
        if not mail:
            return None
        attached = [
            part.get_payload(0)
            for part in mail.message.walk()
            if part.get_content_type() == "message/rfc822" and part.is_multipart()
        ]
        found = find_forwarded(
            message_dict.get("subject"),
            self._mail_text(mail, message_dict),
            attached,
        )
        return found if found and self._is_outside_address(found.email) else None

    @api.model
    def _mail_text(self, mail, message_dict):
        part = mail.message.get_body(("plain",))
        try:
            text = part.get_content() if part else ""
        except (LookupError, ValueError):
            text = ""
        return text.strip() or html2plaintext(message_dict.get("body") or "")

    @api.model
    def _is_outside_address(self, email):
        """Whether an address is neither one of ours nor a colleague's."""
        normalized = email_normalize(email, strict=False)
        if not normalized or own_addresses(self.env, [normalized]):
            return False
        domain = [("email_normalized", "=", normalized), ("partner_share", "=", False)]
        return not self.env["res.partner"].sudo().search_count(domain, limit=1)

    @api.model
    def _prepare_forwarded_values(self, forwarded):
        return {
            "name": self._shorten_subject(forwarded.subject),
            "email_from": formataddr((forwarded.name, forwarded.email)),
            "description": plaintext2html(forwarded.text),
        }

    # Answers ------------------------------------------------------------------

    def message_update(self, msg_dict, update_vals=None):
        """Take in an answer. An automatic one becomes a note: nobody is to be told,
        and no other machine is to answer it. Only the customer puts people in copy
        for later answers."""
        mail = self._incoming_mail()
        is_automatic = bool(mail and mail.automatic)
        if is_automatic:
            msg_dict["is_internal"] = True
        author = self._mail_author(msg_dict)
        is_customer = self._is_customer(author, msg_dict.get("email_from"))
        cc = msg_dict.get("cc_filtered") if is_customer and not is_automatic else ""
        return super().message_update({**msg_dict, "cc": cc}, update_vals)

    @api.model
    def _detect_loop_sender_domain(self, email_from_normalized):
        # By the indexed column: this runs for every mail.
        return [("email_normalized", "=", email_from_normalized)]

    def _message_receive_bounce(self, email, partner):
        """Tell the owner that the customer's address does not work."""
        result = super()._message_receive_bounce(email, partner)
        for case in self:
            case.message_post(
                body=case.env._(
                    "A mail to %s could not be delivered. Check the address, or "
                    "reach the customer another way.",
                    email or partner.email or "",
                ),
                author_id=case.env.ref("base.partner_root").id,
                partner_ids=case._responsible_user().partner_id.ids,
                subtype_xmlid="mail.mt_note",
            )
        return result

    # Blocked senders ----------------------------------------------------------

    @api.model
    def _is_sender_blocked(self, email, values):
        """Whether mails of an address to the company of a new case are spam.

        :param str email: address as it was written
        :param dict values: of the case to create
        """
        email = email_normalize(email or "", strict=False)
        if not email:
            return False
        domain = [("sender_blocked", "=", True), ("email_normalized", "=", email)]
        team_sudo = self.env["aftersales.team"].sudo().browse(values.get("team_id"))
        if team_sudo:
            domain.append(("company_id", "=", team_sudo.company_id.id))
        cases_sudo = self.sudo().with_context(active_test=False)
        return bool(cases_sudo.search_count(domain, limit=1))

    def _block_senders(self):
        """Set later mails of these cases' senders aside as spam when they arrive.
        Nothing is thrown away: each still makes a case, out of everybody's sight."""
        self.filtered("email_normalized")._write_mirror({"sender_blocked": True})

    def action_undo_mark(self):
        """Take cases back; their senders are not blocked any more, and get the
        confirmation they have not had."""
        emails = self.filtered("mark").mapped("email_normalized")
        result = super().action_undo_mark()
        blocked = self.sudo().with_context(active_test=False)
        blocked.search(
            [
                ("sender_blocked", "=", True),
                ("email_normalized", "in", emails),
                ("company_id", "in", self.company_id.ids),
            ]
        )._write_mirror({"sender_blocked": False})
        self.filtered("is_open")._queue_acknowledgement()
        return result
