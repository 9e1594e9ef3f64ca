"""What every test of the addon stands on."""

from contextlib import closing, contextmanager

from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user
from odoo.tools import SQL

from odoo.addons.base.tests.common import BaseCommon

from .clauses import clause

__all__ = ["AftersalesCommon", "StoppedClock", "clause", "delete_cases"]


def delete_cases(cr, case_ids):
    """Delete cases that a test has committed, with their promises and ledger lines."""
    cr.execute("ALTER TABLE aftersales_event DISABLE TRIGGER USER")
    for table, column in (
        ("aftersales_event", "case_id"),
        ("aftersales_clock", "case_id"),
        ("aftersales_case", "id"),
    ):
        names = (SQL.identifier(table), SQL.identifier(column))
        cr.execute(SQL("DELETE FROM %s WHERE %s = ANY(%s)", *names, case_ids))
    cr.execute("ALTER TABLE aftersales_event ENABLE TRIGGER USER")


class StoppedClock(freeze_time):
    """The attribute ``freeze_time`` of a test class: it is the same instant for what
    the class makes and when each of its tests begins, on whatever day they run."""

    def __init__(self, instant):
        super().__init__(instant)
        self.instant = instant
        self.clock = None

    def __enter__(self):
        self.clock = super().__enter__()
        return self.clock

    start = __enter__

    def rewind(self):
        """Begin at the first instant again.

        :return: what moves the clock: ``tick()``, ``move_to()``
        """
        self.clock.move_to(self.instant)
        return self.clock


class AftersalesCommon(BaseCommon):
    """One company in Madrid, a team with hours, one user per role, a customer with
    an order."""

    @classmethod
    def default_env_context(cls):
        # Cases live on mail features: keep them on.
        return {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.aftersales_tz = "Europe/Madrid"
        cls.calendar = cls._create_calendar()
        cls.company.resource_calendar_id = cls.calendar
        cls._create_users()
        cls.team = cls.env["aftersales.team"].create(
            {
                "name": "Test Team",
                "company_id": cls.company.id,
                "leader_id": cls.user_manager.id,
                "member_ids": [Command.set((cls.user_team | cls.user_specialist).ids)],
                "calendar_id": cls.calendar.id,
            }
        )
        cls._create_customers()

    @classmethod
    def _create_calendar(cls, **values):
        """Monday to Friday, 9 to 13 and 14 to 18, in Madrid."""
        slots = [(9, 13, "morning"), (13, 14, "lunch"), (14, 18, "afternoon")]
        return cls.env["resource.calendar"].create(
            {
                "name": "Service hours",
                "tz": "Europe/Madrid",
                "company_id": cls.env.company.id,
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "name": f"{day} {period}",
                                "dayofweek": str(day),
                                "hour_from": start,
                                "hour_to": end,
                                "day_period": period,
                            }
                        )
                        for day in range(5)
                        for start, end, period in slots
                    ),
                ],
                **values,
            }
        )

    @classmethod
    def _create_users(cls):
        def user(login, *groups, **values):
            names = ",".join(f"aftersales_service.group_aftersales_{g}" for g in groups)
            return new_test_user(
                cls.env,
                login,
                groups=f"base.group_user,{names}" if names else "base.group_user",
                email=f"{login}@ourcompany.example.com",
                name=login.replace("_", " ").title(),
                tz="Europe/Madrid",
                **values,
            )

        cls.user_specialist = user("as_specialist", "user")
        cls.user_team = user("as_team", "team")
        cls.user_manager = user("as_manager", "manager")
        cls.user_management = user("as_management", "management")
        cls.user_responder = user("as_responder", "responder")
        cls.user_other = user("as_other")
        cls.user_sales = new_test_user(
            cls.env,
            "as_sales",
            groups="base.group_user,sales_team.group_sale_salesman",
            email="as_sales@ourcompany.example.com",
            tz="Europe/Madrid",
        )

    @classmethod
    def _create_customers(cls):
        Partner = cls.env["res.partner"]
        cls.customer_company = Partner.create(
            {
                "name": "Gemini Shoes",
                "is_company": True,
                "email": "info@gemini.example.com",
            }
        )
        cls.customer = Partner.create(
            {
                "name": "Ana Ruiz",
                "parent_id": cls.customer_company.id,
                "email": "ana@gemini.example.com",
                "tz": "Europe/Madrid",
            }
        )
        cls.other_customer = Partner.create(
            {"name": "Lee Wei", "email": "lee@readymat.example.com"}
        )
        cls.user_portal = new_test_user(
            cls.env,
            "as_portal",
            groups="base.group_portal",
            partner_id=cls.customer.id,
            email=cls.customer.email,
        )
        cls.user_portal_other = new_test_user(
            cls.env,
            "as_portal_other",
            groups="base.group_portal",
            partner_id=cls.other_customer.id,
            email=cls.other_customer.email,
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Shoe 42", "type": "consu", "is_storable": True, "list_price": 80}
        )
        cls.order = cls._create_order(cls.customer)
        cls.other_order = cls._create_order(cls.other_customer)

    @classmethod
    def _create_order(cls, partner, confirm=True, **values):
        order = cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "user_id": cls.user_sales.id,
                "order_line": [
                    Command.create({"product_id": cls.product.id, "product_uom_qty": 2})
                ],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _create_tour_user(cls):
        """Return a member of the team who clicks through a tour as ``as_tour``."""
        cls.company.aftersales_onboarded = True
        user = new_test_user(
            cls.env,
            "as_tour",
            groups="base.group_user,aftersales_service.group_aftersales_team",
            name="as_tour",
            email="as_tour@ourcompany.example.com",
        )
        cls.team.member_ids += user
        return user

    @classmethod
    def _create_case(cls, **values):
        """Create a case of the test customer, unassigned and received now."""
        return cls.env["aftersales.case"].create(
            {
                "name": "Left shoe too small",
                "team_id": cls.team.id,
                "partner_id": cls.customer.id,
                **values,
            }
        )

    @contextmanager
    def _undone(self):
        """Undo what happens within: lives and histories must not weigh on those that
        come after them in the same transaction."""
        with closing(self.env.cr.savepoint()):
            yield
        self.env.invalidate_all(flush=False)
        self.registry.clear_cache()

    @classmethod
    def _stage(cls, kind):
        """Return the shipped stage of a kind."""
        return cls.env.ref(f"aftersales_service.aftersales_stage_{kind}")

    @classmethod
    def _events(cls, case, kind=None):
        """Return the ledger lines of a case, oldest first."""
        domain = [("case_id", "=", case.id)]
        if kind:
            domain.append(("kind", "=", kind))
        return cls.env["aftersales.event"].search(domain, order="id")
