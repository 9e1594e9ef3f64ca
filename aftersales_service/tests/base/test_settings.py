from lxml import etree

from odoo.tests import tagged

from ..common import AftersalesCommon


@tagged("post_install", "-at_install")
class TestSettings(AftersalesCommon):
    def _field_names(self, user, view_type="form"):
        arch = self.env["aftersales.case"].with_user(user).get_view(None, view_type)
        nodes = etree.fromstring(arch["arch"]).iter("field")
        return {node.get("name") for node in nodes}

    def _switch(self, **features):
        self.env["res.config.settings"].create(features).execute()
        self.env.registry.clear_cache("templates")

    def test_features_switched_off_disappear(self):
        for feature, field in (
            ("group_aftersales_use_category", "category_id"),
            ("group_aftersales_use_urgency", "urgency"),
            ("group_aftersales_use_class", "handling_class"),
        ):
            with self.subTest(feature):
                self._switch(**{feature: True})
                self.assertIn(field, self._field_names(self.user_team))
                self._switch(**{feature: False})
                self.assertNotIn(field, self._field_names(self.user_team))

    def test_values_are_the_companys(self):
        self._switch(
            aftersales_portal_scope="company",
            aftersales_portal_intake=False,
            aftersales_order_days=30,
            aftersales_tz="Asia/Tokyo",
        )
        self.assertEqual(self.company.aftersales_portal_scope, "company")
        self.assertFalse(self.company.aftersales_portal_intake)
        self.assertEqual(self.company.aftersales_order_days, 30)
        self.assertEqual(self.company.aftersales_tz, "Asia/Tokyo")

    def test_page_is_there_for_administrators(self):
        self.user_manager.group_ids += self.env.ref("base.group_system")
        settings = self.env["res.config.settings"].with_user(self.user_manager)
        arch = etree.fromstring(settings.get_view(None, "form")["arch"])
        self.assertTrue(arch.xpath("//app[@name='aftersales_service']"))

    def test_menus_follow_the_role(self):
        def visible(user, name):
            menus = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            menu = self.env.ref(f"aftersales_service.aftersales_menu_{name}")
            return menu.id in menus

        self.assertTrue(visible(self.user_specialist, "my"))
        self.assertFalse(visible(self.user_specialist, "reporting"))
        self.assertFalse(visible(self.user_team, "configuration"))
        self.assertTrue(visible(self.user_manager, "configuration"))
        self.assertTrue(visible(self.user_management, "report_cases"))
        self.assertFalse(visible(self.user_other, "root"))
