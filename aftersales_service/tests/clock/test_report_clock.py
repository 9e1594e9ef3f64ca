from ast import literal_eval
from datetime import date, datetime, timedelta

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .test_clock_engine import HOUR, ClockCommon, at

MEASURES = (
    "__count",
    "attainment:avg",
    "net_seconds:avg",
    "case_number:count_distinct",
)


@tagged("post_install", "-at_install")
class TestReportClock(ClockCommon):
    """What became of promises, in figures."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["aftersales.report.clock"].with_user(cls.user_manager)

    def _rows(self, cases, **filters):
        domain = [("case_id", "in", cases.ids)]
        domain += [(name, "=", value) for name, value in filters.items()]
        return self.Report.search(domain)

    def _answer(self, case, instant):
        self.frozen.move_to(instant)
        case._clocks_stop(["first_response"], instant)

    def _group(self, cases, by, measures=MEASURES, domain=(), **context):
        """Return {group: measures} as a pivot reads them."""
        [groups] = self.Report.with_context(**context).formatted_read_grouping_sets(
            [("case_id", "in", cases.ids), *domain], [[by]], list(measures)
        )
        return {
            group[by][0] if isinstance(group[by], (list, tuple)) else group[by]: [
                group[measure] for measure in measures
            ]
            for group in groups
        }

    def _decide(self, instant, **values):
        """Return a case whose receipt was confirmed at an instant, one minute after it
        came in."""
        case = self._case(instant - timedelta(minutes=1), **values)
        self.frozen.move_to(instant)
        case._clocks_stop(["acknowledgement"], instant)
        return case

    # Figures ------------------------------------------------------------------

    def test_kept_broken_open_void(self):
        """The percentage is of what was kept or broken, whatever else there is."""
        cases = self.env["aftersales.case"]
        for minutes in (1, 2, 30):
            case = self._case(at("10:00"))
            self._answer(case, at("10:00") + timedelta(minutes=minutes))
            cases += case
        cases += self._case(at("10:00"))
        self._move(cases[-1], "cancelled", at("10:01"))
        cases += self._case(at("10:31"))
        groups = self._group(cases, "kind")
        count, attainment, net, distinct = groups["first_response"]
        self.assertEqual((count, distinct), (5, 5))
        self.assertAlmostEqual(attainment, 200 / 3)
        # One, two and thirty minutes: the open and the void one took no time.
        self.assertEqual(net, (60 + 120 + 1800) / 3)
        rows = self._rows(cases, kind="first_response")
        self.assertEqual(
            sorted(rows.mapped("outcome")), ["breached", "met", "met", "none", "void"]
        )

    def test_nothing_decided(self):
        """Where nothing was decided there is no percentage, rather than a false 0."""
        case = self._case(at("10:00"))
        [_count, attainment, net, _cases] = self._group(case, "kind")["resolution"]
        # Not 0, which equals False.
        self.assertIs(attainment, False)
        self.assertIs(net, False)

    def test_broken_and_still_running(self):
        """A broken promise counts at once; how long it took is known at its end."""
        case = self._case(at("10:00"))
        self._tick(at("10:20"))
        row = self._rows(case, kind="first_response")
        self.assertEqual(row.outcome, "breached")
        [_n, attainment, net, _cases] = self._group(case, "kind")["first_response"]
        self.assertEqual(attainment, 0)
        self.assertFalse(net)
        self._answer(case, at("10:45"))
        row.invalidate_recordset()
        self.assertEqual(row.net_seconds, 45 * 60)
        self.assertEqual(row.late_seconds, 35 * 60)
        self.assertEqual(row.decided_at, at("10:10"))

    def test_three_durations(self):
        """Nights and lunch count on the calendar, pauses in the service hours."""
        case = self._case(at("16:00"))
        self._move(case, "waiting_customer", at("16:30"))
        self._move(case, "working", at("08:30", day=1))
        self._move(case, "resolved", at("10:00", day=1))
        row = self._rows(case, kind="resolution")
        self.assertEqual(row.calendar_seconds, 18 * HOUR)
        self.assertEqual(row.business_seconds, 3 * HOUR)
        self.assertEqual(row.net_seconds, 2 * HOUR)
        self.assertEqual(row.target_seconds, 4 * HOUR)

    def test_carried_breach(self):
        """A case reopened after its promise was broken counts once as broken."""
        case = self._case(at("08:00"))
        self._move(case, "resolved", at("15:00"))
        self._move(case, "working", at("16:00"))
        self._move(case, "resolved", at("16:30"))
        rows = self._rows(case, kind="resolution").sorted("cycle")
        self.assertEqual(rows.mapped("outcome"), ["breached", "void"])
        self.assertEqual(rows[1].void_cause, "carried")
        [count, attainment, _net, cases] = self._group(case, "kind")["resolution"]
        self.assertEqual((count, attainment, cases), (2, 0, 1))

    def test_figures_of_agents(self):
        """What was broken only by a change of the rules is no agent's fault."""
        cases = self._case(at("10:00")) + self._case(at("10:00"))
        for case in cases:
            self._tick(at("10:20"))
            self._answer(case, at("10:45"))
        self.env.cr.execute(
            SQL(
                "UPDATE aftersales_clock SET breach_cause = 'policy_change'"
                " WHERE case_id = %s AND kind = 'first_response'",
                cases[0].id,
            )
        )
        self.env.invalidate_all()
        rows = self._rows(cases, kind="first_response", counts_for_agent=True)
        self.assertEqual(rows.case_id, cases[1])
        by_cause = self._group(
            cases, "breach_cause", domain=[("kind", "=", "first_response")]
        )
        self.assertEqual({"policy_change", "time"}, set(by_cause))

    def test_set_aside(self):
        """Cases set aside count in no figure, also what was decided before; taken
        back, they count again."""
        case = self._case(at("10:00"))
        self._answer(case, at("10:05"))
        self.assertTrue(self._rows(case))
        case._set_aside("test", "Trying it out")
        self.assertFalse(self._rows(case))
        case.action_undo_mark()
        self.assertEqual(self._rows(case, kind="first_response").outcome, "met")

    # Days ---------------------------------------------------------------------

    def test_day_of_the_company(self):
        """The day changes at midnight in Madrid, in winter, summer, and in the nights
        in which the clocks are put forward and back."""
        for instant, day in (
            (datetime(2026, 1, 31, 22, 59, 59), date(2026, 1, 31)),
            (datetime(2026, 1, 31, 23, 0), date(2026, 2, 1)),
            (datetime(2026, 3, 28, 22, 59, 59), date(2026, 3, 28)),
            (datetime(2026, 3, 28, 23, 0), date(2026, 3, 29)),
            (datetime(2026, 3, 29, 21, 59, 59), date(2026, 3, 29)),
            (datetime(2026, 3, 29, 22, 0), date(2026, 3, 30)),
            (datetime(2026, 6, 30, 22, 0), date(2026, 7, 1)),
            (datetime(2026, 10, 24, 22, 0), date(2026, 10, 25)),
            (datetime(2026, 10, 25, 22, 59, 59), date(2026, 10, 25)),
            (datetime(2026, 10, 25, 23, 0), date(2026, 10, 26)),
        ):
            row = self._rows(self._decide(instant), kind="acknowledgement")
            self.assertEqual(row.decided_date, day, instant)
            self.assertEqual(row.stopped_date, day, instant)

    def test_day_received(self):
        case = self._case(datetime(2026, 1, 31, 23, 30))
        self.assertEqual(self._rows(case)[0].received_date, date(2026, 2, 1))

    def test_same_for_every_viewer(self):
        """Pivot and filter by month: the same figure in Shanghai and Los Angeles."""
        cases = self.env["aftersales.case"]
        for instant in (
            datetime(2026, 1, 31, 22, 30),
            datetime(2026, 1, 31, 23, 30),
            datetime(2026, 2, 28, 22, 30),
            datetime(2026, 2, 28, 23, 30),
        ):
            cases += self._decide(instant)
        acknowledged = [("kind", "=", "acknowledgement")]
        figures = []
        for zone in ("Asia/Shanghai", "America/Los_Angeles"):
            self.user_manager.tz = zone
            figures.append(
                self._group(
                    cases, "decided_date:month", domain=acknowledged, tz=zone, lang=None
                )
            )
        self.assertEqual(figures[0], figures[1])
        self.assertEqual(
            {month: values[0] for month, values in figures[0].items()},
            {"2026-01-01": 1, "2026-02-01": 2, "2026-03-01": 1},
        )

    def test_pivot_equals_the_ledger(self):
        """The figure of the pivot is the one counted by hand from the ledger."""
        cases = self.env["aftersales.case"]
        for minutes in (3, 9, 10, 11, 25):
            case = self._case(at("10:00"))
            self._answer(case, at("10:00") + timedelta(minutes=minutes))
            cases += case
        lines = self._events(cases[0], "clock_met").browse()
        for case in cases:
            lines += self._events(case).filtered(
                lambda line: (
                    line.data
                    and line.data.get("kind") == "first_response"
                    and line.kind in ("clock_met", "clock_breached")
                )
            )
        kept = len(lines.filtered(lambda line: line.kind == "clock_met"))
        [count, attainment, _net, _cases] = self._group(cases, "kind")["first_response"]
        self.assertEqual(count, len(lines))
        self.assertEqual(attainment, 100 * kept / len(lines))
        self.assertEqual(attainment, 60)

    def test_other_company(self):
        """A company in another zone has its own days."""
        other = self.env["res.company"].create(
            {"name": "Shanghai Branch", "aftersales_tz": "Asia/Shanghai"}
        )
        self.user_manager.company_ids += other
        case = self._decide(datetime(2026, 1, 31, 17, 0))
        self.env.cr.execute(
            SQL(
                "UPDATE aftersales_clock SET company_id = %s WHERE case_id = %s",
                other.id,
                case.id,
            )
        )
        self.env.invalidate_all()
        domain = [("case_id", "=", case.id), ("kind", "=", "acknowledgement")]
        report = self.Report.with_context(allowed_company_ids=[self.company.id])
        self.assertFalse(report.search(domain))
        report = self.Report.with_context(allowed_company_ids=[other.id])
        self.assertEqual(report.search(domain).decided_date, date(2026, 2, 1))

    # Rights -------------------------------------------------------------------

    def test_rights(self):
        """Who sees the promise sees its figures, and nobody else."""
        case = self._case(at("10:00"), user_id=self.user_specialist.id)
        case.sale_order_id = self.order
        strange_team = self.env["aftersales.team"].create(
            {"name": "Strange", "company_id": self.company.id}
        )
        strange = self._case(at("10:00"), team_id=strange_team.id)
        strange.sale_order_id = False
        both = case + strange
        for user, expected in (
            (self.user_manager, both),
            (self.user_management, both),
            (self.user_team, case),
            (self.user_specialist, case),
            (self.user_sales, case),
        ):
            rows = self.Report.with_user(user).search([("case_id", "in", both.ids)])
            self.assertEqual(rows.case_id, expected, user.login)
        seller = new_test_user(
            self.env, "as_seller", "base.group_user,sales_team.group_sale_salesman"
        )
        self.assertFalse(self.Report.with_user(seller).search_count([]))
        for user in (self.user_other, self.user_responder, self.user_portal):
            with self.assertRaises(AccessError):
                self.Report.with_user(user).search([])

    def test_nobody_writes(self):
        row = self._rows(self._case(at("10:00")))[0]
        with self.assertRaises(AccessError):
            row.write({"outcome": "met"})
        with self.assertRaises(AccessError):
            row.unlink()

    # Screens ------------------------------------------------------------------

    def test_drill_down(self):
        cases = self._case(at("10:00")) + self._case(at("10:00"))
        action = self._rows(cases, kind="resolution").action_open_case()
        self.assertEqual(
            self.env["aftersales.case"].search(action["domain"]), cases.sorted()
        )
        row = self._rows(cases[0], kind="resolution")
        self.assertEqual(row.action_open_case()["res_id"], cases[0].id)
        action = row.action_open_clock()
        self.assertEqual(action["res_model"], "aftersales.clock")
        self.assertEqual(action["res_id"], self._clock(cases[0]).id)

    def test_menu(self):
        menu = self.env.ref("aftersales_service.aftersales_menu_report_promises")
        self.assertEqual(menu.action.res_model, "aftersales.report.clock")

    def test_filters_of_months(self):
        """This month and last month follow each other without hole or overlap."""
        instants = [datetime(2026, 1, 10), datetime(2026, 2, 10), datetime(2026, 3, 10)]
        cases = self.env["aftersales.case"]
        for instant in instants:
            cases += self._decide(instant)
        self.frozen.move_to(datetime(2026, 3, 31, 12))
        view = self.Report.get_view(view_type="search")["arch"]
        for name, case in (("last_month", cases[1]), ("this_month", cases[2])):
            domain = self._domain_of(view, name) + [("kind", "=", "acknowledgement")]
            found = self.Report.search([("case_id", "in", cases.ids), *domain])
            self.assertEqual(found.case_id, case, name)

    def _domain_of(self, view, name):
        [node] = etree.fromstring(view).xpath(f"//filter[@name='{name}']")
        return literal_eval(node.get("domain"))

    # Cost ---------------------------------------------------------------------

    def test_reads_no_company_without_a_day(self):
        """A table the pivot does not ask for is not read."""
        plans = {}
        for by in ("kind", "decided_date:month"):
            query = self.Report.sudo()._search([])
            term = self.Report._read_group_groupby(self.Report._table, by, query)
            query.groupby = term
            rows = self.env.execute_query(
                SQL("EXPLAIN %s", query.select(term, SQL("count(*)")))
            )
            plans[by] = "\n".join(line for (line,) in rows)
        self.assertNotIn("res_company", plans["kind"])
        self.assertIn("res_company", plans["decided_date:month"])

    def test_one_query_per_pivot(self):
        cases = self._case(at("10:00")) + self._case(at("10:00"))
        self.env.flush_all()
        self._group(cases, "kind")
        with self.assertQueryCount(1):
            self._group(cases, "kind")

    def test_pending_changes_are_seen(self):
        """What is not yet in the database is written before it is counted."""
        case = self._case(at("10:00"))
        self.assertEqual(self._group(case, "channel").keys(), {"phone"})
        case.user_id = self.user_team
        rows = self._rows(case, user_id=self.user_team.id)
        self.assertEqual(len(rows), 3)

    def test_every_text_has_a_name(self):
        """Every cause that a clock can have is said in words."""
        known = dict(self.Report._fields["void_cause"]._description_selection(self.env))
        case = self._case(at("10:00"))
        self._move(case, "cancelled", at("10:01"))
        for row in self._rows(case):
            self.assertIn(row.void_cause, known)

    def test_set_back_by_hand_counts_for_nobody(self):
        """Broken because a manager set the deadline back: nobody was too slow."""
        clock = self._clock(self._case(at("08:00"))).with_user(self.user_manager)
        clock.action_set_deadline(at("16:00", day=4), "The customer asked for Friday")
        self.frozen.move_to(at("15:00"))
        clock.action_reset_deadline("A mistake")
        self.env.flush_all()
        self.assertEqual(clock.outcome, "breached")
        row = self.env["aftersales.report.clock"].browse(clock.id)
        self.assertFalse(row.counts_for_agent)
        causes = dict(row._fields["breach_cause"]._description_selection(self.env))
        self.assertIn(row.breach_cause, causes)
