import logging
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.core_api import wake_job

_logger = logging.getLogger(__name__)

STATES = [
    ("queued", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
UNFINISHED = ("queued", "running")
KEPT_DAYS = 90
VACUUM_LIMIT = 1000
# Records that failed, or examples, that a job's result names at most.
LISTED = 200


class JobKind(NamedTuple):
    """One kind of work in the background.

    The work is done by methods of a model, all named after a prefix and called with
    the job as superuser, in its company:

    * ``<prefix>_count(job)`` → how many records there are to work on,
    * ``<prefix>_next(job, after, limit)`` → the next ids above ``after``, ascending
      and at most ``limit``, locked if the work changes them,
    * ``<prefix>_work(job, ids)`` → do it; may return a dict to add to the result
      (numbers are summed, lists joined),
    * ``<prefix>_finish(job)`` (optional) → after the last; may return a ``datetime``
      from which everything is gone through once more,
    * ``<prefix>_describe(job)`` (optional) → the result in sentences, in the language
      of the environment.

    :param str label: what is done, translated
    :param str model: name of the model with the methods
    :param str prefix: begin of their names
    :param int batch_size: records that are worked on and committed together
    :param int priority: smaller ones go first
    """

    label: str
    model: str
    prefix: str
    batch_size: int = 500
    priority: int = 10


class AftersalesJob(models.Model):
    """Long work that is done in the background, batch by batch.

    Each batch is locked, worked and committed together with the id it has come to, so a
    process that dies in between loses nothing and nothing is done twice. A record that
    fails is noted and holds up no other; neither does work that breaks off each time,
    because the database refuses it or it takes its process along: it is tried ever more
    rarely, and fails at last.
    """

    _name = "aftersales.job"
    _description = "Background Jobs"
    _inherit = ["aftersales.batch.mixin"]
    _order = "id desc"
    _rec_name = "kind"

    kind = fields.Selection(
        lambda self: self._selection_kind(), string="Work", required=True, readonly=True
    )
    params = fields.Json(readonly=True)
    dedup_key = fields.Char(readonly=True)
    priority = fields.Integer(readonly=True, default=10)
    res_model = fields.Char(string="Model of the Subject", readonly=True)
    res_id = fields.Many2oneReference(
        string="Subject", model_field="res_model", readonly=True
    )
    company_id = fields.Many2one("res.company", index="btree_not_null", readonly=True)
    requested_by = fields.Many2one(
        "res.users", index="btree_not_null", ondelete="set null", readonly=True
    )
    state = fields.Selection(STATES, required=True, default="queued", readonly=True)
    cursor = fields.Integer(
        readonly=True, help="Id of the last record that was worked on."
    )
    total = fields.Integer(readonly=True)
    done = fields.Integer(readonly=True)
    failed = fields.Integer(string="Not Possible", readonly=True)
    progress = fields.Float(
        compute="_compute_progress", help="Share of the records worked on, in percent."
    )
    result = fields.Json(readonly=True)
    description = fields.Text(string="Result in Words", compute="_compute_description")
    error = fields.Text(readonly=True)
    requested_at = fields.Datetime(
        string="Requested", default=fields.Datetime.now, readonly=True
    )
    not_before = fields.Datetime(string="Goes On At", readonly=True)
    # times that the present batch was begun
    attempts = fields.Integer(readonly=True, default=0)
    retry_at = fields.Datetime(string="Tried Again At", readonly=True)
    started_at = fields.Datetime(string="Started", readonly=True)
    finished_at = fields.Datetime(string="Finished", readonly=True)

    _unfinished_idx = models.Index(
        "(priority, id) WHERE state IN ('queued', 'running')"
    )
    _dedup_idx = models.Index("(kind, dedup_key) WHERE state = 'queued'")
    _subject_idx = models.Index("(res_model, res_id)")

    # Kinds --------------------------------------------------------------------

    @api.model
    def _job_kinds(self):
        """Return the kinds of work there are, as {code: JobKind}; extendable."""
        return {}

    @api.model
    def _selection_kind(self):
        return [(code, kind.label) for code, kind in self._job_kinds().items()]

    # Compute ------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends("kind", "res_model", "res_id")
    def _compute_display_name(self):
        """Name it by what is done, and to what."""
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            label = labels.get(job.kind, job.kind)
            subject = job._subject()
            if subject:
                label = self.env._(
                    "%(work)s: %(subject)s", work=label, subject=subject.display_name
                )
            job.display_name = label

    @api.depends("state", "done", "total")
    def _compute_progress(self):
        """Hundred only when it is over; a job in its second round stays below."""
        for job in self:
            share = 100 * job.done / job.total if job.total else 0
            job.progress = 100 if job.state == "done" else min(share, 99)

    @api.depends_context("lang")
    @api.depends("result", "failed", "started_at")
    def _compute_description(self):
        """Let whoever does the work say what came of it."""
        for job in self:
            describe = job.kind and job._method("describe")
            lines = [describe(job)] if describe and job.started_at else []
            if job.failed:
                lines.append(job._describe_failures())
            job.description = "\n".join(line for line in lines if line) or False

    def _describe_failures(self):
        lines = [
            self.env._("Not possible for %(count)s records:", count=self.failed),
            *(
                f"- {failure['id']}: {failure['error']}"
                for failure in self._found("failures", ())
            ),
        ]
        return "\n".join(lines)

    def _subject(self):
        """Return the record the work is about, for those who may read it."""
        self.ensure_one()
        if not self.res_model or not self.res_id or self.res_model not in self.env:
            return None
        subject = self.env[self.res_model].browse(self.res_id).exists()
        return subject if subject and subject.has_access("read") else None

    # Actions ------------------------------------------------------------------

    def action_cancel(self):
        """Stop work that waits or runs; what is done stays done.

        :raise AccessError: for whoever manages no after-sales service
        """
        self._check_manager()
        jobs = self.filtered(lambda job: job.state in UNFINISHED)
        jobs.sudo().write({"state": "cancelled", "finished_at": fields.Datetime.now()})

    def action_retry(self):
        """Go on where failed or cancelled work stopped, or try once more what was not
        possible for single records.

        :raise AccessError: for whoever manages no after-sales service
        """
        self._check_manager()
        for job_sudo in self.sudo().filtered(lambda job: job.state not in UNFINISHED):
            values = {"state": "queued", "error": False, "finished_at": False}
            if job_sudo.state == "done":
                values.update(cursor=0, done=0, failed=0, started_at=False, result={})
            job_sudo.write(
                {**values, "not_before": False, "attempts": 0, "retry_at": False}
            )
        self._wake()

    def action_open_subject(self):
        """Open the record the work is about."""
        subject = self._subject()
        return subject._get_records_action() if subject else False

    def _check_manager(self):
        self.check_access("read")
        manager = "aftersales_service.group_aftersales_manager"
        if not self.env.su and not self.env.user.has_group(manager):
            raise AccessError(
                self.env._(
                    "Only managers of the after-sales service may stop or repeat work "
                    "in the background."
                )
            )

    # Queue --------------------------------------------------------------------

    @api.model
    def _enqueue(self, kind, params=None, dedup_key=None, subject=None, company=None):
        """Queue work for the background and wake the workers.

        Work of the same kind and key that still waits is not queued twice: whoever
        takes it will see everything committed until then.

        :param str kind: code of a kind, see :meth:`_job_kinds`
        :param dict params: plain JSON for those who do the work
        :param str dedup_key: tells identical work from other work of the kind
        :param subject: record the work is about
        :param company: ``res.company`` record whose work it is; the current one when
            not given, none for an empty recordset
        :return: the job, as superuser
        """
        jobs_sudo = self.sudo()
        job = jobs_sudo._join_queued(kind, dedup_key)
        if not job:
            company = self.env.company if company is None else company
            job = jobs_sudo.create(
                {
                    "kind": kind,
                    "params": params or {},
                    "dedup_key": dedup_key,
                    "priority": self._job_kinds()[kind].priority,
                    "res_model": subject._name if subject else False,
                    "res_id": subject.id if subject else False,
                    "company_id": company.id,
                    "requested_by": self.env.uid,
                }
            )
        self._wake()
        return job

    @api.model
    def _join_queued(self, kind, dedup_key):
        """Return the identical work that waits. It is updated, so that a worker whose
        snapshot is older than this transaction cannot take it; one that a worker has
        taken already is left alone."""
        if not dedup_key:
            return self.browse()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE aftersales_job SET requested_at = %(now)s
                 WHERE id = (
                    SELECT id FROM aftersales_job
                     WHERE state = 'queued' AND kind = %(kind)s AND dedup_key = %(key)s
                  ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                 ) RETURNING id
                """,
                now=fields.Datetime.now(),
                kind=kind,
                key=dedup_key,
            )
        )
        job = self.browse([row[0] for row in rows])
        job.invalidate_recordset(["requested_at"], flush=False)
        return job

    @api.model
    def _wake(self, at=None):
        wake_job(self.env, "aftersales_service.ir_cron_job", at)

    # Housekeeping -------------------------------------------------------------

    @api.autovacuum
    def _gc_finished(self):
        """Forget what has been over for three months."""
        jobs = self.search(
            [
                ("state", "not in", UNFINISHED),
                ("finished_at", "<", fields.Datetime.now() - timedelta(days=KEPT_DAYS)),
            ],
            limit=VACUUM_LIMIT,
        )
        jobs.unlink()
        return len(jobs), len(jobs) == VACUUM_LIMIT


def sentence(error):
    """Return an error in words: a sentence for people as it is, any other with its
    class."""
    if isinstance(error, UserError):
        return str(error)
    return f"{type(error).__name__}: {error}"[:500]
