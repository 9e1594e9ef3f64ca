"""Who may do what, as tables: every role against every operation, field, button and
route, the denied ones included."""

from itertools import product

from odoo import fields, http
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon

ALLOWED, DENIED = True, False

# role → (read, write, create, unlink) on: a case assigned to them, an unassigned one of
# their team, a colleague's of their team, one of another team, one of another company.
NOTHING = "----"
CASES = {
    # role          own     team    mate    other   foreign
    "specialist": ("rwc-", NOTHING, NOTHING, NOTHING, NOTHING),
    "team": ("rwc-", "rwc-", "rwc-", NOTHING, NOTHING),
    "manager": ("rwc-", "rwc-", "rwc-", "rwc-", NOTHING),
    "management": ("r---", "r---", "r---", "r---", NOTHING),
    "sales": ("r---", "r---", "r---", "r---", NOTHING),
    "sales_all": ("r---", "r---", "r---", "r---", NOTHING),
    "responder": (NOTHING,) * 5,
    "other": (NOTHING,) * 5,
    "portal": ("r---", "r---", "r---", "r---", NOTHING),
    "portal_other": (NOTHING,) * 5,
    "public": (NOTHING,) * 5,
}
"""The sales people and the portal customer stand in no team: theirs are the cases of
their order, whoever works on them."""
PLACES = ("own", "team", "mate", "other_team", "foreign")
OPERATIONS = ("read", "write", "create", "unlink")

BUTTONS = (
    "action_start",
    "action_wait_customer",
    "action_wait_third_party",
    "action_resolve",
    "action_close",
    "action_cancel",
    "action_assign_to_me",
    "action_undo_mark",
    "action_create_customer",
    "action_find_order",
)
# Those that do nothing on a case in order.
QUIET_BUTTONS = {"action_create_customer", "action_find_order"}
WORKERS = {"specialist", "team", "manager"}
# Configuration: role → (read, write) on teams, stages, categories, tags and policies.
MODELS = {
    "aftersales.team": {"manager": "rwcu", "*internal": "r---"},
    "aftersales.stage": {"manager": "rwcu", "*internal": "r---"},
    "aftersales.category": {"manager": "rwcu", "*internal": "r---"},
    "aftersales.tag": {"manager": "rwcu", "*workers": "rwc-", "*internal": "r---"},
    "aftersales.policy": {"manager": "rwcu", "*workers": "r---"},
    "aftersales.policy.target": {"manager": "rwcu", "*workers": "r---"},
    "aftersales.clock": {"*workers": "r---", "*readers": "r---"},
    "aftersales.event": {"*workers": "r---", "*readers": "r---"},
    "aftersales.case.mark": {"*workers": "rwc-"},
    "aftersales.case.link": {"*workers": "rwc-"},
    "aftersales.onboarding": {"manager": "rwc-"},
    "aftersales.health.check": {"manager": "r---"},
}
READERS = {"management", "sales", "sales_all"}
INTERNAL = {*WORKERS, *READERS, "responder", "other"}


class AccessCase(AftersalesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user_sales_all = new_test_user(
            cls.env,
            "as_sales_all",
            groups="base.group_user,sales_team.group_sale_salesman_all_leads",
            email="as_sales_all@ourcompany.example.com",
        )
        cls.roles = {
            "specialist": cls.user_specialist,
            "team": cls.user_team,
            "manager": cls.user_manager,
            "management": cls.user_management,
            "sales": cls.user_sales,
            "sales_all": cls.user_sales_all,
            "responder": cls.user_responder,
            "other": cls.user_other,
            "portal": cls.user_portal,
            "portal_other": cls.user_portal_other,
            "public": cls.env.ref("base.public_user"),
        }
        cls.other_team = cls.env["aftersales.team"].create(
            {"name": "Other Team", "company_id": cls.company.id}
        )
        cls._create_foreign_company()

    @classmethod
    def _create_foreign_company(cls):
        cls.foreign_company = cls.env["res.company"].create({"name": "Foreign Ltd"})
        cls.foreign_team = cls.env["aftersales.team"].create(
            {"name": "Foreign Team", "company_id": cls.foreign_company.id}
        )

    @classmethod
    def _case_of(cls, place, role):
        """Return a case for a role that stands in a place of the table."""
        user = cls.roles[role]
        owners = {
            "own": user if role in WORKERS else cls.env["res.users"],
            "mate": cls.user_team if role != "team" else cls.user_specialist,
        }
        teams = {"other_team": cls.other_team, "foreign": cls.foreign_team}
        values = {
            "team_id": teams.get(place, cls.team).id,
            "user_id": owners.get(place, cls.env["res.users"]).id,
        }
        if place != "foreign":
            values["sale_order_id"] = cls.order.id
        return cls._create_case(**values)

    def _may(self, records, user, operation):
        return records.with_user(user).with_company(self.company).has_access(operation)


@tagged("post_install", "-at_install")
class TestCaseAccess(AccessCase):
    def test_operations(self):
        for role, place in product(CASES, PLACES):
            expected = CASES[role][PLACES.index(place)]
            case = self._case_of(place, role)
            for operation, letter in zip(OPERATIONS, expected, strict=True):
                with self.subTest(role=role, place=place, operation=operation):
                    allowed = self._may(case, self.roles[role], operation)
                    self.assertEqual(allowed, letter != "-")

    def test_search_finds_what_may_be_read(self):
        for role in CASES:
            cases = {place: self._case_of(place, role) for place in PLACES}
            expected = {
                cases[place]
                for place, letters in zip(PLACES, CASES[role], strict=True)
                if letters[0] == "r"
            }
            every = [case.id for case in cases.values()]
            with self.subTest(role=role):
                model = self.env["aftersales.case"].with_user(self.roles[role])
                if role in ("responder", "other", "public"):
                    with self.assertRaises(AccessError):
                        model.search([("id", "in", every)])
                    continue
                found = model.search([("id", "in", every)])
                self.assertEqual(set(found.sudo()), expected)

    def test_denied_operations_really_fail(self):
        """Not only what ``has_access`` says: the calls a client makes."""
        calls = {
            "read": lambda case: case.read(["name"]),
            "write": lambda case: case.write({"name": "Mine"}),
            "create": lambda case: case.create(
                {
                    "name": "Mine",
                    "team_id": case.sudo().team_id.id,
                    "user_id": self.user_manager.id,
                }
            ),
            "unlink": lambda case: case.unlink(),
        }
        for role, (operation, call) in product(CASES, calls.items()):
            case = self._case_of("other_team", role)
            letters = dict(zip(OPERATIONS, CASES[role][3], strict=True))
            if letters[operation] != "-":
                continue
            with self.subTest(role=role, operation=operation):
                with mute_logger("odoo.addons.base.models.ir_rule"):
                    with self.assertRaises(AccessError), self.cr.savepoint():
                        call(case.with_user(self.roles[role]))
                self.assertEqual(case.name, "Left shoe too small")

    def test_who_writes_down_a_call_sees_the_case(self):
        """It stays with its maker where nobody else's rights would show it to them."""
        for role, team, owner in (
            ("specialist", self.team, self.user_specialist),
            ("team", self.team, self.env["res.users"]),
            ("team", self.other_team, self.user_team),
            ("manager", self.other_team, self.env["res.users"]),
        ):
            with self.subTest(role=role, team=team.name):
                case = (
                    self.env["aftersales.case"]
                    .with_user(self.roles[role])
                    .create({"name": "A call", "team_id": team.id})
                )
                self.assertEqual(case.user_id, owner)
                self.assertTrue(self._may(case, self.roles[role], "write"))

    def test_nobody_deletes_a_case(self):
        case = self._create_case()
        with self.assertRaises(UserError):
            case.unlink()

    def test_buttons(self):
        for role, button in product(CASES, BUTTONS):
            case = self._case_of("own", role)
            with self.subTest(role=role, button=button):
                call = getattr(case.with_user(self.roles[role]), button)
                if role in WORKERS:
                    call()
                    continue
                # What a reader's button changes nothing by, it may say silently.
                before = (case.stage_kind, case.user_id, case.partner_id)
                quiet = role in READERS | {"portal"} and button in QUIET_BUTTONS
                self.assertEqual(self._is_refused(call), not quiet)
                case.invalidate_recordset()
                after = (case.stage_kind, case.user_id, case.partner_id)
                self.assertEqual(after, before)

    def _is_refused(self, call):
        try:
            with self.cr.savepoint():
                self.env.invalidate_all()
                call()
        except AccessError:
            return True
        return False

    def test_buttons_of_readers_on_what_they_would_change(self):
        """The quiet buttons are refused as soon as they have something to do."""
        unknown = self.env["aftersales.case"].create(
            {
                "name": "Who am I",
                "team_id": self.team.id,
                "email_from": "stranger@nowhere.example.com",
            }
        )
        marked = self._case_of("team", "sales")
        marked._set_aside("test", "Trying it out")
        for role in ("management", "sales_all"):
            user = self.roles[role]
            with self.subTest(role=role):
                with self.assertRaises(AccessError), self.cr.savepoint():
                    unknown.with_user(user).action_create_customer()
                with self.assertRaises(AccessError), self.cr.savepoint():
                    marked.with_user(user).action_undo_mark()
        self.assertFalse(unknown.partner_id)
        self.assertTrue(marked.mark)

    def test_wizards(self):
        for role in CASES:
            case = self._case_of("own", role)
            user = self.roles[role]
            with self.subTest(role=role):
                if role in WORKERS:
                    self._mark(case, user)
                    self.assertEqual(case.mark, "test")
                    continue
                with self.assertRaises(AccessError), self.cr.savepoint():
                    self._mark(case, user)
                self.assertFalse(case.mark)

    def _mark(self, case, user):
        wizard = self.env["aftersales.case.mark"].with_user(user)
        wizard.create(
            {"case_ids": [Command.set(case.ids)], "mark": "test", "reason": "Trying"}
        ).action_apply()

    def test_wizards_on_cases_of_others(self):
        case = self._case_of("other_team", "team")
        with self.assertRaises(AccessError):
            self._mark(case, self.user_team)
        self.assertFalse(case.mark)
        wizard = self.env["aftersales.case.link"].with_user(self.user_team)
        with self.assertRaises(AccessError):
            wizard.create(
                {"case_id": case.id, "partner_id": self.other_customer.id}
            ).action_link()
        self.assertEqual(case.partner_id, self.customer)

    def test_a_case_that_went_to_somebody_else_meanwhile(self):
        """The dialog says so, instead of closing as if it had done something."""
        case = self._case_of("own", "specialist")
        dialog = (
            self.env["aftersales.case.mark"]
            .with_user(self.user_specialist)
            .create({"case_ids": case.ids, "mark": "test", "reason": "Trying"})
        )
        case.user_id = self.user_team
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            dialog.action_apply()
        self.assertFalse(case.mark)

    def test_wizards_of_others_are_closed(self):
        case = self._case_of("own", "team")
        wizard = (
            self.env["aftersales.case.mark"]
            .with_user(self.user_team)
            .create(
                {"case_ids": [Command.set(case.ids)], "mark": "test", "reason": "x"}
            )
        )
        with self.assertRaises(AccessError):
            wizard.with_user(self.user_specialist).read(["reason"])

    def test_models_around_the_case(self):
        groups = {"*internal": INTERNAL, "*workers": WORKERS, "*readers": READERS}
        for model, table in MODELS.items():
            for role in CASES:
                rights = table.get(role) or next(
                    (table[g] for g in table if role in groups.get(g, ())), NOTHING
                )
                for operation, letter in zip(OPERATIONS, rights, strict=True):
                    with self.subTest(model=model, role=role, operation=operation):
                        records = self.env[model].with_user(self.roles[role])
                        self.assertEqual(records.has_access(operation), letter != "-")

    def test_clocks_and_ledger_follow_their_case(self):
        for role, place in product(CASES, PLACES):
            if role in ("portal", "portal_other", "public", "other", "responder"):
                continue
            case = self._case_of(place, role)
            readable = CASES[role][PLACES.index(place)][0] == "r"
            with self.subTest(role=role, place=place):
                for model in ("aftersales.event", "aftersales.clock"):
                    domain = [("case_id", "=", case.id)]
                    every = self.env[model].search(domain)
                    self.assertTrue(every)
                    records = self.env[model].with_user(self.roles[role])
                    found = records.search(domain)
                    self.assertEqual(found.sudo(), every if readable else every[:0])

    def test_a_salesperson_sees_the_cases_of_his_orders_only(self):
        stranger = new_test_user(
            self.env,
            "as_sales2",
            groups="base.group_user,sales_team.group_sale_salesman",
        )
        case = self._create_case(sale_order_id=self.order.id)
        loose = self._create_case(partner_id=self.other_customer.id)
        loose.write({"sale_order_id": False})
        self.assertTrue(self._may(case, self.user_sales, "read"))
        self.assertFalse(self._may(case, stranger, "read"))
        self.assertFalse(self._may(loose, self.user_sales, "read"))
        self.assertFalse(self._may(loose, self.user_sales_all, "read"))
        self.order.user_id = stranger
        self.assertTrue(self._may(case, stranger, "read"))
        self.assertFalse(self._may(case, self.user_sales, "read"))

    def test_protected_fields_are_closed_to_the_manager_too(self):
        case = self._create_case().with_user(self.user_manager)
        for values in (
            {"accepted_at": "2026-01-01 00:00:00"},
            {"stage_kind": "closed"},
            {"mark": "spam"},
            {"next_deadline": False},
            {"number": "1"},
            {"company_id": self.company.id},
            {"origin_case_id": False},
            {"portal_key": "1"},
            {"commercial_partner_id": self.other_customer.id},
            {"email_normalized": "lee@readymat.example.com"},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                case.write(values)

    def test_defaults_do_not_reach_protected_fields(self):
        forged = {
            "accepted_at": "2026-01-01 00:00:00",
            "cycle": 7,
            "first_response_at": "2026-01-01 00:00:00",
            "mark": "test",
            "salesperson_id": self.user_manager.id,
            "sender_blocked": True,
        }
        context = {f"default_{name}": value for name, value in forged.items()}
        cases = self.env["aftersales.case"].with_user(self.user_manager)
        case = cases.with_context(**context).create(
            {
                "name": "Forged",
                "team_id": self.team.id,
                "partner_id": self.customer.id,
                "sale_order_id": self.order.id,
            }
        )
        self.assertEqual(case.cycle, 1)
        self.assertEqual(case.salesperson_id, self.user_sales)
        for name in forged.keys() - {"cycle", "salesperson_id"}:
            self.assertFalse(case[name], name)

    def test_management_opens_the_form(self):
        case = self._create_case(
            sale_order_id=self.order.id,
            sale_line_ids=[Command.set(self.order.order_line.ids)],
        ).with_user(self.user_management)
        fields_read = ["sale_order_id", "sale_line_ids", "suggested_order_ids"]
        self.assertTrue(case.read(fields_read)[0]["sale_line_ids"])
        self.assertEqual(case.get_panel()["order"]["id"], self.order.id)
        other = self._create_case(partner_id=self.customer_company.id)
        other.sale_order_id = False
        panel = other.with_user(self.user_management).get_panel()
        self.assertTrue(panel["suggested_orders"])

    def test_who_also_sells_serves_orders_of_others(self):
        both = new_test_user(
            self.env,
            "as_both",
            groups="sales_team.group_sale_salesman,"
            "aftersales_service.group_aftersales_team",
        )
        self.team.member_ids |= both
        cases = self.env["aftersales.case"].with_user(both)
        case = cases.create(
            {
                "name": "Both",
                "team_id": self.team.id,
                "partner_id": self.customer.id,
                "sale_order_id": self.order.id,
                "sale_line_ids": [Command.set(self.order.order_line.ids)],
            }
        )
        self.assertEqual(case.sale_order_id.name, self.order.name)
        self.assertTrue(case.sale_line_ids.mapped("name"))
        with self.assertRaises(AccessError):
            self.order.with_user(both).note = "Not theirs"

    def test_what_was_said_is_not_hidden(self):
        case = self._create_case(user_id=self.user_specialist.id)
        message = case.with_user(self.user_specialist).message_post(
            body="We refund it.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("offer.txt", b"80")],
        )
        for values in ({"is_internal": True}, {"attachment_ids": [Command.clear()]}):
            with self.subTest(values=values), self.assertRaises(AccessError):
                message.write(values)


@tagged("post_install", "-at_install")
class TestCompanyAccess(AccessCase):
    def test_one_company_ticked(self):
        """A manager of both companies works in the one they have ticked."""
        both = new_test_user(
            self.env,
            "as_both",
            groups="base.group_user,aftersales_service.group_aftersales_manager",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | self.foreign_company).ids)],
        )
        here = self._create_case()
        there = self._create_case(team_id=self.foreign_team.id)
        self.assertEqual(there.company_id, self.foreign_company)
        for ticked, expected in (
            (self.company, here),
            (self.foreign_company, there),
            (self.company | self.foreign_company, here | there),
        ):
            with self.subTest(ticked=ticked.mapped("name")):
                env = self.env(user=both)
                cases = env["aftersales.case"].with_context(
                    allowed_company_ids=ticked.ids
                )
                domain = [("id", "in", (here | there).ids)]
                self.assertEqual(cases.search(domain), expected.with_env(env))
                for case in here | there:
                    allowed = cases.browse(case.id).has_access("write")
                    self.assertEqual(allowed, case in expected)
                for model, field in (
                    ("aftersales.clock", "case_id"),
                    ("aftersales.event", "case_id"),
                ):
                    found = cases.env[model].search([(field, "in", (here | there).ids)])
                    self.assertEqual(found[field].sudo(), expected)

    def test_configuration_of_the_other_company(self):
        category = self.env["aftersales.category"].create(
            {"name": "Theirs", "company_id": self.foreign_company.id}
        )
        for record in (self.foreign_team, category):
            with self.subTest(model=record._name):
                self.assertFalse(self._may(record, self.user_manager, "read"))

    def test_a_case_cannot_mix_companies(self):
        order = self.order
        with self.assertRaises(UserError):
            self._create_case(team_id=self.foreign_team.id, sale_order_id=order.id)


@tagged("post_install", "-at_install")
class TestPortalAccess(AccessCase):
    """What a portal customer reaches besides the pages: the ORM by RPC."""

    def setUp(self):
        super().setUp()
        self.case = self._create_case(sale_order_id=self.order.id)
        self.mine = self.case.with_user(self.user_portal)

    def test_scope(self):
        colleague = self.env["res.partner"].create(
            {"name": "Bo", "parent_id": self.customer_company.id}
        )
        theirs = self._create_case(partner_id=colleague.id)
        strangers = self._create_case(partner_id=self.other_customer.id)
        for scope, allowed in (("own", False), ("company", True)):
            self.company.aftersales_portal_scope = scope
            with self.subTest(scope=scope):
                self.assertTrue(self._may(self.case, self.user_portal, "read"))
                self.assertEqual(self._may(theirs, self.user_portal, "read"), allowed)
                self.assertFalse(self._may(strangers, self.user_portal, "read"))
                self.assertFalse(self._may(self.case, self.user_portal_other, "read"))

    def test_two_private_customers_share_no_company(self):
        self.company.aftersales_portal_scope = "company"
        nobody = self.env["aftersales.case"].create(
            {"name": "Unknown sender", "team_id": self.team.id}
        )
        self.assertFalse(self._may(nobody, self.user_portal, "read"))
        self.assertFalse(self._may(nobody, self.user_portal_other, "read"))

    def test_set_aside_is_gone(self):
        self.case._set_aside("internal", "Ours")
        self.assertFalse(self._may(self.case, self.user_portal, "read"))

    def test_fields(self):
        """All fields of the case, one by one: what is not named is refused, whether it
        is read, searched, grouped or sorted by."""
        fields_seen = set(self.mine.fields_get())
        self.assertLessEqual(fields_seen, self.case._portal_fields())
        for name, field in self.case._fields.items():
            with self.subTest(field=name):
                if name in self.case._portal_fields():
                    self.mine.read([name])
                    continue
                with self.assertRaises(AccessError):
                    self.mine.read([name])
                if not field._description_searchable:
                    continue
                for value in (False, 1, "x"):
                    with self.assertRaises(AccessError):
                        self.mine.search([(name, "!=", value)])

    def test_sorting_and_grouping_tell_nothing(self):
        for name in ("next_deadline", "priority", "user_id", "mark"):
            with self.subTest(field=name):
                with self.assertRaises(AccessError):
                    self.mine.search([], order=name)
                with self.assertRaises(AccessError):
                    self.mine.formatted_read_group([], [name], ["__count"])
                with self.assertRaises(AccessError):
                    self.mine.search([("origin_case_id." + name, "!=", False)])

    def test_paths_through_other_records_tell_nothing(self):
        order = self.order.with_user(self.user_portal)
        for path in ("user_id", "priority", "next_deadline"):
            with self.subTest(path=path), self.assertRaises(AccessError):
                order.search([(f"aftersales_case_ids.{path}", "!=", False)])

    def test_search_without_order_works(self):
        self.assertIn(self.mine, self.mine.search([]))

    def test_whole_records_are_read_without_the_internal_part(self):
        values = self.mine.read()[0]
        self.assertLessEqual(set(values), self.case._portal_fields())
        exported = self.mine.web_read({"name": {}, "number": {}})
        self.assertEqual(exported[0]["name"], self.case.name)
        with self.assertRaises(UserError):
            self.mine.export_data(["priority"])

    def test_every_method_of_ours(self):
        """Whatever a colleague's screen calls, now or later: a customer is refused or
        learns nothing."""
        harmless = {
            # Refused by Odoo's own rights, tried one by one elsewhere.
            "create",
            "write",
            "copy_data",
            "default_get",
            "message_post",
            # Ledger lines and mails are let in by private ways only.
            "message_new",
            "message_update",
        }
        before = self._state()
        for record in (self.mine, self.order.with_user(self.user_portal)):
            for name in self._own_methods(record):
                if name in harmless:
                    continue
                with self.subTest(model=record._name, method=name):
                    self.assertTrue(self._tells_nothing(getattr(record, name)))
                    self.assertEqual(self._state(), before)

    def _state(self):
        self.case.invalidate_recordset()
        return self.case.read(["stage_id", "user_id", "partner_id", "mark", "team_id"])

    def _tells_nothing(self, method):
        """Whether a call is refused, or answers with no more than a window to open."""
        try:
            with self.cr.savepoint():
                self.env.invalidate_all()
                result = method()
        except (AccessError, UserError, TypeError):
            return True
        is_window = isinstance(result, dict) and result["type"].startswith("ir.actions")
        return is_window or result in (True, None)

    def _own_methods(self, record):
        """Return the names of the public methods that our addons define."""
        names = set()
        for cls in type(record).mro():
            if "addons.aftersales_" in cls.__module__:
                names |= {
                    name
                    for name, value in vars(cls).items()
                    if not name.startswith("_")
                    and callable(value)
                    and not isinstance(value, fields.Field)
                }
        return sorted(names)

    def test_notes_and_followers(self):
        note = self.case.message_post(
            body="Difficult customer",
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        for record in (note, self.case.message_follower_ids[:1]):
            self.assertFalse(record.with_user(self.user_portal).has_access("read"))
        self.assertNotIn(
            note.id,
            self.env["mail.message"]
            .with_user(self.user_portal)
            .search([("model", "=", "aftersales.case")])
            .ids,
        )

    def test_attachments_of_notes(self):
        attachment = self.env["ir.attachment"].create(
            {
                "name": "cost.txt",
                "raw": b"margin",
                "res_model": "aftersales.case",
                "res_id": self.case.id,
            }
        )
        with self.assertRaises(AccessError):
            attachment.with_user(self.user_portal).read(["raw"])


@tagged("post_install", "-at_install")
class TestRouteAccess(AccessCase, HttpCase):
    """Every page × every visitor."""

    # visitor → may see and act on the customer's case
    VISITORS = {
        "portal": ALLOWED,
        "portal with a wrong token": ALLOWED,
        "colleague, own scope": DENIED,
        "colleague, company scope": ALLOWED,
        "portal_other": DENIED,
        "portal_other with the token": ALLOWED,
        "public": DENIED,
        "public with the token": ALLOWED,
        "public with a wrong token": DENIED,
        "public with another case's token": DENIED,
        "public with a signed address": DENIED,
        "specialist": DENIED,
        "team": ALLOWED,
        "manager": ALLOWED,
        "management": ALLOWED,
        "sales": ALLOWED,
        "responder": DENIED,
        "other": DENIED,
        "foreign manager": DENIED,
    }
    # see the customer's page, and do not act on it
    COLLEAGUES = ("team", "manager", "management", "sales")
    # read the case, and do not answer its customer
    READERS = ("management", "sales")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        colleague = cls.env["res.partner"].create(
            {
                "name": "Bo",
                "parent_id": cls.customer_company.id,
                "email": "bo@x.example",
            }
        )
        new_test_user(
            cls.env,
            "as_colleague",
            groups="base.group_portal",
            partner_id=colleague.id,
        )
        new_test_user(
            cls.env,
            "as_foreign",
            groups="base.group_user,aftersales_service.group_aftersales_manager",
            company_id=cls.foreign_company.id,
            company_ids=[Command.set(cls.foreign_company.ids)],
        )
        cls.another = cls._create_case(partner_id=cls.other_customer.id)

    def _enter(self, visitor, case):
        """Log the visitor in and return the query they come with."""
        who, _sep, how = visitor.partition(" ")
        logins = {"public": None, "colleague,": "as_colleague", "foreign": "as_foreign"}
        login = logins.get(who, f"as_{who}")
        self.authenticate(login, login)
        if "scope" in visitor:
            self.company.aftersales_portal_scope = how.split()[0]
        return {
            "with the token": f"?access_token={case.access_token}",
            "with a wrong token": "?access_token=wrong",
            "with another case's token": f"?access_token={self.another.access_token}",
            "with a signed address": (
                f"?pid={self.customer.id}&hash={case._sign_token(self.customer.id)}"
            ),
        }.get(how, "")

    def _post(self, url):
        data = {"csrf_token": http.Request.csrf_token(self), "text": "Still hums"}
        return self.url_open(url, data=data, allow_redirects=False)

    def test_case_page(self):
        case = self._create_case(sale_order_id=self.order.id)
        for visitor, allowed in self.VISITORS.items():
            with self.subTest(visitor=visitor):
                query = self._enter(visitor, case)
                response = self.url_open(
                    f"/my/cases/{case.id}{query}", allow_redirects=False
                )
                self.assertEqual(response.status_code == 200, allowed)
                self.assertEqual(case.number in response.text, allowed)

    def test_accept_and_reject(self):
        for visitor, allowed in self.VISITORS.items():
            for action, expected in (("accept", "closed"), ("reject", "working")):
                case = self._create_case(sale_order_id=self.order.id)
                case.action_resolve()
                with self.subTest(visitor=visitor, action=action):
                    query = self._enter(visitor, case)
                    self._post(f"/my/cases/{case.id}/{action}{query}")
                    acts = allowed and visitor not in self.COLLEAGUES
                    kind = expected if acts else "resolved"
                    self.assertEqual(case.stage_kind, kind)

    def test_list(self):
        case = self._create_case(sale_order_id=self.order.id)
        shown = {"portal", "colleague, company scope"}
        for visitor in self.VISITORS:
            with self.subTest(visitor=visitor):
                self._enter(visitor, case)
                self.company.aftersales_portal_scope = (
                    "company" if "company" in visitor else "own"
                )
                response = self.url_open("/my/cases", allow_redirects=False)
                public = visitor.startswith("public")
                self.assertEqual(response.status_code, 303 if public else 200)
                plain = visitor.removesuffix(" with a wrong token")
                self.assertEqual(case.number in response.text, plain in shown)

    def test_conversation(self):
        for visitor, allowed in self.VISITORS.items():
            case = self._create_case(sale_order_id=self.order.id)
            with self.subTest(visitor=visitor):
                query = self._enter(visitor, case)
                access = dict(
                    pair.split("=", 1) for pair in query.lstrip("?").split("&") if pair
                )
                if "access_token" in access:
                    access["token"] = access.pop("access_token")
                # Odoo's own rule: a signed address is enough to write.
                allowed = allowed or "signed" in visitor
                allowed = allowed and visitor not in self.READERS
                posted = self._try_post(case, access)
                self.assertEqual(posted, allowed)
                self.assertEqual(bool(case.website_message_ids), allowed)

    def _try_post(self, case, access):
        try:
            with mute_logger("odoo.http"):
                self.make_jsonrpc_request(
                    "/mail/message/post",
                    {
                        "thread_model": "aftersales.case",
                        "thread_id": case.id,
                        "post_data": {
                            "body": "Hello",
                            "message_type": "comment",
                            "subtype_xmlid": "mail.mt_comment",
                        },
                        **access,
                    },
                )
        except JsonRpcException:
            return False
        return True

    def test_intake(self):
        """The form of an order: who may open and send it."""
        token = self.order._portal_ensure_token()
        table = {
            ("portal", ""): ALLOWED,
            ("colleague", ""): ALLOWED,
            ("portal_other", ""): DENIED,
            ("portal_other", token): ALLOWED,
            ("public", ""): DENIED,
            ("public", "wrong"): DENIED,
            ("public", self.other_order._portal_ensure_token()): DENIED,
            ("public", token): ALLOWED,
            ("other", ""): DENIED,
            ("sales", ""): ALLOWED,
        }
        for number, ((visitor, secret), allowed) in enumerate(table.items()):
            with self.subTest(visitor=visitor, secret=secret):
                login = None if visitor == "public" else f"as_{visitor}"
                self.authenticate(login, login)
                url = f"/my/orders/{self.order.id}/cases/new?access_token={secret}"
                form = self.url_open(url, allow_redirects=False)
                self.assertEqual(form.status_code == 200, allowed)
                self.url_open(
                    url,
                    data={
                        "csrf_token": http.Request.csrf_token(self),
                        "key": f"key-{number}",
                        "case_type": "enquiry",
                        "description": f"Report {number}",
                    },
                    allow_redirects=False,
                )
                made = self.env["aftersales.case"].search(
                    [("name", "=", f"Report {number}")]
                )
                acts = allowed and visitor not in self.COLLEAGUES
                self.assertEqual(len(made), int(acts))
                self.assertLessEqual(made.commercial_partner_id, self.customer_company)

    def test_rpc_of_a_portal_user(self):
        """The same walls for a client that calls methods instead of pages."""
        case = self._create_case(sale_order_id=self.order.id)
        self.authenticate("as_portal", "as_portal")
        denied = [
            ("read", [[case.id], ["priority"]], {}),
            ("write", [[case.id], {"name": "x"}], {}),
            ("write", [[case.id], {"stage_id": self._stage("closed").id}], {}),
            ("create", [[{"name": "x"}]], {}),
            ("unlink", [[case.id]], {}),
            ("action_close", [[case.id]], {}),
            ("action_resolve", [[case.id]], {}),
            ("action_assign_to_me", [[case.id]], {}),
            ("message_subscribe", [[case.id]], {"partner_ids": [1]}),
            ("_portal_accept", [[case.id]], {}),
            ("copy", [[case.id]], {}),
        ]
        for method, args, kwargs in denied:
            with self.subTest(method=method, args=args):
                with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
                    self._call_kw("aftersales.case", method, args, kwargs)
        self.assertEqual(case.stage_kind, "new")
        for model in ("aftersales.clock", "aftersales.event", "aftersales.team"):
            with self.subTest(model=model):
                with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
                    self._call_kw(model, "search_read", [[]], {})
        read = self._call_kw("aftersales.case", "read", [[case.id], ["number"]], {})
        self.assertEqual(read[0]["number"], case.number)

    def test_a_portal_user_writes_in_his_own_name(self):
        case = self._create_case(sale_order_id=self.order.id)
        self.authenticate("as_portal", "as_portal")
        forged = {
            "body": "All is well",
            "author_id": self.user_specialist.partner_id.id,
            "email_from": "as_specialist@ourcompany.example.com",
            "message_type": "email",
            "subtype_xmlid": "mail.mt_note",
            "partner_ids": [self.other_customer.id],
        }
        self._call_kw("aftersales.case", "message_post", [[case.id]], forged)
        message = case.message_ids.sorted("id")[-1]
        self.assertEqual(message.author_id, self.customer)
        self.assertEqual(message.message_type, "comment")
        self.assertFalse(message.subtype_id.internal)
        self.assertNotIn(self.other_customer, message.partner_ids)
        self.assertFalse(case.first_response_at)
        self.assertTrue(case.awaiting_reply_since)

    def _call_kw(self, model, method, args, kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )
