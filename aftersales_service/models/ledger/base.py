from odoo import api, models
from odoo.exceptions import AccessError
from odoo.models import fix_import_export_id_paths

OURS = "aftersales."
GROUP = "aftersales_service.group_aftersales_export"


class Base(models.AbstractModel):
    """Exports of what the product knows: how to reach a customer leaves the house only
    with those who may take it, and whatever leaves is written down."""

    _inherit = "base"

    def export_data(self, fields_to_export):
        """Guard and log exports of records of ours, and of others by way of ours.

        :raise AccessError: when contact data is asked for without the right
        """
        steps = self._aftersales_export_steps(fields_to_export)
        if not any(model.startswith(OURS) for model, _name in steps):
            return super().export_data(fields_to_export)
        contacts = any(
            name in self.env[model]._aftersales_contact_fields()
            for model, name in steps
        )
        if contacts and not (self.env.su or self.env.user.has_group(GROUP)):
            raise AccessError(
                self.env._(
                    "You may not export how to reach customers. Leave out their "
                    "addresses and numbers, or ask an administrator for the right "
                    "“Export customer data”."
                )
            )
        result = super().export_data(fields_to_export)
        self.env["aftersales.access"]._append(
            "export", self, fields_to_export, with_contacts=contacts
        )
        return result

    @api.model
    def _aftersales_export_steps(self, paths):
        """Return the set of (model, field) that paths of an export go through."""
        steps = set()
        for path in paths:
            model = self
            for name in fix_import_export_id_paths(path):
                steps.add((model._name, name))
                field = model._fields.get(name)
                if not field or not field.relational:
                    break
                model = self.env[field.comodel_name]
        return steps

    @api.model
    def _aftersales_contact_fields(self):
        """Return the names of the fields that say how to reach a customer, or what a
        customer wrote; extendable."""
        return frozenset()
