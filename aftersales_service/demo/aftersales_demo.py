from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, plaintext2html

from ..tools.business_time import from_epoch, to_epoch
from .stories import CUSTOMER, STORIES

HOUR = 3600
# Where a promise is not made at all, shares of it count in a working day.
WORKING_DAY = 8 * HOUR
DOMAIN = "ourcompany.example.com"
# Nobody is told by mail.
QUIET = {
    "mail_auto_subscribe_no_notify": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
}
ORDERS = {
    # order → (days ago, what is done)
    "order_ana_demo": (24, ("deliver", "invoice", "pay")),
    "order_ana_pump_demo": (3, ()),
    "order_lee_demo": (40, ("deliver", "invoice", "pay")),
    "order_marta_demo": (12, ("deliver", "invoice")),
    "order_tom_demo": (30, ("deliver", "invoice")),
    "order_sofia_demo": (16, ()),
}
# No shoes of size 43: the school's order is delivered in part.
STOCK = {
    "product_shoe_42_demo": 60,
    "product_jacket_demo": 25,
    "product_motor_demo": 6,
    "product_pump_demo": 9,
}


class AftersalesDemo(models.AbstractModel):
    """Demonstration data that XML cannot tell: documents and cases with a past."""

    _name = "aftersales.demo"
    _description = "After-Sales Demonstration Data"

    @api.model
    def _load(self):
        """Deliver and invoice the demonstration orders, and tell the cases on them.

        Called once, by the demonstration data. No mail leaves the house.
        """
        if not self.env.company.alias_domain_id:
            self.env["mail.alias.domain"].create({"name": DOMAIN})
        self._stock()
        # The team is set up already.
        self.env.company.aftersales_onboarded = True
        for name, (days, acts) in ORDERS.items():
            self._fulfil(self._ref(name), days, acts)
        for story in STORIES:
            self._tell(story)

    def _ref(self, name):
        return self.env.ref(f"aftersales_service.{name}")

    # Orders -------------------------------------------------------------------

    def _stock(self):
        location = self.env.ref("stock.warehouse0").lot_stock_id
        for name, quantity in STOCK.items():
            self.env["stock.quant"]._update_available_quantity(
                self._ref(name), location, quantity
            )

    def _fulfil(self, order, days, acts):
        """Confirm an order in the past, then do with it what it says.

        :param order: ``sale.order`` record, a quotation
        :param int days: how long ago it was confirmed
        :param acts: of ``deliver``, ``invoice``, ``pay``
        """
        ordered_at = fields.Datetime.now() - timedelta(days=days)
        order.action_confirm()
        order.write({"date_order": ordered_at})
        self._backdate(order, ordered_at - timedelta(hours=4))
        if "deliver" in acts:
            self._deliver(order, ordered_at + timedelta(days=2))
        if "invoice" in acts:
            self._invoice(order, ordered_at + timedelta(days=3), "pay" in acts)

    def _backdate(self, order, at):
        """Let the quotation be as old as its story; the ORM writes only the present."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE sale_order SET create_date = %s WHERE id = %s", at, order.id)
        )
        order.invalidate_recordset(["create_date"])

    def _deliver(self, order, at):
        """Ship what is in stock; the rest stays open in a picking of its own."""
        picking = order.picking_ids
        picking.action_assign()
        for move in picking.move_ids:
            move.picked = True
        picking.with_context(skip_backorder=True, skip_sms=True).button_validate()
        picking.write({"date_done": at})

    def _invoice(self, order, at, pay):
        invoice = order.with_context(**QUIET)._create_invoices()
        invoice.invoice_date = at.date()
        invoice.action_post()
        if pay:
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"payment_date": at.date()})._create_payments()

    # Cases --------------------------------------------------------------------

    def _tell(self, story):
        """Let a case come in, and take every step at its time in the past."""
        received_at = self._received_at(story.ago)
        case = self._receive(story, received_at)
        schedule = self._schedule()
        for hours, act, who, text in story.steps:
            at = schedule.add(to_epoch(received_at), int(hours * HOUR))
            at = min(from_epoch(at), fields.Datetime.now())
            self._step(case.with_context(aftersales_now=at), act, who, text, at)

    def _schedule(self):
        team = self._ref("aftersales_team_default")
        return team._service_calendar()._aftersales_schedule(team.company_id)

    def _received_at(self, ago):
        """Return the latest instant since which so much working time has passed.

        :param ago: hours, or a share of the first answer's time such as ``"90%"``
        """
        seconds = int(float(ago) * HOUR) if not isinstance(ago, str) else 0
        if not seconds:
            seconds = int(ago.rstrip("%")) * self._promised_seconds() // 100
        schedule = self._schedule()
        now = to_epoch(fields.Datetime.now())
        low, high = now - 90 * 24 * HOUR, now
        while high - low > 60:
            middle = (low + high) // 2
            if schedule.seconds_between(middle, now) >= seconds:
                low = middle
            else:
                high = middle
        return from_epoch(low)

    def _promised_seconds(self):
        target = self.env["aftersales.policy.target"].search(
            [("kind", "=", "first_response")], limit=1
        )
        return target.target_seconds or WORKING_DAY

    def _receive(self, story, received_at):
        values = dict(story.values, name=story.name, received_at=received_at)
        if story.order:
            order = self._ref(story.order)
            values.update(sale_order_id=order.id, partner_id=order.partner_id.id)
        if story.category:
            values["category_id"] = self._ref(story.category).id
        if story.owner:
            values["user_id"] = self._user(story.owner).id
        cases = self.env["aftersales.case"]
        case = cases.with_context(aftersales_now=received_at, **QUIET).create(values)
        self._acknowledge(case, received_at)
        if case.channel in ("mail", "portal"):
            self._say(case, CUSTOMER, story.text, received_at)
        else:
            case.description = plaintext2html(story.text)
        return case

    def _user(self, who):
        return self._ref(f"user_{who}_demo")

    def _acknowledge(self, case, at):
        """Take the confirmation of receipt as sent: nothing is mailed."""
        case._write_mirror({"acknowledge_at": False, "acknowledged_at": at})
        line = case._event(case, "acknowledged", at, cause="automatic")
        case.env["aftersales.event"]._append([line])
        case._clocks_event("acknowledged", at, cause="acknowledgement")

    def _step(self, case, act, who, text, at):
        """Take one step of a story.

        :param str act: ``message``, ``reply``, ``note``, ``accept``, ``reject``,
            ``promise``, ``spam``, or a kind of stage to move to
        """
        if act in ("message", "reply", "note"):
            self._say(case, who, text, at, note=act == "note")
        elif act == "accept":
            case._portal_accept(case.partner_id, at=at)
        elif act == "reject":
            self._reject(case, text, at)
        elif act == "promise":
            told = at + timedelta(hours=float(text))
            case._promise(who, told.replace(second=0), at)
        elif act == "spam":
            case.with_user(self._user(who))._set_aside("spam", text, at=at)
        else:
            stage = self._ref(f"aftersales_stage_{act}")
            case.with_user(self._user(who))._transition(stage, at=at)

    def _reject(self, case, text, at):
        case = case._as_customer(case.partner_id)
        case.env["aftersales.event"]._append([case._event(case, "rejected", at)])
        case._reopen(at, "customer_not_solved")
        self._say(case, CUSTOMER, text, at)

    def _say(self, case, who, text, at, note=False):
        """Put a message of the past into the conversation, and let it take effect."""
        author = case.partner_id if who == CUSTOMER else self._user(who).partner_id
        message = case.env["mail.message"].create(
            {
                "model": case._name,
                "res_id": case.id,
                "message_type": "email" if case.channel == "mail" else "comment",
                "subtype_id": self.env.ref(
                    "mail.mt_note" if note else "mail.mt_comment"
                ).id,
                "author_id": author.id,
                "email_from": author.email_formatted or case.email_from,
                "body": plaintext2html(text),
                "date": at,
            }
        )
        if who == CUSTOMER:
            case._on_customer_message(message, at, "customer")
        elif not note:
            case._on_human_reply(message, at)
