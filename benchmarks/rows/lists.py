"""Rows 9, 11 and 24: what a person sees when they open and searches their queue."""

from functools import partial

from odoo.exceptions import AccessError
from odoo.tools import SQL

from benchmarks import client, world
from benchmarks.measure import ADMIN, compare, middle
from benchmarks.result import Limits, Measure, compared, plain

CASE = "aftersales.case"
ACTION = "aftersales_service.aftersales_case_action"
ROLES = {
    "specialist": world.SPECIALIST,
    "salesperson": world.SALESPERSON,
    "responder": world.RESPONDER,
}
QUICK = 5


# Row 9 ------------------------------------------------------------------------------


def case_list(bench):
    """No filter and the worst of all filters, at each size and for each role."""
    for site in bench.sites:
        yield from _list_of_specialist(site)
    for role in ("salesperson", "responder"):
        yield _list_of_role(bench.largest, role)
    yield from _list_growth(bench)


def _list_of_specialist(site):
    user = world.SPECIALIST
    domains = site.ask(_domains, user)
    limits = Limits(queries=12)
    spec = _list_spec(site, user)
    samples = {
        label: _quick(site, partial(_read_list, domain, spec), user)
        for label, domain in domains.items()
    }
    yield plain(f"no filter, {site.label}, specialist", samples.pop(""), limits=limits)
    if samples:
        slow = max(samples, key=lambda label: samples[label].ms)
        most = max(samples, key=lambda label: samples[label].queries)
        for what, label in (("slowest", slow), ("most queries", most)):
            yield plain(
                f"{what} of {len(samples)} filters (“{label}”), {site.label},"
                " specialist",
                samples[label],
                limits=limits,
            )


def _list_of_role(site, role):
    user = ROLES[role]
    try:
        domain = site.ask(_domains, user)[""]
        spec = _list_spec(site, user)
        work = partial(_read_list, domain, spec)
        sample = site.measure(work, user=user)
    except AccessError:
        return Measure(f"{site.label}, {role}", None, note="sees no cases")
    return plain(f"no filter, {site.label}, {role}", sample, limits=Limits(queries=12))


def _list_growth(bench):
    """Each filter at the largest size beside the middle one; the worst is told."""
    small, large = bench.middle, bench.largest
    if small is large:
        return
    user = world.SPECIALIST
    domains = large.ask(_domains, user)
    spec = _list_spec(large, user)

    def growth(domain, pairs=None):
        work = partial(_read_list, domain, spec)
        runs = (partial(site.run, work, user) for site in (large, small))
        return compare(*runs, pairs)

    def line(label):
        return compared(
            f"growth {small.label} → {large.label}, {label or 'no filter'}, specialist",
            growth(domains[label]),
            against=small.label,
            limits=Limits(ratio=1.3),
        )

    filters = [label for label in domains if label]
    yield line("")
    if filters:
        yield line(max(filters, key=lambda label: growth(domains[label], QUICK).ratio))


def _domains(env):
    """Return {label of the filter: domain}, the action's own under an empty label."""
    base, _context = client.action(env, ACTION)
    domains = {label: base + one for label, one in client.filters(env, CASE).items()}
    return {"": base, **domains}


def _list_spec(site, user):
    return site.ask(lambda env: client.specification(env, CASE, "list"), user)


def _read_list(domain, spec, env):
    client.read_list(env, CASE, domain, spec)


def _quick(site, work, user):
    site.run(work, user)
    return middle(site.run(work, user) for _index in range(QUICK))


# Row 11 -----------------------------------------------------------------------------


def kanban(bench):
    """The whole board, beside the bare count by stage of the same cases."""
    for site in bench.sites:
        for role, user in (("specialist", world.SPECIALIST), ("manager", ADMIN)):
            yield _board(site, role, user, site is bench.largest)


def _board(site, role, user, limited):
    domain = site.ask(_domains, user)[""]
    spec = site.ask(lambda env: client.specification(env, CASE, "kanban"), user)
    bar = site.ask(lambda env: client.progress_bar(env, CASE), user)
    comparison = compare(
        partial(site.run, partial(_read_board, domain, spec, bar), user),
        partial(site.run, partial(_count_stages, domain), user),
    )
    return compared(
        f"{site.label}, {role}",
        comparison,
        against="SQL",
        limits=Limits(queries=20, ratio=3) if limited else Limits(queries=20),
    )


def _read_board(domain, spec, bar, env):
    client.read_kanban(env, CASE, domain, "stage_id", spec, bar)


def _count_stages(domain, env):
    """Count by hand what the user may see."""
    teams = env.user.aftersales_team_ids.ids
    manager = env.user.has_group("aftersales_service.group_aftersales_manager")
    env.cr.execute(
        "SELECT stage_id, count(*) FROM aftersales_case"
        " WHERE active AND company_id = ANY(%s)"
        " AND (%s OR team_id = ANY(%s) OR user_id = %s) GROUP BY stage_id",
        [env.companies.ids, manager, teams, env.uid],
    )
    env.cr.fetchall()


# Row 24 -----------------------------------------------------------------------------


def text_search(bench):
    """Each line of the search box, for a manager: nothing else narrows it down."""
    for text in ("B0000123", "battery 99", "Contact 123"):
        for field, domain in bench.largest.ask(
            lambda env, text=text: client.search_fields(env, CASE, text)
        ).items():
            if field in SEARCHED.get(text, ()):
                yield _search(bench, field, text, domain)


SEARCHED = {
    "B0000123": ("number", "name", "display_name"),
    "battery 99": ("name",),
    "Contact 123": ("partner_id",),
}


def _search(bench, field, text, domain):
    work = partial(_find, domain)
    small, large = bench.middle, bench.largest
    what = f"“{text}” in {field}, {large.label}"
    note = _plan_note(large, domain)
    if small is large:
        return plain(what, large.measure(work), note=note)
    return compared(
        what,
        compare(partial(large.run, work), partial(small.run, work)),
        against=small.label,
        limits=Limits(ratio=2),
        note=note,
    )


def _find(domain, env):
    env[CASE].search_fetch(domain, ["number", "name", "partner_id"], limit=80)


def _plan_note(site, domain):
    plan = site.ask(partial(_plan, domain))
    scanned = "Seq Scan on aftersales_case" in plan
    return "SCANS THE TABLE" if scanned else "index used"


def _plan(domain, env):
    query = env[CASE]._search(domain, limit=80)
    rows = env.execute_query(SQL("EXPLAIN %s", query.select()))
    return "\n".join(line for (line,) in rows)
