import uuid
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Command
from odoo.tools import SQL, mute_logger, plaintext2html
from odoo.tools.image import ImageProcess
from odoo.tools.mimetypes import guess_mimetype

from ...tools.picture import MAX_PIXELS, pixels
from ...tools.portal_upload import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    total_refusal,
    upload_refusal,
)
from ..base.limits import limit

MAX_SUBJECT = 200
MAX_TEXT = 20_000
MEBIBYTE = 1024 * 1024
TWICE = "the same portal form arrives twice"
# Types a customer can choose; the others are opened by us.
PORTAL_CASE_TYPES = (
    "enquiry",
    "complaint",
    "return",
    "exchange",
    "repair",
    "suggestion",
)


class AftersalesCase(models.Model):
    """A problem that a customer reports on the portal."""

    _inherit = "aftersales.case"

    portal_key = fields.Char(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Key of the portal form it came from: the same form sent twice makes one "
        "case.",
    )

    _portal_key_uniq = models.UniqueIndex(
        "(portal_key) WHERE portal_key IS NOT NULL", "This report was sent already."
    )

    @api.model
    def _initial_fields(self):
        """The key of the form stays with the case that it made."""
        return super()._initial_fields() | {"portal_key"}

    # The form -----------------------------------------------------------------

    @api.model
    def _portal_case_types(self):
        """Return [(code, label)] of the types a customer can choose; extendable."""
        labels = dict(self._fields["case_type"]._description_selection(self.env))
        return [(code, labels[code]) for code in PORTAL_CASE_TYPES]

    @api.model
    def _portal_order_lines(self, order):
        """Return the lines of an order that a report can be about."""
        return order.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )

    @api.model
    def _portal_intake_open(self, order):
        """Whether problems with an order can be reported on the portal."""
        return order.state == "sale" and order.company_id.aftersales_portal_intake

    @api.model
    def _portal_new_key(self):
        return str(uuid.uuid4())

    # What is refused ------------------------------------------------------------

    @api.model
    def _portal_refusals(self, order, report):
        """Tell what is wrong with a report; extendable.

        :param order: ``sale.order`` record, empty for a follow-up without order
        :param dict report: see :meth:`_portal_create`
        :return: dict name of the input → translated sentence; empty when all is well
        """
        refusals = {
            "subject": self._portal_subject_refusal(report["subject"]),
            "description": self._portal_text_refusal(report["description"]),
            "case_type": self._portal_type_refusal(report["case_type"]),
            "line_ids": self._portal_lines_refusal(order, report["line_ids"]),
            "attachments": self._portal_files_refusal(report["files"]),
        }
        return {name: sentence for name, sentence in refusals.items() if sentence}

    @api.model
    def _portal_subject_refusal(self, subject):
        if len(subject) > MAX_SUBJECT:
            return self.env._(
                "The subject has %(length)s characters; %(limit)s is the limit. Put "
                "the details in the text below.",
                length=len(subject),
                limit=MAX_SUBJECT,
            )
        return None

    @api.model
    def _portal_text_refusal(self, text):
        if not text.strip():
            return self.env._("Please write what happened.")
        if len(text) > MAX_TEXT:
            return self.env._(
                "The text has %(length)s characters; %(limit)s is the limit. Shorten "
                "it, or attach it as a file.",
                length=len(text),
                limit=MAX_TEXT,
            )
        return None

    @api.model
    def _portal_words_refusal(self, text):
        """Tell why a text is too long, empty or not; for texts that may be empty."""
        return self._portal_text_refusal(text) if text.strip() else None

    @api.model
    def _portal_type_refusal(self, case_type):
        if case_type not in dict(self._portal_case_types()):
            return self.env._("Please choose what it is about from the list.")
        return None

    @api.model
    def _portal_lines_refusal(self, order, line_ids):
        own = {str(line.id) for line in self._portal_order_lines(order)}
        if {str(line_id) for line_id in line_ids} - own:
            return self.env._(
                "Some of the products chosen are not on this order. Please choose "
                "again from the list."
            )
        return None

    @api.model
    def _portal_files_refusal(self, files):
        total = total_refusal([len(content) for _name, content in files])
        if total:
            return self._portal_files_sentence(total, "")
        for name, content in files:
            seen_type = guess_mimetype(content)
            refusal = upload_refusal(name, len(content), seen_type)
            if not refusal and seen_type.startswith("image/"):
                refusal = self._portal_image_refusal(content)
            if refusal:
                return self._portal_files_sentence(refusal, name)
        return None

    @api.model
    def _portal_image_refusal(self, content):
        """Look whether a photo can be decoded at all, and at which cost: a damaged one
        would stop Odoo when it is stored, and one of a few kilobytes can fill the
        memory."""
        found = pixels(content)
        if found is None:
            return "damaged"
        if found > MAX_PIXELS:
            return "too_many_pixels"
        try:
            ImageProcess(content, verify_resolution=False)
        except Exception:  # noqa: BLE001
            # Each format fails in its own way.
            return "damaged"
        return None

    @api.model
    def _portal_files_sentence(self, code, name):
        """Return the sentence for a refused file, with what to do instead."""
        sentences = {
            "too_many": self.env._(
                "Please choose at most %s files; you can send more in the conversation "
                "afterwards.",
                MAX_FILES,
            ),
            "too_big_together": self.env._(
                "The files are larger than %s MB together. Choose fewer now and send "
                "the others in the conversation afterwards.",
                MAX_TOTAL_BYTES // MEBIBYTE,
            ),
            "too_big": self.env._(
                "“%(name)s” is larger than %(limit)s MB. Please choose a smaller file.",
                name=name,
                limit=MAX_FILE_BYTES // MEBIBYTE,
            ),
            "damaged": self.env._(
                "“%s” cannot be read as a picture; it may be damaged. Please choose "
                "it again.",
                name,
            ),
            "too_many_pixels": self.env._(
                "“%(name)s” has more than %(limit)s megapixels. Please send a smaller "
                "version of the picture.",
                name=name,
                limit=MAX_PIXELS // 1_000_000,
            ),
            "empty": self.env._("“%s” is empty. Please choose it again.", name),
            "type": self.env._(
                "“%s” is not a file we can take. Please send photos, videos, sound, "
                "PDF, text or office documents.",
                name,
            ),
        }
        return sentences[code]

    # Making the case ------------------------------------------------------------

    @api.model
    def _portal_create(self, order, report, partner, *, origin=None):
        """Open a case of what a customer reports. The same form sent twice makes one
        case.

        :param order: ``sale.order`` record the case is about; may be empty
        :param dict report: ``subject``, ``description`` (plain text), ``case_type``,
            ``line_ids``, ``files`` (list of ``(name, bytes)``) and ``key``
        :param partner: ``res.partner`` who reports
        :param origin: the earlier case this one follows
        :return: ``aftersales.case`` record, new or made by the same form before
        :raise AccessError: when a colleague calls it
        :raise UserError: when something in the report is refused, or the customer has
            opened many cases today
        """
        earlier = origin or self.browse()
        self._check_customers_act(
            self._order_entities(order) | earlier.commercial_partner_id,
            order.partner_id | earlier.partner_id,
        )
        refusals = self._portal_refusals(order, report)
        if refusals:
            raise UserError("\n".join(refusals.values()))
        values = self._portal_create_values(order, report, partner, origin)
        self._portal_lock(values["portal_key"])
        twin = self.search([("portal_key", "=", values["portal_key"])], limit=1)
        if twin:
            return twin
        self._portal_check_number(order, partner, earlier)
        case = self._as_customer(partner)._portal_insert(values)
        case.message_subscribe(partner_ids=partner.ids)
        case._portal_say(report["description"], partner, files=report["files"])
        return case

    @api.model
    def _portal_lock(self, key):
        """Let only one request at a time work on a form. The others are tried again
        after a moment, and then find its case.

        :raise ConcurrencyError: Odoo's sign to run the request again
        """
        lock = SQL("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", key)
        if not self.env.execute_query(lock)[0][0]:
            raise ConcurrencyError(TWICE)

    @api.model
    def _portal_check_number(self, order, partner, origin):
        """Refuse yet another case of who has opened many today. One customer at a time
        is counted, so that many at once are no more than one after the other.

        :raise UserError: with what to do instead
        """
        entity = origin.commercial_partner_id or partner.commercial_partner_id
        entity = entity or order.partner_id.commercial_partner_id
        self._portal_lock(f"customer {entity.id}")
        whose = [("commercial_partner_id", "=", entity.id)]
        most = limit(self.env, "daily_cases")
        if self.env.user._is_public():
            about = [("sale_order_id", "=", order.id)] if order else []
            whose += about or [("origin_case_id", "=", origin.id)]
            most = min(most, limit(self.env, "daily_cases_per_link"))
        if self._portal_count_of_a_day(whose) >= most:
            raise UserError(
                self.env._(
                    "%s cases were opened here within a day, and that is the limit. "
                    "Add what is new to one of them, or reply to one of our mails.",
                    most,
                )
            )

    @api.model
    def _portal_count_of_a_day(self, domain):
        since = fields.Datetime.now() - timedelta(days=1)
        portal = [("channel", "=", "portal"), ("create_date", ">", since)]
        return self.with_context(active_test=False).search_count(domain + portal)

    @api.model
    def _portal_insert(self, values):
        """Create the case. A twin that was made since this request began is not seen
        by it, but the database knows: then too it is run again."""
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                return self.create(values)
        except UniqueViolation as error:
            if error.diag.constraint_name != "aftersales_case_portal_key_uniq":
                raise
            raise ConcurrencyError(TWICE) from error

    @api.model
    def _portal_create_values(self, order, report, partner, origin):
        """Return the values of the case; extendable."""
        company = order.company_id or origin.company_id
        text = report["description"].strip()
        values = {
            "name": report["subject"].strip() or self._portal_subject_of(text),
            "description": plaintext2html(text),
            "case_type": report["case_type"],
            "channel": "portal",
            "company_id": company.id,
            "partner_id": partner.id,
            "sale_order_id": order.id,
            "sale_line_ids": [Command.set([int(i) for i in report["line_ids"]])],
            "portal_key": self._portal_key(order, report, partner, origin),
        }
        if origin:
            values.update(
                origin_case_id=origin.id,
                team_id=origin.team_id.id,
                email_from=origin.email_from,
            )
        return values

    @api.model
    def _portal_key(self, order, report, partner, origin):
        """Return the key of a form: nobody meets another one's case by its key."""
        origin_id = origin.id if origin else 0
        return f"{order.id or 0}/{origin_id}/{partner.id or 0}/{report['key']}"

    @api.model
    def _portal_subject_of(self, text):
        line = text.splitlines()[0].strip()
        return line if len(line) <= 80 else f"{line[:79]}…"

    @api.model
    def _portal_customer_of(self, order, partner):
        """Return who reports a problem with an order: the person asking if the order
        is theirs or their company's, else the order's customer.

        :param partner: ``res.partner`` of the visitor, empty with a link only
        """
        entities = self._order_entities(order)
        own = partner and partner.commercial_partner_id in entities
        return partner if own else order.partner_id
