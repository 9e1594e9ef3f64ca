from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_split

from ...tools.words import selection_label

# What of another application's document a colleague without rights there may see.
LINE_LIMIT = 12
DOCUMENT_LIMIT = 8
OTHER_CASE_LIMIT = 5


class AftersalesCase(models.Model):
    """What the form shows beside the case: its promises, the order, the goods, the
    money, the customer.

    Whoever may read the case sees this much of them, whatever their rights in sales,
    stock and accounting: a fixed set of fields, and a link only where they may go."""

    _inherit = "aftersales.case"

    @api.model
    def default_get(self, fields):
        """A form shows the team, company and stage that a new case will have, though
        only creating it sets them."""
        values = super().default_get(fields)
        if "user_id" in fields and self._sees_own_cases_only():
            values.setdefault("user_id", self.env.uid)
        if "stage_id" not in fields or not self.has_access("create"):
            return values
        Team = self.env["aftersales.team"]
        company = self.env["res.company"].browse(values.get("company_id"))
        team = Team.browse(values.get("team_id")) or Team._default_team(company or None)
        stage = self.env["aftersales.stage"]._of_kind("new", team)
        shown = {
            "team_id": team.id,
            "company_id": team.company_id.id,
            "stage_id": stage.id,
            "stage_kind": stage.kind,
        }
        return {**{name: shown[name] for name in shown if name in fields}, **values}

    @api.model
    def _sees_own_cases_only(self):
        """Whether a case of nobody would be out of the user's reach."""
        user = self.env.user
        return (
            not self.env.su
            and user.has_group("aftersales_service.group_aftersales_user")
            and not user.has_group("aftersales_service.group_aftersales_team")
        )

    @api.onchange("sale_order_id")
    def _onchange_sale_order_id(self):
        """Lines of another order cannot be what the case is about."""
        self.sale_line_ids = self.sale_line_ids.filtered(
            lambda line: line.order_id._origin == self.sale_order_id._origin
        )

    @api.readonly
    def get_panel(self):
        """Return what the side panel of the form shows, as plain data.

        :return: dict with ``now``, ``promises``, ``order``, ``deliveries``,
            ``invoices``, ``suggested_orders``, ``customer``, ``recipients`` and
            ``next_steps`` (of the reply box)
        :raise AccessError: for who may not read the case
        """
        self.ensure_one()
        self._refuse_customers()
        self.check_access("read")
        return {
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            "promises": self._panel_promises(),
            "order": self._panel_order(),
            "deliveries": self._panel_deliveries(),
            "invoices": self._panel_invoices(),
            "suggested_orders": self._panel_suggested_orders(),
            "customer": self._panel_customer(),
            "recipients": self._panel_recipients(),
            "next_steps": self._panel_next_steps(),
        }

    # Promises -----------------------------------------------------------------

    def _panel_promises(self):
        """Return the promises of the latest cycle of each kind, and of each subject
        where there are several; open ones first."""
        clocks_sudo = self.sudo().clock_ids.filtered(lambda c: c.outcome != "void")
        latest = {}
        for clock in clocks_sudo.sorted("cycle"):
            latest[clock.kind, clock.subject] = clock
        clocks_sudo = clocks_sudo.browse(clock.id for clock in latest.values())
        explained = set(clocks_sudo.with_env(self.env)._filtered_access("read").ids)
        may_keep = self.has_access("write")
        taken = self._panel_taken(clocks_sudo)
        promises = [
            {
                **self._panel_promise(clock),
                "taken_seconds": taken.get(clock.id),
                "can_explain": clock.id in explained,
                "can_keep": may_keep and self._is_kept_by_hand(clock),
            }
            for clock in clocks_sudo
        ]
        return sorted(promises, key=lambda p: (p["rank"], p["deadline"] or "9"))

    @api.model
    def _is_kept_by_hand(self, clock_sudo):
        """Whether somebody has to say that what was promised has happened."""
        return clock_sudo._is_promised_time() and clock_sudo.state != "stopped"

    def _panel_promise(self, clock_sudo):
        as_string = fields.Datetime.to_string
        return {
            "id": clock_sudo.id,
            "kind": clock_sudo.kind,
            "subject": clock_sudo.subject,
            "label": clock_sudo._promise_label(),
            "state": clock_sudo.state,
            "outcome": clock_sudo.outcome,
            "rank": 0 if clock_sudo.state != "stopped" else 1,
            "cycle": clock_sudo.cycle,
            "started_at": as_string(clock_sudo.started_at),
            "deadline": as_string(clock_sudo.deadline),
            "warning_at": as_string(clock_sudo.warning_at),
            "remaining_seconds": clock_sudo.remaining_seconds,
            "floor_at": as_string(clock_sudo.floor_at),
            "paused": clock_sudo._pause_words(),
            "is_manual": clock_sudo.is_manual,
            "manual_reason": clock_sudo.manual_reason or "",
            "calendar_seconds": clock_sudo.calendar_seconds,
            "target_seconds": clock_sudo.target_seconds,
            "policy": clock_sudo.policy_id.name or "",
            "policy_version": clock_sudo.policy_version,
            "hours": clock_sudo.calendar_id.name or "",
        }

    @api.model
    def _panel_taken(self, clocks_sudo):
        """Return {clock id: how many seconds it took} of the promises that have ended,
        measured as they were promised: a time promised on the calendar, any other in
        its own hours without pauses, with what was used before a reopening."""
        ended = clocks_sudo.filtered(lambda clock: clock.state == "stopped")
        told = ended.filtered("fixed_deadline")
        late = ended.filtered(lambda clock: clock.stopped_at > clock.decided_at) - told
        return {
            **{clock.id: clock.calendar_seconds for clock in told},
            **{clock.id: self._panel_used(clock) for clock in ended - told - late},
            **self._panel_used_late(late),
        }

    @api.model
    def _panel_used(self, clock_sudo):
        """Return the seconds a promise had used up when it was decided."""
        decision = clock_sudo.decision or {}
        return decision.get("consumed_seconds", clock_sudo.net_seconds)

    @api.model
    def _panel_used_late(self, clocks_sudo):
        """Return {clock id: seconds} of promises that went on after they were broken:
        what they had used up by their end, as the ledger has it."""
        if not clocks_sudo:
            return {}
        lines_sudo = clocks_sudo.env["aftersales.event"].search_fetch(
            [("clock_id", "in", clocks_sudo.ids), ("kind", "=", "clock_stopped")],
            ["clock_id", "consumed_after"],
        )
        return {line.clock_id: line.consumed_after for line in lines_sudo}

    # Order, goods, money --------------------------------------------------------

    def _panel_order(self):
        order_sudo = self.sudo().sale_order_id
        if not order_sudo:
            return None
        lines_sudo = order_sudo.order_line.filtered(lambda line: not line.display_type)
        return {
            "id": order_sudo.id,
            "name": order_sudo.name,
            "state": order_sudo.state,
            "state_label": selection_label(order_sudo, "state"),
            "date": fields.Datetime.to_string(order_sudo.date_order),
            "delivery_label": selection_label(order_sudo, "delivery_status"),
            "lines": [self._panel_line(line) for line in lines_sudo[:LINE_LIMIT]],
            "more_lines": max(0, len(lines_sudo) - LINE_LIMIT),
        }

    def _panel_line(self, line_sudo):
        chosen = self.sudo().sale_line_ids
        return {
            "id": line_sudo.id,
            "name": line_sudo.product_id.display_name
            or (line_sudo.name or "").split("\n")[0],
            "ordered": line_sudo.product_uom_qty,
            "delivered": line_sudo.qty_delivered,
            "uom": line_sudo.product_uom_id.name or "",
            "is_service": line_sudo.product_id.type == "service",
            "concerned": line_sudo in chosen,
        }

    def _panel_deliveries(self):
        pickings_sudo = self.sudo().sale_order_id.picking_ids.sorted(
            lambda picking: (picking.date_done or picking.scheduled_date, picking.id),
            reverse=True,
        )[:DOCUMENT_LIMIT]
        openable = self._openable(pickings_sudo)
        return [
            {
                "id": picking.id,
                "name": picking.name,
                "state": picking.state,
                "state_label": selection_label(picking, "state"),
                "incoming": picking.picking_type_code == "incoming",
                "date": fields.Datetime.to_string(
                    picking.date_done or picking.scheduled_date
                ),
                **self._panel_tracking(picking),
                "can_open": picking.id in openable,
            }
            for picking in pickings_sudo
        ]

    def _panel_tracking(self, picking_sudo):
        """Return number and link of the parcel, where a carrier addon knows them."""
        known = picking_sudo._fields
        return {
            "tracking": "carrier_tracking_ref" in known
            and picking_sudo.carrier_tracking_ref
            or "",
            "tracking_url": "carrier_tracking_url" in known
            and picking_sudo.carrier_tracking_url
            or "",
        }

    def _panel_invoices(self):
        moves_sudo = self.sudo().sale_order_id.invoice_ids.sorted(
            lambda move: (move.invoice_date or move.date, move.id), reverse=True
        )[:DOCUMENT_LIMIT]
        openable = self._openable(moves_sudo)
        return [
            {
                "id": move.id,
                "name": move.name if move.state == "posted" else "",
                "is_refund": move.move_type == "out_refund",
                "state": move.state,
                "state_label": selection_label(move, "state"),
                "payment_state": move.payment_state,
                "payment_label": selection_label(move, "payment_state"),
                "date": fields.Date.to_string(move.invoice_date),
                "can_open": move.id in openable,
            }
            for move in moves_sudo
        ]

    def _panel_suggested_orders(self):
        """Return the customer's latest orders while none is linked."""
        if self.sale_order_id:
            return []
        return [
            {
                "id": order.id,
                "name": order.name,
                "date": fields.Datetime.to_string(order.date_order),
                "delivery_label": selection_label(order, "delivery_status"),
            }
            for order in self.suggested_order_ids
        ]

    # Customer -------------------------------------------------------------------

    def _panel_customer(self):
        """Return the customer with their other open cases; those that the user may not
        read are counted, not named."""
        partner_sudo = self.sudo().partner_id
        if not partner_sudo:
            return None
        domain = [
            ("commercial_partner_id", "=", partner_sudo.commercial_partner_id.id),
            ("company_id", "=", self.company_id.id),
            ("is_open", "=", True),
            ("mark", "=", False),
            ("id", "!=", self.id),
        ]
        others = self.search_fetch(
            domain,
            ["number", "name", "next_deadline", "next_warning_at", "stage_id"],
            limit=OTHER_CASE_LIMIT,
        )
        return {
            "id": partner_sudo.id,
            "name": partner_sudo.display_name,
            "email": partner_sudo.email or "",
            "phone": self.phone or partner_sudo.phone or "",
            "can_open": self.partner_id.has_access("read"),
            "open_count": self.sudo().search_count(domain),
            "open_cases": [self._panel_other_case(case) for case in others],
        }

    def _panel_other_case(self, case):
        return {
            "id": case.id,
            "number": case.number,
            "name": case.name,
            "stage": case.stage_id.name,
            "deadline": fields.Datetime.to_string(case.next_deadline),
            "warning_at": fields.Datetime.to_string(case.next_warning_at),
        }

    def _panel_recipients(self):
        """Return the names or addresses of those an answer goes to: who the reply box
        names, and the followers from outside."""
        case_sudo = self.sudo()
        try:
            recipients = case_sudo._reply_recipients()
        except UserError:
            return []
        partners = case_sudo.partner_id.browse(recipients["partner_ids"])
        partners |= case_sudo.message_partner_ids.filtered("partner_share")
        return partners.mapped("name") + email_split(
            recipients["outgoing_email_to"] or ""
        )

    def _panel_next_steps(self):
        """Return what the reply box offers to do with an answer, as it stands now."""
        return [
            {"nextStep": code, "label": step.label, "icon": step.icon}
            for code, step in self._reply_next_steps().items()
            if self.stage_kind in step.stages
        ]

    def _overview_line(self):
        """Return what a list of cases on another document shows of the case."""
        self.ensure_one()
        as_string = fields.Datetime.to_string
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "stage": self.stage_id.name,
            "is_open": self.is_open,
            "user": self.user_id.name or "",
            "deadline": as_string(self.next_deadline),
            "warning_at": as_string(self.next_warning_at),
            "paused": self.deadline_state == "paused",
        }

    # Helpers --------------------------------------------------------------------

    # Document → model its form cannot be shown without.
    _FORM_NEEDS = {
        "account.move": "account.move.line",
        "sale.order": "account.move.line",
        "stock.picking": "stock.move",
    }

    @api.model
    def _openable(self, records_sudo):
        """Return the ids of the documents whose form the user may open."""
        records = records_sudo.with_env(self.env)
        needs = self._FORM_NEEDS.get(records._name, records._name)
        if not self.env[needs].has_access("read"):
            return set()
        return set(records._filtered_access("read").ids)

    # Smart buttons --------------------------------------------------------------

    def action_view_order(self):
        """Open the order of the case: the form of sales for who works there, else one
        that shows what after-sales needs of it."""
        self.ensure_one()
        order = self.sale_order_id
        if self._openable(order):
            return order._get_records_action()
        view = self.env.ref("aftersales_service.sale_order_view_form_aftersales")
        return order._get_records_action(views=[(view.id, "form")])

    def action_view_origin(self):
        """Open the earlier case that this one continues."""
        self.ensure_one()
        return self.origin_case_id._get_records_action()

    def action_view_customer_cases(self):
        """Open all cases of the customer's company."""
        self.ensure_one()
        return self.commercial_partner_id.action_aftersales_cases()
