from ast import literal_eval
from datetime import timezone
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ..tools.business_time import load_zone

# Fields whose change makes no new version: they alter no promise.
UNVERSIONED_FIELDS = frozenset({"name", "active", "version", "note"})


class PolicyRow(NamedTuple):
    """A policy as plain data, for the cache."""

    valid_from: object
    valid_to: object
    # column → values of which the case needs one; only columns with a condition
    conditions: dict
    domain: list
    # kind → target as plain data, see aftersales.policy.target._plain
    targets: dict


class AftersalesPolicy(models.Model):
    """Which promises apply to which cases.

    Policies are tried in their order. For each kind of promise the first policy that
    matches the case *and* has a target of that kind wins, so the kinds of one case may
    come from different policies. A running clock keeps a copy of what it was started
    with; editing a policy makes a new version for the cases that come after.
    """

    _name = "aftersales.policy"
    _description = "After-Sales Promise Policy"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="Policies are tried in this order.")
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        default=lambda self: self._default_company_id(),
        help="Empty: the policy applies in every company.",
    )
    version = fields.Integer(
        default=1,
        readonly=True,
        copy=False,
        help="Counts up with every change of what is promised or to whom.",
    )
    valid_from = fields.Date(help="First day of cases it applies to.")
    valid_to = fields.Date(help="Last day of cases it applies to.")
    note = fields.Text(translate=True)

    # Conditions: an empty one matches everything. See _match_columns.
    # Deleting the last team of a policy must not make it match every team.
    team_ids = fields.Many2many(
        "aftersales.team", string="Teams", check_company=True, ondelete="restrict"
    )
    category_ids = fields.Many2many(
        "aftersales.category",
        string="Categories",
        check_company=True,
        ondelete="restrict",
        help="These categories and all below them.",
    )
    channel = fields.Selection(lambda self: self._case_selection("channel"))
    case_type = fields.Selection(lambda self: self._case_selection("case_type"))
    handling_class = fields.Selection(
        lambda self: self._case_selection("handling_class")
    )
    urgency = fields.Selection(lambda self: self._case_selection("urgency"))
    impact = fields.Selection(lambda self: self._case_selection("impact"))
    priority = fields.Selection(lambda self: self._case_selection("priority"))
    domain = fields.Char(
        string="Further Condition",
        default="[]",
        help="Any further condition on the case.",
    )
    target_ids = fields.One2many(
        "aftersales.policy.target", "policy_id", string="Promises", copy=True
    )
    is_general = fields.Boolean(
        compute="_compute_is_general", help="Matches every case of its company."
    )
    order_warning = fields.Char(
        compute="_compute_order_warning",
        help="Says which policies can never apply because this one stands above.",
    )

    _valid_check = models.Constraint(
        "CHECK (valid_to IS NULL OR valid_from IS NULL OR valid_from <= valid_to)",
        "The last day of a policy cannot be before its first day.",
    )

    def _default_company_id(self):
        return self.env.company

    def _case_selection(self, name):
        field = self.env["aftersales.case"]._fields[name]
        return field._description_selection(self.env)

    # Compute ------------------------------------------------------------------

    def _compute_is_general(self):
        for policy in self:
            domain = (policy.domain or "").replace(" ", "")
            policy.is_general = domain in ("", "[]") and not policy._conditions()

    @api.depends("sequence", "active", "target_ids.kind", "company_id")
    def _compute_order_warning(self):
        """Decision: the list warns when a more specific row stands below a general
        one, because its promises of the same kinds would never be made."""
        everyone = self.search([("active", "=", True)])
        for policy in self:
            policy.order_warning = False
            hidden = policy.is_general and policy._hidden_by_me(everyone)
            if hidden:
                policy.order_warning = self.env._(
                    "Below this general policy, these never apply: %(policies)s. "
                    "Move them above it.",
                    policies=", ".join(hidden.mapped("name")),
                )

    def _hidden_by_me(self, everyone):
        key = (self.sequence, self._origin.id)
        kinds = set(self.target_ids.mapped("kind"))
        return everyone.filtered(
            lambda other: (
                (other.sequence, other.id) > key
                and (not self.company_id or other.company_id == self.company_id)
                and kinds & set(other.target_ids.mapped("kind"))
                and not self.valid_from
                and not self.valid_to
            )
        )

    # Constraints --------------------------------------------------------------

    @api.constrains("domain")
    def _check_domain(self):
        for policy in self:
            try:
                Domain(policy._parse_domain()).validate(self.env["aftersales.case"])
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "The further condition of policy “%(policy)s” is not one on "
                        "cases: %(error)s",
                        policy=policy.name,
                        error=error,
                    )
                ) from error

    @api.constrains("company_id", "team_ids")
    def _check_targets(self):
        self.target_ids._check_can_work()

    # CRUD -----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create policies in version 1."""
        policies = super(
            AftersalesPolicy, self.with_context(aftersales_no_version=True)
        ).create(vals_list)
        self._forget_table()
        return policies.with_env(self.env)

    def write(self, vals):
        """Write; a change of what is promised or to whom makes a new version."""
        result = super(
            AftersalesPolicy, self.with_context(aftersales_no_version=True)
        ).write(vals)
        if set(vals) - UNVERSIONED_FIELDS:
            self._bump_version()
        self._forget_table()
        return result

    def unlink(self):
        """Delete; running clocks keep their promise."""
        self._forget_table()
        return super().unlink()

    def _bump_version(self):
        """Count the version up, unless a surrounding write of the policy does so."""
        context = self.env.context
        if context.get("aftersales_no_version") or context.get("install_mode"):
            return
        for policy in self:
            super(AftersalesPolicy, policy).write(  # pylint: disable=super-method-mismatch
                {"version": policy.version + 1}
            )

    def _forget_table(self):
        """Drop the cached table now and again after the commit, so that a thread
        that read the old rows in between does not keep them."""
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)

    # Matching -----------------------------------------------------------------

    @api.model
    def _match_columns(self):
        """Return the conditions a policy can have, as {field of the policy: function}.

        The function takes an ``aftersales.case`` record and returns the collection of
        values that satisfy a condition on that field. Addons extend the dict together
        with a field of the same name on the policy.
        """
        columns = {
            name: lambda case, name=name: (case[name],)
            for name in (
                "channel",
                "case_type",
                "handling_class",
                "urgency",
                "impact",
                "priority",
            )
        }
        columns["team_ids"] = lambda case: (case.team_id.id,)
        columns["category_ids"] = lambda case: [
            int(id_) for id_ in (case.category_id.parent_path or "").split("/") if id_
        ]
        return columns

    def _conditions(self):
        """Return {column: frozenset of values} of the conditions that are set."""
        self.ensure_one()
        conditions = {}
        for name in self._match_columns():
            value = self[name]
            if value:
                values = value.ids if isinstance(value, models.BaseModel) else [value]
                conditions[name] = frozenset(values)
        return conditions

    def _parse_domain(self):
        return literal_eval((self.domain or "").strip() or "[]")

    @api.model
    @ormcache("company_id")
    def _rows_of(self, company_id):
        """Return the company's active policies in their order, as ``PolicyRow``."""
        policies = self.sudo().search([("company_id", "in", (False, company_id))])
        return tuple(
            PolicyRow(
                policy.valid_from,
                policy.valid_to,
                policy._conditions(),
                policy._parse_domain(),
                {target.kind: target._plain() for target in policy.target_ids},
            )
            for policy in policies
        )

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
    def _match_plain(self, cases, kinds, at=None):
        """As :meth:`_match`, with the targets as plain data and without a query when
        the tables are cached."""
        result = {case.id: {} for case in cases}
        for company, company_cases in cases.sudo().grouped("company_id").items():
            days = self._local_days(company, company_cases, at)
            for row in self._rows_of(company.id):
                offered = row.targets.keys() & set(kinds)
                wanting = company_cases.filtered(
                    lambda case: offered - result[case.id].keys()  # noqa: B023
                )
                for case in self._matching(row, wanting, days):
                    for kind, target in row.targets.items():
                        if kind in offered:
                            result[case.id].setdefault(kind, target)
        return result

    @api.model
    def _matching(self, row, cases, days):
        """Return the cases a policy row applies to."""
        columns = self._match_columns()
        cases = cases.filtered(
            lambda case: (
                (not row.valid_from or row.valid_from <= days[case.id])
                and (not row.valid_to or days[case.id] <= row.valid_to)
                and all(
                    not values.isdisjoint(columns[name](case))
                    for name, values in row.conditions.items()
                )
            )
        )
        return cases.filtered_domain(row.domain) if row.domain and cases else cases

    @api.model
    def _local_days(self, company, cases, at):
        """Return {case id: the date of its instant in the company's zone}."""
        zone = load_zone(company.aftersales_tz or "UTC")
        now = fields.Datetime.now()
        instants = at if isinstance(at, dict) else dict.fromkeys(cases.ids, at or now)
        return {
            case_id: instant.replace(tzinfo=timezone.utc).astimezone(zone).date()
            for case_id, instant in instants.items()
        }
