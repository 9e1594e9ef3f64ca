"""A company set up as its administrator would: all through the public interface."""

import html
import re
from email.message import EmailMessage
from email.utils import make_msgid

from tests.support.waiting import wait_for

DOMAIN = "after.example.com"
TEAM_ADDRESS = f"service@{DOMAIN}"
ZONE = "Europe/Madrid"


class World:
    """What the journeys find: mail servers, people, a customer with an order.

    :param server: ``OdooServer``
    :param mailbox: ``Mailbox`` that Odoo fetches from
    :param outbox: ``Outbox`` that Odoo sends to
    """

    def __init__(self, server, mailbox, outbox):
        self.server = server
        self.mailbox = mailbox
        self.outbox = outbox
        self.url = server.url
        self.admin = server.session("admin")
        self._connect_mail()
        self._employ_people()
        self._open_around_the_clock()
        self._win_customers()

    # Setting up -------------------------------------------------------------

    def _connect_mail(self):
        admin = self.admin
        admin.call("ir.config_parameter", "set_param", "web.base.url", self.url)
        admin.create("mail.alias.domain", name=DOMAIN)
        admin.create(
            "ir.mail_server",
            name="Outbox",
            smtp_host="127.0.0.1",
            smtp_port=self.outbox.port,
            smtp_encryption="none",
        )
        self.incoming = admin.create(
            "fetchmail.server",
            name="Mailbox",
            server_type="imap",
            server="127.0.0.1",
            port=self.mailbox.port,
            user=self.mailbox.user,
            password=self.mailbox.password,
        )
        admin.call("fetchmail.server", "button_confirm_login", [self.incoming])
        self.fetch_job = admin.ref("mail.ir_cron_mail_gateway_action")

    def _employ_people(self):
        self.specialist_id = self._employ(
            "specialist",
            "Sam Specialist",
            "aftersales_service.group_aftersales_team",
            "sales_team.group_sale_salesman_all_leads",
        )
        self.manager_id = self._employ(
            "manager", "Mia Manager", "aftersales_service.group_aftersales_manager"
        )
        self.team_id = self.admin.ref("aftersales_service.aftersales_team_default")
        self.admin.call(
            "aftersales.team",
            "write",
            [self.team_id],
            {
                "alias_name": "service",
                "leader_id": self.manager_id,
                "member_ids": [(6, 0, [self.specialist_id, self.manager_id])],
            },
        )

    def _employ(self, login, name, *groups):
        return self.admin.create(
            "res.users",
            name=name,
            login=login,
            password=login,
            email=f"{login}@{DOMAIN}",
            tz=ZONE,
            group_ids=[(4, self.admin.ref(group)) for group in groups],
        )

    def _open_around_the_clock(self):
        """So that the journey runs the same at night and on Sundays."""
        days = [
            (0, 0, {"name": f"Day {day}", "dayofweek": str(day), **hours})
            for day in range(7)
            for hours in (
                {"hour_from": 0, "hour_to": 12},
                {"hour_from": 12, "hour_to": 24},
            )
        ]
        calendar_id = self.admin.create(
            "resource.calendar",
            name="Every hour of the week",
            tz=ZONE,
            attendance_ids=[(5, 0, 0), *days],
        )
        self.admin.call(
            "aftersales.team", "write", [self.team_id], {"calendar_id": calendar_id}
        )

    def _win_customers(self):
        self.customer_address = "ana.ruiz@sunnyhill.example.com"
        self.customer_id = self.admin.create(
            "res.partner",
            name="Ana Ruiz",
            email=self.customer_address,
            tz=ZONE,
        )
        self.stranger_id = self.admin.create("res.partner", name="Lee Wei")
        self.product_id = self.admin.create(
            "product.product", name="Trail shoe, size 42", list_price=89
        )
        self.order_id = self.sell(self.customer_id)
        self.sell(self.customer_id)
        self.foreign_order_id = self.sell(self.stranger_id)
        self.order_name = self.admin.read("sale.order", self.order_id, "name")["name"]

    def sell(self, partner_id):
        """Return the id of a confirmed order of a customer."""
        line = {"product_id": self.product_id, "product_uom_qty": 1}
        order_id = self.admin.create(
            "sale.order", partner_id=partner_id, order_line=[(0, 0, line)]
        )
        self.admin.call("sale.order", "action_confirm", [order_id])
        return order_id

    def promise_for_phone_calls(self, **seconds):
        """Make promises for cases that come in by phone, around the clock.

        :param seconds: the promised time by kind
        """
        targets = [
            (0, 0, {"kind": kind, "target_seconds": time, "calendar_mode": "always"})
            for kind, time in seconds.items()
        ]
        self.admin.create(
            "aftersales.policy",
            name="Phone calls",
            sequence=1,
            channel="phone",
            target_ids=targets,
        )

    # Mail -------------------------------------------------------------------

    def write_mail(self, subject, text, sender=None, **headers):
        """Deliver a customer's mail to the mailbox and return its Message-ID."""
        mail = EmailMessage()
        mail["From"] = sender or f"Ana Ruiz <{self.customer_address}>"
        mail["To"] = TEAM_ADDRESS
        mail["Subject"] = subject
        mail["Message-ID"] = make_msgid(domain="sunnyhill.example.com")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.mailbox.deliver(mail)
        return mail["Message-ID"]

    def fetch_mail(self):
        """Run the job that reads the mailbox, now rather than in minutes."""
        self.admin.call("ir.cron", "method_direct_trigger", [self.fetch_job])

    # Cases ------------------------------------------------------------------

    def case_of_mail(self, message_id):
        """Fetch mails until one has become a case, and return the case's id."""
        domain = [("model", "=", "aftersales.case"), ("message_id", "=", message_id)]

        def probe():
            self.fetch_mail()
            found = self.admin.search("mail.message", domain, "res_id")
            return found and found[0]["res_id"]

        return wait_for(probe, f"a case out of the mail {message_id}", pause=1)

    def case(self, case_id, *names):
        """Return the named fields of a case."""
        return self.admin.read("aftersales.case", case_id, *names)

    def clocks(self, case_id):
        """Return the promises on a case, by kind."""
        found = self.admin.search(
            "aftersales.clock",
            [("case_id", "=", case_id)],
            *("kind", "state", "outcome", "deadline", "decided_at"),
        )
        return {clock["kind"]: clock for clock in found}

    def ledger(self, case_id):
        """Return the kinds of what happened to a case, in order."""
        lines = self.admin.search(
            "aftersales.event", [("case_id", "=", case_id)], "kind", order="id"
        )
        return [line["kind"] for line in lines]

    def broken_promise(self, case_id, kind):
        """Return a promise if it has been judged as broken."""
        clock = self.clocks(case_id)[kind]
        return clock if clock["outcome"] == "breached" else None

    def check_told_of_breach(self, case_id):
        """The job itself wrote down the breach, and the leader has it on their list."""
        lines = self.admin.search(
            "aftersales.event",
            [("case_id", "=", case_id), ("kind", "=", "clock_breached")],
            "actor_kind",
        )
        assert [line["actor_kind"] for line in lines] == ["cron"]
        activities = self.admin.search(
            "mail.activity",
            [("res_model", "=", "aftersales.case"), ("res_id", "=", case_id)],
            "user_id",
        )
        assert [line["user_id"][0] for line in activities] == [self.manager_id]


def link_in(text):
    """Return the path of the customer's own link in a mail."""
    found = re.search(r"https?://[^/\s\"]+(/[^\s\"<>]*access_token=[^\s\"<>]*)", text)
    assert found, f"no link to the case in: {text}"
    return html.unescape(found.group(1))
