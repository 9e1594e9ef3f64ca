"""The board and the next case in a real browser."""

from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestBoardTours(AftersalesCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_tour_user()
        cls.company.aftersales_tz = "UTC"
        hours = {"first": -30, "second": 0.5, "third": 60, "fourth": 90}
        cls.cases = {
            name: cls._due_case(f"Tour: {name}", number)
            for name, number in hours.items()
        }

    @classmethod
    def _due_case(cls, name, hours, **values):
        case = cls._create_case(name=name, **values)
        deadline = fields.Datetime.now() + timedelta(hours=hours)
        # What the lists show is copied from the promises: change those.
        cls.env.cr.execute(
            "UPDATE aftersales_clock SET deadline = %s, warning_at = %s"
            " WHERE case_id = %s AND state = 'running'",
            [deadline, deadline, case.id],
        )
        case._refresh_clock_mirrors()
        cls.env.invalidate_all()
        return case

    def test_specialist_takes_one_case_after_the_other(self):
        self.start_tour(
            "/odoo/aftersales", "aftersales_next_case_tour", login="as_tour"
        )
        for name, case in self.cases.items():
            with self.subTest(case=name):
                self.assertEqual(case.user_id, self.user)
                [line] = self._events(case, "picked")
                self.assertFalse(line.data["out_of_order"])

    def test_manager_gives_cases_to_others(self):
        self._due_case("Tour: of a colleague", -1, user_id=self.user_team.id)
        other_team = self.env["aftersales.team"].create({"name": "Other Team"})
        self._due_case("Tour: of another team", -1, team_id=other_team.id)
        self.start_tour(
            "/odoo/aftersales-board", "aftersales_board_tour", login="as_manager"
        )
        case = self.cases["first"]
        self.assertEqual(case.user_id, self.user_team)
        owners = [line.data["user_id"] for line in self._events(case, "assigned")]
        specialist, team = self.user_specialist.id, self.user_team.id
        self.assertEqual(
            owners, [[False, specialist], [specialist, False], [False, team]]
        )

    def test_management_looks(self):
        self.start_tour(
            "/odoo/aftersales-board",
            "aftersales_board_read_tour",
            login="as_management",
        )

    @mute_logger("odoo.http")
    def test_others_are_told_where_their_cases_are(self):
        self.start_tour(
            "/odoo/aftersales-board", "aftersales_board_refused_tour", login="as_tour"
        )

    def test_empty_board(self):
        self.env["aftersales.case"].search([]).active = False
        self.start_tour(
            "/odoo/aftersales-board", "aftersales_board_empty_tour", login="as_manager"
        )
