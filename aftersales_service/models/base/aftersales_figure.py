"""The table of figures."""

from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class Figure(NamedTuple):
    """What a figure means: one definition for pivots, boards and reports.

    A row of its grain counts 100 if it is in the numerator, 0 if only in the
    denominator, and nothing else: so that every average of the measure, whatever it is
    grouped by, is the ratio of two sums.
    """

    name: str
    # model of the rows it is counted on, an SQL view
    grain: str
    # field of the grain that holds 100, 0 or nothing
    measure: str
    # conditions on the tables of the view
    numerator: SQL
    denominator: SQL
    # field of the grain with the day, in the company's zone, whose period it counts in
    period: str

    @property
    def sql(self):
        """The column of the measure."""
        return SQL(
            "CASE WHEN %s THEN 100 WHEN %s THEN 0 END", self.numerator, self.denominator
        )


class FigureValue(NamedTuple):
    """A figure, with the number of rows it rests on.

    :param value: percent, or None without any row in the denominator
    """

    value: float | None
    count: int


class AftersalesFigure(models.AbstractModel):
    """Figures by their codes. Whoever shows one asks here what it means, and what it
    is."""

    _name = "aftersales.figure"
    _description = "After-Sales Figure"

    @api.model
    def _figures(self):
        """Return the figures there are, as {code: Figure}; extendable."""
        return {}

    @api.model
    def _value(self, code, domain=(), date_from=None, date_to=None):
        """Return a figure as its reader may see it.

        :param str code: of the figure, for instance ``"K-03"``
        :param domain: condition on the rows of its grain
        :param date_from: first day of the period
        :param date_to: last day of the period
        :return: :class:`FigureValue`
        """
        figure = self._figures()[code]
        rows = Domain(domain)
        if date_from:
            rows &= Domain(figure.period, ">=", date_from)
        if date_to:
            rows &= Domain(figure.period, "<=", date_to)
        [[value, count]] = self.env[figure.grain]._read_group(
            rows, aggregates=[f"{figure.measure}:avg", f"{figure.measure}:count"]
        )
        return FigureValue(value if count else None, count)
