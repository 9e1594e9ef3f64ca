from odoo import api, fields, models

from ...tools.words import selection_label
from ..ledger.aftersales_event import EventKinds

LINE_LIMIT = 300


class AftersalesCase(models.Model):
    """The ledger of a case told as a timeline."""

    _inherit = "aftersales.case"

    @api.readonly
    def get_timeline(self):
        """Return what happened to the case, newest first.

        :return: list of dicts with ``at``, ``kind``, ``icon``, ``tone``, ``title``,
            ``detail``, ``who``, ``res_model``, ``res_id`` and ``can_open``
        :raise AccessError: for who may not read the case
        """
        self.ensure_one()
        self._refuse_customers()
        self.check_access("read")
        return self._timeline_entries(self._timeline_lines([]))

    def _timeline_lines(self, domain):
        """Return ledger lines of the cases, newest first."""
        kinds = self.env["aftersales.event"]._kinds()
        hidden = [code for code, kind in kinds.items() if kind.hidden]
        return (
            self.env["aftersales.event"]
            .sudo()
            .search(
                [("case_id", "in", self.ids), ("kind", "not in", hidden), *domain],
                order="at desc, id desc",
                limit=LINE_LIMIT,
            )
        )

    def _timeline_milestones(self):
        """Return what a case contributes to the timeline of its order: one entry for
        each milestone, that opens the case.

        :return: list of entries as of :meth:`get_timeline`
        """
        kinds = self.env["aftersales.event"]._kinds()
        milestones = [code for code, kind in kinds.items() if kind.milestone]
        lines_sudo = self._timeline_lines([("kind", "in", milestones)])
        entries = self._timeline_entries(self._first_replies_only(lines_sudo))
        for entry in entries:
            case = self.browse(entry.pop("case_id"))
            entry["detail"] = " · ".join(filter(None, (entry["detail"], case.name)))
            entry["title"] = f"{case.number} {entry['title']}"
            entry.update(res_model=self._name, res_id=case.id, can_open=True)
        return entries

    @api.model
    def _first_replies_only(self, lines_sudo):
        """Keep of each case's answers only the first: a conversation is no list of
        milestones."""
        first = {}
        for line in lines_sudo:
            if line.kind == "reply":
                first[line.case_id.id] = line.id
        return lines_sudo.filtered(
            lambda line: line.kind != "reply" or line.id in first.values()
        )

    @api.model
    def _timeline_entries(self, lines_sudo):
        names = self._timeline_names(lines_sudo)
        kinds = EventKinds(self.env["aftersales.event"]._kinds())
        return [
            {
                "at": fields.Datetime.to_string(line.at),
                "kind": line.kind,
                "icon": kinds[line.kind].icon,
                "tone": kinds[line.kind].tone,
                "title": kinds[line.kind].label,
                "detail": self._timeline_detail(line, names),
                "who": self._timeline_actor(line, names),
                "case_id": line.case_id.id,
                "res_model": False,
                "res_id": False,
                "can_open": False,
            }
            for line in lines_sudo
        ]

    # Words ----------------------------------------------------------------------

    @api.model
    def _timeline_names(self, lines_sudo):
        """Return {(model, id): name} of every record the lines speak of; one query
        for each model. Records deleted since are missing."""
        wanted = {"res.users": set(), "res.partner": set(), "aftersales.clock": set()}
        kinds = EventKinds(self.env["aftersales.event"]._kinds())
        for line in lines_sudo:
            wanted["aftersales.clock"].add(line.clock_id)
            if line.actor_kind in ("user", "customer"):
                model = "res.users" if line.actor_kind == "user" else "res.partner"
                wanted[model].add(line.actor_id)
            for key, model in kinds[line.kind].records.items():
                value = (line.data or {}).get(key)
                ids = value if isinstance(value, list) else [value]
                wanted.setdefault(model, set()).update(ids)
        names = {}
        for model, ids in wanted.items():
            records_sudo = self.env[model].sudo().browse(i for i in ids if i).exists()
            for record in records_sudo:
                names[model, record.id] = (
                    selection_label(record, "kind")
                    if model == "aftersales.clock"
                    else record.display_name
                )
        return names

    @api.model
    def _timeline_detail(self, line, names):
        """Return what is worth saying of a ledger line besides its kind; extendable.

        :param line: ``aftersales.event`` record
        :param dict names: of :meth:`_timeline_names`
        :return: translated text, perhaps empty
        """
        data = line.data or {}
        if line.kind == "stage_changed":
            return self._timeline_change(
                "stage_id", [data.get("from"), data.get("to")], names
            )
        if line.kind.startswith("clock_"):
            return names.get(("aftersales.clock", line.clock_id), "")
        if line.kind in ("marked", "unmarked"):
            labels = dict(self._fields["mark"]._description_selection(self.env))
            return labels.get(line.cause, "")
        changes = [
            self._timeline_change(key, value, names)
            for key, value in data.items()
            if isinstance(value, list) and len(value) == 2
        ]
        return ", ".join(filter(None, changes))

    @api.model
    def _timeline_change(self, key, values, names):
        old, new = (self._timeline_value(key, value, names) for value in values)
        if old and new:
            return self.env._("%(old)s → %(new)s", old=old, new=new)
        return new or (old and self.env._("no longer %(old)s", old=old)) or ""

    @api.model
    def _timeline_value(self, key, value, names):
        field = self._fields.get(key)
        if field is not None and field.relational:
            return names.get((field.comodel_name, value), "")
        if field is not None and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        return ""

    @api.model
    def _timeline_actor(self, line, names):
        if line.actor_kind == "user":
            return names.get(("res.users", line.actor_id), "")
        if line.actor_kind == "customer":
            return names.get(("res.partner", line.actor_id)) or self.env._("Customer")
        return ""
