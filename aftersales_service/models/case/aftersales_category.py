from odoo import api, fields, models
from odoo.exceptions import ValidationError


class AftersalesCategory(models.Model):
    """The tree of what cases are about."""

    _name = "aftersales.category"
    _description = "After-Sales Category"
    _inherit = ["aftersales.shared.mixin"]
    _parent_store = True
    _rec_name = "complete_name"
    _order = "complete_name"

    name = fields.Char(required=True, translate=True)
    complete_name = fields.Char(
        compute="_compute_complete_name", store=True, recursive=True
    )
    active = fields.Boolean(default=True)
    parent_id = fields.Many2one(
        "aftersales.category", index="btree_not_null", ondelete="restrict"
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("aftersales.category", "parent_id")
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Leave empty to share the category between all companies.",
    )

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for category in self:
            parent = category.parent_id.complete_name
            category.complete_name = (
                f"{parent} / {category.name}" if parent else category.name
            )

    @api.depends("complete_name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """Show the whole path in the reader's language; ``complete_name``, which is
        stored to sort by, is in the language it was written in."""
        for category in self:
            names = []
            step = category.sudo()
            while step:
                names.append(step.name or "")
                step = step.parent_id
            category.display_name = " / ".join(reversed(names))

    @api.constrains("parent_id")
    def _check_no_cycle(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A category cannot be its own parent. Choose another one.")
            )
