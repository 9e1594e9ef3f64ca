"""Cases whose promises fell due while the job was off. Runs within Odoo."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields

HOUR = 3600
# So long ago the first case came in: three days of silence, and a day before.
SINCE = timedelta(days=4)
NOTE = "The step was taken."
FAILING = "Nobody can do this one"
ACTION = "Note on the case"


def make(env, size):
    """Make cases that came in four days ago, with their promises, unjudged since.

    Of each hundred: five came in by phone, and their ladder runs a server action; a
    fourth was answered within an hour, and is told of progress daily; a fifth waits
    for the customer.

    :param int size: number of cases
    """
    start = fields.Datetime.now() - SINCE
    team = _team(env)
    _policies(env, _server_action(env))
    customer = env["res.partner"].create(
        {"name": "Ana Ruiz", "email": "ana@gemini.example.com"}
    )
    with freeze_time(start + timedelta(hours=3)):
        cases = env["aftersales.case"].create(
            [
                {
                    "name": f"Case {number}",
                    "team_id": team.id,
                    "user_id": team.leader_id.id,
                    "partner_id": customer.id,
                    "channel": "phone" if number % 20 == 3 else "mail",
                    "priority": "0",
                    "received_at": start + timedelta(seconds=number * 7919 % 7200),
                }
                for number in range(size)
            ]
        )
        answered = cases[::4]
        hour = timedelta(hours=1)
        answered._clocks_event("reply", {c.id: c.received_at + hour for c in answered})
        waiting = env.ref("aftersales_service.aftersales_stage_waiting_customer")
        cases[1::5].stage_id = waiting
        env.flush_all()
    _only_our_job(env)
    env.cr.commit()


def _team(env):
    """A team that is there every day from 8 to 20, with people on two levels."""
    calendar = env["resource.calendar"].create(
        {
            "name": "Every day",
            "tz": "UTC",
            "attendance_ids": [
                Command.clear(),
                *(
                    Command.create(
                        {"name": day, "dayofweek": day, "hour_from": 8, "hour_to": 20}
                    )
                    for day in "0123456"
                ),
            ],
        }
    )
    people = env["res.users"].create(
        [
            {
                "name": login.title(),
                "login": login,
                "email": f"{login}@after.example.com",
                "group_ids": [
                    Command.link(
                        env.ref("aftersales_service.group_aftersales_manager").id
                    )
                ],
            }
            for login in ("leader", "head")
        ]
    )
    team = env.ref("aftersales_service.aftersales_team_default")
    team.write(
        {
            "calendar_id": calendar.id,
            "leader_id": people[0].id,
            "department_head_id": people[1].id,
        }
    )
    return team


def _server_action(env):
    """An action that notes on the case each time it runs, and fails on one of them."""
    code = f"""
if record.name == {FAILING!r}:
    raise UserError("No such thing.")
record.message_post(body={NOTE!r})
"""
    return env["ir.actions.server"].create(
        {
            "name": ACTION,
            "model_id": env["ir.model"]._get_id("aftersales.case"),
            "state": "code",
            "code": code,
        }
    )


def _policies(env, action):
    """Every step that acts leaves something that can be counted."""
    env["aftersales.policy"].search([]).active = False
    told = {"moment": "at", "recipient": "leader", "is_urgent": True}
    phone = {**told, "do_activity": False, "server_action_ids": [action.id]}
    env["aftersales.policy"].create(
        [
            {
                "name": "By phone",
                "sequence": 1,
                "channel": "phone",
                "target_ids": _targets(first_response=(4, [phone])),
            },
            {
                "name": "All others",
                "sequence": 2,
                "target_ids": _targets(
                    first_response=(
                        4,
                        [
                            {"moment": "percent", "percent": 50, "is_urgent": True},
                            {**told, "do_priority": True, "do_mail": True},
                        ],
                    ),
                    update=(24, [told]),
                ),
            },
            {
                "name": "Solution",
                "sequence": 3,
                "target_ids": [
                    Command.create(
                        {
                            "kind": "resolution",
                            "target_seconds": 24 * HOUR,
                            "pause_customer": True,
                            "step_ids": [
                                Command.create({**told, "escalate_level": "2"})
                            ],
                        }
                    )
                ],
            },
        ]
    )


def _targets(**promises):
    """Promises around the clock.

    :param promises: kind → (hours, values of its steps)
    """
    return [
        Command.create(
            {
                "kind": kind,
                "target_seconds": hours * HOUR,
                "calendar_mode": "always",
                "step_ids": [Command.create(step) for step in steps],
            }
        )
        for kind, (hours, steps) in promises.items()
    ]


def _only_our_job(env):
    """Nothing else runs, and mails stay where they can be counted."""
    job = env.ref("aftersales_service.ir_cron_clock_tick")
    (env["ir.cron"].search([]) - job).active = False
