"""Every model × every role × create, read, write, unlink, on real records."""

from odoo.tests import tagged

from .right_table import DIALOG, RIGHTS, rows_of
from .world import World

TABLE = "RIGHTS of tests/matrix/right_table.py"
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}


@tagged("post_install", "-at_install")
class TestRights(World):
    def test_every_model_has_a_row(self):
        """Those of ours, and those of others on which we give rights."""
        found = {
            name
            for name in self.env.registry
            if name.startswith("aftersales.") and not self.env[name]._abstract
        }
        names = self.env["ir.model.data"].search(
            [("module", "=like", "aftersales\\_%"), ("model", "=", "ir.model.access")]
        )
        given = self.env["ir.model.access"].browse(names.mapped("res_id"))
        found |= set(given.model_id.mapped("model"))
        self.assertGreater(len(found), 30)
        new = ", ".join(sorted(found - RIGHTS.keys()))
        self.assertFalse(
            new, f"Who may do what with {new}? Say it by a row in {TABLE}."
        )
        gone = ", ".join(sorted(RIGHTS.keys() - found))
        self.assertFalse(
            gone, f"Nothing of ours gives rights on {gone}: take it out of {TABLE}."
        )

    def test_every_place_is_asked_about(self):
        """What stands in the table is what the world has a record of."""
        for model, (places, _rows) in RIGHTS.items():
            with self.subTest(model):
                made = self.made.get(model, dict.fromkeys(DIALOG))
                self.assertEqual(sorted(made), sorted(places))

    def test_who_may_what(self):
        for model, (places, _rows) in RIGHTS.items():
            for role, expected in rows_of(model):
                with self.subTest(model, role=role, places=places), self.undone():
                    found = (self._rights(model, place, role) for place in places)
                    self.assertEqual(" ".join(found), expected)

    def _rights(self, model, place, role):
        user = self.roles[role]
        if self.env[model]._transient:
            opened_by = user if place == "own" else self.env.ref("base.user_root")
            record = self.dialog(model, "here", opened_by)
        else:
            record = self.made[model][place]
        env = self.env(user=user, context={}, su=False)
        record = env[model].browse(record.id)
        letters = (
            letter
            for letter, operation in OPERATIONS.items()
            if record.has_access(operation)
        )
        return "".join(letters) or "-"
