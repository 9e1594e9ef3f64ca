"""What the web client asks the server for when it shows a view."""

import json
from ast import literal_eval
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from lxml import etree

from odoo.tools.safe_eval import safe_eval

LIST_LIMIT = 80
# In each column of a board
CARD_LIMIT = 40
COUNT_LIMIT = 10001
X2MANY = ("one2many", "many2many")
ACTIVITY = (
    "activity_exception_decoration",
    "activity_exception_icon",
    "activity_state",
    "activity_summary",
    "activity_type_icon",
    "activity_type_id",
)
# What widgets read besides their own field.
WIDGET_FIELDS = {
    "list_activity": ACTIVITY,
    "kanban_activity": ACTIVITY,
    "aftersales_countdown": ("deadline_state", "next_warning_at"),
    "aftersales_last_message": ("last_reply_at",),
    "aftersales_panel": ("write_date", "next_deadline"),
}


def view_arch(env, model, view_type, view=None):
    """Return the parsed arch and the fields of the view a user gets.

    :param str view: its XML id; the default view when not given
    """
    view_id = env.ref(view).id if view else False
    views = env[model].get_views([(view_id, view_type)])
    arch = etree.fromstring(views["views"][view_type]["arch"])
    return arch, {name: info["fields"] for name, info in views["models"].items()}


def specification(env, model, view_type, view=None):
    """Return the fields the client reads for a view, as ``web_read`` takes them."""
    arch, models = view_arch(env, model, view_type, view)
    return _specification(arch, model, models)


def _specification(arch, model, models):
    known = models.get(model, {})
    result = {}
    for node in arch.xpath(".//field | .//widget"):
        if not _is_own(node, arch):
            continue
        for name in WIDGET_FIELDS.get(node.get("widget") or node.get("name"), ()):
            result.setdefault(name, {})
        if node.tag == "field" and node.get("name") in known:
            name = node.get("name")
            result.setdefault(name, {}).update(_field(node, known[name], models))
    return result


def _is_own(node, arch):
    """Whether a node belongs to a view itself and not to a view within."""
    return next(node.iterancestors("field"), None) in (None, arch.getparent())


def _field(node, info, models):
    """Names of records that are never shown are not read, as in the client."""
    hidden = {node.get("invisible"), node.get("column_invisible")} & {"1", "True"}
    if info["type"] == "many2one":
        return {"fields": {} if hidden else {"display_name": {}}}
    if info["type"] in X2MANY and not hidden:
        return _x2many(node, info, models)
    return {}


def _x2many(node, info, models):
    """Only ids, unless there is a view within or the widget wants names."""
    views = [child for child in node if child.tag in ("list", "kanban")]
    if views:
        fields = _specification(views[0], info["relation"], models)
        return {"fields": fields, "limit": 40}
    if "tags" in (node.get("widget") or ""):
        color = literal_eval(node.get("options") or "{}").get("color_field")
        names = ["display_name", *([color] if color else [])]
        return {"fields": {name: {} for name in names}, "limit": 40}
    return {}


def filters(env, model, view=None):
    """Return the shipped filters of a model as {label: domain}."""
    arch, _models = view_arch(env, model, "search", view)
    return {
        node.get("string") or node.get("name"): evaluated(env, node.get("domain"))
        for node in arch.iter("filter")
        if node.get("domain")
    }


def search_fields(env, model, text, view=None):
    """Return {label: domain} of the search box's lines for a text."""
    arch, models = view_arch(env, model, "search", view)
    result = {}
    for node in arch.xpath("./field"):
        name = node.get("name")
        domain = node.get("filter_domain")
        if domain:
            result[name] = evaluated(env, domain, self=text, raw_value=text)
        elif models[model][name]["type"] in ("char", "text", "html"):
            result[name] = [(name, "ilike", text)]
        elif models[model][name]["type"] == "many2one":
            result[name] = [(name, node.get("operator", "ilike"), text)]
    return result


def action(env, xmlid):
    """Return the domain of an action and its context."""
    values = env["ir.actions.actions"]._for_xml_id(xmlid)
    context = evaluated(env, values.get("context") or "{}")
    return evaluated(env, values.get("domain") or "[]"), context


def evaluated(env, expression, **values):
    """Evaluate a domain or context of a view."""
    return safe_eval(
        expression,
        {
            "uid": env.uid,
            "context_today": lambda: datetime.now().date(),
            "relativedelta": relativedelta,
            "timedelta": timedelta,
            "allowed_company_ids": env.companies.ids,
            "current_company_id": env.company.id,
            "active_id": False,
            "active_ids": [],
            **values,
        },
    )


def read_list(env, model, domain, spec, order=None):
    """Read the first page of a list."""
    return env[model].web_search_read(
        domain, spec, limit=LIST_LIMIT, order=order, count_limit=COUNT_LIMIT
    )


def read_form(env, model, record_id, spec):
    """Read a record for its form."""
    return env[model].with_context(bin_size=True).browse(record_id).web_read(spec)


def read_kanban(env, model, domain, group, spec, progress=None):
    """Read a board: its columns, the cards in them, and the bars above them."""
    if progress:
        env[model].read_progress_bar(domain, group, progress)
    return (
        env[model]
        .with_context(read_group_expand=True)
        .web_read_group(
            domain,
            [group],
            ["__count"],
            auto_unfold=True,
            unfold_read_specification=spec,
            unfold_read_default_limit=CARD_LIMIT,
        )
    )


def read_pivot(env, model, domain, grouping_sets, measures):
    """Read a pivot: its cells and its totals in one call."""
    return env[model].formatted_read_grouping_sets(domain, grouping_sets, measures)


def progress_bar(env, model):
    """Return the board's progress bar as the client sends it, or None."""
    arch, _models = view_arch(env, model, "kanban")
    bar = next(arch.iter("progressbar"), None)
    if bar is None:
        return None
    return {"field": bar.get("field"), "colors": json.loads(bar.get("colors"))}
