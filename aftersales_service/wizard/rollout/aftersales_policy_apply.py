from collections import defaultdict

from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ...models.rollout.aftersales_policy_change import (
    APPLY,
    BROKEN,
    CHANGES,
    REMATCH,
    VOID,
)
from ...tools.business_time import from_epoch
from ...tools.words import duration

# So many cases are looked at while the dialog opens; more in the background.
AT_ONCE = 400
SHOWN = 80


class AftersalesPolicyApply(models.TransientModel):
    """Shows what would become of open cases if a policy applied to them as it is now,
    and has it done."""

    _name = "aftersales.policy.apply"
    _description = "Apply a Policy to Open Cases"
    _inherit = ["aftersales.reference.mixin"]

    policy_id = fields.Many2one(
        "aftersales.policy", required=True, readonly=True, ondelete="cascade"
    )
    version = fields.Integer(readonly=True)
    # Managers may read jobs, so the dialog needs no rights of its own to them; all that
    # follows is told as to the user, as a client can name any job and policy.
    job_id = fields.Many2one("aftersales.job", readonly=True, ondelete="cascade")
    state = fields.Selection(related="job_id.state", related_sudo=False)
    progress = fields.Float(related="job_id.progress", related_sudo=False)
    error = fields.Text(related="job_id.error", related_sudo=False)
    counts = fields.Html(compute="_compute_preview", sanitize=False)
    examples = fields.Html(compute="_compute_preview", sanitize=False)
    changed_count = fields.Integer(compute="_compute_preview")
    shown_count = fields.Integer(compute="_compute_preview")

    @api.depends("job_id.result", "job_id.state")
    def _compute_preview(self):
        """Tell the counts by kind, and the first of the cases."""
        for wizard in self:
            result = wizard.job_id.result or {}
            rows = wizard._rows(result)
            wizard.changed_count = sum(
                count
                for counts in rows.values()
                for code, count in counts.items()
                if code not in ("unchanged", "manual")
            )
            # What would be broken stands first.
            examples = result.get("examples", [])
            shown = sorted(examples, key=lambda line: line[2] != BROKEN)[:SHOWN]
            wizard.shown_count = len(shown)
            wizard.counts = wizard._counts_table(rows)
            wizard.examples = wizard._examples_table(shown)

    @api.model
    def _open(self, policy):
        """Look at the open cases, a few at once and many in the background, and open
        the dialog.

        :param policy: one ``aftersales.policy`` record
        """
        job = policy._enqueue_change("policy_preview", APPLY, dry=True)
        if policy._change_job_count(job) <= AT_ONCE:
            while job.state in ("queued", "running"):
                job._work_batch()
        wizard = self.create(
            {"policy_id": policy.id, "version": policy.version, "job_id": job.id}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "Apply Version %(version)s to Open Cases", version=policy.version
            ),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_apply(self):
        """Have it done in the background, and show its progress.

        :raise UserError: when the policy was changed after the preview
        """
        self.ensure_one()
        self.policy_id.check_access("write")
        if self.policy_id.version != self.version:
            raise UserError(
                self.env._(
                    "The policy was changed after this preview. Close the dialog and "
                    "look again."
                )
            )
        job = self.policy_id._enqueue_change("policy_apply", APPLY)
        return job.with_env(self.env)._get_records_action()

    # Tables ---------------------------------------------------------------------

    @api.model
    def _rows(self, result):
        """Return {kind: {code of a change: count}}."""
        rows = defaultdict(dict)
        for key, count in result.items():
            change, _sep, kind = key.partition(":")
            if kind:
                rows[kind][change] = count
        return rows

    def _counts_table(self, rows):
        labels = self.env["aftersales.policy"]._change_labels()
        codes = [code for code in CHANGES if any(code in row for row in rows.values())]
        kinds = self.env["aftersales.policy.target"]._clock_kinds()
        head = [self.env._("Promise"), *(labels[code] for code in codes)]
        body = [
            [kind.label, *(rows[name].get(code, 0) for code in codes)]
            for name, kind in kinds.items()
            if name in rows
        ]
        return _table(head, body, numbers_from=1)

    def _examples_table(self, examples):
        labels = self.env["aftersales.policy"]._change_labels()
        kinds = self.env["aftersales.policy.target"]._clock_kinds()
        cases = self.env["aftersales.case"].browse({line[0] for line in examples})
        known = {case.id: case for case in cases.exists()}
        head = [
            self.env._("Case"),
            self.env._("Promise"),
            self.env._("Change"),
            self.env._("Due now"),
            self.env._("Due then"),
        ]
        body = [
            [
                _link(known[case_id]),
                kinds[kind].label,
                labels[change],
                self._standing_words(old, old_unit),
                self._standing_words(new, new_unit),
            ]
            for case_id, kind, change, old, old_unit, new, new_unit in examples
            if case_id in known
        ]
        return _table(head, body)

    def _standing_words(self, value, unit):
        """Return a deadline, or the time left of a promise that is paused."""
        if value is None:
            return ""
        if unit == "left":
            words = duration(self.env, max(value, 0))
            return self.env._("paused, %(time)s left", time=words)
        return format_datetime(self.env, from_epoch(value))


class AftersalesPolicyArchive(models.TransientModel):
    """Asks what becomes of the promises that run under a policy when it is archived."""

    _name = "aftersales.policy.archive"
    _description = "Archive a Policy"
    _inherit = ["aftersales.reference.mixin"]

    policy_id = fields.Many2one(
        "aftersales.policy", required=True, readonly=True, ondelete="cascade"
    )
    running_promise_count = fields.Integer(
        related="policy_id.running_promise_count", related_sudo=False
    )
    choice = fields.Selection(
        lambda self: self._selection_choice(), required=True, default="run"
    )

    def _selection_choice(self):
        return [
            ("run", self.env._("Let them run: what was promised stays promised")),
            (VOID, self.env._("Do not count them: nobody has to meet them")),
            (REMATCH, self.env._("Choose again: the policies in force decide")),
        ]

    def action_archive(self):
        """Archive the policy and do with its promises what was chosen."""
        self.ensure_one()
        self.policy_id.check_access("write")
        running = self.running_promise_count
        self.policy_id.action_archive()
        if self.choice == "run" or not running:
            return {"type": "ir.actions.act_window_close"}
        job = self.policy_id._enqueue_change("policy_archive", self.choice)
        return job.with_env(self.env)._get_records_action()


def _link(case):
    """Return a link that opens a case beside the dialog."""
    return Markup('<a href="/odoo/aftersales.case/{}" target="_blank">{}</a>').format(
        case.id, case.display_name
    )


def _table(head, body, numbers_from=None):
    """Return an HTML table; what is no markup is escaped.

    :param list head: texts
    :param list body: rows of texts or markup
    :param int numbers_from: column from which on cells are numbers
    """
    if not body:
        return False

    def cells(tag, values):
        return Markup("").join(
            Markup("<{tag}{css}>{value}</{tag}>").format(
                tag=Markup(tag),
                css=Markup(' class="text-end"')
                if numbers_from is not None and place >= numbers_from
                else "",
                value=escape(value),
            )
            for place, value in enumerate(values)
        )

    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(cells("td", row)) for row in body
    )
    return Markup(
        '<table class="table table-sm"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table>"
    ).format(cells("th", head), rows)
