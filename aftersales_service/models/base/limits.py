"""How much of something is taken before it is too much, as administrators set it."""

# Name of the setting → its value where nobody has set another.
DEFAULTS = {
    "link_days": 90,
    "daily_cases": 20,
    "daily_cases_per_link": 10,
    "mail_copies": 10,
    "acknowledgement_daily_limit": 10,
}
PREFIX = "aftersales_service."


def limit(env, name):
    """Return the value of a limit; of what was set only a number counts.

    :param str name: one of ``DEFAULTS``
    """
    value = env["ir.config_parameter"].sudo().get_param(PREFIX + name)
    return int(value) if (value or "").isdecimal() else DEFAULTS[name]
