from base64 import b64decode

from odoo import api, models
from odoo.exceptions import AccessError

from ...tools.picture import RASTER, is_bearable

# Records whose files are, or become, those of a case.
CASE_FILES = ("aftersales.case", "mail.compose.message")
# What a file is, whose it is, and who sees it.
EVIDENCE_FIELDS = frozenset(
    {
        "company_id",
        "datas",
        "db_datas",
        "index_content",
        "mimetype",
        "name",
        "public",
        "raw",
        "res_field",
        "res_id",
        "res_model",
        "store_fname",
        "type",
        "url",
    }
)


class IrAttachment(models.Model):
    """A file that was part of what a customer and we said to each other is evidence,
    like the words beside it."""

    _inherit = "ir.attachment"

    def _postprocess_contents(self, values):
        """Keep files of cases byte for byte as they were sent: nothing is scaled down,
        and what could not be decoded, or only at any cost, is no picture to Odoo."""
        if values.get("res_model") not in CASE_FILES:
            return super()._postprocess_contents(values)
        kind, _slash, subtype = (values.get("mimetype") or "").partition("/")
        if kind == "image" and subtype in RASTER:
            content = values.get("raw") or b64decode(values.get("datas") or b"")
            if isinstance(content, str):
                content = content.encode()
            if not is_bearable(content):
                values["mimetype"] = "application/octet-stream"
        return values

    def write(self, vals):
        """Write; such a file stays as it was sent, where it was sent."""
        if not self.env.su and not EVIDENCE_FIELDS.isdisjoint(vals):
            self._aftersales_refuse_if_said()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_said_on_case(self):
        """Refuse to delete such a file. The message helper of the web client deletes as
        superuser, so the rule holds for everybody."""
        self._aftersales_refuse_if_said()

    def _aftersales_refuse_if_said(self):
        """Refuse what would change a file that was part of a message, whatever record
        the file itself belongs to.

        :raise AccessError: when one was
        """
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("attachment_ids", "in", self.ids),
                    ("model", "=", "aftersales.case"),
                ]
            )
        )
        if any(message._aftersales_is_said() for message in messages):
            raise AccessError(messages._aftersales_verbatim_sentence())
