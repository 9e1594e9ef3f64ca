"""Values, times and conditions as text: what people read of them, in one place.

No ORM: an environment is only the language and zone of who reads.
"""

from datetime import datetime

import babel.dates
import pytz

from odoo import fields
from odoo.tools import babel_locale_parse, format_date, format_time
from odoo.tools.misc import get_lang

from .business_time import from_epoch, known_zone, load_zone, to_epoch

# Values -----------------------------------------------------------------------------


def selection_label(record, name):
    """Return the label of a record's selection value in the reader's language, or
    ``""``."""
    labels = dict(record._fields[name]._description_selection(record.env))
    return labels.get(record[name], "")


def display(record, name):
    """Return the value of a field in words: labels of selections, names of records.

    :param record: one record
    :param str name: field
    """
    field, value = record._fields[name], record[name]
    if field.relational:
        return ", ".join(value.sudo().mapped("display_name"))
    if field.type == "selection":
        return dict(field._description_selection(record.env)).get(value, "")
    if field.type == "date":
        return value and format_date(record.env, value) or ""
    return str(value) if value else ""


# Times ------------------------------------------------------------------------------


def duration(env, seconds):
    """Return a duration in words, exact to the second, for instance ``"4 h"``."""
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    patterns = {
        (True, True, True): env._("%(h)s h %(m)s min %(s)s s"),
        (True, True, False): env._("%(h)s h %(m)s min"),
        (True, False, True): env._("%(h)s h %(s)s s"),
        (True, False, False): env._("%(h)s h"),
        (False, True, True): env._("%(m)s min %(s)s s"),
        (False, True, False): env._("%(m)s min"),
    }
    pattern = patterns.get((bool(hour), bool(minute), bool(second)))
    return (pattern or env._("%(s)s s")) % {"h": hour, "m": minute, "s": second}


def zone_name(env, tz, locale):
    """Return the name of a time zone, for instance ``"Madrid time"``; without a place
    its offset, for instance ``"UTC+07:00"``.

    :param tz: zone of ``pytz``
    :param locale: of Babel
    """
    if tz is pytz.utc:
        return "UTC"
    if isinstance(tz, pytz.tzinfo.StaticTzInfo):
        # Its name reads as the opposite: "Etc/GMT-7" is ahead of UTC.
        offset = datetime.now(tz).isoformat()[-6:]
        return "UTC" if offset == "+00:00" else f"UTC{offset}"
    city = babel.dates.get_timezone_location(tz, locale=locale, return_city=True)
    return env._("%s time", city)


def reader_tz(env):
    """Return the name of the zone in which somebody reads times: their client's, else
    their own. What a client sends may be no zone, or one that is not known here."""
    return known_zone(env.context.get("tz"), env.user.tz)


class Reader:
    """Says instants and durations to the person who reads, in their zone and language.

    :param env: environment of the reader
    """

    def __init__(self, env):
        self.env = env
        self.tz = reader_tz(env)
        self.zone = load_zone(self.tz)
        self.locale = babel_locale_parse(get_lang(env).code)
        self.year = self.date(to_epoch(fields.Datetime.now())).year

    def date(self, instant):
        """Return the day an instant lies in."""
        return datetime.fromtimestamp(instant, self.zone).date()

    def midnight(self, date):
        """Return the instant at which a day begins."""
        start = datetime(date.year, date.month, date.day, tzinfo=self.zone)
        return int(start.timestamp())

    def day(self, date):
        """Return a day in words, for instance ``"Tue, Nov 24"``."""
        skeleton = "MMMEd" if date.year == self.year else "yMMMEd"
        return babel.dates.format_skeleton(skeleton, date, locale=self.locale)

    def time(self, instant):
        """Return the time of day, with seconds only if there are any."""
        size = "medium" if instant % 60 else "short"
        return format_time(self.env, from_epoch(instant), self.tz, size)

    def moment(self, instant):
        """Return an instant in words; empty for none."""
        if instant is None:
            return ""
        day, time = self.day(self.date(instant)), self.time(instant)
        return self.env._("%(day)s, %(time)s", day=day, time=time)

    def zone_name(self, tz):
        """Return the name of a time zone in words."""
        zone = pytz.timezone(known_zone(tz))
        return zone_name(self.env, zone, self.locale)

    def duration(self, seconds):
        """Return a duration in words, see :func:`duration`."""
        return duration(self.env, seconds)


# Conditions -------------------------------------------------------------------------


def domain_words(model, domain):
    """Return a condition in words: what a manager reads, not what a machine does.

    :param model: recordset of the model the condition is on
    :param domain: ``Domain``
    """
    env = model.env
    children = [domain_words(model, child) for child in getattr(domain, "children", ())]
    if children:
        pattern = env._("%(first)s and %(second)s")
        if domain.OPERATOR == "|":
            pattern = env._("(%(first)s or %(second)s)")
        words = children[0]
        for child in children[1:]:
            words = pattern % {"first": words, "second": child}
        return words
    if hasattr(domain, "child"):
        return env._("not (%(condition)s)", condition=domain_words(model, domain.child))
    if not hasattr(domain, "field_expr"):
        return env._("always") if domain.is_true() else env._("never")
    return _leaf_words(model, domain.field_expr, domain.operator, domain.value)


def _leaf_words(model, path, operator, value):
    env = model.env
    labels, field = [], None
    for name in path.split("."):
        field = model._fields[name]
        labels.append(field._description_string(model.env))
        model = model.env[field.comodel_name] if field.relational else model
    patterns = {
        "=": env._("%(field)s is %(value)s"),
        "!=": env._("%(field)s is not %(value)s"),
        "in": env._("%(field)s is one of: %(value)s"),
        "not in": env._("%(field)s is none of: %(value)s"),
        "ilike": env._("%(field)s contains “%(value)s”"),
        "not ilike": env._("%(field)s does not contain “%(value)s”"),
        ">": env._("%(field)s is more than %(value)s"),
        ">=": env._("%(field)s is at least %(value)s"),
        "<": env._("%(field)s is less than %(value)s"),
        "<=": env._("%(field)s is at most %(value)s"),
        "child_of": env._("%(field)s is %(value)s or below"),
    }
    pattern = patterns.get(operator, "%(field)s " + operator + " %(value)s")
    if value in (False, [False]) and field.type not in ("boolean", "integer"):
        is_set = operator in ("!=", "not in")
        pattern = env._("%(field)s is set") if is_set else env._("%(field)s is not set")
    words = _leaf_value_words(model, field, value)
    return pattern % {"field": " / ".join(labels), "value": words}


def _leaf_value_words(model, field, value):
    """Return the value of a condition in words.

    :param model: recordset of the model the field points to, if it does
    """
    values = list(value) if isinstance(value, list | tuple | set) else [value]
    if field.relational and all(type(one) is int for one in values):
        records = model.sudo().browse(values).exists()
        return ", ".join(records.mapped("display_name"))
    if field.type == "boolean":
        return model.env._("yes") if value else model.env._("no")
    if field.type == "selection":
        labels = dict(field._description_selection(model.env))
        values = [labels.get(one, one) for one in values]
    return ", ".join(map(str, values))
