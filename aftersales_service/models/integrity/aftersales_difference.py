"""The checker: is every case and every promise what the ledger says?"""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...tools.business_time import from_epoch
from ..base.aftersales_job import JobKind
from ..base.trust import system_only
from .compared_columns import INSTANTS

# Enough to see what is wrong; who has more looks at the cause first.
MAX_DIFFERENCES = 1000
KINDS = [
    ("fact", "Fact"),
    ("plan", "Plan"),
    ("mirror", "Mirror"),
    ("ledger", "Ledger"),
]


class AftersalesJob(models.Model):
    _inherit = "aftersales.job"

    @api.model
    def _job_kinds(self):
        """Add the check and the rebuilding of mirrors."""
        return {
            **super()._job_kinds(),
            "integrity": JobKind(
                self.env._("Integrity checked"),
                "aftersales.difference",
                "_check_job",
                batch_size=500,
                priority=20,
            ),
            "mirrors": JobKind(
                self.env._("Mirrors rebuilt"),
                "aftersales.difference",
                "_mirror_job",
                batch_size=500,
                priority=20,
            ),
        }


class AftersalesDifference(models.Model):
    """Something stored on a case or a promise that is not what its ledger says.

    A check only reads. Facts are never changed by it: whoever finds that one differs
    looks for what wrote around the engine. Mirrors may be worked out again.
    """

    _name = "aftersales.difference"
    _description = "After-Sales Finding"
    _order = "case_id, clock_id, id"
    _rec_name = "field_name"

    job_id = fields.Many2one(
        "aftersales.job", required=True, index=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    case_id = fields.Many2one(
        "aftersales.case", required=True, index=True, ondelete="cascade", readonly=True
    )
    clock_id = fields.Many2one(
        "aftersales.clock",
        string="Promise",
        index="btree_not_null",
        ondelete="cascade",
        readonly=True,
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    field_name = fields.Char(string="Column", required=True, readonly=True)
    field_label = fields.Char(string="What", compute="_compute_words")
    stored = fields.Char(readonly=True, help="What the table says. Times are UTC.")
    replayed = fields.Char(
        string="By the Ledger",
        readonly=True,
        help="What follows from the ledger. Times are UTC.",
    )
    advice = fields.Char(string="What to Do", compute="_compute_words")

    @api.depends_context("lang")
    @api.depends("kind", "field_name", "clock_id")
    def _compute_words(self):
        advice = self._advice()
        for difference in self:
            model = "aftersales.clock" if difference.clock_id else "aftersales.case"
            field = self.env[model]._fields.get(difference.field_name)
            difference.field_label = (
                field._description_string(self.env)
                if field
                else self.env._("The ledger itself")
            )
            difference.advice = advice.get(difference.kind)

    @api.model
    def _advice(self):
        return {
            "fact": self.env._(
                "It was written around the service. Find out by what, and correct it."
            ),
            "plan": self.env._(
                "Its hours changed without it. Change and save the hours once more."
            ),
            "mirror": self.env._("“Rebuild Mirrors” works it out again."),
            "ledger": self.env._(
                "A line of the history is missing or was changed. Compare with a "
                "backup."
            ),
        }

    # Actions --------------------------------------------------------------------

    @api.model
    def action_check(self):
        """Check all cases of the current company in the background.

        :raise AccessError: for whoever manages no after-sales service
        """
        self._check_manager()
        self._enqueue_check(self.env.company)
        return self._notification(
            self.env._(
                "The check runs in the background. Its result is shown on the page "
                "“Health”."
            )
        )

    @api.model
    def action_rebuild_mirrors(self):
        """Work out again what only mirrors the ledger and the clocks.

        :raise AccessError: for whoever manages no after-sales service
        """
        self._check_manager()
        company = self.env.company
        self.env["aftersales.job"]._enqueue(
            "mirrors", dedup_key=str(company.id), company=company
        )
        return self._notification(
            self.env._(
                "The mirrors are rebuilt in the background, and checked afterwards."
            )
        )

    def action_open_case(self):
        """Open the case."""
        return self.case_id._get_records_action()

    @api.model
    def _notification(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": message},
        }

    @api.model
    def _check_manager(self):
        manager = "aftersales_service.group_aftersales_manager"
        if not self.env.su and not self.env.user.has_group(manager):
            raise AccessError(
                self.env._("Only managers of the after-sales service may do this.")
            )

    # Job ------------------------------------------------------------------------

    @api.model
    @system_only
    def _cron_check(self):
        """Queue the weekly check of every company."""
        everything = [("active", "in", (True, False))]
        for company in self.env["aftersales.team"].search(everything).company_id:
            self._enqueue_check(company)

    @api.model
    def _enqueue_check(self, company):
        return self.env["aftersales.job"]._enqueue(
            "integrity", dedup_key=str(company.id), company=company
        )

    @api.model
    def _last_check(self, company):
        """Return the last finished check of a company, as superuser."""
        return (
            self.env["aftersales.job"]
            .sudo()
            .search(
                [
                    ("kind", "=", "integrity"),
                    ("state", "=", "done"),
                    ("company_id", "=", company.id),
                ],
                order="finished_at desc, id desc",
                limit=1,
            )
        )

    @api.model
    def _check_job_count(self, job):
        """Return how many cases there are to check."""
        cases = self.env["aftersales.case"].with_context(active_test=False)
        return cases.search_count([("company_id", "=", job.company_id.id)])

    @api.model
    def _check_job_next(self, job, after, limit):
        """Return the ids of the next cases; nothing is locked, a check only reads."""
        return self._next_cases(job, after, limit, SQL())

    @api.model
    def _next_cases(self, job, after, limit, lock):
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM aftersales_case WHERE company_id = %s AND id > %s"
                " ORDER BY id LIMIT %s %s",
                job.company_id.id,
                after,
                limit,
                lock,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _check_job_work(self, job, ids):
        """Check cases, and store what differs.

        :return: dict: how many cases, clocks and differences there were
        """
        last = self._last_check(job.company_id)
        found, clocks = self._check_cases(ids, since=last.started_at)
        room = MAX_DIFFERENCES - (job.result or {}).get("differences", 0)
        self.search([("job_id", "=", job.id), ("case_id", "in", ids)]).unlink()
        self.create(
            [
                self._prepare_difference(job, *one)
                for one in (found[:room] if room > 0 else ())
            ]
        )
        return {"cases": len(ids), "clocks": clocks, "differences": len(found)}

    @api.model
    def _check_job_finish(self, job):
        """Forget what earlier checks of the company had found."""
        self.search(
            [("company_id", "=", job.company_id.id), ("job_id", "!=", job.id)]
        ).unlink()

    @api.model
    def _check_job_describe(self, job):
        """Say in a sentence what came of a check."""
        result = defaultdict(int, job.result)
        if result["differences"]:
            return self.env._(
                "%(cases)s cases with %(clocks)s promises were compared with their "
                "ledger: %(differences)s findings. They are listed under "
                "“Integrity”.",
                **{name: result[name] for name in ("cases", "clocks", "differences")},
            )
        return self.env._(
            "%(cases)s cases with %(clocks)s promises agree with their ledger.",
            cases=result["cases"],
            clocks=result["clocks"],
        )

    @api.model
    def _finding_line(self, case_id, clock_id, kind, finding):
        """Return one finding as a line of text, for the command line."""
        stored = _words(finding.field, finding.stored)
        replayed = _words(finding.field, finding.replayed)
        return (
            f"case {case_id} promise {clock_id or '-'} {kind} {finding.field}:"
            f" stored {stored}, by the ledger {replayed}"
        )

    @api.model
    def _prepare_difference(self, job, case_id, clock_id, kind, finding):
        return {
            "job_id": job.id,
            "company_id": job.company_id.id,
            "case_id": case_id,
            "clock_id": clock_id,
            "kind": kind,
            "field_name": finding.field,
            "stored": _words(finding.field, finding.stored),
            "replayed": _words(finding.field, finding.replayed),
        }


def _words(name, value):
    """Return a value as people read it; instants are UTC."""
    if value is None or value is False or value == "":
        return None
    if name in INSTANTS and isinstance(value, int):
        return from_epoch(value).isoformat(sep=" ")
    return str(value)[:500]
