from collections import defaultdict
from operator import itemgetter

from odoo import api, models
from odoo.tools import SQL, groupby

from ...tools import replay
from ...tools.replay import Line
from .compared_columns import (
    CASE_FACTS,
    CASE_INSTANTS,
    CLOCK_FACTS,
    CLOCK_INSTANTS,
    LINE_COLUMNS,
    LINE_INSTANTS,
)

# Columns of a case that follow from the ledger and the clocks, and are worked out
# again by "Rebuild Mirrors". Everything else is a fact, and never changed by a check.


def _columns(plain, instants):
    """Return columns of a SELECT, instants as epoch seconds."""
    return SQL(", ").join(
        [
            *map(SQL.identifier, plain),
            *(
                SQL("date_part('epoch', %(name)s)::int8 AS %(name)s", name=name)
                for name in map(SQL.identifier, instants)
            ),
        ]
    )


class AftersalesDifference(models.Model):
    """What a comparison with the ledger reads, as plain data."""

    _inherit = "aftersales.difference"

    @api.model
    def _read_cases(self, case_ids):
        """Return {case id: row}, instants in epoch seconds."""
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT id, company_id, %s FROM aftersales_case WHERE id = ANY(%s)"
                " ORDER BY id",
                _columns(CASE_FACTS, CASE_INSTANTS),
                case_ids,
            )
        )
        return {row["id"]: row for row in rows}

    @api.model
    def _read_clocks(self, case_ids):
        """Return {case id: {clock id: row}}, instants in epoch seconds."""
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT id, %s FROM aftersales_clock WHERE case_id = ANY(%s)"
                " ORDER BY case_id, id",
                _columns(CLOCK_FACTS, CLOCK_INSTANTS),
                case_ids,
            )
        )
        return {
            case_id: {row["id"]: row for row in group}
            for case_id, group in groupby(rows, itemgetter("case_id"))
        }

    @api.model
    def _read_lines(self, case_ids, since):
        """Return {case id: [lines of the case]} and {case id: {clock id: [lines of the
        clock]}}, in the order of their ids."""
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, id, clock_id, %s FROM aftersales_event"
                " WHERE case_id = ANY(%s)"
                " AND (kind <> 'maintenance' OR recorded_at >= %s) ORDER BY id",
                _columns(LINE_COLUMNS, LINE_INSTANTS),
                case_ids,
                since or "-infinity",
            )
        )
        names = ("id", "clock_id", *LINE_COLUMNS, *LINE_INSTANTS)
        of_cases = defaultdict(list)
        of_clocks = defaultdict(lambda: defaultdict(list))
        for case_id, *values in rows:
            line = Line(**dict(zip(names, values, strict=True)))
            if line.clock_id and line.kind in replay.CLOCK_KINDS:
                of_clocks[case_id][line.clock_id].append(line)
            else:
                of_cases[case_id].append(line)
        return of_cases, of_clocks
