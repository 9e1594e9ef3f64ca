from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ...tools.business_time import from_epoch
from .compared_columns import CLOCK_MIRRORS, STAMPS


class AftersalesDifference(models.Model):
    """What only mirrors the ledger and the clocks, worked out again."""

    _inherit = "aftersales.difference"

    @api.model
    def _mirror_job_count(self, job):
        """Return how many cases there are."""
        return self._check_job_count(job)

    @api.model
    def _mirror_job_next(self, job, after, limit):
        """Return the ids of the next cases, locked."""
        return self._next_cases(job, after, limit, SQL("FOR NO KEY UPDATE"))

    @api.model
    def _mirror_job_work(self, job, ids):
        """Work out mirrors again.

        :return: dict: how many cases were mended
        """
        return {"mended": self._rebuild_mirrors(ids)}

    @api.model
    def _mirror_job_finish(self, job):
        """Look whether anything else differs."""
        self._enqueue_check(job.company_id)

    @api.model
    def _mirror_job_describe(self, job):
        """Say in a sentence what was mended."""
        return self.env._(
            "The mirrors of %s cases were corrected.", job.result.get("mended", 0)
        )

    @api.model
    def _rebuild_mirrors(self, case_ids):
        """Work out again what cases mirror of the ledger and their clocks; no fact is
        touched.

        :return: number of cases mended
        """
        found, _clocks = self._check_cases(case_ids)
        values = defaultdict(dict)
        for case_id, _clock_id, kind, finding in found:
            if kind == "mirror":
                values[case_id][finding.field] = finding.replayed
        for case_id, columns in values.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_case SET %s WHERE id = %s",
                    SQL(", ").join(
                        SQL(
                            "%s = %s",
                            SQL.identifier(name),
                            None if value is None else from_epoch(value),
                        )
                        for name, value in columns.items()
                    ),
                    case_id,
                )
            )
        names = [*STAMPS, *CLOCK_MIRRORS]
        cases = self.env["aftersales.case"].browse(values)
        cases.modified(names)
        cases.invalidate_recordset(names, flush=False)
        return len(values)
