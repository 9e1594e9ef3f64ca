from odoo import fields, models

from .limits import DEFAULTS, PREFIX


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    aftersales_portal_scope = fields.Selection(
        related="company_id.aftersales_portal_scope", readonly=False, required=True
    )
    aftersales_portal_intake = fields.Boolean(
        related="company_id.aftersales_portal_intake", readonly=False
    )
    aftersales_order_days = fields.Integer(
        related="company_id.aftersales_order_days", readonly=False
    )
    aftersales_tz = fields.Selection(related="company_id.aftersales_tz", readonly=False)
    group_aftersales_use_category = fields.Boolean(
        string="Categories",
        implied_group="aftersales_service.group_aftersales_use_category",
    )
    group_aftersales_use_class = fields.Boolean(
        string="Handling Classes",
        implied_group="aftersales_service.group_aftersales_use_class",
    )
    group_aftersales_use_urgency = fields.Boolean(
        string="Urgency and Impact",
        implied_group="aftersales_service.group_aftersales_use_urgency",
    )
    aftersales_link_days = fields.Integer(
        string="Days a Link Lives On",
        config_parameter=PREFIX + "link_days",
        default=DEFAULTS["link_days"],
    )
    aftersales_daily_cases = fields.Integer(
        string="Cases a Day from One Customer",
        config_parameter=PREFIX + "daily_cases",
        default=DEFAULTS["daily_cases"],
    )
    aftersales_daily_cases_per_link = fields.Integer(
        string="Cases a Day by One Link",
        config_parameter=PREFIX + "daily_cases_per_link",
        default=DEFAULTS["daily_cases_per_link"],
    )
