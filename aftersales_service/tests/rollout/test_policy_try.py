from datetime import date, datetime

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..common import AftersalesCommon

HOUR = 3600


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPolicyTry(AftersalesCommon):
    """Which policy applies?"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Policy = cls.env["aftersales.policy"]
        cls.Policy.search([]).active = False
        cls.Try = cls.env["aftersales.policy.try"].with_user(cls.user_manager)

    def _policy(self, name, hours, sequence=10, **values):
        targets = [
            Command.create({"kind": kind, "target_seconds": number * HOUR})
            for kind, number in hours.items()
        ]
        values = {"company_id": self.company.id, "target_ids": targets, **values}
        return self.Policy.create({"name": name, "sequence": sequence, **values})

    def _try(self, **values):
        """Return a try-out that is in no database, as in an open dialog."""
        values = {
            "at": datetime(2026, 7, 6, 8, 0),
            "team_id": self.team.id,
            "case_type": "enquiry",
            "channel": "mail",
            "urgency": "1",
            "impact": "1",
            **values,
        }
        return self.Try.new(values)

    def _lines(self, wizard):
        """Return {name of a policy: reason} and {kind in words: promise}."""
        case = wizard._made_up_case()
        choice = self.Policy.with_user(self.user_manager)._explain_choice(
            case, wizard.at
        )
        policies = {p["name"]: p["reason"] for p in wizard._policies(case, choice)}
        promises = {p["label"]: p for p in wizard._promises(case, choice)}
        return policies, promises

    def test_reasons(self):
        """Each policy says why: what it promises, the first condition that is not
        met, or who promises the same above it."""
        self._policy("phone only", {"resolution": 1}, 1, channel="phone")
        self._policy("old", {"resolution": 1}, 2, valid_to=date(2026, 1, 31))
        self._policy("future", {"resolution": 1}, 3, valid_from=date(2027, 1, 1))
        self._policy("worth", {"resolution": 1}, 4, amount_from=1000)
        self._policy("odd", {"resolution": 1}, 5, domain="[('name', '=', 'odd')]")
        self._policy("answers", {"first_response": 1}, 6)
        self._policy("both", {"first_response": 2, "resolution": 8}, 7)
        self._policy("late", {"resolution": 9}, 8)
        self._policy("empty", {}, 9)
        policies, promises = self._lines(self._try())
        self.assertEqual(
            policies["phone only"],
            "Channel: the policy is for Phone, the case has E-mail.",
        )
        self.assertIn("01/31/2026", policies["old"])
        self.assertIn("01/01/2027", policies["future"])
        self.assertIn("the case has no order", policies["worth"])
        self.assertIn("further condition", policies["odd"])
        self.assertEqual(policies["answers"], "Applies: First answer.")
        self.assertEqual(
            policies["both"],
            "Applies: Solution. A policy above it already promises: First answer.",
        )
        self.assertEqual(
            policies["late"],
            "It fits, but a policy above it already promises: Solution.",
        )
        self.assertEqual(policies["empty"], "It fits, but it promises nothing.")
        self.assertEqual(promises["First answer"]["policy"], "answers")
        self.assertEqual(promises["Solution"]["policy"], "both")

    def test_made_up(self):
        """Country and order value need neither a customer nor an order."""
        spain = self.env.ref("base.es")
        self._policy("Spain", {"resolution": 1}, amount_from=50, country_ids=[spain.id])
        wizard = self._try(country_id=spain.id, amount=50)
        self.assertEqual(self._lines(wizard)[0]["Spain"], "Applies: Solution.")
        wizard.amount = 49.99
        self.assertIn("49.99", self._lines(wizard)[0]["Spain"])
        wizard.country_id = self.env.ref("base.cn")
        self.assertIn("the case has China", self._lines(wizard)[0]["Spain"])

    def test_priority_follows(self):
        """An empty priority follows from urgency and impact."""
        self._policy("top", {"resolution": 1}, priority="3")
        wizard = self._try(urgency="2", impact="2")
        self.assertEqual(self._lines(wizard)[0]["top"], "Applies: Solution.")
        wizard.priority = "0"
        self.assertIn("the case has Low", self._lines(wizard)[0]["top"])

    def test_deadlines(self):
        """The deadline is that of a real case, in the reader's zone and the team's."""
        self._policy("policy", {"resolution": 8})
        self.user_manager.tz = "Asia/Shanghai"
        wizard = self._try(at=datetime(2026, 7, 6, 8, 0))
        deadlines = self._lines(wizard)[1]["Solution"]["deadlines"]
        # Monday 10:00 in Madrid, and eight hours of service: Tuesday 10:00
        self.assertEqual(len(deadlines), 2)
        self.assertIn("4:00", deadlines[0])
        self.assertIn("10:00", deadlines[1])
        self.assertIn("Tue", deadlines[1])
        case = self._create_case(received_at=wizard.at)
        self.assertEqual(case.clock_ids.deadline, datetime(2026, 7, 7, 8, 0))

    def test_agrees_with_real_cases(self):
        """What is shown for a case is what the case has got."""
        self._policy("complaints", {"resolution": 2}, 1, case_type="complaint")
        self._policy("all", {"resolution": 8, "first_response": 1}, 2)
        case = self._create_case(
            case_type="complaint", channel="phone", sale_order_id=self.order.id
        )
        with Form(self.Try) as form:
            form.case_id = case
            self.assertEqual(form.case_type, "complaint")
            self.assertEqual(form.channel, "phone")
            self.assertIn("complaints", form.result)
            wizard = self._try(
                case_id=case.id, case_type="complaint", at=case.received_at
            )
            _policies, promises = self._lines(wizard)
            for clock in case.clock_ids:
                name = promises[clock.display_name]["policy"]
                self.assertEqual(name, clock.policy_id.name)
            form.case_type = "repair"
            form.case_id = case.browse()
        self.assertEqual(case.case_type, "complaint")

    def test_nothing_is_saved(self):
        """Trying writes nothing, not even for a real case."""
        self._policy("all", {"resolution": 8})
        case = self._create_case()
        self.env.flush_all()
        tables = ("aftersales_case", "res_partner", "sale_order", "aftersales_clock")

        def counts():
            found = []
            for table in tables:
                self.env.cr.execute(f"SELECT count(*) FROM {table}")  # pylint: disable=sql-injection
                found.append(self.env.cr.fetchone())
            return found

        order, before = case.sale_order_id, counts()
        wizard = self._try(
            case_id=case.id, country_id=self.env.ref("base.es").id, amount=7
        )
        self.assertIn("all", wizard.result)
        self.env.flush_all()
        self.assertEqual(counts(), before)
        self.env.invalidate_all()
        self.assertEqual(case.sale_order_id, order)

    def test_rights(self):
        """Only managers try, and nobody looks into cases they cannot read."""
        for user in (self.user_specialist, self.user_portal):
            with self.assertRaises(AccessError):
                self.env["aftersales.policy.try"].with_user(user).create({})
        company = self.env["res.company"].create({"name": "Elsewhere"})
        team = self.team.create({"name": "Theirs", "company_id": company.id})
        case = self.env["aftersales.case"].create(
            {"name": "Secret", "team_id": team.id}
        )
        with self.assertRaises(AccessError):
            self._try(case_id=case.id)._made_up_case()
