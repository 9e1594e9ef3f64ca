"""Row 5: a step of a ladder that gives a person an activity and a mail."""

import json
import time
from functools import partial

from odoo import fields
from odoo.tools import SQL

from benchmarks.measure import compare
from benchmarks.result import Limits, compared

ROOT = 1
MANY = 100
# Due at once on any promise that has begun to count, told whatever the hour.
STEP = {
    "key": "bench",
    "percent": 1,
    "urgent": True,
    "to": "leader",
    "activity": {"type_id": False, "summary": False},
    "mail": {"template_id": False},
}


def activity_and_mail(bench):
    """One clock, then many at once, beside core doing the same on the same cases."""
    site = bench.middle
    clock_ids = _prepared(site)
    for count in (1, MANY):
        ids = clock_ids[:count]
        yield compared(
            f"{len(ids)} at once",
            compare(
                partial(site.run, partial(_take_due_steps, ids=ids), ROOT),
                partial(site.run, partial(_core, ids=ids), ROOT),
            ),
            against="activity_schedule + message_post",
            limits=Limits(ratio=1.3),
        )


def _prepared(site):
    """Give running promises the step; return their ids. Kept in the database: the work
    itself is undone each time."""
    found = []

    def prepare(env):
        _set_leaders(env)
        found.extend(_due_clocks(env))
        env.cr.execute(
            SQL(
                "UPDATE aftersales_clock SET snapshot = jsonb_set(snapshot,"
                " '{steps}', %s::jsonb), steps_done = '[]', next_event_at = %s"
                " WHERE id = ANY(%s)",
                json.dumps([STEP]),
                fields.Datetime.now(),
                found,
            )
        )

    site.run(prepare, ROOT, commit=True)
    return found


def _set_leaders(env):
    for team in env["aftersales.team"].search([("leader_id", "=", False)]):
        team.leader_id = team.member_ids[:1]


def _due_clocks(env):
    """Return ids of open promises of which the hundredth part is used up."""
    Clock = env["aftersales.clock"]
    now = int(time.time())
    ids = []
    for cycle in Clock._load(
        SQL("state = 'running' AND outcome = 'none' AND deadline > now()"),
        SQL("ORDER BY id LIMIT 5000"),
    ):
        cycle.clock.steps = [STEP]
        if Clock._has_passed_steps(cycle, now):
            ids.append(cycle.id)
    return ids[:MANY]


def _take_due_steps(env, ids):
    """What the job does with clocks that are due."""
    Clock = env["aftersales.clock"].sudo()
    cycles = Clock._load(SQL("id = ANY(%s)", ids), SQL("FOR NO KEY UPDATE"))
    Clock._tick(cycles, int(time.time()))


def _core(env, ids):
    """The same for the same people, as one writes it with core alone."""
    for clock in env["aftersales.clock"].browse(ids):
        case, leader = clock.case_id, clock.case_id.team_id.leader_id
        case.activity_schedule(
            "mail.mail_activity_data_warning",
            summary="Promise at risk: Solution",
            user_id=leader.id,
        )
        case.message_post(
            body="Promise at risk: Solution",
            partner_ids=leader.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )
