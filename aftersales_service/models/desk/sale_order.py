from odoo import api, fields, models

from ...tools.words import selection_label


class SaleOrder(models.Model):
    _inherit = "sale.order"

    aftersales_case_ids = fields.One2many(
        "aftersales.case", "sale_order_id", string="After-Sales Cases"
    )
    aftersales_case_count = fields.Integer(
        compute="_compute_aftersales_case_counts", string="Cases"
    )
    aftersales_open_case_count = fields.Integer(
        compute="_compute_aftersales_case_counts", string="Open Cases"
    )

    @api.depends("aftersales_case_ids.stage_kind", "aftersales_case_ids.mark")
    def _compute_aftersales_case_counts(self):
        """Count the cases of all orders in one query; for colleagues alone."""
        counts = {}
        Case = self.env["aftersales.case"]
        if self.env.user._is_internal() and Case.has_access("read"):
            groups = Case._read_group(
                [("sale_order_id", "in", self.ids), ("mark", "=", False)],
                ["sale_order_id", "stage_kind"],
                ["__count"],
            )
            for order, kind, count in groups:
                by_kind = counts.setdefault(order.id, {})
                by_kind[kind] = count
        closed = ("resolved", "closed", "cancelled")
        for order in self:
            by_kind = counts.get(order.id, {})
            order.aftersales_case_count = sum(by_kind.values())
            order.aftersales_open_case_count = sum(
                count for kind, count in by_kind.items() if kind not in closed
            )

    def action_aftersales_cases(self):
        """Open the order's cases; a new one is prefilled from the order."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_case_action"
        )
        action.update(
            domain=[("sale_order_id", "=", self.id), ("mark", "=", False)],
            context=self._aftersales_case_context(),
        )
        return action

    def action_aftersales_new_case(self):
        """Open the form of a new case on this order."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "aftersales.case",
            "views": [(False, "form")],
            "context": self._aftersales_case_context(),
        }

    def _aftersales_case_context(self):
        return {
            "default_sale_order_id": self.id,
            "default_partner_id": self.partner_id.id,
            "default_company_id": self.company_id.id,
        }

    # Timeline -----------------------------------------------------------------

    @api.readonly
    def aftersales_overview(self):
        """Return what the page "After-Sales" of the order shows, as plain data.

        :return: dict with ``cases``, ``timeline`` and ``can_create``
        :raise AccessError: for who may not read the order
        """
        self.ensure_one()
        self.env["aftersales.case"]._refuse_customers()
        self.check_access("read")
        Case = self.env["aftersales.case"]
        return {
            "cases": [case._overview_line() for case in self._aftersales_cases()],
            "timeline": self.aftersales_timeline(),
            "can_create": Case.has_access("create"),
        }

    def _aftersales_cases(self):
        """Return the cases of the order that the user may read, newest first."""
        Case = self.env["aftersales.case"]
        if not Case.has_access("read"):
            return Case
        return Case.search(
            [("sale_order_id", "=", self.id), ("mark", "=", False)],
            order="received_at desc, id desc",
        )

    @api.readonly
    def aftersales_timeline(self):
        """Return all that happened to the order, newest first.

        :return: list of entries as of ``aftersales.case.get_timeline``
        :raise AccessError: for who may not read the order
        """
        self.ensure_one()
        self.env["aftersales.case"]._refuse_customers()
        self.check_access("read")
        entries = self._aftersales_timeline_entries()
        return sorted(entries, key=lambda entry: entry["at"], reverse=True)

    def _aftersales_timeline_entries(self):
        """Return the entries of the timeline in any order; addons add theirs to what
        ``super()`` returns, made with :meth:`_aftersales_entry`."""
        return [
            *self._aftersales_timeline_order(),
            *self._aftersales_timeline_deliveries(),
            *self._aftersales_timeline_invoices(),
            *self._aftersales_cases()._timeline_milestones(),
        ]

    @api.model
    def _aftersales_entry(self, at, kind, title, **values):
        """Return one entry of the timeline.

        :param at: ``datetime`` (naive UTC) or ``date``
        :param str kind: code of what it is
        :param str title: translated, short
        :param values: ``icon``, ``tone`` (plain, info, success, warning, danger),
            ``detail``, ``who``, ``res_model``, ``res_id``, ``can_open``
        """
        return {
            "at": fields.Datetime.to_string(fields.Datetime.to_datetime(at)),
            "kind": kind,
            "title": title,
            "icon": "fa-circle-o",
            "tone": "plain",
            "detail": "",
            "who": "",
            "res_model": False,
            "res_id": False,
            "can_open": False,
            **values,
        }

    def _aftersales_timeline_order(self):
        """Return the entries of the order itself."""
        entries = [
            self._aftersales_entry(
                self.create_date,
                "order_created",
                self.env._("Quotation"),
                icon="fa-file-o",
            )
        ]
        if self.state == "sale":
            entries.append(
                self._aftersales_entry(
                    self.date_order,
                    "order_confirmed",
                    self.env._("Order %s", self.name),
                    icon="fa-shopping-cart",
                    tone="success",
                )
            )
        if self.state == "cancel":
            entries.append(
                self._aftersales_entry(
                    self.write_date,
                    "order_cancelled",
                    self.env._("Cancelled"),
                    icon="fa-ban",
                )
            )
        return entries

    def _aftersales_timeline_deliveries(self):
        """Return one entry for each delivery or return of goods."""
        pickings_sudo = self.sudo().picking_ids
        openable = self.env["aftersales.case"]._openable(pickings_sudo)
        entries = []
        for picking in pickings_sudo.filtered(lambda p: p.state != "cancel"):
            done = picking.state == "done"
            incoming = picking.picking_type_code == "incoming"
            entries.append(
                self._aftersales_entry(
                    picking.date_done if done else picking.scheduled_date,
                    "goods_in" if incoming else "goods_out",
                    self._aftersales_picking_title(picking),
                    icon="fa-truck",
                    tone="success" if done else "plain",
                    detail=picking.name,
                    res_model="stock.picking",
                    res_id=picking.id,
                    can_open=picking.id in openable,
                )
            )
        return entries

    @api.model
    def _aftersales_picking_title(self, picking):
        incoming = picking.picking_type_code == "incoming"
        if picking.state == "done":
            return (
                self.env._("Goods came back") if incoming else self.env._("Delivered")
            )
        return (
            self.env._("Goods are to come back")
            if incoming
            else self.env._("Delivery planned")
        )

    def _aftersales_timeline_invoices(self):
        """Return one entry for each posted invoice or credit note."""
        moves_sudo = self.sudo().invoice_ids.filtered(lambda m: m.state == "posted")
        openable = self.env["aftersales.case"]._openable(moves_sudo)
        return [
            self._aftersales_entry(
                move.invoice_date or move.date,
                move.move_type,
                self.env._("Credit note")
                if move.move_type == "out_refund"
                else self.env._("Invoice"),
                icon="fa-file-text-o",
                tone="success" if move.payment_state == "paid" else "plain",
                detail=f"{move.name} · {self._aftersales_payment_label(move)}",
                res_model="account.move",
                res_id=move.id,
                can_open=move.id in openable,
            )
            for move in moves_sudo
        ]

    @api.model
    def _aftersales_payment_label(self, move):
        return selection_label(move, "payment_state")
