"""Rows 1, 2 and 8: making cases, and moving many at once."""

from functools import partial

from benchmarks import settings, world
from benchmarks.measure import ADMIN, compare
from benchmarks.result import Limits, Measure, compared

BATCH = 1000
SPECIALIST = world.SPECIALIST


# Row 1 ------------------------------------------------------------------------------


def thousand(bench):
    """One call, beside the same of ``project.task``; the interval at one size."""
    for site in bench.sites:
        values = site.ask(case_values)
        pairs = settings.PAIRS if site is bench.middle else min(2, settings.PAIRS)
        comparison = compare(
            partial(site.run, lambda env, v=values: env["aftersales.case"].create(v)),
            partial(site.run, _create_tasks),
            pairs,
            warm_up=1,
        )
        yield compared(
            f"{site.label} cases",
            comparison,
            per=BATCH,
            unit="ms per record",
            against="project.task",
            limits=Limits(queries=0.3, ratio=0.35),
        )


def case_values(env):
    """Values of cases over all teams of a company, each on its own order."""
    company = world.companies(env)[0]
    teams = world.teams(env).filtered(lambda team: team.company_id == company)
    orders = env["sale.order"].search(
        [("company_id", "=", company.id), ("name", "=like", "SB%")], limit=BATCH
    )
    return [
        {
            "name": f"Bench {index}",
            "team_id": teams[index % len(teams)].id,
            "sale_order_id": orders[index % len(orders)].id,
            "partner_id": orders[index % len(orders)].partner_id.id,
            "channel": "mail",
        }
        for index in range(BATCH)
    ]


def _create_tasks(env):
    project = env["project.project"].search([("name", "=", "Bench Project")])
    partners = env["res.partner"].search([], limit=BATCH).ids
    env["project.task"].create(
        [
            {
                "name": f"Bench {index}",
                "project_id": project.id,
                "partner_id": partners[index % len(partners)],
            }
            for index in range(BATCH)
        ]
    )


# Row 2 ------------------------------------------------------------------------------


def one(bench):
    """What the client sends when a new record is saved, by the one who will own it."""
    for site in bench.sites:
        values = site.ask(_form_values, user=SPECIALIST)
        lead = site.ask(_lead_values, user=world.SALESPERSON)
        comparison = compare(
            partial(site.run, partial(_save, "aftersales.case", values), SPECIALIST),
            partial(site.run, partial(_save, "crm.lead", lead), world.SALESPERSON),
        )
        yield compared(
            f"{site.label} cases, specialist",
            comparison,
            against="crm.lead",
            limits=Limits(queries=20, ratio=0.8),
        )
    yield Measure("salesperson, responder", None, note="they create no cases")


def _form_values(env):
    team = world.teams(env).filtered(lambda team: env.user in team.member_ids)[:1]
    order = env["sale.order"].search(
        [("company_id", "=", team.company_id.id), ("name", "=like", "SB%")], limit=1
    )
    return {
        "name": "Left shoe too small",
        "description": "<p>The right one fits.</p>",
        "team_id": team.id,
        "user_id": env.uid,
        "partner_id": order.partner_id.id,
        "sale_order_id": order.id,
        "channel": "phone",
    }


def _lead_values(env):
    partner = env["res.partner"].search([("name", "=like", "Contact %")], limit=1)
    return {
        "name": "Left shoe too small",
        "description": "<p>The right one fits.</p>",
        "type": "opportunity",
        "user_id": env.uid,
        "partner_id": partner.id,
    }


def _save(model, values, env):
    env[model].web_save(values, {"display_name": {}})


# Row 8 ------------------------------------------------------------------------------


def stage_move(bench):
    """From working to waiting, so that clocks pause."""
    for site in bench.sites:
        user, ids = _working_cases(site)
        if not ids:
            continue
        comparison = compare(
            partial(site.run, partial(_move_cases, ids), user),
            partial(site.run, _move_tasks),
            min(6, settings.PAIRS),
            warm_up=1,
        )
        yield compared(
            f"{len(ids)} of {site.label} cases, {_role(user)}",
            comparison,
            against=f"{BATCH} project.task",
            limits=Limits(queries=len(ids) / 20),
        )


def _role(user):
    return "specialist" if user == SPECIALIST else "manager"


def _working_cases(site):
    """The specialist's, if they have so many."""

    def search(env):
        domain = [("stage_kind", "=", "working")]
        return env["aftersales.case"].search(domain, limit=BATCH).ids

    ids = site.ask(search, user=SPECIALIST)
    if len(ids) == BATCH:
        return SPECIALIST, ids
    return ADMIN, site.ask(search)


def _move_cases(ids, env):
    stage = env.ref("aftersales_service.aftersales_stage_waiting_customer")
    env["aftersales.case"].browse(ids).write({"stage_id": stage.id})


def _move_tasks(env):
    project = env["project.project"].search([("name", "=", "Bench Project")])
    tasks = env["project.task"].search([("project_id", "=", project.id)], limit=BATCH)
    tasks.write({"stage_id": project.type_ids[-1].id})
