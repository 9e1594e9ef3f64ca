import logging
import zlib
from email.message import EmailMessage

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, email_split, html_sanitize

from ...tools import mail_content, mail_headers, mail_source
from ...tools.incoming_mail import IncomingMail

_logger = logging.getLogger(__name__)

CASE_MODEL = "aftersales.case"
# First key of the locks taken per mail, so that they meet no other lock.
LOCK_SPACE = 0x0AF7E25
# How often a fetched mail is tried that meets somebody else's work on the same case.
FETCH_TRIES = 5


class MailThread(models.AbstractModel):
    """The mail gateway, where it concerns cases."""

    _inherit = "mail.thread"

    # Fetching -----------------------------------------------------------------

    @api.model
    def message_process(self, model, message, *args, **kwargs):
        """Take a mail in; a fetched one again when the database asks for it. A fetch
        has no caller that repeats it, as a request has, and marks the mail as read
        whatever happens: an answer that arrives while a colleague works on the same
        case would be lost."""
        if isinstance(message, bytes):
            message = mail_source.mended(message)
        if not self.env.context.get("default_fetchmail_server_id"):
            return super().message_process(model, message, *args, **kwargs)
        for tries_left in reversed(range(FETCH_TRIES)):
            try:
                result = super().message_process(model, message, *args, **kwargs)  # pylint: disable=super-method-mismatch
                self.env.cr.flush()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Each mail has its own transaction: nothing else is undone.
                self.env.cr.rollback()
                if not tries_left:
                    raise
                _logger.info("A mail met other work on its case; it is tried again.")
            else:
                return result

    # Reading ------------------------------------------------------------------

    @api.model
    def message_parse(self, message, save_original=False):
        """Read a mail; one whose headers or charsets are damaged is repaired and
        read again instead of being lost."""
        try:
            message_dict = super().message_parse(message, save_original=save_original)
        except psycopg2.Error:
            raise
        except Exception as error:
            if not isinstance(message, EmailMessage):
                raise
            _logger.info("A mail is repaired before it is read: %s", error)
            mail_headers.repair(message)
            message_dict = super().message_parse(message, save_original=save_original)
        # PostgreSQL takes no NUL in a text.
        for name, value in message_dict.items():
            if isinstance(value, str) and "\0" in value:
                message_dict[name] = value.replace("\0", "")
        return message_dict

    def _message_parse_extract_payload(
        self, message, message_dict, save_original=False
    ):
        """Read the text and attachments. Of a mail to a team the sender's own words
        come first and files stay as they were sent; what cannot be read in it is kept
        as the source of the mail."""
        if message_dict.get("is_bounce") or not self._aftersales_is_addressed(
            message_dict
        ):
            return super()._message_parse_extract_payload(
                message, message_dict, save_original=save_original
            )
        try:
            payload = self._aftersales_payload(message)
            return self._message_parse_extract_payload_postprocess(message, payload)
        except Exception as error:  # noqa: BLE001
            _logger.info(
                "The mail %s cannot be read (%s); its source is kept as an attachment.",
                message_dict.get("message_id"),
                error,
            )
        body = self.env._(
            "This e-mail is damaged and cannot be shown. Its source is attached."
        )
        return {"body": body, "attachments": [self._aftersales_source(message)]}

    @api.model
    def _aftersales_payload(self, message):
        """Return ``body`` and ``attachments`` of a mail to a team."""
        content = mail_content.read(message)
        texts = [
            Markup("<pre>%s</pre>") % text
            if kind == "plain"
            else html_sanitize(text, sanitize_tags=False, strip_classes=True)
            for kind, text in content.texts
        ]
        attachments = [
            self._Attachment(file.name, file.content, {"cid": file.cid})
            for file in content.files
        ]
        if not content.whole:
            too_long = self.env._("This e-mail is longer than can be shown.")
            texts.append(Markup("<p><i>%s</i></p>") % too_long)
            attachments.append(self._aftersales_source(message))
        return {"body": Markup("\n").join(texts), "attachments": attachments}

    @api.model
    def _aftersales_source(self, message):
        """Return the source of a mail as a plain file."""
        source = mail_headers.as_bytes(message)
        return self._Attachment("original_email.eml", source, {})

    @api.model
    def _aftersales_is_addressed(self, message_dict):
        """Whether a mail was sent to the address of a team, or answers a case."""
        emails = [email.lower() for email in email_split(message_dict["recipients"])]
        aliases = self.env["mail.alias"].sudo()
        to_team = [("alias_model_id.model", "=", CASE_MODEL)]
        if aliases.search_count([*to_team, ("alias_full_name", "in", emails)], limit=1):
            return True
        parent = self._get_parent_message(message_dict)
        return bool(parent and parent.sudo().model == CASE_MODEL)

    # Routing ------------------------------------------------------------------

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        """Drop no mail to a case, however many the same sender wrote before: a
        marketplace or a web form writes hundreds. Nothing here answers a machine, and
        an address gets few confirmations a day, so no loop can begin."""
        if any(route[0] == CASE_MODEL for route in routes or ()):
            return False
        return super()._detect_loop_sender(message, message_dict, routes)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Tell of reports about our mails what they say; only some are failures."""
        action = mail_headers.delivery_action(email_message)
        about = message_dict["bounced_message"]
        if action in (None, "failed") or about.model != CASE_MODEL:
            return super()._routing_handle_bounce(email_message, message_dict)
        case = self.env[CASE_MODEL].sudo().browse(about.res_id).exists()
        address = message_dict["bounced_email"] or ""
        for one in case:
            one._tell_of_report(action, address)
        return None

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Tell cases what the headers of their mail say, and let one mail make one
        case, however often and to how many addresses it was delivered."""
        if not any(route[0] == CASE_MODEL for route in routes or ()):
            return super()._message_route_process(message, message_dict, routes)
        if not self.env.su and not self.env.is_system():
            raise AccessError(
                self.env._("Only the mail server hands over mails to after-sales.")
            )
        if self._aftersales_is_processed_elsewhere(message_dict["message_id"]):
            _logger.info(
                "Ignored mail with Message-Id %s: another worker has processed it.",
                message_dict["message_id"],
            )
            return False
        mail = self._aftersales_incoming_mail(message, message_dict)
        cases = self.env[CASE_MODEL]
        routes = cases._mail_routes(mail, message_dict, routes)
        mail = cases._judge_sender(mail, message_dict, routes)
        thread = self.with_context(aftersales_mail=mail)
        return super(MailThread, thread)._message_route_process(
            message, message_dict, routes
        )

    @api.model
    def _aftersales_incoming_mail(self, message, message_dict):
        now = fields.Datetime.now()
        return IncomingMail(
            message=message,
            message_id=message_dict["message_id"],
            received_at=mail_headers.received_at(
                message, self._aftersales_previous_fetch(), now
            ),
            automatic=mail_headers.is_automatic(message),
            answerable=mail_headers.may_be_answered(message),
        )

    @api.model
    def _aftersales_previous_fetch(self):
        """Return when the mailbox was last fetched, None when that is not known."""
        server_id = self.env.context.get("default_fetchmail_server_id")
        if not server_id:
            return None
        server = self.env["fetchmail.server"].sudo().browse(server_id)
        return server.date or None

    @api.model
    def _aftersales_is_processed_elsewhere(self, message_id):
        """Whether another worker has just processed the same mail. While it does so,
        wait: should it fail, the mail is ours."""
        key = zlib.crc32(message_id.encode("utf-8", "replace")) - 2**31
        self.env.execute_query(
            SQL("SELECT pg_advisory_xact_lock(%s, %s) IS NULL", LOCK_SPACE, key)
        )
        # What the other worker committed, perhaps since our transaction began, cannot
        # be seen in it.
        with self.env.registry.cursor() as cr:
            messages = self.env["mail.message"].with_env(self.env(cr=cr)).sudo()
            return bool(
                messages.search_count([("message_id", "=", message_id)], limit=1)
            )
