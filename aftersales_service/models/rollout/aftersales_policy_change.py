"""Bringing open cases up to a changed policy: looked at before, then done in the
background."""

from collections import Counter

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.stage_kinds import OPEN_KINDS
from ..base.aftersales_job import LISTED, JobKind

# What can be done with the promises made under a policy, and its code in the ledger.
APPLY, VOID, REMATCH = "apply", "void", "rematch"
CAUSES = {
    APPLY: "policy_version",
    VOID: "policy_archived",
    REMATCH: "policy_archived",
}
# What becomes of a promise, in the order in which it is told.
EARLIER, LATER, STARTED, VOIDED, ENDED, BROKEN = (
    "earlier",
    "later",
    "started",
    "voided",
    "ended",
    "broken",
)
UNCHANGED, MANUAL = "unchanged", "manual"
CHANGES = (UNCHANGED, EARLIER, LATER, STARTED, VOIDED, ENDED, BROKEN, MANUAL)


class PolicyChange:
    """A change of policy while it is done to a batch of cases, or only looked at.

    It travels in the context, which over RPC can hold no such object.

    :param job: the ``aftersales.job`` it is done by
    """

    def __init__(self, job):
        params = job.params
        self.job = job
        self.policy_id = params["policy_id"]
        self.mode = params["mode"]
        self.dry = params["dry"]
        self.before = {}
        self.tally = Counter()
        self.examples = []

    @classmethod
    def of(cls, env):
        """Return the change that is being made in an environment, if any."""
        change = env.context.get("aftersales_policy_change")
        return change if isinstance(change, cls) else None

    def concerns(self, row, target):
        """Whether a cycle and the target chosen for it are affairs of the policy."""
        if row.values["policy_id"] == self.policy_id:
            return True
        takes_over = target is not None and target["policy_id"] == self.policy_id
        return self.mode == APPLY and takes_over

    def see(self, rows):
        """Note how promises stood before."""
        for row in rows:
            clock = row.clock
            if clock.state != "stopped":
                self.before.setdefault(row.id, (row, _standing(clock)))

    def take(self, rows):
        """Note what becomes of promises."""
        for row in rows:
            if row.lines and row.lines[0]["cause"] != "chain":
                self._note(row, self._change_of(row))
                self.before.pop(row.id, None)

    def finish(self):
        """Note what stays as it was.

        :return: the result for the job
        """
        for row, _standing_before in self.before.values():
            if row.values["policy_id"] == self.policy_id and row.clock.is_open:
                fixed = row.clock.fixed_deadline is not None
                self._note(row, MANUAL if fixed else UNCHANGED)
        return {**self.tally, "examples": self.examples}

    def _change_of(self, row):
        clock = row.clock
        if clock.breach_cause == CAUSES[self.mode]:
            return BROKEN
        if clock.outcome == "void":
            return VOIDED
        if row.lines[-1]["cause"] == CAUSES[self.mode] and clock.state == "stopped":
            return ENDED
        if row.id not in self.before:
            return STARTED
        old, new = self.before[row.id][1], _standing(clock)
        if None in (old[0], new[0]) or old == new:
            return UNCHANGED
        if old[1] != new[1]:
            # It begins to stand still, or does not any more.
            return LATER if new[1] else EARLIER
        return EARLIER if new[0] < old[0] else LATER

    def _note(self, row, change):
        kind = row.values["kind"]
        self.tally[f"{change}:{kind}"] += 1
        if change in (UNCHANGED, MANUAL) or len(self.examples) >= LISTED:
            return
        old = self.before[row.id][1] if row.id in self.before else (None, None)
        new = (None, None) if change in (VOIDED, ENDED) else _standing(row.clock)
        self.examples.append([row.values["case_id"], kind, change, *old, *new])


def _standing(clock):
    """Return (deadline, None) of a running promise, (seconds left, "left") of a paused
    one."""
    if clock.state == "paused" and clock.is_open:
        return clock.remaining_seconds, "left"
    return clock.deadline, None


class AftersalesJob(models.Model):
    _inherit = "aftersales.job"

    @api.model
    def _job_kinds(self):
        """Add what is done to open cases when a policy changes."""
        labels = {
            "policy_preview": self.env._("Preview of a policy change"),
            "policy_apply": self.env._("Policy applied to open cases"),
            "policy_archive": self.env._("Promises of an archived policy"),
        }
        return {
            **super()._job_kinds(),
            **{
                code: JobKind(
                    label,
                    "aftersales.policy",
                    "_change_job",
                    batch_size=200,
                    priority=0 if code == "policy_preview" else 5,
                )
                for code, label in labels.items()
            },
        }


class AftersalesPolicy(models.Model):
    """Changing the promises of open cases along with their policy.

    An edit of a policy concerns the cases that come after, and archiving it lets
    running promises run. Both can be asked for here, as acts of their own.
    """

    _inherit = "aftersales.policy"

    running_promise_count = fields.Integer(
        string="Running Promises", compute="_compute_running_promise_count"
    )

    @api.depends_context("company")
    def _compute_running_promise_count(self):
        groups = self.env["aftersales.clock"]._read_group(
            [
                ("policy_id", "in", self.ids),
                ("state", "!=", "stopped"),
            ],
            ["policy_id"],
            ["__count"],
        )
        counts = {policy.id: count for policy, count in groups}
        for policy in self:
            policy.running_promise_count = counts.get(policy.id, 0)

    # Actions --------------------------------------------------------------------

    def action_apply_to_open_cases(self):
        """Open the dialog that shows what would become of open cases."""
        self.ensure_one()
        self.check_access("write")
        if not self.active:
            raise UserError(
                self.env._(
                    "A policy that is not in force promises nothing. Put it into force "
                    "first, then apply it to open cases."
                )
            )
        return self.env["aftersales.policy.apply"]._open(self)

    def action_archive_with_choice(self):
        """Open the dialog that asks what becomes of the promises that run."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Archive the Policy"),
            "res_model": "aftersales.policy.archive",
            "view_mode": "form",
            "target": "new",
            "context": {"default_policy_id": self.id},
        }

    def _enqueue_change(self, kind, mode, dry=False):
        """Queue a change of the promises made under this policy.

        :param str kind: code of the kind of job
        :param str mode: ``apply``, ``void`` or ``rematch``
        :param dry: only find out what would become of them
        :return: the job, as superuser
        """
        self.ensure_one()
        companies = self.company_id or self.env.companies
        return self.env["aftersales.job"]._enqueue(
            kind,
            {
                "policy_id": self.id,
                "version": self.version,
                "mode": mode,
                "dry": dry,
                "company_ids": companies.ids,
            },
            subject=self,
            company=self.company_id,
        )

    # The work -------------------------------------------------------------------

    @api.model
    def _change_job_count(self, job):
        """Return how many cases are to be looked at."""
        query = SQL(
            "SELECT count(*) FROM aftersales_case WHERE %s", self._change_sql(job)
        )
        return self.env.execute_query(query)[0][0]

    @api.model
    def _change_job_next(self, job, after, limit):
        """Return the next cases, if the policy is still what it was then."""
        policy = self.browse(job.params["policy_id"]).exists()
        if not policy or policy.version != job.params["version"]:
            raise UserError(
                self.env._(
                    "The policy was changed or deleted meanwhile. Look at the new "
                    "version, and apply that one."
                )
            )
        self.env["aftersales.case"].flush_model(["stage_kind", "mark", "active"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM aftersales_case WHERE %s AND id > %s"
                " ORDER BY id LIMIT %s",
                self._change_sql(job),
                after,
                limit,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _change_sql(self, job):
        """Return the condition on cases that can be concerned: those in use, and if
        only promises made already are, those that have one."""
        live = SQL(
            "active AND mark IS NULL AND stage_kind = ANY(%s) AND company_id = ANY(%s)",
            list(OPEN_KINDS),
            job.params["company_ids"],
        )
        if job.params["mode"] == APPLY:
            return live
        return SQL(
            "%s AND EXISTS (SELECT 1 FROM aftersales_clock clock"
            " WHERE clock.case_id = aftersales_case.id AND clock.policy_id = %s"
            " AND clock.state <> 'stopped')",
            live,
            job.params["policy_id"],
        )

    @api.model
    def _change_job_work(self, job, ids):
        """Choose the policies of cases again, as far as this one is concerned.

        :return: dict: how many promises of each kind changed how, with examples
        """
        change = PolicyChange(job)
        cases = self.env["aftersales.case"].browse(ids)
        cases.with_context(aftersales_policy_change=change)._clocks_rematch(
            fields.Datetime.now(), cause=CAUSES[change.mode], versions=True
        )
        return change.finish()

    @api.model
    def _change_job_finish(self, job):
        """Tell who asked for it what became of it."""
        user = job.requested_by
        if job.params["dry"] or not user.active or not user._is_internal():
            return
        theirs = job.with_context(lang=user.lang, tz=user.tz)
        lines = theirs.description.splitlines()
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            {
                **self.env["aftersales.notify"]._activity_values(user),
                "summary": theirs.display_name,
                "note": Markup("<br/>").join(lines),
            }
        )

    @api.model
    def _change_job_describe(self, job):
        """Say what became, or would become, of the promises."""
        totals = Counter()
        for key, count in (job.result or {}).items():
            change, _sep, kind = key.partition(":")
            if kind:
                totals[change] += count
        labels = self._change_labels()
        lines = [f"{labels[code]}: {totals[code]}" for code in CHANGES if totals[code]]
        return "\n".join(lines) or self.env._("No open promise is concerned.")

    @api.model
    def _change_labels(self):
        """Return {code of a change: what to call it}."""
        return {
            UNCHANGED: self.env._("Unchanged"),
            EARLIER: self.env._("Due earlier"),
            LATER: self.env._("Due later"),
            STARTED: self.env._("New promise"),
            VOIDED: self.env._("Not counted"),
            ENDED: self.env._("Breached before, pursued no further"),
            BROKEN: self.env._("Breached by the change"),
            MANUAL: self.env._("Set by hand, stays"),
        }


class AftersalesCase(models.Model):
    """Limits a new choice of policies to one policy while that one changes."""

    _inherit = "aftersales.case"

    def _rematch_row(self, row, target, instant, cause, versions=False):
        """Drop the promise whatever other policies say, where that was asked for."""
        change = PolicyChange.of(self.env)
        if change and change.mode == VOID:
            target = None
        return super()._rematch_row(row, target, instant, cause, versions)

    def _is_rematched(self, row, target, versions):
        """Change only promises of the policy, and void those it makes no more."""
        change = PolicyChange.of(self.env)
        if not change:
            return super()._is_rematched(row, target, versions)
        if not change.concerns(row, target):
            return False
        if target is None:
            return row.clock.fixed_deadline is None
        return super()._is_rematched(row, target, versions)

    def _clocks_start_missing(self, matched, last, at, cause):
        """Start only promises of the policy, and none of an archived one."""
        change = PolicyChange.of(self.env)
        if change:
            matched = {
                case_id: {
                    kind: target
                    for kind, target in found.items()
                    if change.mode == APPLY and target["policy_id"] == change.policy_id
                }
                for case_id, found in matched.items()
            }
        return super()._clocks_start_missing(matched, last, at, cause)

    def _clocks_store(self, rows):
        """Note what becomes of promises; while it is only looked at, store nothing."""
        change = PolicyChange.of(self.env)
        if not change:
            super()._clocks_store(rows)
            return
        change.take(rows)
        for row in rows:
            for line in row.lines:
                line.update(source_kind=change.job._name, source_id=change.job.id)
        if not change.dry:
            super()._clocks_store(rows)


class AftersalesClock(models.Model):
    _inherit = "aftersales.clock"

    @api.model
    def _load(self, condition, suffix):
        """Note how promises stand before a change of policy; who only looks locks
        nothing."""
        change = PolicyChange.of(self.env)
        if change and change.dry:
            suffix = SQL("ORDER BY id")
        rows = super()._load(condition, suffix)
        if change:
            change.see(rows)
        return rows
