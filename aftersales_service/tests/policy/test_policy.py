from datetime import date, datetime
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.policy.aftersales_policy_match import MatchColumn
from ..common import AftersalesCommon, StoppedClock

HOUR = 3600


class PolicyCase(AftersalesCommon):
    """Only the policies of the test are in force."""

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


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPolicy(PolicyCase):
    """Which promises apply to which case."""

    freeze_time = StoppedClock("2026-01-05 09:00:00")

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

    def test_country(self):
        """The country of the customer, or of their company where they have none."""
        spain, china = self.env.ref("base.es"), self.env.ref("base.cn")
        self.customer_company.country_id = spain
        self.customer.country_id = False
        policy = self._policy(country_ids=[Command.set(spain.ids)])
        case = self._create_case()
        self.assertEqual(self._chosen(case), policy)
        self.customer.country_id = china
        self.assertFalse(self._chosen(case))
        self.assertFalse(self._chosen(self._create_case(partner_id=False)))

    def test_order_value(self):
        """The bounds belong to it; without an order they are never met."""
        order = self._create_order(self.customer)
        case = self._create_case(sale_order_id=order.id)
        total = order.amount_total
        for low, high, meets in (
            (total, 0, True),
            (0, total, True),
            (total, total, True),
            (total + 0.01, 0, False),
            (0, total - 0.01, False),
        ):
            with self.subTest(low=low, high=high):
                policy = self._policy(amount_from=low, amount_to=high)
                expected = policy if meets else self.Policy
                self.assertEqual(self._chosen(case), expected)
                self.assertFalse(self._chosen(self._create_case()))
                policy.unlink()

    def test_order_value_in_another_currency(self):
        """An order in another currency counts with the rate of the order, to the
        cent."""
        currency = self.env["res.currency"].create(
            {"name": "TST", "symbol": "T", "rounding": 0.01}
        )
        self.env["res.currency.rate"].create(
            {
                "name": "2020-01-01",
                "currency_id": currency.id,
                "company_id": self.company.id,
                "rate": 3.0,
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "In TST", "currency_id": currency.id}
        )
        order = self._create_order(
            self.customer,
            pricelist_id=pricelist.id,
            order_line=[
                Command.create(
                    {"product_id": self.product.id, "price_unit": 100, "tax_ids": False}
                )
            ],
        )
        self.assertEqual((order.currency_id, order.amount_total), (currency, 100))
        case = self._create_case(sale_order_id=order.id)
        above = self._policy(amount_from=33.34)
        exact = self._policy(sequence=20, amount_from=33.33, amount_to=33.33)
        self.assertEqual(self._chosen(case), exact)
        above.amount_from = 33.33
        self.assertEqual(self._chosen(case), above)

    def test_fields_that_decide(self):
        """Known without a query: which fields of a case can change the choice, also
        those that a further condition or a computed field looks at."""
        names = self.Policy._match_fields()
        self.assertTrue(
            {"team_id", "channel", "case_type", "partner_id", "sale_order_id"} <= names
        )
        self.assertFalse({"name", "email_from"} & names)
        policy = self._policy(domain="[('name', 'ilike', 'left')]")
        self.assertIn("name", self.Policy._match_fields())
        with self.assertQueryCount(0):
            self.Policy._match_fields()
        policy.domain = "[('email_normalized', '=', 'a@example.com')]"
        # It follows from the address as it was written
        self.assertIn("email_from", self.Policy._match_fields())
        self.assertNotIn("name", self.Policy._match_fields())

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

    def test_archived_conditions(self):
        """41. A policy for one team or category does not become one for all when that
        is archived."""
        category = self.env["aftersales.category"].create({"name": "Sole"})
        team = self.team.copy({"name": "Short-lived"})
        self._policy(team_ids=[Command.set(team.ids)])
        self._policy(category_ids=[Command.set(category.ids)])
        team.active = False
        category.active = False
        self.env.invalidate_all()
        self.assertFalse(self._chosen(self._create_case()))

    def test_drafts(self):
        """A draft is chosen only where it is asked for, in its place."""
        draft = self._policy("draft", sequence=5, active=False)
        policy = self._policy("policy")
        case = self._create_case()
        self.assertEqual(self._chosen(case), policy)
        found = self.Policy._match_plain(case, ["resolution"], drafts=draft)
        self.assertEqual(found[case.id]["resolution"]["policy_id"], draft.id)
        draft.sequence = 15
        found = self.Policy._match_plain(case, ["resolution"], drafts=draft)
        self.assertEqual(found[case.id]["resolution"]["policy_id"], policy.id)

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
        spain = self.env.ref("base.es")
        for number in range(20):
            self._policy(
                sequence=number,
                channel="mail",
                urgency="2",
                country_ids=[Command.set(spain.ids)],
                amount_from=number,
            )
        policy = self._policy(sequence=99)
        cases = self._create_case() | self._create_case(sale_order_id=self.order.id)
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

    def test_hidden_below(self):
        """41. Each policy that can never apply is named, and says why itself: all its
        conditions are among those of one above, for all its promises."""
        wide = self._policy("wide", {"resolution": 8, "first_response": 1}, 1)
        wide.write({"case_type": "repair", "amount_from": 100})
        cases = {
            "same": ({"case_type": "repair", "amount_from": 100}, True),
            "more": ({"case_type": "repair", "amount_from": 200, "urgency": "2"}, True),
            "wider amount": ({"case_type": "repair", "amount_from": 99.99}, False),
            "other type": ({"case_type": "return", "amount_from": 100}, False),
            "no amount": ({"case_type": "repair"}, False),
        }
        for name, (values, hidden) in cases.items():
            with self.subTest(name):
                narrow = self._policy(name, sequence=2, **values)
                self.assertEqual(bool(narrow.hidden_warning), hidden)
                self.assertEqual(bool(wide.order_warning), hidden)
                if hidden:
                    self.assertIn("wide", narrow.hidden_warning)
                    self.assertIn(name, wide.order_warning)
                narrow.unlink()
        narrow = self._policy("narrow", sequence=2, **cases["same"][0])
        for values in (
            {"valid_to": date(2030, 1, 1)},
            {"active": False},
            {"domain": "[('name', '=', 'x')]"},
            {"sequence": 3},
        ):
            before = {name: wide[name] for name in values}
            wide.write(values)
            self.assertFalse(narrow.hidden_warning, values)
            wide.write(before)
            self.assertTrue(narrow.hidden_warning, values)
        narrow.domain = "[('name','=','x')]"
        self.assertTrue(narrow.hidden_warning)
        wide.domain = "[('name', '=', 'x')]"
        self.assertTrue(narrow.hidden_warning, "the same condition, written otherwise")

    def test_hidden_below_by_category(self):
        """A category stands for all below it."""
        parent = self.env["aftersales.category"].create({"name": "Product"})
        child = parent.create({"name": "Sole", "parent_id": parent.id})
        upper = self._policy("upper", sequence=1, category_ids=parent.ids)
        lower = self._policy("lower", sequence=2, category_ids=child.ids)
        self.assertTrue(lower.hidden_warning)
        (upper + lower).write({"sequence": 1})
        upper.sequence = 2
        self.assertFalse(lower.hidden_warning)
        self.assertFalse(upper.hidden_warning)

    def test_versions_are_kept(self):
        """40. What each version said can be read for ever, and what changed from one
        to the next."""
        policy = self._policy(hours={"resolution": 8, "first_response": 1})
        team = self.team.copy({"name": "Night shift"})
        policy.team_ids = team
        policy.target_ids[0].write({"target_seconds": 3 * HOUR, "pause_customer": True})
        policy.target_ids[1].unlink()
        self.assertEqual(policy.version_ids.mapped("version"), [4, 3, 2, 1])
        fourth, third, second, first = policy.version_ids
        self.assertEqual(first.changes, "The first version.")
        self.assertEqual(second.changes, "Teams: all → Night shift")
        self.assertEqual(
            third.changes.split("\n"),
            [
                "Solution, Time: 8 h → 3 h",
                "Solution, Pauses for the Customer: no → yes",
            ],
        )
        self.assertEqual(fourth.changes, "First answer is promised no more.")
        self.assertEqual(third.user_id, self.env.user)
        self.assertIn("Solution is promised within 3 h.", third.content)
        said = third.data["targets"]
        self.assertEqual(said["resolution"]["values"]["target_seconds"], 3 * HOUR)
        self.assertEqual(
            first.data["targets"]["resolution"]["values"]["target_seconds"], 8 * HOUR
        )

    def test_versions_know_names_of_the_gone(self):
        """A version names a team that is deleted since."""
        team = self.team.copy({"name": "Night shift"})
        policy = self._policy(team_ids=team.ids)
        policy.team_ids = False
        team.unlink()
        self.assertIn("Teams: all → Night shift", policy.version_ids[1].content)

    def test_versions_are_never_edited(self):
        """Nobody enters, edits or deletes what a version said."""
        policy = self._policy()
        for user in (self.user_manager, self.env.ref("base.user_root")):
            version = policy.version_ids.with_user(user).sudo()
            with self.assertRaises(AccessError):
                version.write({"data": {}})
            with self.assertRaises(AccessError):
                version.unlink()
            with self.assertRaises(AccessError):
                version.create({"policy_id": policy.id, "version": 9})
        version = policy.version_ids
        policy.unlink()
        self.assertFalse(version.exists())

    def test_versions_of_loaded_policies(self):
        """What is loaded promise by promise is one version; later loading that changes
        something is another one, and one that changes nothing is none."""
        Loading = self.Policy.with_context(install_mode=True)
        policy = Loading.create({"name": "Loaded"})
        target = Loading.env["aftersales.policy.target"].create(
            {"policy_id": policy.id, "kind": "resolution", "target_seconds": HOUR}
        )
        self.assertEqual(policy.version_ids.mapped("version"), [1])
        self.assertIn("resolution", policy.version_ids.data["targets"])
        policy.with_context(install_mode=False).channel = "mail"
        target.target_seconds = 2 * HOUR
        self.assertEqual(policy.version_ids.mapped("version"), [3, 2, 1])
        target.target_seconds = 2 * HOUR
        self.assertEqual(policy.version, 3)

    def test_copy_is_a_draft(self):
        """A copy promises nothing until it is put into force."""
        policy = self._policy("Repairs", {"resolution": 8, "first_response": 1})
        policy.channel = "mail"
        copy = policy.copy()
        self.assertEqual(
            (copy.name, copy.active, copy.version), ("Repairs (copy)", False, 1)
        )
        self.assertEqual(
            copy.target_ids.mapped("kind"), policy.target_ids.mapped("kind")
        )
        self.assertEqual(copy.channel, "mail")
        self.assertEqual(copy.version_ids.mapped("version"), [1])
        copy.action_activate()
        self.assertTrue(copy.active)

    def test_import_and_export(self):
        """Policies go out and come in again with their promises."""
        policy = self._policy(
            "Exported",
            {"resolution": 8, "first_response": 1},
            channel="phone",
            amount_from=100,
            team_ids=self.team.ids,
            country_ids=self.env.ref("base.es").ids,
        )
        names = [
            "name",
            "sequence",
            "channel",
            "amount_from",
            "team_ids",
            "country_ids",
            "target_ids/kind",
            "target_ids/target_seconds",
            "target_ids/calendar_mode",
        ]
        self.user_manager.group_ids += self.env.ref("base.group_allow_export")
        rows = policy.with_user(self.user_manager).export_data(names)["datas"]
        self.assertEqual(len(rows), 2)
        rows[0][0] = "Imported"
        rows = [[str(v) if v or v == 0 else "" for v in row] for row in rows]
        result = self.Policy.with_user(self.user_manager).load(names, rows)
        self.assertFalse(result["messages"])
        imported = self.Policy.browse(result["ids"])
        self.assertEqual(imported.name, "Imported")
        ours, theirs = policy._version_data(), imported._version_data()
        self.assertEqual(ours["policy"], theirs["policy"])
        self.assertEqual(
            {kind: data["values"] for kind, data in ours["targets"].items()},
            {kind: data["values"] for kind, data in theirs["targets"].items()},
        )
        self.assertEqual(imported.version, 1)

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

    def test_archived_hours(self):
        """Hours that nobody looks after any more are refused, with their name."""
        calendar = self.calendar.copy()
        calendar.write({"name": "Old hours", "active": False})
        with self.assertRaisesRegex(ValidationError, "Old hours.*archived"):
            self._policy().target_ids.write(
                {"calendar_mode": "calendar", "calendar_id": calendar.id}
            )

    def test_longer_than_anybody_waits(self):
        """26. A promise around the clock of more than four years is refused as well."""
        policy = self._policy()
        with self.assertRaisesRegex(ValidationError, "four years"):
            policy.target_ids.write(
                {"calendar_mode": "always", "target_seconds": 36_000 * HOUR}
            )

    def test_order_value_refusals(self):
        """Bounds that exclude each other are refused, and amounts that would mean
        another one in each company."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self._policy(amount_from=10, amount_to=5)
        foreign = self.env["res.currency"].create({"name": "TST", "symbol": "T"})
        self.env["res.company"].create({"name": "Abroad", "currency_id": foreign.id})
        policy = self._policy(amount_from=10)
        with self.assertRaisesRegex(ValidationError, "Choose the company"):
            policy.company_id = False

    def test_condition_on_promises(self):
        """A choice of promises by promises would go round in circles: refused."""
        policy = self._policy()
        for name in ("next_deadline", "clock_ids.state"):
            with self.assertRaisesRegex(ValidationError, "Use another field"):
                policy.domain = f"[('{name}', '!=', False)]"

    def test_long_running(self):
        """From when on a case is long-running."""
        target = self.env["aftersales.policy.target"].create(
            {
                "policy_id": self._policy(hours={}).id,
                "kind": "update",
                "target_seconds": 24 * HOUR,
                "long_running_seconds": 5400,
            }
        )
        self.assertEqual(target._plain()["long_running_seconds"], 5400)
        self.assertEqual(target._plain()["on_reopen"], "carry")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            target.long_running_seconds = -1
            target.flush_recordset()

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

    def test_entered_in_the_form(self):
        """A manager enters a policy with its promises in the form."""
        with Form(self.Policy.with_user(self.user_manager)) as form:
            form.name = "Repairs"
            form.case_type = "repair"
            with form.target_ids.new() as line:
                line.kind = "resolution"
                line.target_seconds = 3 * HOUR
                line.calendar_mode = "calendar"
                line.calendar_id = self.calendar
        policy = form.save()
        self.assertEqual(policy.target_ids.target_seconds, 3 * HOUR)
        with Form(policy) as form, form.target_ids.edit(0) as line:
            line.target_seconds = 45 * 60
        self.assertEqual(policy.target_ids.target_seconds, 45 * 60)
        self.assertEqual(policy.version, 2)

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

    def test_condition_looks_at_no_more_than_its_author(self):
        """What a manager may not search by they cannot find out by a policy either."""
        policy = self._policy()
        domain = "[('partner_id.credit_limit', '>', 1)]"
        with self.assertRaises(ValidationError):
            policy.with_user(self.user_manager).domain = domain
        policy.domain = domain


@tagged("post_install", "-at_install", "aftersales_engine")
class TestPolicyColumns(PolicyCase):
    """Conditions that other addons add. Of its own, as it adds a field to the model."""

    def test_columns_join_later(self):
        """A column that an addon adds is matched, shown, compared, kept in versions
        and watched like the others."""
        self.env["ir.model.fields"].create(
            {
                "name": "x_phone_prefix",
                "model_id": self.env["ir.model"]._get_id("aftersales.policy"),
                "ttype": "char",
                "field_description": "Phone prefix",
            }
        )
        Policy = self.env["aftersales.policy"]
        original = type(Policy)._match_columns

        def extended(policies):
            column = MatchColumn(
                ("x_phone_prefix",),
                lambda policy: policy.x_phone_prefix or None,
                lambda case: case.phone or "",
                ("phone",),
                meets=lambda prefix, phone: phone.startswith(prefix),
                covers=lambda wide, narrow: narrow.startswith(wide),
            )
            return {**original(policies), "x_phone_prefix": column}

        with patch.object(type(Policy), "_match_columns", extended):
            policy = self._policy(x_phone_prefix="+34")
            case = self._create_case(phone="+34 555")
            self.assertEqual(self._chosen(case), policy)
            self.assertFalse(self._chosen(self._create_case(phone="+1 555")))
            self.assertIn("phone", Policy._match_fields())
            self.assertEqual(policy.condition_chips[0]["label"], "Phone prefix")
            narrow = self._policy("Madrid", sequence=20, x_phone_prefix="+3491")
            self.assertIn("Madrid", policy.order_warning)
            narrow.x_phone_prefix = "+44"
            self.assertEqual(narrow.version, 2)
            self.assertIn("Phone prefix: +3491 → +44", narrow.version_ids[0].changes)
