"""What a client puts into the context changes neither rights nor who did it."""

import os
from dataclasses import dataclass, field

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..base.test_trust import CONTEXT_KEYS
from .method_table import MAIL
from .world import World

# What JSON can hold, for keys that are asked for a number, a name or an object.
VALUES = ("x", [1], {"a": 1}, 0, 2**70, 1)
# Besides True, of how many of them each act meets one with each key. SLOW=1: all.
TURNS = len(VALUES) if os.environ.get("SLOW") else 1
# Without these a key is not even looked at.
BESIDE = {"active_id": {"active_model": "aftersales.case"}}
# What Odoo itself makes of a default: it reads a dictionary as values of a record.
NOT_OURS = {("default_team_id", "aftersales.case.create")}
ANSWER = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment"}


@dataclass(frozen=True, eq=False)
class Act:
    """Something a client tries, in this order and in one go."""

    role: str
    method: str
    # place of the record, none for a method of the model
    place: str = ""
    values: tuple = ()
    by_name: dict = field(default_factory=dict)
    # keys it is tried with, where others are not looked at; empty: all
    keys: tuple = ()


def _done(world):
    """Return what these roles may do."""
    stage = world._stage("waiting_customer").id
    calendar = world.made["resource.calendar"]["here"].id
    night = {
        "name": "Night",
        "calendar_id": calendar,
        "dayofweek": "6",
        "hour_from": 1,
        "hour_to": 2,
    }
    about_hours = ("default_calendar_id", "aftersales_schedules", "aftersales_watched")
    answer, deadline = {"body": "Hello", **ANSWER}, "2026-01-05 16:00:00"
    case, clock = "aftersales.case.", "aftersales.clock."
    return (
        Act("specialist", f"{case}write", "here", ({"urgency": "0"},)),
        Act("specialist", f"{case}message_post", "here", (), answer),
        Act("specialist", f"{case}write", "here", ({"stage_id": stage},)),
        Act("specialist", f"{case}create", "", ([{"name": "New"}],)),
        Act("manager", f"{clock}action_set_deadline", "here", (deadline, "Asked")),
        Act(
            *("manager", "aftersales.policy.target.write", "here"),
            ({"target_seconds": 7200},),
        ),
        # Where only some keys are looked at
        Act(
            *("manager", "resource.calendar.attendance.create", "", ([night],)),
            keys=about_hours,
        ),
        Act(
            *("manager", "resource.calendar.write", "here", ({"tz": "UTC"},)),
            keys=about_hours,
        ),
        Act("specialist", f"{clock}get_explanation", "here", keys=("tz",)),
        Act(
            *("manager", f"{case}formatted_read_group", ""),
            ([], ["stage_id"], ["__count"]),
            keys=("default_team_id",),
        ),
        Act(
            *("specialist", f"{case}mark.default_get", "", (["case_ids"],)),
            keys=("active_ids", "active_model"),
        ),
        Act(
            *("specialist", f"{case}escalate.default_get", "", (["case_id"],)),
            keys=("active_id", "active_model"),
        ),
    )


def _refused(world):
    """Return what these roles may not do."""
    case = world.cases["here"].id
    as_colleague = {
        "body": "Hello",
        "author_id": world.user_team.partner_id.id,
        **ANSWER,
    }
    said = {
        "model": "aftersales.case",
        "res_id": case,
        "body": "Said",
        "message_type": "comment",
        "subtype_id": world.env.ref("mail.mt_comment").id,
    }
    less, stopped = {"target_seconds": 60}, {"state": "stopped"}
    return (
        Act("specialist", "aftersales.case.write", "next door", ({"urgency": "0"},)),
        Act("specialist", "aftersales.case.write", "here", ({"mark": "spam"},)),
        Act("specialist", "aftersales.case.message_post", "here", (), as_colleague),
        Act("specialist", "mail.message.create", "", ([said],)),
        Act("specialist", "aftersales.policy.target.write", "here", (less,)),
        Act("management", "aftersales.case.action_reply", "here", ("Hello",)),
        Act("portal", "aftersales.case.action_start", "here"),
        Act("manager", "aftersales.clock.write", "here", (stopped,)),
        Act("manager", "aftersales.event.create", "", ([{"case_id": case}],)),
        Act(
            *("manager", "mail.thread.message_process", ""),
            ("aftersales.case", MAIL),
            keys=("aftersales_mail", "cron_id", "default_fetchmail_server_id"),
        ),
    )


@tagged("post_install", "-at_install")
class TestContexts(World):
    def test_every_key_with_every_kind_of_value(self):
        done, refused = _done(self), _refused(self)
        with self.undone():
            usual = {act: self._do(act, {}) for act in (*done, *refused)}
        for act, (_lines, problem) in usual.items():
            with self.subTest(act.method, role=act.role):
                self.assertEqual(problem is None, act in done, problem)
        for key in CONTEXT_KEYS:
            for turn in range(TURNS + 1):
                with self.subTest(key, turn=turn), self.undone():
                    self._check_turn(key, turn, usual)

    def _check_turn(self, key, turn, usual):
        """Do everything with a key: with True, or with another value each time."""
        for number, (act, (lines, refusal)) in enumerate(usual.items()):
            value = VALUES[(number + turn) % len(VALUES)] if turn else True
            if act.keys and key not in act.keys:
                continue
            if isinstance(value, dict) and (key, act.method) in NOT_OURS:
                continue
            context = {**BESIDE.get(key, {}), key: value}
            found, problem = self._do(act, context)
            with self.subTest(act.method, role=act.role, context=context):
                if problem:
                    self.assertIsInstance(problem, UserError)
                    self.assertFalse(found)
                    continue
                self.assertFalse(refusal, "it must be refused")
                self.assertEqual(found, lines)

    def _do(self, act, context):
        """Return the lines of the ledger and the versions of the policy that an act
        adds, and the exception it ends with."""
        model, _dot, method = act.method.rpartition(".")
        ids = [self.made[model][act.place].ids] if act.place else []
        events, versions = self._last("event"), self._last("policy.version")
        problem = None
        self.env.invalidate_all()
        muted = ("odoo.addons.base.models.ir_rule", "odoo.sql_db")
        try:
            with self.cr.savepoint(), mute_logger(*muted):
                self.rpc(
                    act.role,
                    model,
                    method,
                    *ids,
                    *act.values,
                    **act.by_name,
                    context=context,
                )
        except Exception as error:  # noqa: BLE001
            problem = error
            self.env.invalidate_all(flush=False)
        lines = self.env["aftersales.event"].search([("id", ">", events)], order="id")
        made = self.env["aftersales.policy.version"].search([("id", ">", versions)])
        told = [
            (line.kind, line.actor_kind, line.actor_id, line.actor_via)
            for line in lines
        ]
        return [*told, *made.mapped("version")], problem

    def _last(self, model):
        return self.env[f"aftersales.{model}"].search([], order="id desc", limit=1).id
