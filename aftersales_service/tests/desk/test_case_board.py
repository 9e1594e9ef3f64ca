"""The board of managers: what it counts, whom it shows, who may look."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ...models.desk.aftersales_case_board import (
    CARD_LIMIT,
    PEOPLE_LIMIT,
    TOMORROW_LIMIT,
)
from ..clock.test_clock_kinds import DAY, HOUR, ClockKindsCommon
from ..common import AftersalesCommon, StoppedClock


class BoardCase(AftersalesCommon):
    freeze_time = StoppedClock("2026-01-14 09:00:00")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now()
        cls.Case = cls.env["aftersales.case"].with_user(cls.user_manager)

    @classmethod
    def _case(cls, name="Case", hours=72, warned=None, **values):
        """Create a case whose nearest deadline is in so many hours, and whose warning
        is as many hours from now as ``warned`` says."""
        case = cls._create_case(name=name, **values)
        cls._due(case, hours, warned)
        return case

    @classmethod
    def _due(cls, case, hours, warned=None, now=None):
        now = now or cls.now
        deadline = hours is not None and now + timedelta(hours=hours)
        warning = deadline if warned is None else now + timedelta(hours=warned)
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE aftersales_clock SET deadline = %s, warning_at = %s"
            " WHERE case_id = %s AND state = 'running'",
            [deadline or None, warning or None, case.id],
        )
        cls.env.invalidate_all()
        case._refresh_clock_mirrors()

    @classmethod
    def _promises_due(cls, case, **deadlines):
        """Let promises of a case be due at these instants, by kind; its others in a
        month."""
        month = fields.Datetime.now() + timedelta(days=30)
        cls.env.flush_all()
        for clock in case.clock_ids:
            cls.env.cr.execute(
                "UPDATE aftersales_clock SET deadline = %s, warning_at = %s"
                " WHERE id = %s AND state = 'running'",
                [*[deadlines.get(clock.kind, month)] * 2, clock.id],
            )
        cls.env.invalidate_all()
        case._refresh_clock_mirrors()

    def _board(self, user=None, team=None):
        Case = self.Case.with_user(user or self.user_manager)
        return Case.get_board(team_ids=(team or self.team).ids)

    def _tiles(self, board=None):
        return {t["code"]: t["count"] for t in (board or self._board())["tiles"]}

    def _column(self, user, board=None):
        columns = (board or self._board())["people"]
        return next(c for c in columns if c["id"] == (user.id if user else False))


@tagged("post_install", "-at_install")
class TestBoard(BoardCase):
    # Tiles ----------------------------------------------------------------------

    def test_tiles(self):
        self._case(hours=-1)
        self._case(hours=-2, user_id=self.user_team.id)
        self._case(hours=2, warned=-1, user_id=self.user_team.id)
        self._case(hours=9, warned=8, user_id=self.user_team.id)
        self.assertEqual(
            self._tiles(),
            {
                "overdue": 2,
                "at_risk": 1,
                "unassigned": 1,
                "waiting": 4,
                "updates": 0,
                "failing": 0,
            },
        )

    def test_each_number_opens_what_it_counts(self):
        self._case(hours=-1)
        self._case(hours=2, warned=-1, user_id=self.user_team.id)
        self._case(hours=3, user_id=self.user_team.id).action_wait_customer()
        self._start_update(self._case(user_id=self.user_team.id), hours=-1)
        self._fail(self._case(user_id=self.user_specialist.id))
        soon = self.now + timedelta(hours=1)
        self._promises_due(self._case(), first_response=soon, resolution=soon)
        board = self._board()
        for tile in board["tiles"]:
            with self.subTest(tile=tile["code"]):
                records = self.env[tile["model"]].with_user(self.user_manager)
                self.assertEqual(records.search_count(tile["domain"]), tile["count"])
                self.assertTrue(tile["count"])
        tomorrow = board["tomorrow"]
        promises = self.env["aftersales.clock"].with_user(self.user_manager)
        self.assertEqual(promises.search_count(tomorrow["domain"]), tomorrow["count"])
        self.assertTrue(tomorrow["count"])

    def test_counts_open_cases_alone(self):
        self._case(hours=-1).action_resolve()
        self._case(hours=-1).action_cancel()
        self._case(hours=-1)._set_aside("test", "trying")
        self._case(hours=-1).active = False
        self.assertFalse(any(self._tiles().values()))

    def test_is_judged_by_now(self):
        """Nothing has to be written for a promise to be overdue."""
        self._case(hours=1, warned=0.5)
        self.assertEqual(self._tiles()["overdue"], 0)
        with freeze_time(self.now + timedelta(minutes=45)):
            self.assertEqual(self._tiles()["at_risk"], 1)
        with freeze_time(self.now + timedelta(minutes=61)):
            self.assertEqual(self._tiles()["at_risk"], 0)
            self.assertEqual(self._tiles()["overdue"], 1)

    def test_of_own_companies(self):
        foreign = self.env["res.company"].create({"name": "Foreign Ltd"})
        team = self.env["aftersales.team"].create(
            {"name": "Foreign Team", "company_id": foreign.id}
        )
        self._due(self._create_case(team_id=team.id), -1)
        board = self.Case.get_board()
        self.assertNotIn(team.id, [line["id"] for line in board["teams"]])
        before = self._tiles(board)["overdue"]
        self.user_manager.company_ids += foreign
        both = self.Case.with_context(
            allowed_company_ids=(self.company | foreign).ids
        ).get_board()
        self.assertEqual(self._tiles(both)["overdue"], before + 1)

    # Progress updates -------------------------------------------------------------

    def _start_update(self, case, hours, **values):
        """Let a progress update be due in so many hours, as the engine would."""
        columns = {
            "case_id": case.id,
            "company_id": case.company_id.id,
            "kind": "update",
            "subject": "",
            "cycle": 1,
            "target_seconds": 86400,
            "state": "running",
            "outcome": "none",
            "started_at": self.now - timedelta(days=1),
            "deadline": self.now + timedelta(hours=hours),
            "snapshot": '{"warn_percent": 0, "chained": true}',
            **values,
        }
        names = SQL(", ").join(map(SQL.identifier, columns))
        self.env.cr.execute(
            SQL(
                "INSERT INTO aftersales_clock (%s) VALUES %s",
                names,
                tuple(columns.values()),
            )
        )
        self.env.invalidate_all()

    def test_update_is_overdue(self):
        case = self._case(user_id=self.user_team.id)
        self._start_update(case, hours=-1)
        self.assertTrue(case.is_update_overdue)
        self.assertEqual(self._tiles()["updates"], 1)
        self.assertEqual(self._column(self.user_team)["updates"], 1)

    def test_update_in_time(self):
        case = self._case()
        self._start_update(case, hours=1)
        self.assertFalse(case.is_update_overdue)
        self.assertEqual(self._tiles()["updates"], 0)

    def test_update_stays_overdue_until_one_is_sent(self):
        """A missed cycle is followed by a new one that is in time by itself."""
        case = self._case()
        self._start_update(case, hours=-3, state="stopped", outcome="breached")
        self._start_update(case, hours=21, cycle=2)
        self.assertTrue(case.is_update_overdue)
        self._start_update(case, hours=-2, cycle=3, state="stopped", outcome="met")
        self.env.cr.execute(
            "UPDATE aftersales_clock SET state = 'stopped', outcome = 'met'"
            " WHERE case_id = %s AND cycle = 2",
            [case.id],
        )
        self._start_update(case, hours=22, cycle=4)
        self.assertFalse(case.is_update_overdue)
        self.assertEqual(self._tiles()["updates"], 0)

    def test_update_of_many_cases_by_one_query(self):
        cases = self._case() | self._case() | self._case()
        self._start_update(cases[1], hours=-1)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertEqual(cases.mapped("is_update_overdue"), [False, True, False])

    # Steps that fail ----------------------------------------------------------------

    def _fail(self, case):
        self.env.cr.execute(
            "UPDATE aftersales_clock SET error_count = 3 WHERE case_id = %s"
            " AND kind = 'resolution'",
            [case.id],
        )
        self.env.invalidate_all()

    def test_failing_steps(self):
        self._fail(self._case())
        self.assertEqual(self._tiles()["failing"], 1)

    # Columns ------------------------------------------------------------------------

    def test_columns(self):
        self._case(hours=-1, user_id=self.user_team.id)
        self._case(hours=2, warned=-1, user_id=self.user_team.id)
        self._case()
        board = self._board()
        self.assertEqual(
            [column["name"] for column in board["people"]],
            ["", "As Specialist", "As Team"],
        )
        column = self._column(self.user_team, board)
        figures = ("open", "overdue", "at_risk", "waiting", "updates")
        self.assertEqual([column[name] for name in figures], [2, 1, 1, 2, 0])
        # A member without work has a column too: they can be given some.
        self.assertEqual(self._column(self.user_specialist, board)["open"], 0)
        self.assertEqual(self._column(None, board)["open"], 1)

    def test_who_owns_a_case_has_a_column(self):
        case = self._case(user_id=self.user_manager.id)
        self.assertEqual(self._column(self.user_manager)["open"], 1)
        case.user_id = self.user_other
        self.user_other.active = False
        self.assertFalse(self._column(self.user_other)["active"])

    def test_cards_by_priority_then_deadline(self):
        names = ["urgent", "overdue", "soon", "late", "no deadline"]
        for name, hours, priority in zip(
            names, (90, -1, 1, 50, None), "31111", strict=True
        ):
            self._case(name, hours, priority=priority, user_id=self.user_team.id)
            self._case(name, hours, priority=priority)
        board = self._board()
        for user in (self.user_team, None):
            cards = self._column(user, board)["cases"]
            self.assertEqual([card["name"] for card in cards], names)

    def test_a_card(self):
        case = self._case("Loose sole", hours=2, warned=1, user_id=self.user_team.id)
        [card] = self._column(self.user_team)["cases"]
        as_string = fields.Datetime.to_string
        self.assertEqual(
            card,
            {
                "id": case.id,
                "number": case.number,
                "name": "Loose sole",
                "customer": self.customer.name,
                "priority": "1",
                "deadline": as_string(case.next_deadline),
                "warning_at": as_string(case.next_warning_at),
                "paused": False,
                "stage": case.stage_id.name,
                "company_id": self.company.id,
                "user_id": self.user_team.id,
            },
        )

    def test_cards_are_few_and_all_are_counted(self):
        for _number in range(CARD_LIMIT + 2):
            self._case(user_id=self.user_team.id)
        column = self._column(self.user_team)
        self.assertEqual(len(column["cases"]), CARD_LIMIT)
        self.assertEqual(column["open"], CARD_LIMIT + 2)

    def test_people_are_limited_to_those_with_most_work(self):
        users = self.env["res.users"].create(
            [
                {"name": f"Person {number:02d}", "login": f"as_person_{number}"}
                for number in range(PEOPLE_LIMIT + 3)
            ]
        )
        for number, user in enumerate(users):
            self._case(user_id=user.id)
            if number > 4:
                self._case(user_id=user.id)
        board = self._board()
        self.assertEqual(len(board["people"]), PEOPLE_LIMIT + 1)
        self.assertEqual(board["more_people"], 3)
        self.assertIn(users[-1].id, [column["id"] for column in board["people"]])

    def test_who_has_too_much(self):
        for _number in range(8):
            self._case(user_id=self.user_team.id)
        self._case(user_id=self.user_specialist.id)
        board = self._board()
        self.assertEqual(board["average"], 4)
        self.assertTrue(self._column(self.user_team, board)["is_busy"])
        self.assertFalse(self._column(self.user_specialist, board)["is_busy"])

    def test_picks_out_of_order(self):
        self._case(hours=1)
        case = self._case(hours=2)
        case.with_user(self.user_team).action_assign_to_me()
        self.assertEqual(self._column(self.user_team)["out_of_order"], case.ids)
        self.assertEqual(self._column(self.user_specialist)["out_of_order"], [])
        # They are kept in mind for a week, whatever becomes of the case.
        case.action_resolve()
        self.assertEqual(self._column(self.user_team)["out_of_order"], case.ids)
        with freeze_time(self.now + timedelta(days=8)):
            self.assertEqual(self._column(self.user_team)["out_of_order"], [])

    # Tomorrow -----------------------------------------------------------------------

    def test_tomorrow_ends_in_the_zone_of_the_company(self):
        """In Madrid, 23:30 of today is 22:30 UTC in winter."""
        now = datetime(2026, 1, 14, 22, 30)
        instants = {
            "past": datetime(2026, 1, 14, 22, 29),
            "today": datetime(2026, 1, 14, 22, 59),
            "tomorrow": datetime(2026, 1, 15, 22, 59, 59),
            "the day after": datetime(2026, 1, 15, 23),
        }
        with freeze_time(now):
            for name, instant in instants.items():
                case = self._create_case(name=name)
                self._promises_due(case, resolution=instant)
            tomorrow = self._board()["tomorrow"]
            names = [card["name"] for card in tomorrow["cards"]]
            self.assertEqual(names, ["today", "tomorrow"])
            self.assertEqual(tomorrow["count"], 2)
            self.company.aftersales_tz = "UTC"
            names = [card["name"] for card in self._board()["tomorrow"]["cards"]]
        self.assertEqual(names, ["today", "tomorrow", "the day after"])

    def test_tomorrow_counts_promises(self):
        """Of a case that is overdue already, too; a case with two that are due counts
        twice."""
        now, hour = self.now, timedelta(hours=1)
        late, both = self._create_case(name="late"), self._create_case(name="both")
        self._promises_due(late, first_response=now - hour, resolution=now + hour)
        self._promises_due(
            both, first_response=now + 3 * hour, resolution=now + hour * 2
        )
        tomorrow = self._board()["tomorrow"]
        self.assertEqual(
            [(card["name"], card["promise"]) for card in tomorrow["cards"]],
            [("late", "Solution"), ("both", "Solution"), ("both", "First answer")],
        )
        self.assertEqual(tomorrow["count"], 3)
        card = tomorrow["cards"][0]
        self.assertEqual(card["deadline"], fields.Datetime.to_string(now + hour))
        self.assertEqual(card["id"], late.id)
        promises = self.env["aftersales.clock"].with_user(self.user_manager)
        found = promises.search(tomorrow["domain"])
        self.assertEqual(
            sorted(found.ids), sorted(card["promise_id"] for card in tomorrow["cards"])
        )

    def test_tomorrow_leaves_out_what_cannot_break(self):
        """What is decided, has broken before the case was reopened, or belongs to a
        case that is out of the way, or of another team."""
        soon = self.now + timedelta(hours=1)
        cases = [self._create_case() for _number in range(5)]
        other_team = self.env["aftersales.team"].create({"name": "Other"})
        cases.append(self._create_case(team_id=other_team.id))
        for case in cases:
            self._promises_due(case, resolution=soon)
        changes = ("outcome = 'breached'", "carried_breach = true", "state = 'paused'")
        for case, change in zip(cases, changes, strict=False):
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_clock SET %s WHERE case_id = %s"
                    " AND kind = 'resolution'",
                    SQL(change),
                    case.id,
                )
            )
        cases[3].active = False
        board = self._board()
        self.assertEqual([c["id"] for c in board["tomorrow"]["cards"]], cases[4].ids)
        promises = self.env["aftersales.clock"].with_user(self.user_manager)
        found = promises.search(board["tomorrow"]["domain"])
        self.assertEqual(found.case_id, cases[4])

    def test_tomorrow_shows_few_and_counts_all(self):
        soon = self.now + timedelta(hours=1)
        for _number in range(TOMORROW_LIMIT + 1):
            self._promises_due(self._create_case(), resolution=soon)
        tomorrow = self._board()["tomorrow"]
        self.assertEqual(len(tomorrow["cards"]), TOMORROW_LIMIT)
        self.assertEqual(tomorrow["count"], TOMORROW_LIMIT + 1)

    def test_each_company_has_its_own_tomorrow(self):
        foreign = self.env["res.company"].create(
            {"name": "Foreign Ltd", "aftersales_tz": "Asia/Shanghai"}
        )
        now = datetime(2026, 1, 14, 12)
        Case = self.env["aftersales.case"]
        both = Case.with_context(allowed_company_ids=(self.company | foreign).ids)
        self.assertEqual(
            both._ends_of_tomorrow(now),
            {
                datetime(2026, 1, 15, 16): foreign.ids,
                datetime(2026, 1, 15, 23): self.company.ids,
            },
        )
        team = self.env["aftersales.team"].create(
            {"name": "Foreign Team", "company_id": foreign.id}
        )
        self.user_manager.company_ids += foreign
        with freeze_time(now):
            for hour in (15, 17):
                ours, theirs = self._create_case(), self._create_case(team_id=team.id)
                self._promises_due(ours, resolution=datetime(2026, 1, 15, hour))
                self._promises_due(theirs, resolution=datetime(2026, 1, 15, hour, 1))
            cases = both.with_user(self.user_manager)
            board = cases.get_board([self.team.id, team.id])
        deadlines = [card["deadline"][11:16] for card in board["tomorrow"]["cards"]]
        self.assertEqual(deadlines, ["15:00", "15:01", "17:00"])

    # Giving a case to somebody else ---------------------------------------------------

    def test_reassigning_is_noted(self):
        case = self._case(user_id=self.user_team.id)
        case.with_user(self.user_manager).write({"user_id": self.user_specialist.id})
        line = self._events(case, "assigned")[-1]
        self.assertEqual(
            line.data["user_id"], [self.user_team.id, self.user_specialist.id]
        )
        self.assertEqual(line.actor_id, self.user_manager.id)
        self.assertEqual(self._column(self.user_specialist)["open"], 1)

    def test_giving_answers_with_the_board_as_it_is_then(self):
        case = self._case(user_id=self.user_team.id)
        case = case.with_user(self.user_manager)
        board = case.give_on_board(self.user_specialist.id, team_ids=self.team.ids)
        self.assertEqual(board["team_ids"], self.team.ids)
        self.assertEqual(self._column(self.user_team, board)["cases"], [])
        [card] = self._column(self.user_specialist, board)["cases"]
        self.assertEqual((card["id"], card["user_id"]), (case.id, case.user_id.id))
        board = case.give_on_board(False, team_ids=self.team.ids)
        self.assertEqual(self._column(None, board)["open"], 1)

    def test_who_only_looks_gives_nothing(self):
        case = self._case(user_id=self.user_team.id)
        for user in (self.user_management, self.user_other, self.user_portal):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                case.with_user(user).give_on_board(user.id)
        self.assertEqual(case.user_id, self.user_team)

    # Who may look ---------------------------------------------------------------------

    def test_managers_and_management(self):
        self._case(hours=-1)
        for user, may_give in (
            (self.user_manager, True),
            (self.user_management, False),
        ):
            board = self._board(user)
            self.assertEqual(self._tiles(board)["overdue"], 1)
            self.assertEqual(board["can_assign"], may_give)

    def test_who_answers_for_a_team_sees_it(self):
        """Its leader, or who stands above them; they need not be a member."""
        leader = self._worker("as_leader", "team")
        other_team = self.env["aftersales.team"].create(
            {"name": "Other", "member_ids": leader.ids}
        )
        self._due(self._create_case(team_id=other_team.id), -1)
        self._case(hours=-1, user_id=self.user_team.id)
        self._case(hours=-1)
        for level in self.team._LEVEL_FIELDS.values():
            self.team[level] = leader
            with self.subTest(level=level):
                board = self.Case.with_user(leader).get_board()
                self.assertEqual([line["id"] for line in board["teams"]], self.team.ids)
                self.assertEqual(self._tiles(board)["overdue"], 2)
                self.assertEqual(self._column(self.user_team, board)["open"], 1)
                # Nor do they see more by asking for it.
                board = self._board(leader, other_team)
                self.assertEqual(self._tiles(board)["overdue"], 2)
            self.team[level] = False

    def test_a_leader_without_rights_on_cases(self):
        self.team.leader_id = self.user_other
        with self.assertRaises(AccessError):
            self.Case.with_user(self.user_other).get_board()
        self.assertFalse(self.Case.with_user(self.user_other)._board_is_for_user())

    def _worker(self, login, role):
        groups = f"base.group_user,aftersales_service.group_aftersales_{role}"
        return new_test_user(self.env, login, groups=groups)

    def test_nobody_else(self):
        users = (
            self.user_team,
            self.user_specialist,
            self.user_responder,
            self.user_sales,
            self.user_other,
            self.user_portal,
            self.env.ref("base.public_user"),
        )
        for user in users:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.Case.with_user(user).get_board()

    def test_the_menu_is_offered_to_them_alone(self):
        menu = self.env.ref("aftersales_service.aftersales_menu_board")

        def is_offered(user):
            return menu.id in self.env["ir.ui.menu"].with_user(user).load_menus(False)

        self.assertTrue(is_offered(self.user_manager))
        self.assertTrue(is_offered(self.user_management))
        self.assertFalse(is_offered(self.user_other))
        self.assertFalse(is_offered(self.user_team))
        self.team.leader_id = self.user_team
        self.assertTrue(is_offered(self.user_team))

    def test_the_figure_of_updates_tells_customers_nothing(self):
        case = self._case()
        with self.assertRaises(AccessError):
            case.with_user(self.user_portal).read(["is_update_overdue"])
        with self.assertRaises(AccessError):
            self.Case.with_user(self.user_portal).search(
                [("is_update_overdue", "=", True)]
            )

    # What it costs --------------------------------------------------------------

    def test_at_most_ten_queries(self):
        other_team = self.env["aftersales.team"].create(
            {"name": "Other", "leader_id": self.user_team.id}
        )
        open_kinds = ("new", "working", "waiting_customer", "waiting_third_party")
        stages = self.env["aftersales.stage"].search([("kind", "in", open_kinds)])
        self.user_manager.company_ids += self.env["res.company"].create({"name": "B"})
        for number in range(30):
            self._case(
                hours=number,
                team_id=(self.team, other_team)[number % 2].id,
                user_id=(False, self.user_team.id, self.user_specialist.id)[number % 3],
                stage_id=stages[number % len(stages)].id,
            )
        for user in (self.user_manager, self.user_management, self.user_team):
            companies = user.company_ids.ids
            Case = self.Case.with_user(user).with_context(allowed_company_ids=companies)
            for _round in range(2):
                # First with nothing cached, then with what a server keeps.
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                Case.get_board()
                queries = self.env.cr.sql_log_count - before
            with self.subTest(user=user.login):
                self.assertLessEqual(queries, 10)

    def test_queries_do_not_grow(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._board()
            return self.env.cr.sql_log_count - before

        self._case(user_id=self.user_team.id)
        self._case()
        queries()
        few = queries()
        for number in range(40):
            self._case(hours=number, user_id=self.user_team.id)
            self._case(partner_id=self.other_customer.id)
        self.assertEqual(queries(), few)


@tagged("post_install", "-at_install")
class TestUpdatesOnTheBoard(ClockKindsCommon):
    """A missed update, with the promises the engine itself makes of it."""

    def _missed(self):
        board = (
            self.env["aftersales.case"]
            .with_user(self.user_manager)
            .get_board(self.team.ids)
        )
        return next(t["count"] for t in board["tiles"] if t["code"] == "updates")

    def _run_job(self):
        with patch.object(self.registry["ir.cron"], "_commit_progress", return_value=0):
            self.env["aftersales.clock"]._cron_tick()
        self.env.invalidate_all()

    def test_is_missed_until_the_customer_hears_of_us(self):
        self._promise("update", DAY)
        case = self._case()
        self._reply(case)
        self.assertEqual(self._missed(), 0)
        self._pass(DAY + 1)
        # Whether the job has come by or not
        self.assertEqual(self._missed(), 1)
        self._run_job()
        self.assertEqual(self._missed(), 1)
        self._pass(HOUR)
        self._run_job()
        self.assertEqual(self._missed(), 1)
        self.assertTrue(case.is_update_overdue)
        self._reply(case)
        self.env.invalidate_all()
        self.assertEqual(self._missed(), 0)
        self.assertFalse(case.is_update_overdue)
