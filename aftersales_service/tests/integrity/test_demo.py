from odoo.tests import TransactionCase, tagged
from odoo.tools import convert_file

from ...demo.stories import STORIES


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    """The demonstration data can be loaded, and tell what their ledger tells."""

    def test_load(self):
        Cases = self.env["aftersales.case"].with_context(active_test=False)
        known = Cases.search([])
        if not self.env.ref("aftersales_service.user_specialist_demo", False):
            file = "demo/aftersales_demo.xml"
            convert_file(self.env, "aftersales_service", file, None, mode="init")
        cases = Cases.search([]) - known or known
        self.assertGreaterEqual(len(cases), len(STORIES))
        self.assertLessEqual(
            {story.name for story in STORIES}, set(cases.mapped("name"))
        )
        outcomes = set(cases.clock_ids.mapped("outcome"))
        self.assertLessEqual({"none", "met", "breached"}, outcomes)
        found, _count = self.env["aftersales.difference"]._check_cases(cases.ids)
        self.assertFalse(found)
        self.assertFalse(self.env["mail.mail"].search([("state", "=", "outgoing")]))
