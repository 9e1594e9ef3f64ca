from odoo import fields, models
from odoo.tools import SQL


class IrSequence(models.Model):
    _inherit = "ir.sequence"

    def _aftersales_draw(self, count):
        """Draw several numbers at once, in one query.

        The stock method draws one number per call, two queries each.

        :param int count: how many numbers
        :return: list of ``count`` strings, ascending
        """
        self.ensure_one()
        if self.implementation != "standard":
            return [self.next_by_id() for _index in range(count)]
        current = self._aftersales_current(fields.Date.context_today(self))
        if current == self:
            pg_sequence = f"ir_sequence_{self.id:03d}"
            formatter = self
        else:
            pg_sequence = f"ir_sequence_{self.id:03d}_{current.id:03d}"
            formatter = self.with_context(ir_sequence_date_range=current.date_from)
        rows = self.env.execute_query(
            SQL("SELECT nextval(%s) FROM generate_series(1, %s)", pg_sequence, count)
        )
        prefix, suffix = formatter._get_prefix_suffix()
        return [f"{prefix}{row[0]:0{self.padding}d}{suffix}" for row in rows]

    def _aftersales_current(self, day):
        """Return what holds the next number of a day, as ``_get_current_sequence``;
        an existing range comes with its first day, in one query."""
        if not self.use_date_range:
            return self
        ranges = self.env["ir.sequence.date_range"].search_fetch(
            [
                ("sequence_id", "=", self.id),
                ("date_from", "<=", day),
                ("date_to", ">=", day),
            ],
            ["date_from"],
            limit=1,
        )
        return ranges or self._get_current_sequence(day)
