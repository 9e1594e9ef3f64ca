from odoo import api, models


class AftersalesReferenceMixin(models.AbstractModel):
    """Records that refer to nothing their author may not read.

    A client can send any id, and Odoo tells the name of whatever a record refers to.
    """

    _name = "aftersales.reference.mixin"
    _description = "After-Sales Record With Checked References"

    @api.model
    def _checked_references(self):
        """Return the names of the fields that are checked; to be extended."""
        return [
            name
            for name, field in self._fields.items()
            if field.type in ("many2one", "many2many") and field.store
        ]

    @api.model
    def _check_references(self, values):
        """Refuse values that refer to what the user may not read.

        :param dict values: of fields, as a client sends them
        :raise AccessError: when they do
        """
        given = {
            name: values[name] for name in self._checked_references() if name in values
        }
        if self.env.su or not any(given.values()):
            return
        draft = self.new(given)
        for name in given:
            draft[name]._origin.check_access("read")

    @api.model
    def default_get(self, fields):
        """Return the defaults; those of the context are the client's."""
        values = super().default_get(fields)
        self._check_references(values)
        return values

    @api.model_create_multi
    def create(self, vals_list):
        """Create, referring only to what the user may read."""
        for vals in vals_list:
            self._check_references(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Write, referring only to what the user may read."""
        self._check_references(vals)
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        """Show what follows from values, if the user may read what they refer to."""
        self._check_references(values)
        return super().onchange(values, field_names, fields_spec)
