"""A house with service hours, in the last minutes of its night."""

import re
import time
from datetime import datetime, timedelta, timezone

from tests.support.place import Place, finish

HOLIDAY = "Founders' Day"
# Seconds until a customer who writes at night is to be answered.
ANSWER_WITHIN = 40
# Minutes that are left of the night when it begins to be watched.
NIGHT = 3
# What happened before: a case of three days ago, answered, then waiting for the
# customer for some hours of the next day.
HISTORY = """
from datetime import timedelta
from freezegun import freeze_time
from odoo import fields

opening = fields.Datetime.to_datetime({opening!r})
specialist = env["res.users"].search([("login", "=", "specialist")])
stages = {{stage.kind: stage for stage in env["aftersales.stage"].search([])}}
with freeze_time(opening - timedelta(days=3) + timedelta(minutes=10)):
    case = env["aftersales.case"].with_user(specialist).create({{
        "name": {subject!r},
        "partner_id": {partner_id},
        "sale_order_id": {order_id},
        "channel": "phone",
        "user_id": specialist.id,
        "description": "<p>Water drips from the boiler onto the floor.</p>",
    }})
with freeze_time(opening - timedelta(days=3) + timedelta(minutes=50)):
    case.action_reply("Is it the valve at the bottom? A photo would help.")
with freeze_time(opening - timedelta(days=2) + timedelta(hours=1)):
    case._transition(stages["waiting_customer"])
with freeze_time(opening - timedelta(days=2) + timedelta(hours=4)):
    case._transition(stages["working"])
env.cr.commit()
print("case", case.id, case.sudo().get_portal_url())
"""


class Night:
    """Sets the house up: people on all levels, hours that begin in a few minutes, a
    promise that holds day and night.

    :param world: ``World``
    """

    def __init__(self, world):
        self.world = world
        self.admin = world.admin
        self._hire()
        self._close()
        self._promise()

    def _hire(self):
        employ, team_group = self.world._employ, "aftersales_service.group_aftersales"
        sales = "sales_team.group_sale_salesman_all_leads"
        self.leader_id = employ("leader", "Lena Leader", f"{team_group}_team", sales)
        self.sofia_id = employ("sofia", "Sofia Silva", f"{team_group}_team", sales)
        people = [self.world.specialist_id, self.sofia_id, self.leader_id]
        self.admin.call(
            "aftersales.team",
            "write",
            [self.world.team_id],
            {
                "leader_id": self.leader_id,
                "manager_id": self.world.manager_id,
                "member_ids": [(6, 0, people)],
            },
        )

    def _close(self):
        """The team is away; it comes in a few minutes, at nine by its own clock."""
        opening = datetime.now(timezone.utc) + timedelta(minutes=NIGHT)
        opening = opening.replace(second=0, microsecond=0) + timedelta(minutes=1)
        self.opening = opening.replace(tzinfo=None)
        east = (8 - opening.hour + 12) % 24 - 12
        self.zone = f"Etc/GMT{-east:+d}"
        hour = 8 + opening.minute / 60
        attendances = [
            (0, 0, {"name": day, "dayofweek": day, "hour_from": hour, "hour_to": 20})
            for day in "0123456"
        ]
        self.calendar_id = self.admin.create(
            "resource.calendar",
            name="Hours of the house",
            tz=self.zone,
            attendance_ids=[(5, 0, 0), *attendances],
        )
        self._celebrate(self.opening - timedelta(days=1))
        self.admin.call(
            "aftersales.team",
            "write",
            [self.world.team_id],
            {"calendar_id": self.calendar_id},
        )
        people = [self.leader_id, self.sofia_id]
        people += [self.world.specialist_id, self.world.manager_id]
        self.admin.call("res.users", "write", people, {"tz": self.zone})

    def _celebrate(self, morning):
        first = morning - timedelta(hours=4)
        self.admin.create(
            "resource.calendar.leaves",
            name=HOLIDAY,
            calendar_id=self.calendar_id,
            date_from=str(first),
            date_to=str(first + timedelta(hours=18)),
        )

    def _promise(self):
        """An answer within seconds, day and night; a solution in 40 service hours."""
        ladder = [
            {
                "moment": "percent",
                "percent": 50,
                "is_urgent": True,
                "recipient": "assignee",
                "do_notice": True,
            },
            {"moment": "at", "recipient": "leader", "do_mail": True},
            {
                "moment": "at",
                "is_urgent": True,
                "recipient": "manager",
                "do_activity": False,
                "do_mail": True,
                "escalate_level": "3",
            },
        ]
        answer = {
            "target_seconds": ANSWER_WITHIN,
            "calendar_mode": "always",
            "warn_percent": 50,
        }
        told = [{"moment": "at", "recipient": "leader", "do_mail": True}]
        solution = {"kind": "resolution", "target_seconds": 40 * 3600}
        targets = [
            {"kind": "next_response", **answer, "step_ids": _new(ladder)},
            {"kind": "first_response", **answer, "step_ids": _new(told)},
            {**solution, "pause_customer": True},
        ]
        self.admin.create(
            "aftersales.policy",
            name="Hotline",
            sequence=1,
            channel="phone",
            target_ids=_new(targets),
        )

    def remember(self, subject):
        """Let a case have a history of three days.

        :return: (its id, path of the customer's own link)
        """
        script = HISTORY.format(
            opening=str(self.opening),
            subject=subject,
            partner_id=self.world.customer_id,
            order_id=self.world.order_id,
        )
        told = finish(Place(self.world.server.database).shell(script))
        case_id, link = re.search(r"^case (\d+) (\S+)$", told, re.M).groups()
        return int(case_id), link

    def call_in(self, subject):
        """Take a call of a customer whom nobody answers."""
        return self.admin.create(
            "aftersales.case",
            name=subject,
            partner_id=self.world.stranger_id,
            channel="phone",
        )

    def run_job(self):
        """Run the clock job now rather than within a minute. The scheduler may be at
        it by itself at this very moment."""
        job = self.admin.ref("aftersales_service.ir_cron_clock_tick")
        try:
            self.admin.call("ir.cron", "method_direct_trigger", [job])
        except Exception as refusal:
            assert "already executing" in str(refusal)

    def is_over(self):
        """Whether the team is there."""
        return datetime.utcnow() >= self.opening

    def wait_for_morning(self):
        """Wait until the team is there."""
        while not self.is_over():
            time.sleep(0.5)


def _new(values):
    return [(0, 0, vals) for vals in values]
