from odoo import api, models
from odoo.exceptions import AccessError

GROUP = "aftersales_service.group_aftersales_export"
# Key of what a transaction has exported so far.
EXPORTED = "aftersales_exported"
# What of a contact tells nobody how to reach it.
HARMLESS = {
    "id",
    ".id",
    "active",
    "category_id",
    "commercial_company_name",
    "commercial_partner_id",
    "company_id",
    "complete_name",
    "country_id",
    "display_name",
    "is_company",
    "lang",
    "name",
    "parent_id",
    "ref",
    "tz",
    "user_id",
}


class AftersalesCase(models.Model):
    """Exports of cases, from their own list or by way of whatever leads to them: how to
    reach a customer leaves the house only with those who may take it, and what leaves
    is written down."""

    _inherit = "aftersales.case"

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        """Guard and log what is exported of the cases.

        :raise AccessError: when contact data is asked for without the right
        """
        paths = [path for path in fields if path]
        if self and paths:
            self._log_export(paths, with_contacts=self._check_export(paths))
        return super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)

    @api.model
    def _contact_fields(self):
        """Return the names of the fields that say how the customer and those in copy
        are reached, and of their mails; extendable."""
        return {
            "email_cc",
            "email_cc_more",
            "email_from",
            "email_normalized",
            "message_ids",
            "phone",
            "website_message_ids",
        }

    @api.model
    def _check_export(self, paths):
        """Refuse to export contact data to whom it is not given.

        :param list paths: lists of names, each from the case on
        :return: whether any is asked for
        """
        contacts = any(
            self._is_contact(model, name)
            for path in paths
            for model, name in self._export_steps(path)
        )
        if contacts and not (self.env.su or self.env.user.has_group(GROUP)):
            raise AccessError(
                self.env._(
                    "You may not export how to reach customers. Leave out their "
                    "addresses and numbers, or ask an administrator for the right "
                    "“Export customer data”."
                )
            )
        return contacts

    @api.model
    def _is_contact(self, model, name):
        if model == "res.partner":
            return name not in HARMLESS
        return model == self._name and name in self._contact_fields()

    @api.model
    def _export_steps(self, path):
        """Yield the (model, field) that a path goes through."""
        model = self
        for name in path:
            yield model._name, name
            field = model._fields.get(name)
            if not field or not field.relational:
                return
            model = self.env[field.comodel_name]

    def _log_export(self, paths, *, with_contacts):
        """Note what is exported; the transaction's exports become one line."""
        exported = self.env.cr.precommit.data.setdefault(EXPORTED, {})
        if not exported:
            exported.update(ids=set(), names={}, with_contacts=False)
            self.env.cr.precommit.add(self._write_export_log)
        exported["ids"].update(self.ids)
        exported["names"].update(dict.fromkeys("/".join(path) for path in paths))
        exported["with_contacts"] |= with_contacts

    def _write_export_log(self):
        exported = self.env.cr.precommit.data.pop(EXPORTED)
        self.env["aftersales.access"]._append(
            "export",
            self.browse(exported["ids"]),
            exported["names"],
            with_contacts=exported["with_contacts"],
        )
