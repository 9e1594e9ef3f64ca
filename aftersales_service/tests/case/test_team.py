from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestTeam(AftersalesCommon):
    def test_hours_without_working_time_are_refused(self):
        empty = self.env["resource.calendar"].create(
            {"name": "Nobody", "attendance_ids": [Command.clear()]}
        )
        flexible = self.env["resource.calendar"].create(
            {"name": "Flexible", "schedule_type": "flexible"}
        )
        for calendar in (empty, flexible):
            with (
                self.subTest(calendar=calendar.name),
                self.assertRaisesRegex(ValidationError, "no fixed working times"),
            ):
                self.team.calendar_id = calendar

    def test_without_own_hours_those_of_the_company_count(self):
        self.team.calendar_id = False
        self.assertEqual(self.team._service_calendar(), self.calendar)

    def test_replies_are_sent_as_the_team(self):
        domain = self.env["mail.alias.domain"].create({"name": "ours.example.com"})
        self.company.alias_domain_id = domain
        self.company.email = "office@ours.example.com"
        self.assertEqual(
            self.team._sender_address(), '"Test Team" <office@ours.example.com>'
        )
        self.team.write({"alias_name": "help", "alias_domain_id": domain.id})
        self.assertEqual(
            self.team._sender_address(), '"Test Team" <help@ours.example.com>'
        )

    def test_alias_opens_cases_of_the_team(self):
        self.team.alias_name = "help-desk"
        alias = self.team.alias_id
        self.assertEqual(alias.alias_model_id.model, "aftersales.case")
        self.assertEqual(alias.alias_parent_thread_id, self.team.id)
        self.assertIn(str(self.team.id), alias.alias_defaults)

    def test_counts_of_the_overview(self):
        cases = self.env["aftersales.case"].union(
            *(self._create_case() for _index in range(3))
        )
        cases[0].user_id = self.user_team
        cases[1].action_cancel()
        self.assertEqual(self.team.open_case_count, 2)
        self.assertEqual(self.team.unassigned_case_count, 1)
        self.assertEqual(self.team.overdue_case_count, 0)

    def test_cases_set_aside_count_nowhere(self):
        case = self._create_case()
        self.assertEqual(self.team.unassigned_case_count, 1)
        case._set_aside("spam", "Advertising")
        self.team.invalidate_recordset()
        self.assertEqual(self.team.open_case_count, 0)
        self.assertEqual(self.team.unassigned_case_count, 0)

    def test_who_has_left_is_not_who_is_told(self):
        case = self._create_case(user_id=self.user_specialist.id)
        self.assertEqual(case._responsible_user(), self.user_specialist)
        self.user_specialist.action_archive()
        self.assertEqual(case._responsible_user(), self.user_manager)


@tagged("post_install", "-at_install")
class TestOversight(AftersalesCommon):
    """Who answers for a team, without being a member of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(user_id=cls.user_team.id)
        cls.other_case = cls._create_case(
            team_id=cls.env["aftersales.team"].create({"name": "Other"}).id,
            user_id=cls.user_team.id,
        )
        cls.leader = cls._worker("as_leader", "team")

    @classmethod
    def _worker(cls, login, role):
        groups = f"base.group_user,aftersales_service.group_aftersales_{role}"
        return new_test_user(cls.env, login, groups=groups)

    def _sees(self, user, case):
        """Whether a user sees a case with its promises, history and figures."""
        self.env.flush_all()
        of_case = [("case_id", "=", case.id)]
        domains = {
            "aftersales.case": [("id", "=", case.id)],
            "aftersales.clock": of_case,
            "aftersales.event": of_case,
            "aftersales.report.clock": of_case,
        }
        found = {
            bool(self.env[model].with_user(user).search(domain, limit=1))
            for model, domain in domains.items()
        }
        self.assertEqual(len(found), 1, "all or nothing")
        return found.pop()

    def test_on_every_level(self):
        """The leader sees the cases of their team and works on them; of no other."""
        for role in ("user", "team"):
            person = self._worker(f"as_leader_{role}", role)
            for level in self.team._LEVEL_FIELDS.values():
                with self.subTest(role=role, level=level):
                    self.assertFalse(self._sees(person, self.case))
                    self.team[level] = person
                    self.assertTrue(self._sees(person, self.case))
                    self.case.with_user(person).write({"name": "Seen"})
                    self.assertFalse(self._sees(person, self.other_case))
                    self.team[level] = False

    def test_escalations_and_messages(self):
        self.team.department_head_id = self.user_other
        escalation = self.case._escalate("2", reason="Look at this")
        theirs = escalation.with_user(self.leader)
        self.assertFalse(theirs.has_access("read"))
        self.team.leader_id = self.leader
        self.assertTrue(theirs.has_access("read"))

    def test_not_without_rights_on_cases(self):
        """A department head need not work with after-sales."""
        self.team.department_head_id = self.user_other
        with self.assertRaises(AccessError):
            self.case.with_user(self.user_other).read(["name"])

    def test_his_queue_is_not_theirs(self):
        """The leader is not offered cases that nobody has: members answer."""
        self.team.leader_id = self.leader
        free = self._create_case()
        cases = self.env["aftersales.case"].with_user(self.leader)
        self.assertNotIn(free, cases.search(cases._queue_domain()))

    def test_what_he_writes_down_is_not_his(self):
        """The leader sees it anyway, so it waits for a member; elsewhere it would be
        lost to the leader and is theirs."""
        self.team.leader_id = self.leader
        for team, owner in (
            (self.team, self.env["res.users"]),
            (self.other_case.team_id, self.leader),
        ):
            case = (
                self.env["aftersales.case"]
                .with_user(self.leader)
                .create({"name": "Call", "team_id": team.id, "user_id": False})
            )
            self.assertEqual(case.user_id, owner)

    def test_membership_takes_effect_at_once(self):
        self.assertFalse(self._sees(self.leader, self.case))
        self.team.member_ids += self.leader
        self.assertTrue(self._sees(self.leader, self.case))
        self.team.member_ids -= self.leader
        self.assertFalse(self._sees(self.leader, self.case))

    def test_of_an_archived_team(self):
        self.team.leader_id = self.leader
        self.assertTrue(self._sees(self.leader, self.case))
        self.team.active = False
        self.assertFalse(self._sees(self.leader, self.case))
