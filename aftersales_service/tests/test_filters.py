from ast import literal_eval

from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .clock.test_clock_engine import at
from .escalation.test_clock_ladder import LadderCommon


@tagged("post_install", "-at_install")
class TestFilters(LadderCommon):
    """The lists people find their work by: every filter and every way to group."""

    def _filters(self, view):
        """Return {name: (domain, way to group)} of a search view."""
        model = self.env[view.model].with_user(self.user_manager)
        nodes = etree.fromstring(model.get_view(view.id, "search")["arch"])
        found = {}
        for node in nodes.iter("filter"):
            domain = safe_eval(node.get("domain", "[]"), {"uid": self.user_manager.id})
            group_by = literal_eval(node.get("context", "{}")).get("group_by")
            found[node.get("name")] = (domain, group_by)
        return found

    def _find(self, view, name, records, user=None):
        """Return which of some records a filter finds."""
        domain = self._filters(self.env.ref(f"aftersales_service.{view}"))[name][0]
        model = records.with_user(user or self.user_manager).browse()
        return model.search([("id", "in", records.ids), *domain])

    def test_all_can_be_used(self):
        """Whatever a list offers to filter or group by can be computed."""
        views = self.env["ir.ui.view"].search(
            [("type", "=", "search"), ("model", "like", "aftersales.")]
        )
        self.assertGreater(len(views), 10)
        for view in views:
            model = self.env[view.model].with_user(self.user_manager)
            for name, (domain, group_by) in self._filters(view).items():
                with self.subTest(view=view.name, filter=name):
                    model.search(domain, limit=1)
                    if group_by:
                        model.formatted_read_group(domain, [group_by], ["__count"])

    def test_late_cases_are_found(self):
        """47. The lists of late and endangered cases show them, and only them."""
        late, risky, calm = (
            self._case(at(hour)) for hour in ("08:00", "09:00", "13:00")
        )
        cases = late | risky | calm
        self._tick(at("13:30"))
        for name, found in (("overdue", late), ("at_risk", risky)):
            with self.subTest(name):
                self.assertEqual(
                    self._find("aftersales_case_view_search", name, cases), found
                )

    def test_escalations_are_found(self):
        """47. Who was escalated to finds it in their list until they acknowledge it."""
        by_person, by_promise = self._case(at("08:00")), self._case(at("08:00"))
        escalations = by_person._escalate("1", reason="x", by=self.user_manager)
        escalations |= by_promise._escalate("1")
        view = "aftersales_escalation_view_search"
        leader = self.user_team
        for name, found in (
            ("waiting", escalations),
            ("by_hand", escalations[0]),
            ("by_promise", escalations[1]),
        ):
            with self.subTest(name):
                self.assertEqual(self._find(view, name, escalations, leader), found)
        escalations[0].with_user(leader).action_acknowledge()
        self.assertEqual(
            self._find(view, "waiting", escalations, leader), escalations[1]
        )
        self.assertEqual(
            self._find(view, "acknowledged", escalations, leader), escalations[0]
        )
