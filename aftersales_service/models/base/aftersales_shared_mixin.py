from odoo import models


class AftersalesSharedMixin(models.AbstractModel):
    """Configuration of one company, or of all. Record rules say who may change it, and
    Odoo asks them before a change only: here also afterwards, so that nobody gives to
    others what is not theirs to change."""

    _name = "aftersales.shared.mixin"
    _description = "After-Sales Configuration of Companies"

    def write(self, vals):
        """Write, if what comes of it is still the user's to change."""
        result = super().write(vals)
        self.check_access("write")
        return result
