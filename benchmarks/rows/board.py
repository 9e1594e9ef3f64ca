"""Row 23: the live board of managers."""

from functools import partial

from benchmarks import world
from benchmarks.measure import ADMIN, compare
from benchmarks.result import Limits, compared, plain

CASE = "aftersales.case"
# From so many open cases on, what is counted outweighs what is shown.
MANY = 100_000


def refresh(bench):
    """One refresh at each size, beside the bare counts by person of the same cases;
    and the first case of a queue, found and taken."""
    for site in bench.sites:
        yield _refresh(site, "manager", ADMIN)
    site = bench.largest
    leader = site.ask(_leader)
    yield _refresh(site, "leader of one team", leader)
    yield plain(
        f"next case of a specialist, {site.label}",
        site.measure(_next_case, user=world.SPECIALIST),
        limits=Limits(queries=40, value=1000),
        note="found, assigned, noted; the budget of the screen is a second",
    )


def _refresh(site, who, user):
    runs = (partial(site.run, work, user) for work in (_board, _counts))
    cases = _open_cases(site, user)
    return compared(
        f"{cases:,} open cases, {who}",
        compare(*runs),
        against="grouped SQL",
        limits=Limits(queries=10, ratio=3 if cases >= MANY else None),
    )


def _open_cases(site, user):
    return site.ask(
        lambda env: sum(column["open"] for column in env[CASE].get_board()["people"]),
        user,
    )


def _leader(env):
    return world.teams(env)[0].leader_id.id


def _board(env):
    env[CASE].get_board()


def _next_case(env):
    env[CASE].action_next_case()


def _counts(env):
    """Count by hand what stands above the columns, of what the user oversees."""
    teams = env["aftersales.team"].search([("leader_id", "=", env.uid)]).ids
    manager = env.user.has_group("aftersales_service.group_aftersales_manager")
    env.cr.execute(
        "SELECT user_id, count(*),"
        " count(*) FILTER (WHERE next_warning_at <= now() AT TIME ZONE 'UTC'"
        " AND next_deadline >= now() AT TIME ZONE 'UTC'),"
        " count(*) FILTER (WHERE next_deadline < now() AT TIME ZONE 'UTC'),"
        " count(*) FILTER (WHERE awaiting_reply_since IS NOT NULL)"
        " FROM aftersales_case WHERE active AND mark IS NULL AND stage_kind IN"
        " ('new', 'working', 'waiting_customer', 'waiting_third_party')"
        " AND company_id = ANY(%s) AND (%s OR team_id = ANY(%s)) GROUP BY user_id",
        [env.companies.ids, manager, teams],
    )
    env.cr.fetchall()
