from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestBorders(AftersalesCommon):
    """A field whose choice is a border is checked on the server, whatever the screen
    offers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case()
        other = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.user_elsewhere = new_test_user(
            cls.env,
            "as_elsewhere",
            groups="base.group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        cls.user_gone = new_test_user(cls.env, "as_gone", groups="base.group_user")
        cls.user_gone.active = False
        cls.strangers = (cls.user_portal, cls.user_elsewhere)

    def test_an_owner_is_a_colleague_in_the_company(self):
        mine = self.case.with_user(self.user_manager)
        for user in (*self.strangers, self.user_gone):
            with self.subTest(user=user.login):
                with self.assertRaises(ValidationError):
                    mine.write({"user_id": user.id})
                with self.assertRaises(ValidationError):
                    mine.create({"name": "x", "user_id": user.id})
        mine.user_id = self.user_specialist
        self.assertEqual(self.case.user_id, self.user_specialist)

    def test_people_of_a_team_are_colleagues_in_its_company(self):
        team = self.team.with_user(self.user_manager)
        for user in self.strangers:
            for name in team._LEVEL_FIELDS.values():
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(ValidationError):
                        team.write({name: user.id})
            with self.assertRaises(ValidationError):
                team.write({"member_ids": [Command.link(user.id)]})

    def test_what_an_address_makes_of_mails_is_not_entered(self):
        team = self.team.with_user(self.user_manager)
        for values in (
            {"alias_defaults": "{'stage_kind': 'closed'}"},
            {"alias_defaults": "no dictionary"},
            {"alias_force_thread_id": self.case.id},
        ):
            with self.subTest(**values):
                with self.assertRaises(UserError):
                    team.write(values)
                with self.assertRaises(UserError):
                    team.create({"name": "x", **values})
        team.write({"alias_name": "help"})
        self.assertEqual(self.team.alias_name, "help")

    def test_the_secret_of_a_link_is_not_chosen(self):
        mine = self.case.with_user(self.user_manager)
        token = self.case.access_token
        for guess in ("guess", False, ""):
            with self.subTest(guess=guess), self.assertRaises(UserError):
                mine.write({"access_token": guess})
        with self.assertRaises(UserError):
            mine.create({"name": "x", "access_token": "guess"})
        self.assertEqual(self.case.access_token, token)

    def test_the_first_start_tells_nothing_to_others(self):
        names = ["team_name", "member_ids", "leader_id", "alias_name"]
        for user in (self.user_portal, self.user_other, self.user_team):
            wizard = self.env["aftersales.onboarding"].with_user(user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                wizard.default_get(names)

    def test_nobody_enters_a_finding(self):
        check = self.env["aftersales.health.check"].with_user(self.user_manager)
        values = {"code": "x", "name": "x", "state": "ok", "message": "x"}
        with self.assertRaises(AccessError):
            check.create({**values, "mend_action": "base.action_res_users"})
        action = check.action_open()
        found = check.search(action["domain"])
        self.assertTrue(found)
        with self.assertRaises(AccessError):
            found[:1].write({"mend_action": "base.action_res_users"})
        with self.assertRaises(AccessError):
            check.with_user(self.user_team).action_open()
