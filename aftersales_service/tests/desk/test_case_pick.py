"""The next case: which one it is, who gets it, and what the ledger says of it."""

from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, new_test_user, tagged
from odoo.tools import SQL

from ..common import AftersalesCommon, delete_cases


class PickCase(AftersalesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now()
        cls.Case = cls.env["aftersales.case"].with_user(cls.user_team)

    @classmethod
    def _case(cls, name, hours=48, **values):
        """Create a case of nobody with its nearest deadline in so many hours."""
        case = cls._create_case(name=name, **values)
        deadline = cls.now + timedelta(hours=hours) if hours is not None else False
        case._write_mirror({"next_deadline": deadline, "next_warning_at": deadline})
        cls.env.flush_all()
        return case

    def _next(self, case=None, **kwargs):
        """Press the button as the specialist of the team; return what opens."""
        shown = case.with_user(self.user_team) if case else self.Case
        action = shown.action_next_case(**kwargs)
        return self.env["aftersales.case"].browse(action.get("res_id"))

    def _picks(self, case):
        return [event.data for event in self._events(case, "picked")]


@tagged("post_install", "-at_install")
class TestNextCase(PickCase):
    # Which one ------------------------------------------------------------------

    def test_priority_then_deadline_then_age(self):
        cases = (
            self._case("high, late", hours=9, priority="2"),
            self._case("high, later", hours=10, priority="2"),
            self._case("high, no deadline", hours=None, priority="2"),
            self._case("normal, overdue", hours=-5),
            self._case("normal", hours=5),
            self._case("normal too", hours=5),
        )
        taken = []
        for _number in cases:
            taken.append(self._next(skip_ids=[case.id for case in taken]))
        self.assertEqual([case.name for case in taken], [case.name for case in cases])

    def test_own_and_free_cases_are_one_queue(self):
        free = self._case("free", hours=2)
        mine = self._case("mine", hours=1, user_id=self.user_team.id)
        self.assertEqual(self._next(), mine)
        self.assertEqual(self._next(mine), free)

    def test_what_is_in_nobodys_hand_to_go_on_with(self):
        other_team = self.env["aftersales.team"].create({"name": "Other Team"})
        self._case("of another team", team_id=other_team.id)
        self._case("of a colleague", user_id=self.user_specialist.id)
        self._case("archived").active = False
        self._case("waits", user_id=self.user_team.id).action_wait_customer()
        self._case("waits too").action_wait_third_party()
        self._case("resolved", user_id=self.user_team.id).action_resolve()
        self._case("spam")._set_aside("spam", "an advert")
        self.assertFalse(self._next())

    def test_own_case_of_a_team_he_is_no_member_of(self):
        other_team = self.env["aftersales.team"].create({"name": "Other Team"})
        case = self._case("mine", team_id=other_team.id, user_id=self.user_team.id)
        self.assertEqual(self._next(), case)

    def test_who_sees_his_own_cases_only_gets_no_other(self):
        self._case("free", hours=-1)
        mine = self._case("mine", user_id=self.user_specialist.id)
        action = self.Case.with_user(self.user_specialist).action_next_case()
        self.assertEqual(action["res_id"], mine.id)

    def test_of_the_companies_that_are_ticked(self):
        foreign = self.env["res.company"].create({"name": "Foreign Ltd"})
        self.user_team.company_ids += foreign
        team = self.env["aftersales.team"].create(
            {
                "name": "Foreign Team",
                "company_id": foreign.id,
                "member_ids": self.user_team.ids,
            }
        )
        case = self._create_case(team_id=team.id, partner_id=self.other_customer.id)
        own = self.Case.with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(own.action_next_case()["tag"], "display_notification")
        companies = (self.company | foreign).ids
        both = self.Case.with_context(allowed_company_ids=companies)
        self.assertEqual(both.action_next_case()["res_id"], case.id)

    # Going on -------------------------------------------------------------------

    def test_goes_on_from_the_case_on_the_screen(self):
        first = self._case("first", hours=1)
        second = self._case("second", hours=2)
        self.assertEqual(self._next(), first)
        self.assertEqual(self._next(first), second)
        # Nothing has been done on the first: it is the most pressing again.
        self.assertEqual(self._next(second), first)
        self.assertFalse(self._next(second, skip_ids=first.ids))

    def test_says_when_he_has_been_through_his_queue(self):
        first = self._case("first", hours=1)
        second = self._case("second", hours=2)
        self._next()
        case = second.with_user(self.user_team)
        action = case.action_next_case(skip_ids=first.ids)
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("begin at its top", action["params"]["message"])
        first.action_resolve()
        action = case.action_next_case(skip_ids=first.ids)
        self.assertIn("Nothing else waits", action["params"]["message"])

    # Taking it ------------------------------------------------------------------

    def test_a_free_case_becomes_his(self):
        case = self._case("free")
        self._next()
        self.assertEqual(case.user_id, self.user_team)
        [assigned] = self._events(case, "assigned")
        self.assertEqual(assigned.data["user_id"], [False, self.user_team.id])
        [picked] = self._events(case, "picked")
        self.assertEqual(picked.data, {"rank": 1, "out_of_order": False})
        self.assertEqual(picked.actor_kind, "user")
        self.assertEqual(picked.actor_id, self.user_team.id)

    def test_a_case_is_picked_once_for_each_assignment(self):
        case = self._case("mine", user_id=self.user_team.id)
        self._next()
        self._next()
        self.assertEqual(len(self._picks(case)), 1)
        case.user_id = self.user_specialist
        case.user_id = self.user_team
        self._next()
        self.assertEqual(len(self._picks(case)), 2)

    def test_is_told_on_the_timeline(self):
        case = self._case("free")
        self._next()
        kinds = [entry["kind"] for entry in case.get_timeline()]
        self.assertIn("picked", kinds)

    # Who may --------------------------------------------------------------------

    def test_only_who_works_on_cases(self):
        self._case("free")
        users = (
            self.user_management,
            self.user_sales,
            self.user_responder,
            self.user_other,
            self.user_portal,
        )
        for user in users:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.Case.with_user(user).action_next_case()

    def test_takes_nothing_that_he_may_only_read(self):
        """Management reads all; as specialists they still work on their own alone."""
        groups = ("user", "management")
        names = [f"aftersales_service.group_aftersales_{name}" for name in groups]
        user = new_test_user(self.env, "as_both", groups=",".join(names))
        self.team.member_ids += user
        case = self._case("free")
        self.assertTrue(case.with_user(user).has_access("read"))
        action = self.Case.with_user(user).action_next_case()
        self.assertEqual(action["tag"], "display_notification")

    # What it costs ----------------------------------------------------------------

    def test_queries_do_not_grow(self):
        def queries(size):
            for number in range(size):
                self._case(f"{size} {number}", hours=-size)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(self._next())
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(1)
        few = queries(2)
        self.assertLessEqual(few, 30)
        self.assertLessEqual(queries(60), few)

    def test_looks_it_up_by_the_index(self):
        for mine in (True, False):
            user = self.user_team.id if mine else False
            query = self.Case._search([("user_id", "=", user), ("mark", "=", False)])
            query.add_where(SQL("stage_kind IN ('new', 'working')"))
            query.order = self.Case._queue_order()
            query.limit = 1
            with self.subTest(mine=mine), self.env.cr.savepoint():
                self.env.cr.execute("SET LOCAL enable_seqscan = off")
                self.env.cr.execute("SET LOCAL enable_sort = off")
                rows = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
                plan = "\n".join(line for (line,) in rows)
                self.assertIn("aftersales_case_pick_idx", plan)
                self.assertNotIn("Sort", plan)


@tagged("post_install", "-at_install")
class TestOutOfOrder(PickCase):
    def _take(self, cases, user=None):
        cases.with_user(user or self.user_team).action_assign_to_me()

    def test_the_top_of_the_queue_is_in_order(self):
        case = self._case("top", hours=1)
        self._case("next", hours=2)
        self._take(case)
        self.assertEqual(case.user_id, self.user_team)
        self.assertEqual(self._picks(case), [{"rank": 1, "out_of_order": False}])

    def test_another_one_is_not(self):
        self._case("top", hours=1)
        self._case("urgent", hours=9, priority="3")
        case = self._case("next", hours=2)
        self._take(case)
        self.assertEqual(self._picks(case), [{"rank": 3, "out_of_order": True}])

    def test_his_own_cases_come_before(self):
        self._case("mine", hours=1, user_id=self.user_team.id)
        case = self._case("free", hours=2)
        self._take(case)
        self.assertEqual(self._picks(case), [{"rank": 2, "out_of_order": True}])

    def test_those_that_wait_for_others_do_not(self):
        self._case("mine", hours=1, user_id=self.user_team.id).action_wait_customer()
        self._case("of a colleague", hours=1, user_id=self.user_specialist.id)
        case = self._case("free", hours=2)
        self._take(case)
        self.assertEqual(self._picks(case), [{"rank": 1, "out_of_order": False}])

    def test_many_at_once(self):
        cases = [self._case(f"case {number}", hours=number) for number in range(4)]
        first, second, _third, fourth = cases
        self._take(first | fourth | second)
        ranks = [self._picks(case)[0]["rank"] for case in (first, second, fourth)]
        self.assertEqual(ranks, [1, 1, 2])
        self.assertFalse(self._picks(cases[2]))

    def test_taking_over_from_a_colleague_counts_in_no_queue(self):
        self._case("top", hours=1)
        case = self._case("of a colleague", user_id=self.user_specialist.id)
        self._take(case)
        self.assertEqual(case.user_id, self.user_team)
        self.assertFalse(self._picks(case))

    def test_nor_does_what_nobody_can_go_on_with(self):
        case = self._case("waits")
        case.action_wait_customer()
        self._take(case)
        self.assertEqual(case.user_id, self.user_team)
        self.assertFalse(self._picks(case))

    def test_nothing_is_noted_of_who_may_not(self):
        case = self._case("free")
        with self.assertRaises(AccessError):
            self._take(case, self.user_management)
        self.assertFalse(self._picks(case))

    def test_of_many_at_once_queries_do_not_grow(self):
        def queries(size):
            cases = self.env["aftersales.case"].concat(
                *(self._case(f"{size} {number}") for number in range(size))
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._take(cases)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(2)
        few = queries(5)
        self.assertLessEqual(queries(40), few + 2)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestTwoPeople(BaseCase):
    """Two people press at the same moment: real connections, committed data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())

    def setUp(self):
        super().setUp()
        self.addCleanup(self._remove)
        self.cases, self.users, self.team, self.partner = [], [], None, None
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            users = [
                new_test_user(
                    env,
                    f"as_two_{number}",
                    groups="aftersales_service.group_aftersales_team",
                )
                for number in range(2)
            ]
            self.users = [user.id for user in users]
            self.partner = env["res.partner"].create({"name": "Committed"}).id
            self.team = (
                env["aftersales.team"]
                .create({"name": "Two people", "member_ids": self.users})
                .id
            )
            values = {"team_id": self.team, "partner_id": self.partner}
            cases = env["aftersales.case"].create(
                [{"name": f"case {number}", **values} for number in range(2)]
            )
            self.cases = cases.ids

    def _remove(self):
        with self.registry.cursor() as cr:
            delete_cases(cr, self.cases)
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["aftersales.team"].browse(self.team).unlink()
            users = env["res.users"].browse(self.users)
            partners = users.partner_id | env["res.partner"].browse(self.partner)
            users.unlink()
            partners.unlink()

    def test_each_gets_a_case_of_his_own(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first = self._case_model(one, 0).action_next_case()
            # Not committed yet: without the lock they would be given the same one.
            two.execute("SET LOCAL lock_timeout = '5s'")
            second = self._case_model(two, 1).action_next_case()
            self.assertEqual([first["res_id"], second["res_id"]], self.cases)
            one.commit()
            two.commit()
            cases = self._case_model(one, 0).browse(self.cases)
            self.assertEqual(cases.mapped("user_id.id"), self.users)

    def test_none_is_left_for_the_third(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            model = self._case_model(one, 0)
            model.browse(model.action_next_case()["res_id"]).action_next_case()
            second = self._case_model(two, 1).action_next_case()
            self.assertEqual(second["tag"], "display_notification")
            one.rollback()

    def _case_model(self, cr, number):
        env = api.Environment(cr, self.users[number], {})
        return env["aftersales.case"]
