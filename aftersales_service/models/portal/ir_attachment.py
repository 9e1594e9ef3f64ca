from odoo import api, models
from odoo.exceptions import AccessError


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_said_on_case(self):
        """Refuse to delete a file that was part of what a customer and we said to
        each other: like the words beside it, it is evidence. The message helper of
        the web client deletes as superuser, so the rule holds for everybody."""
        of_cases = self.sudo().filtered(lambda a: a.res_model == "aftersales.case")
        if not of_cases:
            return
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", "aftersales.case"),
                    ("res_id", "in", of_cases.mapped("res_id")),
                    ("attachment_ids", "in", of_cases.ids),
                ]
            )
        )
        if any(message._aftersales_is_said() for message in messages):
            raise AccessError(messages._aftersales_verbatim_sentence())
