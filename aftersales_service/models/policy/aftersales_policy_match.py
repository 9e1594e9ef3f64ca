from collections.abc import Callable
from datetime import timezone
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import ormcache

from ...tools.business_time import known_zone, load_zone


def one_of(condition, values):
    """Return whether one of the values satisfies a condition, a frozenset."""
    return not condition.isdisjoint(values)


class MatchColumn(NamedTuple):
    """One condition that a policy can have, and how a case meets it."""

    # fields of the policy that hold the condition; the first one names it
    policy_fields: tuple
    # function of a policy: its condition as plain, hashable data; None: everything
    condition: Callable
    # function of a case: what is compared with the condition
    value: Callable
    # fields of the case the value starts from: their change may change the choice
    case_fields: tuple
    # function of condition and value: whether the case meets the condition
    meets: Callable = one_of
    # function of two conditions: whether the first holds wherever the second does
    covers: Callable = frozenset.issuperset
    # function of a policy: its condition in words; by default the values of the field
    words: Callable | None = None
    # function of a case: what it has instead, in words; by default its first field
    case_words: Callable | None = None


class PolicyRow(NamedTuple):
    """A policy as plain data, for the cache."""

    id: int
    # where it stands among the others
    order: tuple
    valid_from: object
    valid_to: object
    # column → its condition; only columns with one
    conditions: dict
    domain: list
    # kind → target as plain data, see aftersales.policy.target._plain
    targets: dict


class AftersalesPolicy(models.Model):
    """Choosing: which policy makes which promise to which case."""

    _inherit = "aftersales.policy"

    # The registry of conditions -------------------------------------------------

    @api.model
    def _match_columns(self):
        """Return the conditions a policy can have, as {code: ``MatchColumn``}.

        Addons extend the dict, together with the fields of the policy that hold the
        condition. What is added here is matched, versioned, explained and compared
        like every other column.
        """
        names = (
            "channel",
            "case_type",
            "handling_class",
            "urgency",
            "impact",
            "priority",
        )
        return {
            "team_ids": self._match_records("team_ids", "team_id"),
            **{name: self._match_selection(name) for name in names},
            "category_ids": self._match_categories(),
            "country_ids": self._match_countries(),
            "amount_from": self._match_amount(),
        }

    @api.model
    def _match_selection(self, name):
        """Return the column of a selection that policy and case have by one name."""
        return MatchColumn(
            (name,),
            lambda policy: frozenset([policy[name]]) if policy[name] else None,
            lambda case: (case[name],),
            (name,),
        )

    @api.model
    def _match_records(self, name, case_field, **options):
        """Return the column of records of which the case must have one."""
        values = {
            "value": lambda case: (case[case_field].id,),
            "case_fields": (case_field,),
            **options,
        }
        return MatchColumn(
            (name,), lambda policy: frozenset(policy[name].ids) or None, **values
        )

    @api.model
    def _match_categories(self):
        def path(category):
            return [int(id_) for id_ in (category.parent_path or "").split("/") if id_]

        def covers(wide, narrow):
            categories = self.env["aftersales.category"].sudo().browse(narrow)
            return all(wide.intersection(path(category)) for category in categories)

        return self._match_records(
            "category_ids",
            "category_id",
            value=lambda case: path(case.category_id),
            covers=covers,
        )

    @api.model
    def _match_countries(self):
        def country(case):
            partner = case.partner_id
            return partner.country_id or partner.commercial_partner_id.country_id

        return self._match_records(
            "country_ids",
            "partner_id",
            value=lambda case: (country(case).id,),
            case_words=lambda case: country(case).name,
        )

    @api.model
    def _match_amount(self):
        return MatchColumn(
            ("amount_from", "amount_to"),
            lambda policy: policy._amount_condition(),
            self._amount_of,
            ("sale_order_id",),
            meets=self._amount_meets,
            covers=self._amount_covers,
            words=lambda policy: policy._amount_words(),
            case_words=self._amount_case_words,
        )

    # The value of the order -----------------------------------------------------

    def _amount_condition(self):
        """Return the bounds of the order's value in the smallest unit of the currency,
        so that they are compared exactly; None for one that is not set."""
        self.ensure_one()
        bounds = tuple(
            self._smallest_units(amount, self.currency_id) if amount else None
            for amount in (self.amount_from, self.amount_to)
        )
        return bounds if any(bounds) else None

    @api.model
    def _smallest_units(self, amount, currency):
        return round(currency.round(amount) / currency.rounding)

    @api.model
    def _amount_of(self, case):
        """Return the order's total in the company's currency, by the rate of the
        order, in smallest units; None without an order."""
        order = case.sale_order_id
        if not order:
            return None
        amount = order.amount_total / (order.currency_rate or 1.0)
        return self._smallest_units(amount, case.company_id.currency_id)

    @api.model
    def _amount_meets(self, condition, amount):
        low, high = condition
        return (
            amount is not None
            and (low is None or low <= amount)
            and (high is None or amount <= high)
        )

    @api.model
    def _amount_covers(self, wide, narrow):
        (low, high), (inner_low, inner_high) = wide, narrow
        return (low is None or (inner_low is not None and low <= inner_low)) and (
            high is None or (inner_high is not None and inner_high <= high)
        )

    # The table --------------------------------------------------------------------

    def _conditions(self, columns=None):
        """Return {column: condition} of the conditions that are set."""
        self.ensure_one()
        columns = columns or self._match_columns()
        found = {code: column.condition(self) for code, column in columns.items()}
        return {code: found[code] for code in found if found[code] is not None}

    def _row(self):
        """Return the policy as plain data."""
        self.ensure_one()
        return PolicyRow(
            self.id,
            (self.sequence, self.id),
            self.valid_from,
            self.valid_to,
            self._conditions(),
            self._parse_domain(),
            {target.kind: target._plain() for target in self.target_ids},
        )

    @api.model
    @ormcache("company_id")
    def _rows_of(self, company_id):
        """Return the company's active policies in their order, as ``PolicyRow``."""
        Policies = self.sudo().with_company(company_id)
        policies = Policies.search(
            [("active", "=", True), ("company_id", "in", (False, company_id))]
        )
        return tuple(policy._row() for policy in policies)

    @api.model
    def _rows_with(self, company, drafts):
        """Return the rows of a company, with drafts as if they were active."""
        rows = self._rows_of(company.id)
        ours = drafts.sudo().filtered(lambda d: d.company_id <= company)
        if not ours:
            return rows
        known = {row.id for row in rows}
        more = [d._row() for d in ours.with_company(company) if d.id not in known]
        return tuple(sorted((*rows, *more), key=lambda row: row.order))

    @api.model
    @ormcache()
    def _match_fields(self):
        """Return the names of the fields of a case whose change may change the choice:
        those of the columns, those that further conditions look at, and those that
        they are computed from.

        :return: frozenset of names
        """
        names = {
            name
            for column in self._match_columns().values()
            for name in column.case_fields
        }
        for policy in self.sudo().search([("active", "=", True)]):
            names |= policy._domain_fields()
        return self._with_sources(names)

    def _domain_fields(self):
        """Return the fields of a case that the further condition starts from."""
        domain = Domain(self._parse_domain())
        return {
            condition.field_expr.split(".")[0] for condition in domain.iter_conditions()
        }

    @api.model
    def _with_sources(self, names):
        """Add the fields that computed ones follow from."""
        case_fields = self.env["aftersales.case"]._fields
        found, todo = set(), [name for name in names if name in case_fields]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                depends = self.pool.field_depends[case_fields[name]]
                todo.extend(path.split(".")[0] for path in depends)
        return frozenset(found)

    # Choosing -----------------------------------------------------------------

    @api.model
    def _match(self, cases, kinds, at=None):
        """Choose the targets of cases: explicit order, first match per kind.

        :param cases: ``aftersales.case`` records
        :param kinds: iterable of codes of kinds
        :param at: naive UTC ``datetime`` that decides which policies are valid, or
            a dict {case id: datetime}; now when not given
        :return: dict {case id: {kind: ``aftersales.policy.target`` record}}
        """
        Target = self.env["aftersales.policy.target"]
        return {
            case_id: {
                kind: Target.browse(target["id"]) for kind, target in found.items()
            }
            for case_id, found in self._match_plain(cases, kinds, at).items()
        }

    @api.model
    def _match_plain(self, cases, kinds, at=None, drafts=None):
        """As :meth:`_match`, with the targets as plain data and without a query when
        the tables are cached.

        :param drafts: ``aftersales.policy`` records to try as if they were active
        """
        result = {case.id: {} for case in cases}
        kinds, columns = set(kinds), self._match_columns()
        for company, company_cases in cases.sudo().grouped("company_id").items():
            days = self._local_days(company, company_cases, at)
            for row in self._rows_with(company, drafts or self.browse()):
                offered = row.targets.keys() & kinds
                wanting = company_cases.filtered(
                    lambda case: offered - result[case.id].keys()  # noqa: B023
                )
                for case in self._matching(row, wanting, days, columns):
                    for kind in offered:
                        result[case.id].setdefault(kind, row.targets[kind])
        return result

    @api.model
    def _matching(self, row, cases, days, columns):
        """Return the cases a policy row applies to."""
        cases = cases.filtered(
            lambda case: self._misfit(row, case, days[case.id], columns) is None
        )
        return cases.filtered_domain(row.domain) if row.domain and cases else cases

    @api.model
    def _misfit(self, row, case, day, columns):
        """Return the code of the first condition of a row that a case does not meet,
        None if it meets all but perhaps the further condition."""
        if row.valid_from and day < row.valid_from:
            return "valid_from"
        if row.valid_to and day > row.valid_to:
            return "valid_to"
        for code, condition in row.conditions.items():
            column = columns[code]
            if not column.meets(condition, column.value(case)):
                return code
        return None

    @api.model
    def _explain_choice(self, case, at):
        """Say of every policy why it makes a promise to a case or not, in their order.

        :param case: one ``aftersales.case`` record, which may be a new one
        :param at: naive UTC ``datetime`` that decides which policies are valid
        :return: list of (``PolicyRow``, {kind: target} of what it promises, code of
            the first condition that is not met or None)
        """
        case, columns = case.sudo(), self._match_columns()
        days = self._local_days(case.company_id, case, at)
        taken, lines = set(), []
        for row in self._rows_of(case.company_id.id):
            if self._matching(row, case, days, columns):
                won = {k: t for k, t in row.targets.items() if k not in taken}
                taken |= won.keys()
                lines.append((row, won, None))
            else:
                misfit = self._misfit(row, case, days[case.id], columns)
                lines.append((row, {}, misfit or "domain"))
        return lines

    @api.model
    def _local_days(self, company, cases, at):
        """Return {case id: the date of its instant in the company's zone}."""
        zone = load_zone(known_zone(company.aftersales_tz))
        now = fields.Datetime.now()
        # Not ``ids``: a case that is only made up has an id too.
        instants = at if isinstance(at, dict) else dict.fromkeys(cases._ids, at or now)
        return {
            case_id: instant.replace(tzinfo=timezone.utc).astimezone(zone).date()
            for case_id, instant in instants.items()
        }
