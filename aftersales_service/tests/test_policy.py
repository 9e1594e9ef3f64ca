from datetime import date, datetime

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import AftersalesCommon

HOUR = 3600


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPolicy(AftersalesCommon):
    """Which promises apply to which case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Policy = cls.env["aftersales.policy"]
        cls.Policy.search([]).active = False

    def _policy(self, name="Policy", hours=None, sequence=10, **values):
        """Create a policy with targets of so many hours, {kind: hours}."""
        hours = {"resolution": 8} if hours is None else hours
        return self.Policy.create(
            {
                "name": name,
                "sequence": sequence,
                "company_id": self.company.id,
                "target_ids": [
                    Command.create({"kind": kind, "target_seconds": number * HOUR})
                    for kind, number in hours.items()
                ],
                **values,
            }
        )

    def _chosen(self, case, kind="resolution", at=None):
        """Return the policy chosen for a kind."""
        found = self.Policy._match(case, [kind], at)[case.id]
        return found[kind].policy_id if found else self.Policy

    # Choosing -----------------------------------------------------------------

    def test_first_match_per_kind(self):
        """The order decides, for each kind of its own."""
        general = self._policy("general", {"resolution": 24, "first_response": 4}, 20)
        urgent = self._policy("urgent", {"resolution": 2}, 10, handling_class="urgent")
        case = self._create_case(handling_class="urgent")
        self.assertEqual(self._chosen(case), urgent)
        self.assertEqual(self._chosen(case, "first_response"), general)
        clocks = {clock.kind: clock.target_seconds for clock in case.clock_ids}
        self.assertEqual(clocks["resolution"], 2 * HOUR)
        self.assertEqual(self._chosen(self._create_case()), general)
        urgent.sequence = 30
        self.assertEqual(self._chosen(case), general)

    def test_columns(self):
        """Every condition by itself decides; a set of them must all hold."""
        parent = self.env["aftersales.category"].create({"name": "Product"})
        child = self.env["aftersales.category"].create(
            {"name": "Sole", "parent_id": parent.id}
        )
        other_team = self.team.copy({"name": "Other"})
        conditions = {
            "team_ids": ([Command.set(self.team.ids)], {"team_id": other_team.id}),
            "category_ids": ([Command.set(parent.ids)], {"category_id": False}),
            "channel": ("phone", {"channel": "mail"}),
            "case_type": ("complaint", {"case_type": "enquiry"}),
            "handling_class": ("special", {"handling_class": False}),
            "urgency": ("2", {"urgency": "1"}),
            "impact": ("0", {"impact": "2"}),
            "priority": ("1", {"priority": "3"}),
            "domain": ("[('name', 'ilike', 'left')]", {"name": "Right shoe"}),
        }
        matching = {
            "channel": "phone",
            "category_id": child.id,
            "case_type": "complaint",
            "handling_class": "special",
            "urgency": "2",
            "impact": "0",
            "priority": "1",
        }
        case = self._create_case(**matching)
        for name, (condition, unlike) in conditions.items():
            with self.subTest(condition=name):
                policy = self._policy(**{name: condition})
                self.assertFalse(policy.is_general)
                self.assertEqual(self._chosen(case), policy)
                other = self._create_case(**{**matching, **unlike})
                self.assertFalse(self._chosen(other))
                policy.unlink()
        everything = self._policy(**{k: c for k, (c, _unlike) in conditions.items()})
        self.assertEqual(self._chosen(case), everything)
        case.urgency = "0"
        self.assertFalse(self._chosen(case))

    def test_company(self):
        """A policy of another company never applies; one of no company always may."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self._policy(company_id=company.id)
        case = self._create_case()
        self.assertFalse(self._chosen(case))
        shared = self._policy(company_id=False)
        self.assertEqual(self._chosen(case), shared)

    def test_validity_in_local_days(self):
        """A policy is valid on days of the company, not of Greenwich."""
        policy = self._policy(valid_from=date(2026, 7, 1), valid_to=date(2026, 7, 2))
        case = self._create_case()
        for instant, valid in (
            (datetime(2026, 6, 30, 21, 59), False),
            (datetime(2026, 6, 30, 22, 0), True),
            (datetime(2026, 7, 2, 21, 59), True),
            (datetime(2026, 7, 2, 22, 0), False),
        ):
            chosen = self._chosen(case, at=instant)
            self.assertEqual(chosen, policy if valid else self.Policy, instant)

    def test_archived_and_deleted(self):
        """37. Archived or deleted policies make no new promise; running ones stay."""
        policy = self._policy()
        case = self._create_case()
        clock = case.clock_ids
        policy.active = False
        self.assertFalse(self._create_case().clock_ids)
        policy.unlink()
        self.assertEqual((clock.state, clock.target_seconds), ("running", 8 * HOUR))
        self.assertFalse(clock.policy_id)
        case._transition(self._stage("resolved"))
        self.assertEqual(clock.outcome, "met")

    def test_edited_policy_rewrites_nothing(self):
        """38, 40, 42. A running clock keeps what was promised and by which version."""
        policy = self._policy()
        clock = self._create_case().clock_ids
        deadline = clock.deadline
        policy.target_ids.target_seconds = HOUR
        self.assertEqual((clock.target_seconds, clock.deadline), (8 * HOUR, deadline))
        self.assertEqual((clock.policy_version, policy.version), (1, 2))
        self.assertEqual(self._create_case().clock_ids.policy_version, 2)

    def test_cost(self):
        """Choosing for many cases costs no query once the tables are known."""
        for number in range(20):
            self._policy(sequence=number, channel="letter", urgency="2")
        policy = self._policy(sequence=99)
        cases = self._create_case() | self._create_case()
        self.Policy._match_plain(cases, ["resolution"])
        with self.assertQueryCount(0):
            found = self.Policy._match_plain(cases, ["resolution", "first_response"])
        self.assertEqual(
            {
                target["policy_id"]
                for case in found.values()
                for target in case.values()
            },
            {policy.id},
        )

    # Order and versions -------------------------------------------------------

    def test_general_above_specific(self):
        """41. A policy without conditions takes everything below it: the list says
        which policies that silences, and an empty condition is never hidden."""
        general = self._policy("general", sequence=5)
        self._policy("special", sequence=6, case_type="repair")
        self._policy("other kind", {"first_response": 1}, 7, case_type="repair")
        self.assertTrue(general.is_general)
        self.assertIn("special", general.order_warning)
        self.assertNotIn("other kind", general.order_warning)
        general.sequence = 8
        self.assertFalse(general.order_warning)

    def test_version(self):
        """What is promised or to whom makes a version, a name does not."""
        policy = self._policy()
        self.assertEqual(policy.version, 1)
        policy.name = "New name"
        self.assertEqual(policy.version, 1)
        policy.write(
            {
                "channel": "mail",
                "target_ids": [
                    Command.update(policy.target_ids.id, {"warn_percent": 50}),
                    Command.create({"kind": "first_response", "target_seconds": 60}),
                ],
            }
        )
        self.assertEqual(policy.version, 2)
        policy.target_ids[0].pause_customer = True
        policy.target_ids[0].unlink()
        self.assertEqual(policy.version, 4)
        policy.write({"channel": "mail", "sequence": 3})
        self.assertEqual(policy.version, 4)
        self.assertEqual(policy.copy().version, 1)

    def test_deleting_teams_does_not_widen(self):
        """41. A policy for one team does not become one for all when it goes."""
        team = self.team.copy({"name": "Short-lived"})
        self._policy(team_ids=[Command.set(team.ids)])
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            team.unlink()

    # Refusals -----------------------------------------------------------------

    def test_no_working_time(self):
        """26. Hours without working time, or with too little, are refused on save."""
        empty = self.calendar.copy()
        empty.name = "Empty"
        empty.attendance_ids.unlink()
        policy = self._policy()
        with self.assertRaisesRegex(ValidationError, "Empty"):
            policy.target_ids.write(
                {"calendar_mode": "calendar", "calendar_id": empty.id}
            )
        with self.assertRaisesRegex(ValidationError, "too little"):
            policy.target_ids.target_seconds = 20_000 * HOUR
        hours = self.calendar.copy()
        hours.name = "Emptied later"
        self.team.calendar_id = hours
        hours.attendance_ids.unlink()
        with self.assertRaisesRegex(ValidationError, "Emptied later"):
            self._policy(team_ids=[Command.set(self.team.ids)])

    def test_flexible_hours(self):
        """Flexible hours say nothing about when somebody is there: refused."""
        flexible = self.calendar.copy({"name": "Free", "schedule_type": "flexible"})
        with self.assertRaisesRegex(ValidationError, "flexible"):
            self._policy().target_ids.write(
                {"calendar_mode": "calendar", "calendar_id": flexible.id}
            )

    def test_senseless_targets(self):
        """Zero seconds, a warning after the deadline, hours not chosen and a kind twice
        are refused."""
        target = self._policy().target_ids
        for values in (
            {"target_seconds": 0},
            {"target_seconds": -60},
            {"warn_percent": 100},
            {"calendar_mode": "calendar"},
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                target.write(values)
                target.flush_recordset()
            target.invalidate_recordset()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            target.copy()

    def test_pause_of_an_answer(self):
        """7. An answer never pauses, so a policy cannot say so."""
        policy = self._policy(hours={"first_response": 1})
        with self.assertRaisesRegex(ValidationError, "never pauses"):
            policy.target_ids.pause_customer = True

    def test_bad_domain(self):
        """A condition that is none is refused, in words."""
        policy = self._policy()
        for domain in ("[('no_such_field', '=', 1)]", "[(", "{}", "os.system('x')"):
            with self.assertRaises(ValidationError, msg=domain):
                policy.domain = domain
            policy.invalidate_recordset()

    # In the form --------------------------------------------------------------

    def test_units(self):
        """The time is entered as value and unit, and kept in seconds."""
        policy = self._policy(hours={})
        target = self.env["aftersales.policy.target"].create(
            {
                "policy_id": policy.id,
                "kind": "first_response",
                "target_value": 90,
                "target_unit": "minutes",
            }
        )
        self.assertEqual(target.target_seconds, 5400)
        self.assertEqual((target.target_value, target.target_unit), (90, "minutes"))
        target.write({"target_value": 2, "target_unit": "hours"})
        self.assertEqual(target.target_seconds, 7200)
        target.target_seconds = 30
        self.assertEqual((target.target_value, target.target_unit), (30, "seconds"))

    def test_entered_in_the_form(self):
        """A manager enters a policy with its promises in the form."""
        with Form(self.Policy.with_user(self.user_manager)) as form:
            form.name = "Repairs"
            form.case_type = "repair"
            with form.target_ids.new() as line:
                line.kind = "resolution"
                line.target_value = 3
                line.target_unit = "hours"
                line.calendar_mode = "calendar"
                line.calendar_id = self.calendar
        policy = form.save()
        self.assertEqual(policy.target_ids.target_seconds, 3 * HOUR)
        with Form(policy) as form, form.target_ids.edit(0) as line:
            line.target_unit = "minutes"
            line.target_value = 45
        self.assertEqual(policy.target_ids.target_seconds, 45 * 60)
        self.assertEqual(policy.version, 2)

    @freeze_time("2026-01-05 09:00:00")
    def test_shipped(self):
        """What is shipped works in every company from the first minute."""
        self.Policy.search([]).active = False
        policy = self.env.ref("aftersales_service.aftersales_policy_standard")
        policy.active = True
        self.assertEqual(policy.version, 1)
        case = self._create_case()
        case._clocks_start(["acknowledgement"], case.received_at)
        deadlines = {clock.kind: clock.deadline for clock in case.clock_ids}
        self.assertEqual(
            deadlines,
            {
                "acknowledgement": datetime(2026, 1, 5, 9, 15),
                "first_response": datetime(2026, 1, 5, 14, 0),
                "resolution": datetime(2026, 1, 8, 9, 0),
            },
        )
