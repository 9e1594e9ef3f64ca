from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged

from ..common import AftersalesCommon

HOUR = 3600


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPolicyMatrix(AftersalesCommon):
    """The matrix that managers read and edit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Policy = cls.env["aftersales.policy"]
        cls.Policy.search([]).active = False
        cls.policy = cls.Policy.create(
            {
                "name": "Repairs",
                "case_type": "repair",
                "team_ids": [Command.set(cls.team.ids)],
                "amount_from": 100,
                "company_id": cls.company.id,
                "target_ids": [
                    Command.create({"kind": "resolution", "target_seconds": 8 * HOUR})
                ],
            }
        )
        cls.policy = cls.policy.with_user(cls.user_manager)

    def test_cells(self):
        """A cell says the time and the hours it is counted in."""
        cell = self.policy.promise_cells["resolution"]
        self.assertEqual(
            (cell["time"], cell["hours"], cell["seconds"]),
            ("8 h", "Service hours", 8 * HOUR),
        )
        self.policy.target_ids.write(
            {
                "target_seconds": 5400,
                "calendar_mode": "calendar",
                "calendar_id": self.calendar.id,
            }
        )
        cell = self.policy.promise_cells["resolution"]
        self.assertEqual((cell["time"], cell["hours"]), ("1 h 30 min", "Service hours"))

    def test_conditions_in_words(self):
        """Conditions are readable, each with its name."""
        chips = {chip["column"]: chip for chip in self.policy.condition_chips}
        self.assertEqual(chips["case_type"]["text"], "Repair")
        self.assertEqual(chips["team_ids"]["text"], "Test Team")
        self.assertIn("from", chips["amount_from"]["text"])
        self.assertIn("100.00", chips["amount_from"]["text"])
        self.policy.write({"valid_to": "2026-12-31", "domain": "[('name', '=', 'x')]"})
        chips = {chip["column"]: chip for chip in self.policy.condition_chips}
        self.assertIn("until", chips["valid"]["text"])
        self.assertEqual(chips["domain"]["text"], "Subject is x")

    def test_further_conditions_in_words(self):
        """A further condition is read as a sentence, whatever it looks at."""
        country = self.env.ref("base.es")
        for domain, words in (
            ([("name", "ilike", "sole")], "Subject contains “sole”"),
            (
                [("channel", "in", ["mail", "phone"]), ("user_id", "!=", False)],
                "Channel is one of: E-mail, Phone and Assigned to is set",
            ),
            (
                ["|", ("is_open", "=", True), ("cycle", ">", 1)],
                "(Is Open is yes or Cycle is more than 1)",
            ),
            (
                [("partner_id.country_id", "=", country.id)],
                "Customer / Country is Spain",
            ),
            (["!", ("name", "=", "x")], "Subject is not x"),
        ):
            with self.subTest(domain=domain):
                self.policy.domain = str(domain)
                self.assertEqual(self.policy._domain_words(), words)

    def test_edit_in_place(self):
        """A manager sets, changes and takes back a promise; each makes a version."""
        values = {"seconds": 1800, "calendar_mode": "always"}
        self.policy.set_promise("first_response", values)
        target = self.policy.target_ids.filtered(lambda t: t.kind == "first_response")
        self.assertEqual(target.target_seconds, 1800)
        self.assertEqual(target.calendar_mode, "always")
        self.policy.set_promise(
            "first_response",
            {
                "seconds": 2 * HOUR,
                "calendar_mode": "calendar",
                "calendar_id": self.calendar.id,
            },
        )
        self.assertEqual(
            (target.target_seconds, target.calendar_id), (7200, self.calendar)
        )
        self.policy.set_promise(
            "first_response", {"seconds": HOUR, "calendar_mode": "team"}
        )
        self.assertFalse(target.calendar_id)
        self.policy.set_promise("first_response", False)
        self.assertFalse(target.exists())
        self.assertEqual(self.policy.version, 5)

    def test_refused_in_place(self):
        """What cannot work is refused there as well."""
        empty = self.calendar.copy()
        empty.name = "Empty"
        empty.attendance_ids.unlink()
        values = {"seconds": 1, "calendar_mode": "calendar", "calendar_id": empty.id}
        with self.assertRaisesRegex(ValidationError, "Empty"):
            self.policy.set_promise("first_response", values)

    def test_who_may_edit(self):
        """Specialists read the matrix; only managers change it."""
        for user in (self.user_specialist, self.user_team):
            policy = self.policy.with_user(user)
            self.assertFalse(policy.get_matrix()["can_edit"])
            self.assertTrue(policy.promise_cells)
            with self.assertRaises(AccessError):
                policy.set_promise("resolution", {"seconds": 1})
            with self.assertRaises(AccessError):
                policy.set_promise("resolution", False)
        for user in (self.user_other, self.user_portal):
            with self.assertRaises(AccessError):
                self.policy.with_user(user).get_matrix()
            with self.assertRaises(AccessError):
                self.policy.with_user(user).set_promise("resolution", False)
        self.assertTrue(self.policy.get_matrix()["can_edit"])

    def test_what_the_matrix_needs(self):
        """Kinds and hours come in the reader's words."""
        matrix = self.policy.get_matrix()
        self.assertIn(["resolution", "Solution"], matrix["kinds"])
        self.assertIn([self.calendar.id, "Service hours"], matrix["calendars"])
        self.assertEqual([code for code, _label in matrix["modes"]], ["team", "always"])

    def test_other_companies(self):
        """Promises and versions of companies a user does not work in stay unread."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        policy = self.policy.sudo().copy({"company_id": company.id, "team_ids": False})
        for record in (policy.target_ids, policy.version_ids):
            with self.assertRaises(AccessError):
                record.with_user(self.user_manager).read([])

    def test_cost(self):
        """The matrix of many policies costs as many queries as that of one."""
        policies = self.policy.sudo().browse()
        for number in range(10):
            policies += self.policy.sudo().copy({"name": str(number), "active": True})

        def count(records):
            self.env.invalidate_all()
            self.env.registry.clear_cache()
            before = self.cr.sql_log_count
            records.read(
                ["promise_cells", "condition_chips", "order_warning", "hidden_warning"]
            )
            return self.cr.sql_log_count - before

        count(policies[:1])
        self.assertEqual(count(policies), count(policies[:1]))


@tagged("post_install", "-at_install")
class TestPolicyTour(AftersalesCommon, HttpCase):
    """The matrix and the try-out in a real browser."""

    def test_manager_edits_and_tries(self):
        Policy = self.env["aftersales.policy"]
        Policy.search([]).active = False
        values = {"case_type": "repair", "company_id": self.company.id}
        policy, _hidden = Policy.create(
            [
                {
                    "name": "Tour: repairs",
                    "sequence": 1,
                    "target_ids": [
                        Command.create({"kind": kind, "target_seconds": hours * HOUR})
                        for kind, hours in (("resolution", 8), ("first_response", 2))
                    ],
                    **values,
                },
                {
                    "name": "Tour: hidden",
                    "sequence": 2,
                    "target_ids": [
                        Command.create({"kind": "resolution", "target_seconds": 1})
                    ],
                    **values,
                },
            ]
        )
        self.start_tour(
            "/odoo/aftersales-policies", "aftersales_policy_tour", login="as_manager"
        )
        target = policy.target_ids
        self.assertEqual(target.kind, "resolution")
        self.assertEqual(
            (target.target_seconds, target.calendar_mode), (2700, "always")
        )
        self.assertEqual(policy.version, 3)

    def test_manager_enters_a_time(self):
        """An amount and a unit become whole seconds, and read as words."""
        policy = self.env["aftersales.policy"].create(
            {
                "name": "Tour: form",
                "company_id": self.company.id,
                "target_ids": [
                    Command.create({"kind": "resolution", "target_seconds": 8 * HOUR})
                ],
            }
        )
        self.start_tour(
            f"/odoo/aftersales-policies/{policy.id}",
            "aftersales_policy_form_tour",
            login="as_manager",
        )
        self.assertEqual(policy.target_ids.target_seconds, 90)
