"""Rows 10, 13 and 14: one case, one order, and what they show beside them."""

from functools import partial

from odoo.exceptions import AccessError

from benchmarks import client, world
from benchmarks.measure import compare
from benchmarks.result import Limits, Measure, compared, plain

CASE = "aftersales.case"
ORDER = "sale.order"
SPECIALIST = world.SPECIALIST


# Row 10 -----------------------------------------------------------------------------


def case_form(bench):
    """A case in work, on an order, at each size and for each role."""
    for site in bench.sites:
        for what, work in (("", _form_work), (", its side panel", _panel_work)):
            yield plain(
                f"{site.label}, specialist{what}",
                site.measure(work(site, SPECIALIST), user=SPECIALIST),
                limits=Limits(queries=30),
            )
    for role, user in (
        ("salesperson", world.SALESPERSON),
        ("responder", world.RESPONDER),
    ):
        yield _form_of_role(bench.largest, role, user)
    if bench.middle is not bench.largest:
        yield _form_growth(bench)


def _form_of_role(site, role, user):
    try:
        sample = site.measure(_form_work(site, user), user=user)
    except AccessError:
        return Measure(f"{site.label}, {role}", None, note="sees no cases")
    return plain(f"{site.label}, {role}", sample, limits=Limits(queries=30))


def _form_growth(bench):
    user = world.SPECIALIST
    sites = bench.largest, bench.middle
    works = [partial(site.run, _form_work(site, user), user) for site in sites]
    return compared(
        f"growth {bench.middle.label} → {bench.largest.label}, specialist",
        compare(*works),
        against=bench.middle.label,
        limits=Limits(ratio=1.3),
    )


def _form_work(site, user):
    spec = site.ask(lambda env: client.specification(env, CASE, "form"), user)
    case_id = site.ask(_case_on_order, user)
    return lambda env: client.read_form(env, CASE, case_id, spec)


def _panel_work(site, user):
    """The side panel is asked for apart, after the form is shown."""
    case_id = site.ask(_case_on_order, user)
    return lambda env: env[CASE].browse(case_id).get_panel()


def _case_on_order(env):
    domain = [("stage_kind", "=", "working"), ("sale_order_id", "!=", False)]
    return env[CASE].search(domain, limit=1).id


# Row 13 -----------------------------------------------------------------------------


def sale_order(bench):
    """Beside a database that has never seen our addons."""
    ours, core = bench.middle, bench.core
    for what, work, limits in (
        ("form", _order_form, Limits(more_queries=3, ratio=1.05)),
        ("list of 80", _order_list, Limits(more_queries=0)),
    ):
        for role, user in (
            ("salesperson", world.SALESPERSON),
            ("sales manager", "admin"),
        ):
            yield compared(
                f"{what}, {role}",
                compare(*(partial(s.run, work(s, user), user) for s in (ours, core))),
                against="core",
                limits=limits,
            )


def _order_form(site, user):
    spec = site.ask(lambda env: client.specification(env, ORDER, "form"), user)
    domain = [("name", "=like", "SB%")]
    order_id = site.ask(
        lambda env: env[ORDER].search(domain, order="name", limit=1).id, user
    )
    return lambda env: client.read_form(env, ORDER, order_id, spec)


def _order_list(site, user):
    view = "sale.view_order_tree"
    spec = site.ask(lambda env: client.specification(env, ORDER, "list", view), user)
    domain = [("state", "=", "sale")]
    return lambda env: client.read_list(env, ORDER, domain, spec)


# Row 14 -----------------------------------------------------------------------------


def customer_counts(bench):
    """The counts of 80 customers beside their names alone."""
    for site in bench.sites:
        ids = site.ask(_customers)
        comparison = compare(
            partial(site.run, partial(_read, ids, "aftersales_case_count"), SPECIALIST),
            partial(site.run, partial(_read, ids, "name"), SPECIALIST),
        )
        yield compared(
            f"{site.label} cases, specialist",
            comparison,
            against="their names",
            limits=Limits(more_queries=1),
        )


def _customers(env):
    return env["res.partner"].search([("name", "=like", "Company %")], limit=80).ids


def _read(ids, field, env):
    env["res.partner"].browse(ids).read(["name", field])
