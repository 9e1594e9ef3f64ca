from odoo import api, models

from odoo.addons.aftersales_service.tools.promise_kind import ClockKind


def until_fitted(facts):
    """Wanted from the receipt on, until it was fitted."""
    return None if "fitted" in facts.happened else facts.received_at


class AftersalesPolicyTarget(models.Model):
    _inherit = "aftersales.policy.target"

    @api.model
    def _clock_kinds(self):
        """Add the fitting, and let the answer pause while a customer is asked."""
        kinds = super()._clock_kinds()
        return {
            **kinds,
            "fitting": ClockKind(
                self.env._("Fitting"),
                starts=("received",),
                met_by=("fitted",),
                pausable=True,
                wanted=until_fitted,
                portal="_portal_fitting_sentence",
            ),
            "next_response": kinds["next_response"]._replace(pausable=True),
        }
