import json
from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..base.trust import is_loading_data

# In the context of a write that makes one version for all it changes. Compared by
# identity, so it can never come over RPC.
_ONE_VERSION = object()
# Fields whose change makes no new version: they alter no promise.
UNVERSIONED_FIELDS = frozenset({"name", "active", "sequence", "version", "note"})
# Fields of a case that follow from its promises: a choice of promises by them would
# go round in circles.
PROMISE_FIELDS = frozenset(
    {
        "clock_ids",
        "next_deadline",
        "next_warning_at",
        "deadline_state",
        "is_overdue",
        "is_at_risk",
    }
)


class AftersalesPolicy(models.Model):
    """Which promises apply to which cases.

    Policies are tried in their order. For each kind of promise the first policy that
    matches the case *and* has a target of that kind wins, so the kinds of one case may
    come from different policies. A running clock keeps a copy of what it was started
    with; editing a policy makes a new version for the cases that come after.
    """

    _name = "aftersales.policy"
    _description = "After-Sales Promise Policy"
    _inherit = ["aftersales.shared.mixin"]
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
    # Deleting or archiving the last team of a policy must not make it match every team.
    team_ids = fields.Many2many(
        "aftersales.team",
        string="Teams",
        check_company=True,
        ondelete="restrict",
        context={"active_test": False},
    )
    category_ids = fields.Many2many(
        "aftersales.category",
        string="Categories",
        check_company=True,
        ondelete="restrict",
        context={"active_test": False},
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
    country_ids = fields.Many2many(
        "res.country",
        string="Countries",
        ondelete="restrict",
        help="Countries of the customer, or of the customer's company where the "
        "customer has none.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    amount_from = fields.Monetary(
        string="Order Value",
        help="The order's total in the currency of the company must be at least this. "
        "A case without an order never meets it.",
    )
    amount_to = fields.Monetary(
        string="Order Value Up To",
        help="The order's total in the currency of the company must be at most this. "
        "A case without an order never meets it.",
    )
    domain = fields.Char(
        string="Further Condition",
        default="[]",
        help="Any further condition on the case.",
    )
    target_ids = fields.One2many(
        "aftersales.policy.target", "policy_id", string="Promises", copy=True
    )
    # for the search: a policy that promises a kind
    promised_kind = fields.Selection(related="target_ids.kind", string="Promise")
    version_ids = fields.One2many(
        "aftersales.policy.version", "policy_id", string="Versions", copy=False
    )

    _valid_check = models.Constraint(
        "CHECK (valid_to IS NULL OR valid_from IS NULL OR valid_from <= valid_to)",
        "The last day of a policy cannot be before its first day. Change one of them.",
    )
    _amount_check = models.Constraint(
        "CHECK (COALESCE(amount_from, 0) >= 0 AND COALESCE(amount_to, 0) >= 0 AND"
        " (COALESCE(amount_to, 0) = 0 OR COALESCE(amount_from, 0) <= amount_to))",
        "The order value must begin at zero or more and end at the same amount or a "
        "higher one. Leave the end empty for no limit.",
    )

    def _default_company_id(self):
        return self.env.company

    def _case_selection(self, name):
        field = self.env["aftersales.case"]._fields[name]
        return field._description_selection(self.env)

    # Compute ------------------------------------------------------------------

    @api.depends_context("company")
    @api.depends("company_id")
    def _compute_currency_id(self):
        for policy in self:
            company = policy.company_id or self.env.company
            policy.currency_id = company.currency_id

    # Constraints --------------------------------------------------------------

    @api.constrains("domain")
    def _check_domain(self):
        for policy in self:
            try:
                policy._try_domain()
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "The further condition of policy “%(policy)s” is not one on "
                        "cases: %(error)s",
                        policy=policy.name,
                        error=error,
                    )
                ) from error
            if policy._domain_fields() & PROMISE_FIELDS:
                raise ValidationError(
                    self.env._(
                        "The further condition of policy “%(policy)s” looks at the "
                        "promises of the case, which follow from the policy. Use "
                        "another field.",
                        policy=policy.name,
                    )
                )

    def _try_domain(self):
        """Use the further condition once, in the database and in memory."""
        Cases = self.env["aftersales.case"].sudo()
        domain = self._parse_domain()
        Domain(domain).validate(Cases)
        with self.env.cr.savepoint():
            Cases.search(domain, limit=1)
            # It is judged as superuser: it may look at no more than its author.
            Cases.sudo(False).search(domain, limit=1)
        Cases.new({}).filtered_domain(domain)

    @api.constrains("amount_from", "amount_to", "company_id")
    def _check_currency(self):
        """Refuse an amount that would mean another one in each company."""
        everywhere = self.filtered(
            lambda p: not p.company_id and (p.amount_from or p.amount_to)
        )
        companies = everywhere and self.env["res.company"].sudo().search(
            [("active", "=", True)]
        )
        if len(companies.currency_id) > 1:
            raise ValidationError(
                self.env._(
                    "The order value of policy “%(policy)s” is an amount in the "
                    "currency of a company, and your companies have several. Choose "
                    "the company the policy is for.",
                    policy=everywhere[0].name,
                )
            )

    @api.constrains("company_id", "team_ids")
    def _check_targets(self):
        self.target_ids._check_can_work()

    # CRUD -----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create policies in version 1."""
        policies = super(
            AftersalesPolicy, self.with_context(aftersales_no_version=_ONE_VERSION)
        ).create(vals_list)
        self._forget_table()
        policies = policies.with_env(self.env)
        policies._record_version()
        return policies

    def write(self, vals):
        """Write; a change of what is promised or to whom makes a new version."""
        result = super(
            AftersalesPolicy, self.with_context(aftersales_no_version=_ONE_VERSION)
        ).write(vals)
        if set(vals) - UNVERSIONED_FIELDS:
            self._bump_version()
        self._forget_table()
        return result

    def unlink(self):
        """Delete; running clocks keep their promise."""
        self._forget_table()
        return super().unlink()

    def copy_data(self, default=None):
        """Copy as a draft: nobody is promised anything by accident."""
        copies = super().copy_data(default)
        for policy, vals in zip(self, copies, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%(name)s (copy)", name=policy.name)
            if "active" not in (default or {}):
                vals["active"] = False
            if not self.env.su and not self.env.user.aftersales_has_all_companies:
                vals["company_id"] = vals.get("company_id") or self.env.company.id
        return copies

    def _forget_table(self):
        """Drop the cached table now and again after the commit, so that a thread
        that read the old rows in between does not keep them."""
        self.invalidate_model(["order_warning", "hidden_warning"], flush=False)
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)

    def _parse_domain(self):
        return literal_eval((self.domain or "").strip() or "[]")

    # Actions ----------------------------------------------------------------------

    def action_activate(self):
        """Put drafts into force for the cases that come from now on."""
        self.action_unarchive()

    # Versions ---------------------------------------------------------------------

    def _bump_version(self):
        """Make a new version of each policy that promises something else than its last
        version says. A surrounding write of the policy does so once for all."""
        if self.env.context.get("aftersales_no_version") is _ONE_VERSION:
            return
        known = self.env["aftersales.policy.version"]._latest(self)
        changed = self.filtered(
            lambda policy: known.get(policy.id) != policy._version_data()
        )
        if is_loading_data(self.env):
            # Still being loaded, promise by promise: no case can know it yet.
            changed.filtered(lambda policy: policy.version == 1)._record_version()
            changed = changed.filtered(lambda policy: policy.version > 1)
        for policy in changed:
            super(AftersalesPolicy, policy).write(  # pylint: disable=super-method-mismatch
                {"version": policy.version + 1}
            )
        changed._record_version()

    def _record_version(self):
        """Keep what the policies say now as what their present version says."""
        self.env["aftersales.policy.version"]._record(
            {policy: policy._version_data() for policy in self}
        )

    @api.model
    def _record_missing_versions(self):
        """Keep the present version of policies that are older than this record."""
        everything = [("active", "in", (True, False))]
        policies = self.sudo().search(everything)
        known = self.env["aftersales.policy.version"]._latest(policies)
        policies.filtered(lambda policy: policy.id not in known)._record_version()

    def _version_fields(self):
        """Return the names of the fields that a version keeps; addons extend it with
        what decides to whom is promised and is no column."""
        return [
            *self._column_fields(),
            "domain",
            "valid_from",
            "valid_to",
            "company_id",
        ]

    def _version_data(self):
        """Return what the policy says, as plain data that compares exactly."""
        self.ensure_one()
        # Whole, whoever looks at it: also teams of companies they have not ticked.
        policy_sudo = self.sudo()
        data = {
            "policy": plain_values(policy_sudo, self._version_fields()),
            "targets": {
                target.kind: target._version_data() for target in policy_sudo.target_ids
            },
        }
        return json.loads(json.dumps(data))


def plain_values(record, names):
    """Return values of fields as JSON can hold them: ids of records, dates as text.

    :param record: one record
    :param names: names of fields
    :return: dict {name: value}
    """
    return {name: _plain_value(record, name) for name in names}


def _plain_value(record, name):
    field, value = record._fields[name], record[name]
    if field.type == "many2one":
        return value.id
    if field.relational:
        return sorted(value.ids)
    if field.type in ("date", "datetime"):
        return field.to_string(value)
    return value
