"""Row 12: pivots of the shipped reports, beside SQL by hand on the base tables."""

from functools import partial

from odoo.tools import SQL

from benchmarks import client, world
from benchmarks.measure import ADMIN, compare
from benchmarks.result import Limits, compared

ENOUGH_ROWS = 100_000
# What a person looks at: rows and columns of the pivot, and its measures.
PIVOTS = {
    "promise × month": (["kind"], ["decided_date:month"], ["attainment:avg"]),
    "promise × outcome": (["kind"], ["outcome"], ["attainment:avg"]),
    "team × month, durations": (
        ["team_id"],
        ["decided_date:month"],
        ["attainment:avg", "net_seconds:avg", "late_seconds:avg"],
    ),
}
# The same by hand: group of the pivot → expression on the base tables.
_ZONED = "c.decided_at AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(o.aftersales_tz, 'UTC')"
GROUPS = {
    "kind": "c.kind",
    "outcome": "c.outcome",
    "team_id": "k.team_id",
    "decided_date:month": f"date_trunc('month', {_ZONED})",
}
_ENDED = "CASE WHEN c.state = 'stopped' THEN %s END"
MEASURES = {
    "attainment:avg": "avg(CASE c.outcome WHEN 'met' THEN 100 ELSE 0 END)",
    "net_seconds:avg": f"avg({_ENDED % 'c.net_seconds'})",
    "late_seconds:avg": "avg(CASE WHEN c.outcome = 'breached' AND c.state = 'stopped'"
    " THEN EXTRACT(EPOCH FROM c.stopped_at - c.deadline)::int END)",
}
MODEL = "aftersales.report.clock"


def pivots(bench):
    """Each pivot for who sees everything and for who sees one team, with no filter but
    the action's own."""
    sites = [site for site in bench.sites if _rows(site) >= ENOUGH_ROWS]
    for site in sites or [bench.largest]:
        for what, shape in PIVOTS.items():
            for role, user in (("manager", ADMIN), ("specialist", world.SPECIALIST)):
                yield _pivot(site, what, shape, role, user)


def _pivot(site, what, shape, role, user):
    comparison = compare(
        partial(site.run, partial(_read_pivot, shape), user),
        partial(site.run, partial(_read_by_hand, shape), user),
    )
    return compared(
        f"{what}, {_rows(site):,} rows, {role}",
        comparison,
        against="SQL on the base tables",
        limits=Limits(ratio=1.5),
    )


def _rows(site):
    def count(env):
        return env.execute_query(SQL("SELECT count(*) FROM aftersales_clock"))[0][0]

    return site.ask(count)


def _read_pivot(shape, env):
    rows, columns, measures = shape
    sets = [[], rows, columns, [*rows, *columns]]
    domain = [("outcome", "in", ("met", "breached"))]
    client.read_pivot(env, MODEL, domain, sets, ["__count", *measures])


def _read_by_hand(shape, env):
    rows, columns, measures = shape
    row, column = GROUPS[rows[0]], GROUPS[columns[0]]
    values = ", ".join(MEASURES[measure] for measure in measures)
    where, parameters = _seen(env)
    zone = "JOIN res_company o ON o.id = c.company_id" if "o." in row + column else ""
    env.cr.execute(
        f"SELECT {row}, {column}, count(*), {values}"
        f" FROM aftersales_clock c JOIN aftersales_case k ON k.id = c.case_id {zone}"
        " WHERE k.mark IS NULL AND c.outcome IN ('met', 'breached')"
        f" AND c.company_id = ANY(%s) AND {where}"
        f" GROUP BY GROUPING SETS ((), ({row}), ({column}), ({row}, {column}))",
        [env.companies.ids, *parameters],
    )
    env.cr.fetchall()


def _seen(env):
    """Return what the user may see, as SQL and its parameters."""
    if env.user.has_group("aftersales_service.group_aftersales_manager"):
        return "true", []
    teams = env.user.aftersales_team_ids.ids
    return "(k.team_id = ANY(%s) OR k.user_id = %s)", [teams, env.uid]
