from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from .aftersales_stage import STAGE_KINDS

CASE_TYPES = [
    ("enquiry", "Enquiry"),
    ("complaint", "Complaint"),
    ("return", "Return"),
    ("exchange", "Exchange"),
    ("repair", "Repair"),
    ("suggestion", "Suggestion"),
    ("maintenance", "Maintenance"),
]
HANDLING_CLASSES = [
    ("common", "Common"),
    ("special", "Special"),
    ("urgent", "Urgent"),
]
LEVELS = [("0", "Low"), ("1", "Normal"), ("2", "High")]
PRIORITIES = [("0", "Low"), ("1", "Normal"), ("2", "High"), ("3", "Very high")]
MARKS = [
    ("spam", "Spam"),
    ("test", "Test"),
    ("void", "Entered by mistake"),
    ("internal", "Internal"),
]


class AftersalesCase(models.Model):
    """A customer's matter after the sale, on the order it belongs to.

    The file holds what a case *is*. What happens to it lies beside, one concern each
    (stages, customer and order, the ledger), or in the rooms above: promises in
    ``clock/``, messages and the confirmation of receipt in ``mail/``, the customer's
    side in ``portal/``, what the form shows beside it in ``desk/``.
    """

    _name = "aftersales.case"
    _description = "After-Sales Case"
    _inherit = [
        "aftersales.batch.mixin",
        "aftersales.reference.mixin",
        "portal.mixin",
        "mail.thread.cc",
        "mail.activity.mixin",
    ]
    _order = "next_deadline, id"
    _rec_names_search = ["number", "name"]
    _check_company_auto = True
    _primary_email = "email_from"
    _mail_thread_customer = True
    _mail_post_access = "read"

    # What it is
    number = fields.Char(readonly=True, copy=False, index="trigram")
    name = fields.Char(string="Subject", required=True, index="trigram")
    description = fields.Html(
        help="What the customer reported, in the customer's words. Mails are kept "
        "verbatim in "
        "the conversation.",
    )
    active = fields.Boolean(default=True)
    color = fields.Integer(export_string_translation=False)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    channel = fields.Selection(
        lambda self: self._selection_channel(),
        required=True,
        default="phone",
        index=True,
        help="The way the customer's message reached us.",
    )
    case_type = fields.Selection(CASE_TYPES, required=True, default="enquiry")
    category_id = fields.Many2one(
        "aftersales.category", index="btree_not_null", check_company=True
    )
    tag_ids = fields.Many2many("aftersales.tag")
    handling_class = fields.Selection(
        HANDLING_CLASSES,
        help="Common: a standard answer exists. Special: needs a superior or a "
        "department. Urgent: work starts at once.",
    )
    urgency = fields.Selection(LEVELS, default="1", help="How soon it must be solved.")
    impact = fields.Selection(LEVELS, default="1", help="How much is affected.")
    priority = fields.Selection(
        PRIORITIES,
        compute="_compute_priority",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        help="From urgency and impact; change it if you know better.",
    )

    # Who
    team_id = fields.Many2one(
        "aftersales.team",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Assigned to",
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        copy=False,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", check_company=True
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id",
        store=True,
        precompute=True,
        index="btree_not_null",
        string="Customer's Company",
    )
    email_from = fields.Char(
        string="E-mail",
        compute="_compute_contact",
        store=True,
        readonly=False,
        precompute=True,
    )
    email_normalized = fields.Char(
        compute="_compute_email_normalized",
        store=True,
        index="btree_not_null",
        precompute=True,
    )
    phone = fields.Char(
        compute="_compute_contact", store=True, readonly=False, precompute=True
    )

    # On which order
    sale_order_id = fields.Many2one(
        "sale.order",
        string="Order",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain="[('partner_id', 'child_of', commercial_partner_id),"
        " ('company_id', '=', company_id)]",
    )
    sale_line_ids = fields.Many2many(
        "sale.order.line",
        string="Order Lines",
        domain="[('order_id', '=', sale_order_id), ('display_type', '=', False)]",
        help="What of the order the case is about. Empty: the whole order.",
    )
    salesperson_id = fields.Many2one(
        related="sale_order_id.user_id",
        store=True,
        precompute=True,
        index="btree_not_null",
        string="Salesperson",
        help="Who sold the order: may read the case.",
    )
    origin_case_id = fields.Many2one(
        "aftersales.case",
        string="Follows",
        index="btree_not_null",
        readonly=True,
        copy=False,
        check_company=True,
        help="The earlier, closed case this one continues.",
    )
    follow_up_case_ids = fields.One2many("aftersales.case", "origin_case_id")

    # Where it stands
    stage_id = fields.Many2one(
        "aftersales.stage",
        required=True,
        index=True,
        copy=False,
        ondelete="restrict",
        group_expand="_group_expand_stage_id",
        domain="['|', ('team_ids', '=', False), ('team_ids', 'in', team_id)]",
    )
    stage_kind = fields.Selection(STAGE_KINDS, required=True, readonly=True, copy=False)
    is_open = fields.Boolean(compute="_compute_is_open", search="_search_is_open")
    cycle = fields.Integer(
        default=1,
        readonly=True,
        copy=False,
        help="1 for the first handling, one more for each reopening.",
    )
    mark = fields.Selection(
        MARKS,
        string="Mark As",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Excluded cases run no promise and count in no figure.",
    )
    mark_reason = fields.Char(readonly=True, copy=False)
    marked_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    marked_at = fields.Datetime(readonly=True, copy=False)

    # When: stamps, mirrors of the ledger
    received_at = fields.Datetime(
        required=True,
        index=True,
        copy=False,
        default=lambda self: self._default_received_at(),
        help="When the customer's message reached us. The promises count from here.",
    )
    occurred_at = fields.Datetime(
        copy=False, help="When it happened, as the customer says."
    )
    acknowledged_at = fields.Datetime(readonly=True, copy=False)
    first_response_at = fields.Datetime(
        string="First Answer", readonly=True, copy=False
    )
    resolved_at = fields.Datetime(readonly=True, copy=False)
    accepted_at = fields.Datetime(
        readonly=True, copy=False, help="When the customer accepted the solution."
    )
    closed_at = fields.Datetime(readonly=True, copy=False)
    awaiting_reply_since = fields.Datetime(
        string="Waiting for Us Since",
        readonly=True,
        copy=False,
        help="The oldest message of the customer that has no answer yet.",
    )
    last_customer_message_at = fields.Datetime(readonly=True, copy=False)
    last_reply_at = fields.Datetime(string="Our Last Answer", readonly=True, copy=False)
    acknowledge_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the automatic confirmation is to be sent; empty when done.",
    )

    # Promises: mirrors of the clocks
    next_deadline = fields.Datetime(readonly=True, copy=False)
    next_warning_at = fields.Datetime(readonly=True, copy=False)
    deadline_state = fields.Selection(
        [
            ("none", "No promise open"),
            ("paused", "Paused"),
            ("on_time", "On time"),
            ("at_risk", "At risk"),
            ("overdue", "Overdue"),
        ],
        compute="_compute_deadline_state",
    )
    is_overdue = fields.Boolean(
        compute="_compute_deadline_state", search="_search_is_overdue"
    )
    is_at_risk = fields.Boolean(
        compute="_compute_deadline_state", search="_search_is_at_risk"
    )
    clock_ids = fields.One2many("aftersales.clock", "case_id", string="Promises")

    _number_company_uniq = models.UniqueIndex(
        "(company_id, number)", "A case with this number exists already."
    )
    # Written as the ORM writes it: before version 17, PostgreSQL does not know that a
    # row whose ``active IS TRUE`` is ``active``, and would leave the index alone.
    _open_deadline_idx = models.Index(
        "(next_deadline, id) WHERE active IS TRUE AND mark IS NULL"
    )
    _team_open_idx = models.Index(
        "(team_id, next_deadline, id) WHERE active IS TRUE AND mark IS NULL"
    )
    _user_open_idx = models.Index(
        "(user_id, next_deadline, id) WHERE active IS TRUE AND mark IS NULL"
    )
    _stage_deadline_idx = models.Index(
        "(stage_id, next_deadline, id) WHERE active IS TRUE AND mark IS NULL"
    )
    _stage_kind_idx = models.Index("(stage_kind, next_deadline, id)")
    # For the filters of the queue that few cases pass
    _archived_idx = models.Index("(next_deadline, id) WHERE active IS NOT TRUE")
    _queue_idx = models.Index(
        "(next_deadline, id) WHERE active IS TRUE AND mark IS NULL AND stage_kind IN"
        " ('new', 'working', 'waiting_customer', 'waiting_third_party')"
    )
    _over_idx = models.Index(
        "(next_deadline, id) WHERE active IS TRUE AND mark IS NULL AND stage_kind IN"
        " ('closed', 'cancelled')"
    )
    _awaiting_reply_idx = models.Index(
        "(next_deadline, id) WHERE active IS TRUE AND mark IS NULL"
        " AND awaiting_reply_since IS NOT NULL"
    )
    _unknown_sender_idx = models.Index(
        "(next_deadline, id) WHERE active IS TRUE AND mark IS NULL"
        " AND partner_id IS NULL"
    )
    _partner_received_idx = models.Index("(commercial_partner_id, received_at DESC)")
    _acknowledge_idx = models.Index(
        "(acknowledge_at, id) WHERE acknowledge_at IS NOT NULL"
    )

    # What others extend ---------------------------------------------------------

    @api.model
    def _flagged_classes(self):
        """Return the handling classes whose work starts at once; extendable."""
        return {"special", "urgent"}

    def _default_received_at(self):
        return fields.Datetime.now()

    # Compute ----------------------------------------------------------------

    @api.depends("number", "name")
    def _compute_display_name(self):
        for case in self:
            case.display_name = " ".join(filter(None, (case.number, case.name)))

    @api.depends("urgency", "impact")
    def _compute_priority(self):
        """Sum of both levels: low + low is low, high + high very high."""
        grid = {0: "0", 1: "0", 2: "1", 3: "2", 4: "3"}
        for case in self:
            case.priority = grid[int(case.urgency or 1) + int(case.impact or 1)]

    @api.depends("partner_id")
    def _compute_contact(self):
        for case in self:
            case.email_from = case.email_from or case.partner_id.email_formatted
            case.phone = case.phone or case.partner_id.phone

    @api.depends("email_from")
    def _compute_email_normalized(self):
        for case in self:
            case.email_normalized = email_normalize(case.email_from or "", strict=False)

    @api.model
    def _group_expand_stage_id(self, stages, domain):
        """Show every stage of the team on the board, empty ones too."""
        team_id = self.env.context.get("default_team_id")
        teams = [("team_ids", "=", False)]
        if team_id:
            teams = ["|", ("team_ids", "in", team_id), *teams]
        return stages | stages.search(teams)

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for case in self:
            case.access_url = f"/my/cases/{case.id}"
        return result

    # Constraints ------------------------------------------------------------

    @api.constrains("sale_order_id", "partner_id")
    def _check_order_of_customer(self):
        for case in self.filtered("sale_order_id"):
            if case.commercial_partner_id not in case._order_entities(
                case.sale_order_id
            ):
                raise ValidationError(
                    self.env._(
                        "Order %(order)s is not an order of %(customer)s. Choose one "
                        "of this customer's orders, or change the customer first.",
                        order=case.sale_order_id.sudo().name,
                        customer=case.partner_id.display_name
                        or self.env._("an unknown customer"),
                    )
                )

    @api.constrains("sale_order_id", "sale_line_ids")
    def _check_lines_of_order(self):
        for case in self:
            if case.sale_line_ids.sudo().order_id - case.sale_order_id:
                raise ValidationError(
                    self.env._(
                        "The order lines of case %s must belong to its order.",
                        case.number or case.name,
                    )
                )

    @api.constrains("received_at")
    def _check_received_at(self):
        now = fields.Datetime.now()
        for case in self:
            if case.received_at > now:
                raise ValidationError(
                    self.env._(
                        "A case cannot have been received in the future. Enter when "
                        "the customer's message reached us."
                    )
                )

    # CRUD -------------------------------------------------------------------

    @api.model
    def _checked_references(self):
        """A case follows no case that its author may not read. Of all else that it
        refers to Odoo itself tells the names to every colleague."""
        return ["origin_case_id"]

    @api.model_create_multi
    def create(self, vals_list):
        """Create cases: number them, find customers and orders, start promises.

        A ``stage_id`` other than the first one is reached by a transition, so that
        an import meets the same guard as a person.
        """
        vals_list = [self._complete_values(dict(vals)) for vals in vals_list]
        wanted_stages = self._set_initial_stages(vals_list)
        self._draw_numbers(vals_list)
        self._find_customers(vals_list)
        self._find_orders(vals_list)
        # The ledger tells who made a case and owns it; followers are chosen later.
        quiet = self.with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        cases = super(AftersalesCase, quiet).create(vals_list).with_env(self.env)
        cases._log_received()
        cases._on_created()
        cases._notify_assigned()
        cases._notify_changed()
        cases._transition_each(wanted_stages)
        return cases

    def write(self, vals):
        """Write plain fields; a stage, owner or classification takes its own way
        through the ledger."""
        self._refuse_protected(vals, self._protected_fields() | self._initial_fields())
        vals = dict(vals)
        stage_id = vals.pop("stage_id", None)
        before = self._ledger_values(vals)
        if vals:
            super().write(vals)
            self._log_changes(before)
            self._on_changed(set(vals), before)
            if "user_id" in vals:
                self._notify_assigned()
        if stage_id is not None:
            self._apply_stage(self.env["aftersales.stage"]._of_value(stage_id))
        self._notify_changed()
        return True

    def _write_mirror(self, vals):
        """Write fields that follow from the ledger, past the guard of ``write``.
        Only for the case's own code."""
        return super().write(vals)  # pylint: disable=super-method-mismatch

    def _on_changed(self, names, before):
        """Hook: fields of the cases were written, and what changed is in the ledger.

        :param set names: names of the fields written
        :param dict before: {case: {field: old value}} of those the ledger keeps
        """
        if "team_id" in names:
            self._follow_team()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_history(self):
        raise UserError(
            self.env._(
                "A case is never deleted: its history is evidence. Cancel it, archive "
                "it, or mark it as spam, as a test or as entered by mistake."
            )
        )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for case, vals in zip(self, vals_list, strict=True):
            vals.setdefault("channel", case.channel)
            if "name" not in (default or {}):
                vals["name"] = self.env._("%s (copy)", case.name)
        return vals_list

    # Ledger -----------------------------------------------------------------

    # Field of the case → kind of the ledger line written when it changes.
    _LEDGER_FIELDS = {
        "user_id": "assigned",
        "team_id": "team_changed",
        "partner_id": "customer_changed",
        "sale_order_id": "order_changed",
        "case_type": "classified",
        "category_id": "classified",
        "handling_class": "classified",
        "urgency": "classified",
        "impact": "classified",
        "priority": "classified",
        "active": "archived",
    }

    # Actions ----------------------------------------------------------------

    def action_assign_to_me(self):
        """Take the cases."""
        self.write({"user_id": self.env.uid})
        return True

    def action_open(self):
        """Open the case's form."""
        self.ensure_one()
        return self._get_records_action()
