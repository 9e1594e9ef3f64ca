"""What a policy said in each of its versions."""

import json

from odoo import api, fields, models
from odoo.tools import SQL, format_date, format_datetime

from ...tools.words import duration


class AftersalesPolicyVersion(models.Model):
    """What one version of a policy said, kept for ever: conditions and promises as
    plain data. Lines are written by the policy alone and never changed."""

    _name = "aftersales.policy.version"
    _description = "After-Sales Policy Version"
    _inherit = ["aftersales.sealed.mixin"]
    _order = "policy_id, version desc"
    _rec_name = "version"
    _log_access = False

    policy_id = fields.Many2one(
        "aftersales.policy", required=True, index=True, ondelete="cascade"
    )
    version = fields.Integer(required=True)
    at = fields.Datetime(string="Since", required=True)
    user_id = fields.Many2one("res.users", string="Changed By", ondelete="set null")
    data = fields.Json(help="Conditions and promises, as plain data.")
    changes = fields.Text(
        compute="_compute_changes", help="What changed since the version before."
    )
    content = fields.Text(
        string="What It Said", compute="_compute_content", help="The whole version."
    )

    # Also the index of the one2many
    _version_uniq = models.UniqueIndex(
        "(policy_id, version)", "This version has been recorded already."
    )

    # CRUD: the policy alone -------------------------------------------------------

    def _refusal(self):
        """Say why versions cannot be edited; see :meth:`_record`."""
        return self.env._(
            "A version says what was promised at a time. It follows from changes of "
            "the policy and cannot be entered, changed or deleted by hand."
        )

    @api.depends("policy_id", "version")
    def _compute_display_name(self):
        for line in self:
            line.display_name = self.env._(
                "%(policy)s, version %(version)s",
                policy=line.policy_id.display_name,
                version=line.version,
            )

    # The one way in ---------------------------------------------------------------

    @api.model
    def _record(self, data_by_policy):
        """Keep what the present versions of policies say. A version recorded already
        is replaced, which only happens while a policy is loaded bit by bit.

        :param dict data_by_policy: {policy: its ``_version_data()``}
        """
        if not data_by_policy:
            return
        at, user_id = fields.Datetime.now(), self.env.uid
        rows = [
            (policy.id, policy.version, at, user_id, self._with_names(data))
            for policy, data in data_by_policy.items()
        ]
        policies = next(iter(data_by_policy)).browse(row[0] for row in rows)
        policies.flush_recordset()
        self.env.execute_query(
            SQL(
                "INSERT INTO aftersales_policy_version"
                " (policy_id, version, at, user_id, data) VALUES %s"
                " ON CONFLICT (policy_id, version)"
                " DO UPDATE SET data = EXCLUDED.data RETURNING id",
                SQL(", ").join(
                    SQL("(%s, %s, %s, %s, %s::jsonb)", *row[:4], json.dumps(row[4]))
                    for row in rows
                ),
            )
        )
        self.invalidate_model(flush=False)
        policies.invalidate_recordset(["version_ids"], flush=False)

    @api.model
    def _latest(self, policies):
        """Return {policy id: data of its present version} of those that have one."""
        rows = self.env.execute_query(
            SQL(
                "SELECT version.policy_id, version.data FROM aftersales_policy_version"
                " version JOIN aftersales_policy policy ON policy.id = policy_id"
                " WHERE policy_id = ANY(%s) AND policy.version = version.version",
                list(policies.ids),
            )
        )
        return {
            policy_id: {name: data[name] for name in ("policy", "targets")}
            for policy_id, data in rows
        }

    @api.model
    def _with_names(self, data):
        """Add the names of the records that are named, for the day they are gone."""
        names = {}
        tables = [("aftersales.policy", data["policy"])]
        for target in data["targets"].values():
            tables.append(("aftersales.policy.target", target["values"]))
        for model, values in tables:
            for name, value in values.items():
                field = self.env[model]._fields.get(name)
                if value and field is not None and field.relational:
                    known = names.setdefault(field.comodel_name, {})
                    known.update(self._names_of(field.comodel_name, value))
        return {**data, "names": names}

    @api.model
    def _names_of(self, model, value):
        record_ids = value if isinstance(value, list) else [value]
        records = self.env[model].sudo().browse(record_ids).exists()
        return {str(record.id): record.display_name for record in records}

    # In words ---------------------------------------------------------------------

    @api.depends_context("lang", "tz")
    @api.depends("data", "version")
    def _compute_changes(self):
        before = self._versions_before()
        for line in self:
            lines = line._changes_since(before.get(line.id))
            line.changes = "\n".join(lines)

    @api.depends_context("lang", "tz")
    @api.depends("data")
    def _compute_content(self):
        for line in self:
            line.content = "\n".join(line._changes_since(line.browse(), whole=True))

    def _versions_before(self):
        """Return {id: the version before} of the versions that have one."""
        everything = self.search([("policy_id", "in", self.policy_id.ids)])
        found = {}
        for versions in everything.grouped("policy_id").values():
            ordered = versions.sorted("version")
            found.update(zip(ordered.ids[1:], ordered, strict=False))
        return found

    def _changes_since(self, before, whole=False):
        """Return sentences that say what this version changed.

        :param before: the version before; None or empty for the first
        :param whole: tell everything it says, as if nothing had been said before
        """
        self.ensure_one()
        if not before and not whole:
            return [self.env._("The first version.")]
        old = (before.data if before else None) or {"policy": {}, "targets": {}}
        new = self.data or {"policy": {}, "targets": {}}
        lines = self._policy_changes(old["policy"], new["policy"], before or self)
        for kind in self._in_order(
            dict(self.env["aftersales.policy.target"]._selection_kind()),
            {**old["targets"], **new["targets"]},
        ):
            lines += self._target_changes(
                kind, old["targets"].get(kind), new["targets"].get(kind), before or self
            )
        return lines or [self.env._("Nothing that is promised changed.")]

    @api.model
    def _in_order(self, known, names):
        """Return names in a known order; the database sorts those of JSON its own way.
        What is known no more comes last."""
        return [
            *(name for name in known if name in names),
            *(name for name in names if name not in known),
        ]

    def _policy_changes(self, old, new, before):
        Policy = self.env["aftersales.policy"]
        return [
            self.env._(
                "%(field)s: %(old)s → %(new)s",
                field=Policy._fields[name]._description_string(self.env),
                old=before._value_words(Policy, name, old.get(name), self.env._("all")),
                new=self._value_words(Policy, name, new.get(name), self.env._("all")),
            )
            for name in self._in_order(Policy._fields, new)
            if name in Policy._fields and _differ(old.get(name), new[name])
        ]

    def _target_changes(self, kind, old, new, before):
        """Return what changed of the promise of one kind."""
        Target = self.env["aftersales.policy.target"]
        labels = dict(Target._selection_kind())
        promise = labels.get(kind, kind)
        if new is None:
            return [self.env._("%(promise)s is promised no more.", promise=promise)]
        lines = []
        if old is None:
            old = {"values": {}, "steps": []}
            lines.append(
                self.env._(
                    "%(promise)s is promised within %(time)s.",
                    promise=promise,
                    time=duration(self.env, new["values"]["target_seconds"]),
                )
            )
        for name in self._in_order(Target._fields, new["values"]):
            if name in ("kind", "target_seconds") and not old["values"]:
                continue
            if name not in Target._fields:
                continue
            value, was = new["values"][name], old["values"].get(name)
            if _differ(was, value):
                lines.append(
                    self.env._(
                        "%(promise)s, %(field)s: %(old)s → %(new)s",
                        promise=promise,
                        field=self._target_label(Target, name),
                        old=before._value_words(Target, name, was, self.env._("no")),
                        new=self._value_words(Target, name, value, self.env._("no")),
                    )
                )
        if old["steps"] != new["steps"]:
            lines += self._step_changes(promise, old["steps"], new["steps"])
        return lines

    @api.model
    def _target_label(self, Target, name):
        """Return the label of a field; of seconds, that of the time people enter."""
        entered = name.replace("_seconds", "_value")
        field = Target._fields[entered if entered in Target._fields else name]
        return field._description_string(self.env)

    @api.model
    def _step_changes(self, promise, old, new):
        """Hook: return sentences on what changed of the escalation steps of a promise.

        :param str promise: what it is called
        :param list old: plain data of the steps before
        :param list new: plain data of the steps since
        """
        return []

    def _value_words(self, model, name, value, nothing):
        """Return a kept value in words: the names of today where they still exist.

        :param nothing: what to say of an empty value
        """
        field = model._fields[name]
        if not value:
            return nothing
        if field.relational:
            return self._record_words(field.comodel_name, value)
        if name.endswith("_seconds"):
            return duration(self.env, value)
        if field.type == "selection":
            labels = dict(field._description_selection(self.env))
            return labels.get(value, value)
        if field.type == "boolean":
            return self.env._("yes")
        if field.type == "date":
            return format_date(self.env, value)
        if field.type == "datetime":
            return format_datetime(self.env, value)
        return "[]" if value == "[]" else str(value)

    def _record_words(self, model, value):
        ids = value if isinstance(value, list) else [value]
        kept = ((self.data or {}).get("names") or {}).get(model, {})
        records = self.env[model].sudo().browse(ids).exists()
        names = {**kept, **{str(record.id): record.display_name for record in records}}
        return ", ".join(names.get(str(id_), str(id_)) for id_ in ids)


def _differ(old, new):
    """Return whether two kept values differ; empty ones are all the same, also a field
    that did not exist in the older version."""
    return (old or None) != (new or None) and not (
        old in (None, False, "[]") and new in (None, False, "[]")
    )
