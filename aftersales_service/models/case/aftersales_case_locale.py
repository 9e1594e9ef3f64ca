import babel.dates
import pytz

from odoo import fields, models
from odoo.tools import babel_locale_parse
from odoo.tools.misc import get_lang

from ...tools.business_time import known_zone
from ...tools.words import zone_name


class AftersalesCase(models.Model):
    """In which language and zone the customer of a case is written to."""

    _inherit = "aftersales.case"

    def _customer_lang(self):
        """Return the code of the language the customer is written in."""
        self.ensure_one()
        company = self.company_id
        return self.partner_id.lang or company.partner_id.lang or self.env.user.lang

    def _customer_tz(self):
        """Return the name of the zone in which the customer is promised times: the
        customer's, the company's where this machine does not know that."""
        self.ensure_one()
        return known_zone(self.partner_id.tz, self.company_id.aftersales_tz)

    def _customer_moment(self, at, zone=True):
        """Return an instant in words for the customer: in their zone, which is named.

        :param at: naive UTC ``datetime``
        :param bool zone: False leaves the name of the zone out
        :return: for instance ``"Tue, Nov 24, 3:00 PM (Madrid time)"``
        """
        tz = pytz.timezone(self._customer_tz())
        locale = babel_locale_parse(get_lang(self.env).code)
        local = pytz.utc.localize(at).astimezone(tz)
        this_year = local.year == fields.Datetime.now().year
        skeleton = "MMMEd" if this_year else "yMMMEd"
        words = {
            "day": babel.dates.format_skeleton(skeleton, local, locale=locale),
            "time": babel.dates.format_time(local.time(), "short", locale=locale),
            "zone": zone_name(self.env, tz, locale) if zone else "",
        }
        if zone:
            return self.env._("%(day)s, %(time)s (%(zone)s)", **words)
        return self.env._("%(day)s, %(time)s", **words)
