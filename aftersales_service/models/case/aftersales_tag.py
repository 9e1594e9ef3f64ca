from random import randint

from odoo import fields, models


class AftersalesTag(models.Model):
    _name = "aftersales.tag"
    _description = "After-Sales Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    color = fields.Integer(default=lambda self: self._default_color())

    _name_uniq = models.Constraint(
        "UNIQUE (name)", "A tag with this name exists already. Use that one."
    )

    def _default_color(self):
        return randint(1, 11)
