import logging
from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import email_normalize, formataddr, html2plaintext, plaintext2html

from ...tools import mail_content, mail_headers
from ...tools.core_api import own_addresses
from ...tools.forwarded import find_forwarded
from .aftersales_case_sender import MAX_RECIPIENTS

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
            route = self._route_named(mail, message_dict, route)
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
    def _judge_sender(self, mail, message_dict, routes):
        """Return the mail with what it is taken as."""
        route = next(route for route in routes if route[0] == self._name)
        case = self.sudo().browse(route[1] or [])
        team_id = (route[2] or {}).get("team_id")
        team = case.team_id or self.env["aftersales.team"].sudo().browse(team_id)
        if team:
            team._note_mail_server(mail)
        return replace(mail, taken_as=self._mail_taken_as(mail, message_dict, case))

    @api.model
    def _route_late_answer(self, mail, message_dict, route):
        """Turn a customer's answer to a case that is over into a new case."""
        case = self.sudo().browse(route[1] or [])
        author = self._mail_author(message_dict)
        email = message_dict.get("email_from")
        if (
            not case
            or mail.automatic
            or case._takes_messages()
            or not case._is_customer(author, email)
        ):
            return route
        return (self._name, 0, case._prepare_follow_up_values(author), *route[3:])

    # New cases ----------------------------------------------------------------

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Open a case for a mail. If that fails, open one with less: the gateway would
        send the mail back, and count the address of the team as broken."""
        try:
            with self.env.cr.savepoint():
                case = self._open_for_mail(msg_dict, custom_values)
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.warning("A mail opens a case without its sender: %r", error)
            values = {
                **(custom_values or {}),
                "channel": "mail",
                "name": self._shorten_subject(msg_dict.get("subject")),
            }
            values.pop("perhaps_of_case_id", None)
            case = self.with_context(default_user_id=False).create(values)
            case = case.with_context(aftersales_opening="mail")
        return case

    @api.model
    def _open_for_mail(self, msg_dict, custom_values=None):
        """Open a case for a mail: of its sender, or of the customer whose mail a
        colleague forwarded. A colleague who writes to us has a case of their own."""
        mail = self._incoming_mail()
        author = self._mail_author(msg_dict)
        values = self._prepare_mail_values(mail, msg_dict, custom_values or {})
        addressed = (custom_values or {}).get("team_id")
        perhaps_of = values.pop("perhaps_of_case_id", False)
        message = {**msg_dict, "cc": msg_dict.get("cc_filtered")}
        colleague = author.filtered(lambda partner: not partner.partner_share)
        forwarded = self._find_forwarded(mail, msg_dict) if colleague else None
        written_to = self._find_written_to(mail, values) if colleague else None
        if written_to:
            # A colleague answers from their own mail program, with us in copy.
            values["email_from"] = written_to
            message.update(email_from=written_to, cc="")
        elif forwarded:
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
        case = super(AftersalesCase, cases).message_new(message, values)  # pylint: disable=super-method-mismatch
        if forwarded:
            case.message_subscribe(partner_ids=colleague.ids)
        if perhaps_of:
            case._write_mirror({"perhaps_of_case_id": perhaps_of})
        if addressed and addressed != case.team_id.id:
            line = self._event(
                case, "mail_rerouted", case.received_at, data={"team": addressed}
            )
            self.env["aftersales.event"]._append([line])
        if is_blocked:
            _logger.info("Case %s is set aside: its sender is blocked.", case.number)
            case._set_aside("spam", self.env._("The sender is blocked."))
        opening = "forwarded" if forwarded else "mail"
        return case.with_context(
            aftersales_opening="answered" if written_to else opening
        )

    @api.model
    def _prepare_mail_values(self, mail, msg_dict, custom_values):
        values = {
            **custom_values,
            "channel": "mail",
            "name": self._shorten_subject(msg_dict.get("subject")),
        }
        team_sudo = self.env["aftersales.team"].sudo().browse(values.get("team_id"))
        if team_sudo and not team_sudo.active:
            # Nobody watches it any more.
            heir = team_sudo._default_team(team_sudo.company_id)
            values["team_id"] = (heir or team_sudo).id
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
        found = find_forwarded(
            message_dict.get("subject"),
            self._mail_text(mail, message_dict),
            mail_content.attached_mails(mail.message),
        )
        return found if found and self._is_outside_address(found.email) else None

    @api.model
    def _find_written_to(self, mail, values):
        """Return the customer whom a colleague wrote to from their own mail program,
        with the team in copy, as an address; None if it is not sure to be a colleague,
        or nobody outside is among the recipients."""
        team = self.env["aftersales.team"].sudo().browse(values.get("team_id"))
        if not mail or not team or not team._vouches_for(mail):
            return None
        recipients = mail_headers.recipients_in_order(mail.message)[:MAX_RECIPIENTS]
        outside = (email for email in recipients if self._is_outside_address(email))
        return next(outside, None)

    @api.model
    def _mail_text(self, mail, message_dict):
        part = mail.message.get_body(("plain",))
        texts = mail_content.read(part).texts if part else ()
        text = "\n".join(text for _kind, text in texts).strip()
        return text or html2plaintext(message_dict.get("body") or "")

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
        """Take in an answer. What is neither the customer's nor ours to the customer
        becomes a note: nobody outside is told, and no other machine is to answer it.
        Only the customer puts people in copy for later answers."""
        mail = self._incoming_mail()
        if not mail:
            return super().message_update(msg_dict, update_vals)
        msg_dict["is_internal"] = mail.taken_as not in ("customer", "reply")
        cc = msg_dict.get("cc_filtered") if mail.taken_as == "customer" else ""
        if mail.taken_as in ("note", "colleague"):
            self._tell_how_taken(mail, self._mail_author(msg_dict))
        return super().message_update({**msg_dict, "cc": cc}, update_vals)

    def _message_receive_bounce(self, email, partner):
        """Tell the owner that a mail to the customer did not arrive, the leader of the
        team that a colleague's notification did not."""
        result = super()._message_receive_bounce(email, partner)
        for case in self:
            address = email or partner.email or ""
            colleague = partner.filtered(lambda person: not person.partner_share)[:1]
            if colleague:
                case._tell_colleague_unreachable(colleague, address)
                continue
            case._tell_team(
                case.env._(
                    "A mail to %s could not be delivered. Check the address, or reach "
                    "the customer another way.",
                    address,
                ),
                case._responsible_user(),
            )
        return result

    def _tell_colleague_unreachable(self, colleague, address):
        leader = self.team_id.leader_id.filtered("active")
        self._tell_team(
            self.env._(
                "A notification to your colleague %(name)s (%(address)s) could not be "
                "delivered.",
                name=colleague.name,
                address=address,
            ),
            leader.filtered(lambda user: user.partner_id != colleague),
        )

    def _tell_of_report(self, action, address):
        """Note what a mail server reports about a mail of ours that did not fail.

        :param str action: see ``mail_headers.delivery_action``
        :param str address: of the recipient
        """
        self.ensure_one()
        words = {
            "delayed": self.env._(
                "A mail to %s is delayed; the mail server goes on trying.", address
            ),
            "abuse": self.env._(
                "The recipient of a mail, %s, has marked it as unwanted.", address
            ),
        }
        if action in words:
            self._tell_team(words[action], self._responsible_user())

    def _tell_team(self, words, user):
        self.message_post(
            body=words,
            author_id=self.env.ref("base.partner_root").id,
            partner_ids=user.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

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
        Nothing is thrown away: each still makes a case, out of everybody's sight.

        :raise UserError: when a case did not come by mail from its address: else
            anybody could be silenced
        """
        others = self.filtered(lambda case: not case._came_from_its_address())
        if others:
            raise UserError(
                self.env._(
                    "Only who has written a mail can be blocked. These cases did not "
                    "come by mail from their address: %s. Exclude them without "
                    "blocking.",
                    ", ".join(others.mapped("number")),
                )
            )
        self._write_mirror({"sender_blocked": True})

    def _came_from_its_address(self):
        """Return whether the first thing said on a case is a mail of its address."""
        first = self.sudo().message_ids.filtered(
            lambda message: message.message_type == "email"
        )
        sender = email_normalize(first.sorted("id")[:1].email_from or "", strict=False)
        came = self.channel == "mail" and bool(self.email_normalized)
        return came and sender == self.email_normalized

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
