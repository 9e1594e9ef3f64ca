"""The few records everything else is copied from, made as a person would make them:
two companies, twenty teams, their users, and one customer, order and case each."""

from odoo.fields import Command

TEAMS_PER_COMPANY = 10
USERS_PER_TEAM = 2
SALESPEOPLE = 20
SPECIALIST = "bench_specialist"
SALESPERSON = "bench_salesperson"
RESPONDER = "bench_responder"
PORTAL = "bench_portal"
DOMAIN = "bench.example.com"


# Odoo's own part ----------------------------------------------------------------


def seed_core(env):
    """Make companies, users, a customer, a product and one order per company."""
    env["mail.alias.domain"].create({"name": DOMAIN})
    second = env["res.company"].create({"name": "Second Company"})
    if not env["stock.warehouse"].search([("company_id", "=", second.id)]):
        env["stock.warehouse"].create(
            {"name": "Second", "code": "WH2", "company_id": second.id}
        )
    companies = env.ref("base.main_company") | second
    env.ref("base.user_admin").company_ids = companies
    users = _create_users(env, companies)
    _create_customers(env)
    _create_portal_user(env, companies)
    product = env["product.product"].create(
        {"name": "Bench Shoe", "type": "consu", "is_storable": True, "list_price": 80}
    )
    for company in companies:
        _create_order(env, company, product, users[-1])
    _create_references(env)


def companies(env):
    """Return both companies, the main one first."""
    return env["res.company"].search([], order="id", limit=2)


def users(env, prefix):
    """Return the users whose login begins so, in the order they were made."""
    return env["res.users"].search([("login", "=like", f"{prefix}%")], order="id")


def _create_users(env, both):
    count = 2 * TEAMS_PER_COMPANY * USERS_PER_TEAM
    logins = [f"bench_agent_{index:02d}" for index in range(count)]
    logins += [f"bench_sales_{index:02d}" for index in range(SALESPEOPLE)]
    logins += [SPECIALIST, RESPONDER, SALESPERSON]
    group_ids = env.ref("base.group_user").ids
    created = env["res.users"].create(
        [_user_values(login, both, group_ids) for login in logins]
    )
    sales = created.filtered(lambda user: "_sales" in user.login)
    sales.group_ids += env.ref("sales_team.group_sale_salesman")
    return created


def _user_values(login, both, group_ids):
    return {
        "name": login.replace("_", " ").title(),
        "login": login,
        "email": f"{login}@{DOMAIN}",
        "company_id": both[0].id,
        "company_ids": [Command.set(both.ids)],
        "group_ids": [Command.set(group_ids)],
        "tz": "Europe/Madrid",
    }


def _create_customers(env):
    """A company and a contact of it, to be copied."""
    company = env["res.partner"].create(
        {"name": "Bench Company", "is_company": True, "email": "info@b0.example.org"}
    )
    env["res.partner"].create(
        {
            "name": "Bench Contact",
            "parent_id": company.id,
            "email": "contact@b0.example.org",
            "phone": "+34 911 000 000",
        }
    )


def _create_portal_user(env, both):
    env["res.users"].create(
        _user_values(PORTAL, both[:1], env.ref("base.group_portal").ids)
    )


def _create_order(env, company, product, salesperson):
    customer = env["res.partner"].search([("name", "=", "Bench Contact")], limit=1)
    order = (
        env["sale.order"]
        .with_company(company)
        .create(
            {
                "name": f"BENCH{company.id}",
                "company_id": company.id,
                "partner_id": customer.id,
                "user_id": salesperson.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2}),
                    Command.create({"product_id": product.id, "product_uom_qty": 5}),
                ],
            }
        )
    )
    order.with_company(company).action_confirm()


def _create_references(env):
    """Where tasks and leads of the same work come in."""
    project = env["project.project"].create(
        {"name": "Bench Project", "alias_name": "bench-task"}
    )
    for name in ("New", "Working", "Done"):
        env["project.task.type"].create(
            {"name": f"Bench {name}", "project_ids": [Command.link(project.id)]}
        )
    env["project.task"].create(
        [{"name": f"Task {i}", "project_id": project.id} for i in range(1000)]
    )
    team = env["crm.team"].search([], order="id", limit=1)
    team.write({"use_leads": True, "alias_name": "bench-lead"})


# Our part -------------------------------------------------------------------------


def seed_service(env):
    """Make teams, policies and one case per company."""
    agents = users(env, "bench_agent_")
    agents.group_ids += env.ref("aftersales_service.group_aftersales_team")
    specialist = users(env, SPECIALIST)
    specialist.group_ids += env.ref("aftersales_service.group_aftersales_team")
    responder = users(env, RESPONDER)
    responder.group_ids += env.ref("aftersales_service.group_aftersales_responder")
    half = len(agents) // 2
    for number, company in enumerate(companies(env)):
        _create_teams(env, company, agents[number * half :][:half], specialist)
    _create_policies(env)
    for company in companies(env):
        _create_case(env, company)


def teams(env):
    """Return the teams of the benchmark, those of the main company first."""
    return env["aftersales.team"].search([("name", "=like", "Bench %")], order="id")


def _create_teams(env, company, agents, specialist):
    """The specialist belongs to the first team of each company."""
    for index in range(TEAMS_PER_COMPANY):
        members = agents[index * USERS_PER_TEAM :][:USERS_PER_TEAM]
        if not index:
            members |= specialist
        env["aftersales.team"].create(
            {
                "name": f"Bench {company.id}-{index}",
                "company_id": company.id,
                "leader_id": members[0].id,
                "member_ids": [Command.set(members.ids)],
                "alias_name": f"bench-{company.id}-{index}",
            }
        )


def _create_policies(env):
    """Ten policies with conditions above the shipped one, so that matching has to
    choose, and one that fits every case with two promises (the shipped one adds the
    third, the acknowledgement)."""
    Policy = env["aftersales.policy"]
    targets = [
        Command.create({"kind": "first_response", "target_seconds": 4 * 3600}),
        Command.create(
            {
                "kind": "resolution",
                "target_seconds": 24 * 3600,
                "pause_customer": True,
                "pause_third_party": True,
            }
        ),
    ]
    for index, team in enumerate(teams(env)[1:11]):
        Policy.create(
            {
                "name": f"Bench policy {index}",
                "sequence": 1,
                "company_id": team.company_id.id,
                "team_ids": [Command.set(team.ids)],
                "priority": "3",
                "target_ids": targets,
            }
        )
    Policy.create(
        {
            "name": "Bench policy for all",
            "sequence": 2,
            "company_id": False,
            "target_ids": targets,
        }
    )


def _create_case(env, company):
    """A case with its order and a message, to be copied."""
    order = env["sale.order"].search([("name", "=", f"BENCH{company.id}")])
    case = env["aftersales.case"].create(
        {
            "name": "Bench case",
            "description": "<p>The left shoe is too small, the right one fits.</p>",
            "team_id": teams(env).filtered(lambda t: t.company_id == company)[0].id,
            "partner_id": order.partner_id.id,
            "sale_order_id": order.id,
            "channel": "mail",
        }
    )
    case.message_post(
        body="The left shoe is too small. " * 8,
        author_id=order.partner_id.id,
        message_type="email",
        subtype_xmlid="mail.mt_comment",
    )
    case.activity_schedule("mail.mail_activity_data_call", user_id=env.uid)
