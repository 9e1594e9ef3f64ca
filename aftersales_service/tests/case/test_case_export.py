from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from ...tools.ranges import as_ranges
from ..common import AftersalesCommon

CONTACT = [
    ["number", "email_from"],
    ["number", "phone"],
    ["partner_id/email"],
    ["partner_id/parent_id/phone"],
    ["sale_order_id/partner_id/street"],
    ["clock_ids/case_id/partner_id/email"],
    ["message_ids/body"],
]


@tagged("post_install", "-at_install")
class TestExport(AftersalesCommon):
    """What leaves the house."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(
            user_id=cls.user_specialist.id, sale_order_id=cls.order.id
        )
        cls.user_specialist.group_ids += cls.env.ref("base.group_allow_export")
        cls.mine = cls.case.with_user(cls.user_specialist)
        cls.right = cls.env.ref("aftersales_service.group_aftersales_export")

    def _log(self):
        self.env.cr.precommit.run()
        return self.env["aftersales.access"].search([])

    def test_contacts_need_the_right(self):
        for paths in CONTACT:
            with self.subTest(paths=paths), self.assertRaises(AccessError):
                self.mine.export_data(paths)
        self.assertFalse(self._log())
        self.user_specialist.group_ids += self.right
        for count, paths in enumerate(CONTACT[:4], start=1):
            with self.subTest(paths=paths):
                self.assertTrue(self.mine.export_data(paths)["datas"])
                self.assertEqual(len(self._log()), count)
        self.assertEqual(set(self._log().mapped("with_contacts")), {True})

    def test_by_way_of_another_model(self):
        self.user_specialist.group_ids += self.env.ref("sales_team.group_sale_manager")
        order = self.order.with_user(self.user_specialist)
        with self.assertRaises(AccessError):
            order.export_data(["name", "aftersales_case_ids/email_from"])
        order.export_data(["name", "aftersales_case_ids/number"])
        self.assertEqual(self._log().record_ids, str(self.case.id))
        order.export_data(["name", "partner_id/email"])
        self.assertEqual(len(self._log()), 1, "of no concern to us")

    def test_the_rest_is_logged(self):
        paths = [".id", "number", "partner_id/name", "partner_id/.id", "partner_id/id"]
        self.mine.export_data(paths)
        line = self._log()
        self.assertRecordValues(
            line,
            [
                {
                    "kind": "export",
                    "user_id": self.user_specialist.id,
                    "company_id": self.company.id,
                    "model": "aftersales.case",
                    "record_count": 1,
                    "record_ids": str(self.case.id),
                    "names": ", ".join(paths),
                    "with_contacts": False,
                }
            ],
        )
        self.assertLess((fields.Datetime.now() - line.at).total_seconds(), 60)

    def test_odoos_own_right_is_still_needed(self):
        self.user_specialist.group_ids -= self.env.ref("base.group_allow_export")
        self.user_specialist.group_ids += self.right
        with self.assertRaises(UserError):
            self.mine.export_data(["number"])
        self.assertFalse(self._log())

    def test_nobody_edits_the_log(self):
        self.mine.export_data(["number"])
        for log in (self._log(), self._log().with_user(self.user_manager)):
            with self.assertRaises(AccessError):
                log.write({"record_count": 0})
            with self.assertRaises(AccessError):
                log.unlink()
            with self.assertRaises(AccessError):
                log.create({"kind": "export", "user_id": self.env.uid})

    def test_managers_of_the_company_read_it(self):
        self.mine.export_data(["number"])
        log = self._log().browse()
        self.assertTrue(log.with_user(self.user_manager).search([]))
        with self.assertRaises(AccessError):
            log.with_user(self.user_specialist).search([])
        other = self.env["res.company"].create({"name": "Another company"})
        self.user_manager.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(log.with_user(self.user_manager).search([]))


class TestRanges(TransactionCase):
    def test_words(self):
        for numbers, text in (
            ([], ""),
            ([7], "7"),
            ([3, 1, 2], "1-3"),
            ([1, 2, 4, 9, 10, 2], "1-2, 4, 9-10"),
        ):
            self.assertEqual(as_ranges(numbers), text)
