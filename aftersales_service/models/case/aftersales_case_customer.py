from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, html2plaintext, parse_contact_from_email

from ...tools.order_reference import order_references


class AftersalesCase(models.Model):
    """Whose case it is, and on which order."""

    _inherit = "aftersales.case"

    suggested_order_ids = fields.Many2many(
        "sale.order",
        compute="_compute_suggested_order_ids",
        string="Orders of This Customer",
    )

    @api.depends("commercial_partner_id", "company_id")
    def _compute_suggested_order_ids(self):
        """Show the customer's latest orders, to link one with a click."""
        for case in self:
            case.suggested_order_ids = (
                self.env["sale.order"].search(
                    case._customer_order_domain(), order="date_order desc", limit=5
                )
                if case.commercial_partner_id
                else False
            )

    def _customer_order_domain(self):
        return [
            ("partner_id", "child_of", self.commercial_partner_id.id),
            ("company_id", "=", self.company_id.id),
            ("state", "=", "sale"),
        ]

    # Customer ---------------------------------------------------------------

    @api.model
    def _find_customers(self, vals_list):
        """Complete values without a customer by the sender's mail address.

        One query for the batch. The addresses of colleagues are not customers.

        :param vals_list: values of cases to create; ``partner_id`` is added
        """
        wanted = {}
        for vals in vals_list:
            email = email_normalize(vals.get("email_from") or "", strict=False)
            if email and not vals.get("partner_id"):
                wanted.setdefault(email, []).append(vals)
        if not wanted:
            return
        by_email = self._partners_by_email(list(wanted))
        for email, email_vals in wanted.items():
            for vals in email_vals:
                partner = self._choose_partner(
                    by_email.get(email, ()), vals["company_id"]
                )
                if partner:
                    vals["partner_id"] = partner.id

    @api.model
    def _partners_by_email(self, emails):
        partners = (
            self.env["res.partner"]
            .sudo()
            .search(
                [
                    ("email_normalized", "in", emails),
                    ("partner_share", "=", True),
                ],
                order="id",
            )
        )
        return partners.grouped("email_normalized")

    @api.model
    def _choose_partner(self, partners, company_id):
        """Return the one contact meant by an address that several may share: a
        customer before a contact who never bought, then the oldest."""
        allowed = [
            partner
            for partner in partners
            if not partner.company_id or partner.company_id.id == company_id
        ]
        if len(allowed) < 2:
            return allowed[0] if allowed else None
        buyers = (partner for partner in allowed if partner.sale_order_count)
        return next(buyers, allowed[0])

    # Order ------------------------------------------------------------------

    @api.model
    def _find_orders(self, vals_list):
        """Complete values without an order by the customer's own orders.

        A number named in the subject or the text wins; else the only open or recent
        order. Where several would do, a person chooses. Never another customer's.

        :param vals_list: values of cases to create; ``sale_order_id`` is added
        """
        wanted = [
            vals
            for vals in vals_list
            if vals.get("partner_id") and not vals.get("sale_order_id")
        ]
        if not wanted:
            return
        orders = self._candidate_orders(wanted)
        for vals in wanted:
            order = self._choose_order(orders, vals)
            if order:
                vals["sale_order_id"] = order.id

    @api.model
    def _candidate_orders(self, vals_list):
        """Return {(commercial partner id, company id): confirmed orders}."""
        partner_ids = {vals["partner_id"] for vals in vals_list}
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        entities = partners.commercial_partner_id
        orders = (
            self.env["sale.order"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "child_of", entities.ids),
                    ("company_id", "in", [vals["company_id"] for vals in vals_list]),
                    ("state", "=", "sale"),
                ],
                [
                    "name",
                    "client_order_ref",
                    "partner_id",
                    "company_id",
                    "date_order",
                    "delivery_status",
                ],
                order="date_order desc, id desc",
                limit=100 * len(entities),
            )
        )
        return orders.grouped(
            lambda order: (
                order.partner_id.commercial_partner_id.id,
                order.company_id.id,
            )
        )

    @api.model
    def _choose_order(self, orders, vals):
        partner = self.env["res.partner"].sudo().browse(vals["partner_id"])
        own = orders.get((partner.commercial_partner_id.id, vals["company_id"]))
        if not own:
            return None
        references = self._named_references(vals)
        named = own.filtered(lambda order: order._aftersales_references() & references)
        if named:
            return named[0]
        live = own.filtered(lambda order: order._aftersales_is_live())
        return live if len(live) == 1 else None

    @api.model
    def _named_references(self, vals):
        text = "\n".join(
            (
                vals.get("name") or "",
                html2plaintext(vals.get("description") or ""),
                self.env.context.get("aftersales_body") or "",
            )
        )
        return order_references(text)

    @api.model
    def _order_entities(self, order):
        """Return the commercial partners whose order it is: who bought it, who is
        invoiced, who receives it."""
        order = order.sudo()
        return (
            order.partner_id | order.partner_invoice_id | order.partner_shipping_id
        ).commercial_partner_id

    # One click each ---------------------------------------------------------

    def action_create_customer(self):
        """Make a contact of an unknown sender and link it; then look for the order.

        :raise UserError: without a mail address or name to make a contact of
        """
        for case in self.filtered(lambda case: not case.partner_id):
            if not case.email_normalized and not case.phone:
                raise UserError(
                    self.env._(
                        "There is no e-mail address or phone number to make a contact "
                        "of. Enter one on case %s first.",
                        case.number,
                    )
                )
            case._link_customer(case._create_partner())
        return True

    def _create_partner(self):
        name, email = parse_contact_from_email(self.email_from or "")
        return self.env["res.partner"].create(
            {
                "name": name or email or self.phone,
                "email": email,
                "phone": self.phone,
                "company_id": False,
            }
        )

    def _link_customer(self, partner):
        """Link the case to a customer, and to their order when it is plain which.

        :param partner: ``res.partner`` record
        """
        self.ensure_one()
        self.write({"partner_id": partner.id})
        self.message_subscribe(partner_ids=partner.ids)
        self.action_find_order()
        return True

    def action_find_order(self):
        """Look for the order again, by what is known now."""
        for case in self.filtered(lambda c: c.partner_id and not c.sale_order_id):
            vals = {
                "partner_id": case.partner_id.id,
                "company_id": case.company_id.id,
                "name": case.name,
                "description": case.description,
            }
            self.with_context(aftersales_body=case._first_message_text())._find_orders(
                [vals]
            )
            if vals.get("sale_order_id"):
                case.write({"sale_order_id": vals["sale_order_id"]})
        return True

    def _first_message_text(self):
        message = self.env["mail.message"].search(
            [
                ("model", "=", self._name),
                ("res_id", "=", self.id),
                ("message_type", "in", ("email", "comment")),
            ],
            order="id",
            limit=1,
        )
        return html2plaintext(message.body or "")
