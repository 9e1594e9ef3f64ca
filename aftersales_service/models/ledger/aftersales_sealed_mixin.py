from odoo import api, models
from odoo.exceptions import AccessError


class AftersalesSealedMixin(models.AbstractModel):
    """Records that the code of their model writes by SQL, in one place, and that nobody
    enters, changes or deletes: not even the superuser."""

    _name = "aftersales.sealed.mixin"
    _description = "After-Sales Record That Nobody Edits"

    def _refusal(self):
        """Return, in a sentence, why nobody edits these records. To be overridden."""
        raise NotImplementedError

    def _refuse(self):
        raise AccessError(self._refusal())

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Always refused."""
        self._refuse()

    def write(self, vals):  # pylint: disable=method-required-super
        """Always refused."""
        self._refuse()

    def unlink(self):  # pylint: disable=method-required-super
        """Always refused; they go with what they belong to."""
        self._refuse()
