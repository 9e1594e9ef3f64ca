from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_amount, format_date

from ...tools.words import display, domain_words


class AftersalesPolicy(models.Model):
    """What the people who read a policy see: its conditions in words, its promises
    as cells of a matrix, and warnings about the order."""

    _inherit = "aftersales.policy"

    is_general = fields.Boolean(
        compute="_compute_is_general", help="Matches every case of its company."
    )
    order_warning = fields.Char(
        compute="_compute_order_warnings",
        help="Says which policies can never apply because this one stands above.",
    )
    hidden_warning = fields.Char(
        compute="_compute_order_warnings",
        help="Says why this policy can never apply.",
    )
    condition_chips = fields.Json(
        string="Applies To",
        compute="_compute_condition_chips",
    )
    promise_cells = fields.Json(string="Matrix", compute="_compute_promise_cells")

    # The order --------------------------------------------------------------------

    def _compute_is_general(self):
        for policy in self:
            policy.is_general = not policy._parse_domain() and not policy._conditions()

    @api.depends(
        lambda self: (
            *("sequence", "active", "company_id", "valid_from", "valid_to", "domain"),
            "target_ids.kind",
            *self._column_fields(),
        )
    )
    def _compute_order_warnings(self):
        """Decision: the list warns when a more specific row stands below a general
        one, because what it promises is never asked."""
        # What is being edited counts, not what is stored of it.
        others = self.search([("active", "=", True)]) - self._origin
        table = self._cover_table(self | others)
        columns = self._match_columns()
        for policy in self:
            key = policy._origin.id or policy.id
            hidden = self._hidden_by(key, table, columns)
            hiding = self._hiding(key, table, columns)
            policy.order_warning = bool(hidden) and self.env._(
                "Below this policy, these never apply: %(policies)s. Move them above "
                "it.",
                policies=", ".join(hidden),
            )
            policy.hidden_warning = bool(hiding) and self.env._(
                "Never applies: all it promises is promised to the same cases by "
                "%(policies)s, which stands above. Move this policy up.",
                policies=", ".join(hiding),
            )

    @api.model
    def _cover_table(self, policies):
        """Return {id: what decides whether a policy hides another} in their order."""
        last = float("inf")
        policies = policies.sorted(lambda p: (p.sequence, p._origin.id or last))
        return {
            policy._origin.id or policy.id: {
                "name": policy.name or "",
                "active": policy.active,
                "company": policy.company_id.id,
                "kinds": set(policy.target_ids.mapped("kind")),
                "from": policy.valid_from,
                "to": policy.valid_to,
                "conditions": policy._conditions(),
                "domain": (policy.domain or "").replace(" ", "") or "[]",
            }
            for policy in policies
        }

    @api.model
    def _hidden_by(self, key, table, columns):
        """Return the names of the policies below that one alone hides."""
        keys = list(table)
        wide, below = table[key], keys[keys.index(key) + 1 :]
        return [
            table[other]["name"]
            for other in below
            if wide["active"]
            and table[other]["active"]
            and self._covers(wide, table[other], columns)
        ]

    @api.model
    def _hiding(self, key, table, columns):
        """Return the names of the policies above that hide one."""
        keys = list(table)
        narrow, above = table[key], keys[: keys.index(key)]
        return [
            table[other]["name"]
            for other in above
            if narrow["active"]
            and table[other]["active"]
            and self._covers(table[other], narrow, columns)
        ]

    @api.model
    def _covers(self, wide, narrow, columns):
        """Return whether a policy promises all that another does, to all its cases."""
        return (
            bool(narrow["kinds"])
            and narrow["kinds"] <= wide["kinds"]
            and wide["company"] in (False, narrow["company"])
            and self._covers_days(wide, narrow)
            and wide["domain"] in ("[]", narrow["domain"])
            and all(
                code in narrow["conditions"]
                and columns[code].covers(condition, narrow["conditions"][code])
                for code, condition in wide["conditions"].items()
            )
        )

    @api.model
    def _covers_days(self, wide, narrow):
        first, last = wide["from"], wide["to"]
        return (not first or (narrow["from"] and first <= narrow["from"])) and (
            not last or (narrow["to"] and narrow["to"] <= last)
        )

    # Conditions in words ------------------------------------------------------------

    @api.model
    def _column_fields(self):
        """Return the names of the fields that hold conditions."""
        return [
            name
            for column in self._match_columns().values()
            for name in column.policy_fields
        ]

    @api.depends_context("lang")
    @api.depends(
        lambda self: (*self._column_fields(), "domain", "valid_from", "valid_to")
    )
    def _compute_condition_chips(self):
        for policy in self:
            policy.condition_chips = policy._condition_words()

    def _condition_words(self):
        """Return the conditions as a list of {column, label, text}."""
        self.ensure_one()
        columns = self._match_columns()
        words = [
            {
                "column": code,
                "label": self._column_label(code, columns),
                "text": self._column_words(code, columns),
            }
            for code in self._conditions(columns)
        ]
        if self._parse_domain():
            words.append(
                {
                    "column": "domain",
                    "label": self._field_label("domain"),
                    "text": self._domain_words(),
                }
            )
        if self.valid_from or self.valid_to:
            words.append(
                {
                    "column": "valid",
                    "label": self.env._("Valid"),
                    "text": self._valid_words(),
                }
            )
        return words

    def _field_label(self, name):
        return self._fields[name]._description_string(self.env)

    @api.model
    def _column_label(self, code, columns):
        return self._field_label(columns[code].policy_fields[0])

    def _column_words(self, code, columns):
        """Return one condition of the policy in words."""
        column = columns[code]
        if column.words:
            return column.words(self)
        return display(self, column.policy_fields[0])

    def _domain_words(self):
        """Return the further condition in words."""
        cases = self.env["aftersales.case"]
        return domain_words(cases, Domain(self._parse_domain()))

    def _valid_words(self):
        first = self.valid_from and format_date(self.env, self.valid_from)
        last = self.valid_to and format_date(self.env, self.valid_to)
        if first and last:
            return self.env._("%(first)s to %(last)s", first=first, last=last)
        if first:
            return self.env._("from %(first)s", first=first)
        return self.env._("until %(last)s", last=last)

    def _amount_words(self):
        low, high = (
            amount and format_amount(self.env, amount, self.currency_id)
            for amount in (self.amount_from, self.amount_to)
        )
        if low and high:
            return self.env._("%(low)s to %(high)s", low=low, high=high)
        if low:
            return self.env._("from %(low)s", low=low)
        return self.env._("up to %(high)s", high=high)

    @api.model
    def _amount_case_words(self, case):
        amount = self._amount_of(case)
        if amount is None:
            return self.env._("no order")
        currency = case.company_id.currency_id
        return format_amount(self.env, amount * currency.rounding, currency)

    def _misfit_words(self, misfit, case):
        """Say why the policy does not apply to a case.

        :param str misfit: code of a condition, see ``_misfit``
        :param case: ``aftersales.case`` record
        """
        self.ensure_one()
        if misfit == "valid_from":
            return self.env._(
                "It is valid only from %(day)s on.",
                day=format_date(self.env, self.valid_from),
            )
        if misfit == "valid_to":
            return self.env._(
                "It was valid until %(day)s.", day=format_date(self.env, self.valid_to)
            )
        if misfit == "domain":
            return self.env._(
                "The further condition does not hold: %(condition)s",
                condition=self._domain_words(),
            )
        columns = self._match_columns()
        return self.env._(
            "%(column)s: the policy is for %(wanted)s, the case has %(given)s.",
            column=self._column_label(misfit, columns),
            wanted=self._column_words(misfit, columns),
            given=self._case_words(columns[misfit], case) or self.env._("none"),
        )

    @api.model
    def _case_words(self, column, case):
        """Return what a case has where a column asks for something, in words."""
        if column.case_words:
            return column.case_words(case)
        return display(case, column.case_fields[0])

    # The matrix -----------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends(
        "target_ids.kind",
        "target_ids.target_seconds",
        "target_ids.calendar_mode",
        "target_ids.calendar_id",
        "target_ids.pause_customer",
        "target_ids.pause_third_party",
    )
    def _compute_promise_cells(self):
        for policy in self:
            policy.promise_cells = {
                target.kind: target._cell() for target in policy.target_ids
            }

    @api.model
    def get_matrix(self):
        """Return what the matrix needs besides the policies: the kinds of promises,
        the hours they can be counted in, and whether the user may change them."""
        self.check_access("read")
        Target = self.env["aftersales.policy.target"]
        calendars = self.env["resource.calendar"].search_fetch(
            [("flexible_hours", "=", False)], ["name"]
        )
        return {
            "kinds": [list(pair) for pair in Target._selection_kind()],
            "modes": [
                [code, label]
                for code, label in Target._fields[
                    "calendar_mode"
                ]._description_selection(self.env)
                if code != "calendar"
            ],
            "calendars": [[calendar.id, calendar.name] for calendar in calendars],
            "can_edit": self.has_access("write"),
        }

    def set_promise(self, kind, values):
        """Set, change or take back one promise of the policy.

        :param str kind: code of the kind
        :param dict values: ``seconds``, ``calendar_mode`` and ``calendar_id``; empty to
            promise nothing of the kind
        """
        self.ensure_one()
        self.check_access("write")
        target = self.target_ids.filtered(lambda t: t.kind == kind)
        if not values:
            target.unlink()
            return
        written = {
            "target_seconds": values.get("seconds") or 0,
            "calendar_mode": values.get("calendar_mode") or "team",
            "calendar_id": values.get("calendar_id") or False,
        }
        if target:
            target.write(written)
        else:
            target.create({"policy_id": self.id, "kind": kind, **written})
