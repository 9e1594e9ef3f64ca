import hashlib
import logging
import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from xmlrpc import client as xmlrpclib

from markupsafe import Markup

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import email_normalize

from ...tools import mail_content, mail_headers

_logger = logging.getLogger(__name__)

CASE_MODEL = "aftersales.case"
MAX_HEADER = 10_000
MAX_SENDER = 250
# Messages a mail says to answer that are looked at.
MAX_REFERENCES = 20
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")


class MailThread(models.AbstractModel):
    """Mails to a team that cannot be taken in as they are.

    A fetch marks a mail as read whatever becomes of it, so a mail that fails would be
    lost without a trace. It becomes a case with what can be read and the source as a
    file, and the leader of the team is told.
    """

    _inherit = "mail.thread"

    @api.model
    def message_process(self, model, message, *args, **kwargs):
        """Take a mail in, whatever is wrong with it if it is for a team.

        :raise Exception: of mails to others what core raises
        """
        source = _as_bytes(message)
        try:
            with self.env.cr.savepoint():
                result = super().message_process(model, source, *args, **kwargs)
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            if not self.env.su and not self.env.is_system():
                raise
            kept = self._aftersales_keep(source, error)
            if not kept:
                raise
            return kept.id
        return result

    @api.model
    def _aftersales_keep(self, source, error):
        """Keep a mail to a team that could not be taken in.

        :param bytes source: of the mail
        :param Exception error: what happened to it
        :return: the case, empty when the mail is not for a team
        """
        # The old policy reads headers without understanding, and so without failing.
        parser = BytesHeaderParser(policy=policy.compat32)
        message = parser.parsebytes(source)
        case = self._aftersales_answered_case(message)
        team = self._aftersales_addressed_team(message)
        if not case and not team:
            return case
        _logger.warning("A mail to after-sales is kept as its source: %r", error)
        digest = hashlib.sha256(source).hexdigest()
        mail_id = f"<{digest}@kept.aftersales>"
        known = self.env["mail.message"].sudo().search([("message_id", "=", mail_id)])
        if known:
            return case.browse(known[:1].res_id)
        return case._keep_mail(
            source,
            team,
            mail_id=mail_id,
            sender=_words(message, "From")[:MAX_SENDER],
            subject=_words(message, "Subject"),
            error=type(error).__name__,
            automatic=mail_headers.is_automatic(message),
        )

    @api.model
    def _aftersales_answered_case(self, message):
        named = [
            mail_id
            for name in ("In-Reply-To", "References")
            for value in mail_headers.headers(message, name)
            for mail_id in _MESSAGE_ID.findall(
                mail_headers.without_control(value[:MAX_HEADER])
            )
        ]
        found = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("message_id", "in", named[:MAX_REFERENCES]),
                    ("model", "=", CASE_MODEL),
                ],
                order="id desc",
                limit=1,
            )
        )
        return self.env[CASE_MODEL].sudo().browse(found.res_id or []).exists()

    @api.model
    def _aftersales_addressed_team(self, message):
        recipients = mail_headers.recipients_anyhow(message)
        aliases = self.env["mail.alias"].sudo()
        to_team = [("alias_model_id.model", "=", CASE_MODEL)]
        alias = aliases.search(
            [*to_team, ("alias_full_name", "in", recipients)], order="id", limit=1
        )
        teams = self.env["aftersales.team"].sudo().with_context(active_test=False)
        return teams.search([("alias_id", "in", alias.ids)], limit=1)


class AftersalesCase(models.Model):
    _inherit = "aftersales.case"

    def _keep_mail(
        self, source, team, *, mail_id, sender, subject, error, automatic=False
    ):
        """Put the source of a mail on a case; on a new one where it answers none.

        :param bytes source: of the mail
        :param team: ``aftersales.team`` it was sent to
        :param str mail_id: what it is known by
        :param str error: name of what happened to it
        :param automatic: whether a machine wrote it; such a mail moves nothing
        :return: the case
        """
        case = self or self.create(
            {
                "name": self._shorten_subject(subject),
                "channel": "mail",
                "team_id": team.id,
                "email_from": sender if email_normalize(sender) else False,
            }
        )
        message = case.message_post(
            body=case._kept_words(source),
            author_id=case.env.ref("base.partner_root").id,
            message_type="comment",
            message_id=mail_id,
            subject=subject or None,
            subtype_xmlid="mail.mt_note",
            partner_ids=case.team_id.leader_id.filtered("active").partner_id.ids,
            attachments=[("original_email.eml", source)],
        )
        now = fields.Datetime.now()
        line = case._event(case, "mail_damaged", now, data={"error": error})
        self.env["aftersales.event"]._append([line])
        if (
            self
            and not automatic
            and self._is_customer(self.partner_id.browse(), sender)
        ):
            self._on_customer_message(message, now, "damaged")
        return case

    @api.model
    def _kept_words(self, source):
        """Return a note with what can be read of a mail."""
        told = self.env._(
            "A mail came in damaged. This is what can be read; the whole of it is in "
            "the file."
        )
        try:
            message = message_from_bytes(source, policy=policy.SMTP)
            texts = mail_content.read(message).texts
        except Exception:  # noqa: BLE001
            # Nothing of it can be read.
            texts = []
        words = "\n\n".join(
            text if kind == "plain" else mail_content.plain(text)
            for kind, text in texts
        )
        return Markup("<p>%s</p><pre>%s</pre>") % (told, words.replace("\0", ""))


def _as_bytes(message):
    if isinstance(message, xmlrpclib.Binary):
        return bytes(message.data)
    return message.encode("utf-8", "replace") if isinstance(message, str) else message


def _words(message, name):
    """Return a header as text, as well as it can be read."""
    raw = mail_headers.header(message, name)[:MAX_HEADER]
    try:
        raw = str(make_header(decode_header(raw)))
    except Exception:  # noqa: BLE001
        # What stands there is better than nothing.
        raw = raw.encode("ascii", "replace").decode()
    return mail_headers.without_control(raw)
