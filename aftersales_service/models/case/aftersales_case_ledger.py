from odoo import api, fields, models


class AftersalesCase(models.Model):
    """What the ledger records of a case."""

    _inherit = "aftersales.case"

    @api.model
    def _event(self, case, kind, at, **values):
        """Return one ledger line of a case, for ``aftersales.event._append``.

        :param case: ``aftersales.case`` record
        :param str kind: code of what happened
        :param at: ``datetime``, when it took effect
        :param values: further columns (``cause``, ``data``, ``source_kind`` …)
        """
        return {"case_id": case.id, "kind": kind, "at": at, **values}

    def _ledger_values(self, vals):
        """Return {case: {field: value}} of the ledger's fields about to change."""
        names = [name for name in self._LEDGER_FIELDS if name in vals]
        if {"urgency", "impact"} & set(names) and "priority" not in names:
            names.append("priority")
        return {
            case: {name: case._ledger_value(name) for name in names}
            for case in (self if names else ())
        }

    def _ledger_value(self, name):
        value = self[name]
        return value.id if self._fields[name].type == "many2one" else value

    def _log_changes(self, before):
        """Write one ledger line per kind of change and case."""
        now = fields.Datetime.now()
        lines = []
        for case, old in before.items():
            by_kind = {}
            for name, old_value in old.items():
                new_value = case._ledger_value(name)
                if new_value != old_value:
                    kind = self._LEDGER_FIELDS[name]
                    by_kind.setdefault(kind, {})[name] = [old_value, new_value]
            lines += [
                self._event(case, kind, now, data=data)
                for kind, data in by_kind.items()
            ]
        if lines:
            self.env["aftersales.event"]._append(lines)
