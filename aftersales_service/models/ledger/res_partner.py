from odoo import api, models

# What of a contact tells nobody how to reach it.
HARMLESS = {
    "id",
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


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _aftersales_contact_fields(self):
        """Name and country are known to who knows the case; the rest is not."""
        return super()._aftersales_contact_fields() | (set(self._fields) - HARMLESS)
