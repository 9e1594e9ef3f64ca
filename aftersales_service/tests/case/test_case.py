from collections import Counter
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon, clause


@tagged("post_install", "-at_install")
class TestCase(AftersalesCommon):
    # Numbers ----------------------------------------------------------------

    def test_numbers_are_drawn_per_company(self):
        first, second = self._create_case(), self._create_case()
        year = fields.Date.today().year
        self.assertRegex(first.number, rf"^ASC/{year}/\d{{5}}$")
        self.assertEqual(int(second.number[-5:]), int(first.number[-5:]) + 1)

        other_company = self.env["res.company"].create({"name": "Other"})
        other_team = self.env["aftersales.team"].create(
            {"name": "Other team", "company_id": other_company.id}
        )
        other = self.env["aftersales.case"].create(
            {"name": "Elsewhere", "team_id": other_team.id}
        )
        self.assertEqual(other.company_id, other_company)
        self.assertEqual(other.number, f"ASC/{year}/00001")

    def test_numbers_of_a_batch_cost_no_query_each(self):
        self._create_case()
        sequence = self.company.aftersales_sequence_id
        with self.assertQueryCount(2):
            numbers = sequence._aftersales_draw(200)
        self.assertEqual(len(set(numbers)), 200)
        self.assertEqual(numbers, sorted(numbers))

    def test_no_gap_sequence_is_respected(self):
        sequence = self.env["ir.sequence"].create(
            {"name": "No gap", "implementation": "no_gap", "padding": 3}
        )
        self.assertEqual(sequence._aftersales_draw(2), ["001", "002"])

    @mute_logger("odoo.sql_db")
    def test_number_is_unique_in_the_company(self):
        case, other = self._create_case(), self._create_case()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE aftersales_case SET number = %s WHERE id = %s",
                [case.number, other.id],
            )

    # Creation ---------------------------------------------------------------

    def test_nothing_but_a_text_is_mandatory(self):
        case = (
            self.env["aftersales.case"]
            .with_user(self.user_team)
            .create({"name": "Where is my parcel"})
        )
        self.assertEqual(case.team_id, self.team)
        self.assertEqual(case.stage_kind, "new")
        self.assertEqual(case.cycle, 1)

    def test_without_a_team_a_sentence_says_what_to_do(self):
        company = self.env["res.company"].create({"name": "Teamless"})
        with self.assertRaisesRegex(UserError, "Configuration ▸ Teams"):
            self.env["aftersales.case"].create(
                {"name": "Lost", "company_id": company.id}
            )

    def test_the_ledger_begins_with_receipt(self):
        case = self._create_case(user_id=self.user_team.id)
        line = self._events(case)[0]
        self.assertEqual(line.kind, "received")
        self.assertEqual(line.at, case.received_at)
        self.assertEqual(line.data["partner"], self.customer.id)
        self.assertEqual(line.data["user"], self.user_team.id)

    def test_received_in_the_future_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "in the future"):
            self._create_case(
                received_at=fields.Datetime.add(fields.Datetime.now(), hours=1)
            )

    def test_stamps_cannot_be_written(self):
        case = self._create_case()
        for name in ("resolved_at", "cycle", "next_deadline", "stage_kind", "number"):
            with (
                self.subTest(field=name),
                self.assertRaisesRegex(UserError, "cannot be written directly"),
            ):
                case.write({name: False})
        with self.assertRaises(UserError):
            case.write({"received_at": fields.Datetime.now()})
        with self.assertRaises(UserError):
            self._create_case(closed_at=fields.Datetime.now())

    def test_a_case_is_never_deleted(self):
        case = self._create_case()
        with self.assertRaisesRegex(UserError, "never deleted"):
            case.unlink()
        with self.assertRaises(UserError):
            case.with_user(self.user_manager).unlink()

    def test_a_copy_starts_afresh(self):
        case = self._create_case(user_id=self.user_team.id)
        case.action_start()
        copy = case.copy()
        self.assertEqual(copy.stage_kind, "new")
        self.assertFalse(copy.user_id)
        self.assertNotEqual(copy.number, case.number)
        self.assertEqual(self._events(copy).mapped("kind")[0], "received")
        self.assertFalse(self._events(copy, "stage_changed"))

    def test_classification_and_owner_go_to_the_ledger(self):
        case = self._create_case()
        case.write(
            {"case_type": "repair", "urgency": "2", "user_id": self.user_team.id}
        )
        classified = self._events(case, "classified")
        self.assertEqual(
            classified.data,
            {
                "case_type": ["enquiry", "repair"],
                "urgency": ["1", "2"],
                "priority": ["1", "2"],
            },
        )
        assigned = self._events(case, "assigned")
        self.assertEqual(assigned.data["user_id"], [False, self.user_team.id])
        case.write({"case_type": "repair"})
        self.assertEqual(len(self._events(case, "classified")), 1)

    def test_priority_follows_urgency_and_impact(self):
        expected = {
            ("0", "0"): "0",
            ("0", "1"): "0",
            ("1", "1"): "1",
            ("0", "2"): "1",
            ("2", "1"): "2",
            ("2", "2"): "3",
        }
        for (urgency, impact), priority in expected.items():
            case = self._create_case(urgency=urgency, impact=impact)
            self.assertEqual(case.priority, priority, (urgency, impact))
        case.priority = "0"
        self.assertEqual(case.priority, "0", "a person may know better")

    # Channels ---------------------------------------------------------------

    @clause("CC-38")
    def test_letters_and_visits_count_from_their_arrival(self):
        arrived = fields.Datetime.now() - timedelta(hours=5)
        for channel in ("letter", "visit", "phone"):
            with self.subTest(channel=channel):
                case = self._create_case(channel=channel, received_at=arrived)
                self.assertEqual(case.received_at, arrived)
                self.assertEqual(set(case.clock_ids.mapped("started_at")), {arrived})
                kinds = set(case.clock_ids.mapped("kind"))
                self.assertLessEqual({"first_response", "resolution"}, kinds)

    @clause("FT-19")
    def test_channels_are_counted_by_month(self):
        domain = [("team_id", "=", self.team.id)]
        channels = dict(self.env["aftersales.case"]._selection_channel())
        for number, channel in enumerate(channels, start=1):
            for _index in range(number):
                self._create_case(channel=channel)
        groups = self.env["aftersales.case"]._read_group(
            domain, ["received_at:month", "channel"], ["__count"]
        )
        counted = Counter()
        for _month, channel, count in groups:
            counted[channel] += count
        self.assertEqual(
            counted, {channel: n for n, channel in enumerate(channels, start=1)}
        )

    # Order ------------------------------------------------------------------

    def test_another_customers_order_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "is not an order of"):
            self._create_case(sale_order_id=self.other_order.id)
        case = self._create_case()
        with self.assertRaisesRegex(ValidationError, "is not an order of"):
            case.sale_order_id = self.other_order

    def test_order_of_the_same_entity_is_accepted(self):
        colleague = self.env["res.partner"].create(
            {"name": "Bo", "parent_id": self.customer_company.id}
        )
        case = self._create_case(partner_id=colleague.id, sale_order_id=self.order.id)
        self.assertEqual(case.salesperson_id, self.user_sales)

    def test_lines_belong_to_the_order(self):
        with self.assertRaisesRegex(ValidationError, "must belong to its order"):
            self._create_case(
                sale_order_id=self.order.id,
                sale_line_ids=[Command.set(self.other_order.order_line.ids)],
            )

    def test_customers_count_their_cases_in_one_query(self):
        """A company counts those of its contacts, a contact their own."""
        self._create_case()
        self._create_case(partner_id=self.customer_company.id, sale_order_id=False)
        self._create_case(partner_id=self.other_customer.id)
        partners = self.customer_company | self.customer | self.other_customer
        self.env.flush_all()
        self.assertEqual(partners.mapped("aftersales_case_count"), [2, 1, 1])
        partners.invalidate_recordset(["aftersales_case_count"])
        with self.assertQueryCount(1):
            partners.mapped("aftersales_case_count")

    def test_order_counts_its_cases(self):
        cases = self._create_case(sale_order_id=self.order.id) | self._create_case(
            sale_order_id=self.order.id
        )
        cases[0].action_resolve()
        spam = self._create_case(sale_order_id=self.order.id)
        spam._set_aside("test", "a try")
        self.order.invalidate_recordset()
        self.assertEqual(self.order.aftersales_case_count, 2)
        self.assertEqual(self.order.aftersales_open_case_count, 1)

    # Deadline state ---------------------------------------------------------

    def test_overdue_and_at_risk_are_judged_now(self):
        case = self._create_case()
        now = fields.Datetime.now()
        earlier, later = (
            fields.Datetime.subtract(now, minutes=5),
            fields.Datetime.add(now, minutes=5),
        )
        Case = self.env["aftersales.case"]
        for deadline, warning, state in (
            (earlier, earlier, "overdue"),
            (later, earlier, "at_risk"),
            (later, later, "on_time"),
            (False, False, "none"),
        ):
            case._write_mirror({"next_deadline": deadline, "next_warning_at": warning})
            self.assertEqual(case.deadline_state, state)
            for name, expected in (
                ("is_overdue", state == "overdue"),
                ("is_at_risk", state == "at_risk"),
            ):
                found = Case.search([(name, "=", True), ("id", "=", case.id)])
                self.assertEqual(bool(found), expected, (name, state))
                missed = Case.search([(name, "=", False), ("id", "=", case.id)])
                self.assertEqual(bool(missed), not expected, (name, state))

    # Categories -------------------------------------------------------------

    def test_category_is_named_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        parent = self.env["aftersales.category"].create({"name": "Goods"})
        category = parent.create({"name": "Box", "parent_id": parent.id})
        parent.with_context(lang="zh_CN").name = "商品"
        category.with_context(lang="zh_CN").name = "盒子"
        self.assertEqual(category.display_name, "Goods / Box")
        self.assertEqual(
            category.with_context(lang="zh_CN").display_name, "商品 / 盒子"
        )

    def test_undo_of_an_archived_case_starts_no_promise(self):
        case = self._create_case()
        case._set_aside("test", "Trial")
        case.action_archive()
        case.action_undo_mark()
        self.assertEqual(set(case.clock_ids.mapped("state")), {"stopped"})
        case.action_unarchive()
        self.assertIn("running", case.clock_ids.mapped("state"))
