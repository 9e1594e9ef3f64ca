"""The world in which everybody tries everything: eleven roles, and of each kind of
record one here, one next door and one abroad."""

from contextlib import closing, contextmanager

from odoo import Command
from odoo.service.model import call_kw
from odoo.tests import new_test_user

from ..clock.test_clock_engine import ClockCommon, at

# role → login
ROLES = {
    "portal": "as_portal",
    "portal_other": "as_portal_other",
    "plain": "as_other",
    "responder": "as_responder",
    "sales": "as_sales",
    "specialist": "as_specialist",
    "team": "as_team",
    "team_other": "as_team_other",
    "management": "as_management",
    "manager": "as_manager",
    "manager_abroad": "as_manager_abroad",
}
CUSTOMERS = {"portal", "portal_other"}
MANAGERS = {"manager", "manager_abroad"}
WORKERS = {"specialist", "team", "team_other", *MANAGERS}
# The case "here" is of the customer "portal", of an order of "sales", with "specialist"
# and in the team of "team". That "next door" is of the same company, else of others; of
# the team of "team_other". That "abroad" is of another company.
PLACES = ("here", "next door", "abroad")
SECRETS = {place: f"Secret matter {place}" for place in PLACES}


class World(ClockCommon):
    """One world for all; who changes it does so in a savepoint."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.freeze_time.clock.move_to(at("09:00"))
        cls._create_neighbours()
        cls._create_cases()
        cls.made = {}
        cls._create_about_cases()
        cls._create_configuration()
        cls._create_background()
        cls.env.flush_all()

    @classmethod
    def _create_neighbours(cls):
        cls.abroad = cls.env["res.company"].create({"name": "Abroad Ltd"})
        groups = "base.group_user,aftersales_service.group_aftersales_"
        user_next = new_test_user(
            cls.env,
            "as_team_other",
            groups=f"{groups}team",
            email="as_team_other@ourcompany.example.com",
        )
        cls.user_abroad = new_test_user(
            cls.env,
            "as_manager_abroad",
            groups=f"{groups}manager",
            company_id=cls.abroad.id,
            company_ids=[Command.set(cls.abroad.ids)],
            email="as_manager_abroad@ourcompany.example.com",
        )
        # A salesperson who plays no part, for the orders that are not those of "sales".
        cls.user_sales_next = new_test_user(
            cls.env,
            "as_sales_next",
            groups="base.group_user,sales_team.group_sale_salesman",
        )
        cls.team.write(
            {
                "department_head_id": cls.user_manager.id,
                "manager_id": cls.user_manager.id,
            }
        )
        teams = cls.env["aftersales.team"]
        cls.teams = {
            "here": cls.team,
            "next door": teams.create(
                {
                    "name": "Team next door",
                    "company_id": cls.company.id,
                    "member_ids": [Command.set(user_next.ids)],
                    "leader_id": cls.user_manager.id,
                    "department_head_id": cls.user_responder.id,
                    "manager_id": cls.user_manager.id,
                }
            ),
            "abroad": teams.create(
                {
                    "name": "Team abroad",
                    "company_id": cls.abroad.id,
                    "leader_id": cls.user_abroad.id,
                    "department_head_id": cls.user_abroad.id,
                }
            ),
        }
        users = cls.env["res.users"].search([("login", "in", list(ROLES.values()))])
        by_login = {user.login: user for user in users}
        cls.roles = {role: by_login[login] for role, login in ROLES.items()}

    @classmethod
    def _create_cases(cls):
        cls.policy_abroad = cls.policy.copy(
            {"name": "Abroad", "company_id": cls.abroad.id, "active": True}
        )
        cls.policy_shared = cls.env["aftersales.policy"].create(
            {"name": "Shared", "company_id": False, "active": False}
        )
        cls.customer_abroad = cls.env["res.partner"].create(
            {"name": "Kim Abroad", "email": "kim@abroad.example.com"}
        )
        product_abroad = cls.product
        orders = {
            "here": cls.order,
            "next door": cls.other_order,
            "abroad": cls.env["sale.order"].create(
                {
                    "partner_id": cls.customer_abroad.id,
                    "company_id": cls.abroad.id,
                    "user_id": cls.user_sales_next.id,
                    "order_line": [Command.create({"product_id": product_abroad.id})],
                }
            ),
        }
        orders["next door"].user_id = cls.user_sales_next
        orders["abroad"].action_confirm()
        cls.orders = orders
        customers = (cls.customer, cls.other_customer, cls.customer_abroad)
        cls.cases = {
            place: cls._create_case(
                name=SECRETS[place],
                team_id=cls.teams[place].id,
                partner_id=customer.id,
                sale_order_id=orders[place].id,
                user_id=cls.user_specialist.id if place == "here" else False,
            )
            for place, customer in zip(PLACES, customers, strict=True)
        }
        cls.of_case = {case.id: place for place, case in cls.cases.items()}

    @classmethod
    def _create_about_cases(cls):
        for place, case in cls.cases.items():
            case._escalate("1", reason="Lost", by=cls.env.user)
            notice = cls.env["aftersales.notice"]._prepare_for_cases(case, "escalated")
            job = cls.env["aftersales.job"].create(
                {
                    "kind": "integrity",
                    "company_id": case.company_id.id,
                    "res_model": case._name,
                    "res_id": case.id,
                }
            )
            difference = cls.env["aftersales.difference"].create(
                {
                    "job_id": job.id,
                    "company_id": case.company_id.id,
                    "case_id": case.id,
                    "kind": "mirror",
                    "field_name": "priority",
                }
            )
            clock = case.clock_ids.filtered(lambda c: c.kind == "resolution")
            cls.env.flush_all()
            cls._made(
                place,
                case,
                clock,
                case.sale_order_id,
                case.sale_order_id.order_line,
                case.partner_id,
                notice,
                job,
                difference,
                cls._events(case)[:1],
                cls.env["aftersales.report.clock"].browse(clock.id),
                cls.env["aftersales.escalation"].search([("case_id", "=", case.id)]),
            )
            if picking := case.sale_order_id.picking_ids[:1]:
                cls._made(place, picking)
        brought = cls.cases["next door"]._escalate("2", reason="Lost", by=cls.env.user)
        cls._made("to the responder", brought)

    @classmethod
    def _create_configuration(cls):
        cls._made("shared", cls._stage("working"), cls.policy_shared)
        for place, team in cls.teams.items():
            company = team.company_id
            values = {"name": place, "company_id": company.id}
            calendar = cls.env["resource.calendar"].create(values)
            stage = cls.env["aftersales.stage"].create(
                {"name": place, "team_ids": [Command.set(team.ids)]}
            )
            leaves = cls.env["resource.calendar.leaves"].create(
                {
                    **values,
                    "calendar_id": calendar.id,
                    "date_from": at("08:00", 30),
                    "date_to": at("12:00", 30),
                }
            )
            cls._made(place, team, stage, calendar, calendar.attendance_ids[:1], leaves)
            if place == "next door":
                continue
            policy = cls.policy if place == "here" else cls.policy_abroad
            target = policy.target_ids[0]
            step = cls.env["aftersales.policy.step"].create(
                {"target_id": target.id, "percent": 50}
            )
            simulation = cls.env["aftersales.policy.simulation"].create(
                {"policy_id": policy.id, "company_id": company.id}
            )
            line = cls.env["aftersales.policy.simulation.line"].create(
                {"simulation_id": simulation.id, "kind": "resolution"}
            )
            outcome = cls.env["aftersales.policy.simulation.outcome"].create(
                {
                    "simulation_id": simulation.id,
                    "case_id": cls.cases[place].id,
                    "kind": "resolution",
                    "outcome": "kept",
                }
            )
            category = cls.env["aftersales.category"].create(values)
            version = policy.version_ids[:1]
            cls._made(place, policy, target, step, version, category)
            cls._made(place, simulation, line, outcome)
        cls._made("shared", cls.env["aftersales.category"].create({"name": "For all"}))
        cls._made("shared", cls.env["aftersales.tag"].create({"name": "For all"}))
        values = {"name": "For all", "company_id": False}
        calendar = cls.env["resource.calendar"].create(values)
        cls._made("shared", calendar, calendar.attendance_ids[:1])

    @classmethod
    def _create_background(cls):
        job = cls.env["aftersales.job"].create({"kind": "integrity"})
        cls._made("shared", job)
        log = cls.env["aftersales.access"]
        for place, company in (("here", cls.company), ("abroad", cls.abroad)):
            case = cls.cases[place].with_company(company)
            case.env["aftersales.access"]._append(
                "export", case, ["number"], with_contacts=False
            )
            cls._made(place, log.search([], order="id desc", limit=1))

    @classmethod
    def _made(cls, place, *records):
        for record in records:
            cls.made.setdefault(record._name, {})[place] = record[:1]

    # Dialogs ------------------------------------------------------------------

    def dialog(self, model, place, user, **values):
        """Return a dialog of a user about a record of a place, which they could not
        always have opened themselves."""
        about = {
            "aftersales.case.escalate": {
                "level": "3" if place == "next door" else "2",
                "reason": "Lost",
            },
            "aftersales.case.link": {"partner_id": self.cases[place].partner_id.id},
            "aftersales.case.mark": {"mark": "test", "reason": "Trying"},
            "aftersales.case.promise": {
                "topic": "callback",
                "deadline": at("16:00"),
                "body": "We call you.",
            },
            "aftersales.clock.deadline": {"deadline": at("16:00"), "reason": "Asked"},
            "aftersales.onboarding": {"team_name": "Mine", "hours": "company"},
            "aftersales.health.check": {
                "code": "x",
                "name": "x",
                "state": "ok",
                "message": "x",
                "mend_action": "aftersales_service.aftersales_team_action",
            },
        }.get(model, {})
        if model == "aftersales.case.mark":
            about["case_ids"] = [Command.set(self.cases[place].ids)]
        elif model.startswith("aftersales.case."):
            about["case_id"] = self.cases[place].id
        elif model == "aftersales.clock.deadline":
            about["clock_id"] = self.made["aftersales.clock"][place].id
        elif model == "aftersales.onboarding":
            about["company_id"] = self.cases[place].company_id.id
            about["team_id"] = self.teams[place].id
        elif (
            model.startswith("aftersales.policy.") and model != "aftersales.policy.try"
        ):
            policy = self.made["aftersales.policy"][place]
            about["policy_id"] = policy.id
            if model == "aftersales.policy.apply":
                about["version"] = policy.version
        elif model == "aftersales.policy.try":
            about["team_id"] = self.teams[place].id
        dialogs = self.env[model].with_user(user).sudo()
        return dialogs.create({**about, **values})

    # What has to be so before ----------------------------------------------------

    def given_stranger(self, case):
        case._write_mirror({"sale_order_id": False})
        case.write({"partner_id": False, "email_from": "new@stranger.example.com"})

    def given_loose(self, case):
        case._write_mirror({"sale_order_id": False, "name": case.sale_order_id.name})

    def given_marked(self, case):
        case._set_aside("test", "Trying it out")

    def given_resolved(self, case):
        case.action_resolve()

    def given_cancelled(self, case):
        case.action_cancel()

    def given_link_over(self, case):
        case.action_close()
        case._write_mirror({"link_counts_from": at("08:00", -100)})

    def given_promised(self, case):
        case._promise("callback", at("16:00"), at("09:00"))

    def given_named(self, case):
        named = self._create_case(
            name=case.name, partner_id=case.partner_id.id, team_id=case.team_id.id
        )
        named.user_id = case.user_id
        case._write_mirror({"perhaps_of_case_id": named.id})

    def given_doubtful(self, case):
        message = case.message_post(
            body="Words",
            author_id=self.user_other.partner_id.id,
            message_type="email",
            subtype_xmlid="mail.mt_note",
        )
        message.aftersales_doubt = "colleague"

    def given_deadline_set(self, clock):
        clock.action_set_deadline(at("16:00"), "Asked")

    def given_seen_server(self, team):
        team.sender_server_seen = "mx.example.com"

    def given_simulated(self, simulation):
        simulation.action_run()

    def given_draft(self, policy):
        policy.active = False

    # Calling ------------------------------------------------------------------

    def rpc(self, role, model, method, /, *args, **kwargs):
        """Call a method as a client of a role does, up to what it writes."""
        env = self.env(user=self.roles[role], context={}, su=False)
        result = call_kw(env[model], method, list(args), kwargs)
        self.env.flush_all()
        return result

    @contextmanager
    def undone(self):
        """Undo what happens within; what was kept in memory only if somebody has said
        that it is out of date, for that costs more than most calls."""
        outdated = self.registry.cache_invalidated
        before = set(outdated)
        outdated.clear()
        with closing(self.env.cr.savepoint()):
            yield
        self.env.invalidate_all(flush=False)
        if outdated:
            self.registry.clear_cache(*outdated)
        outdated.update(before)
