"""Who may call which public method, on the record of which case, team or policy.

Every method that a client can call by RPC has a row; a new one without is a failure.
Rights on the records themselves stand in the table of rights.
"""

from typing import NamedTuple

from odoo.exceptions import AccessError, UserError

from ..clock.test_clock_engine import at
from .right_table import rights_of
from .world import CUSTOMERS, MANAGERS, ROLES, WORKERS

EVERYBODY = frozenset(ROLES)
COLLEAGUES = EVERYBODY - CUSTOMERS
CASE, POLICY, TEAM = "aftersales.case", "aftersales.policy", "aftersales.team"
# name → on what one needs a right ("": the record itself), which, and which roles
AUDIENCES = {
    "nobody": ((), "", frozenset()),
    "everybody": ((), "", EVERYBODY),
    "who works on cases": ((), "", frozenset(WORKERS)),
    "managers": ((), "", frozenset(MANAGERS)),
    "who oversees cases": ((), "", frozenset({*MANAGERS, "management"})),
    "who may read the case": ((CASE,), "r", EVERYBODY),
    "colleagues who may read the case": ((CASE,), "r", COLLEAGUES),
    "who may write the case": ((CASE,), "w", EVERYBODY),
    "managers who may write the case": ((CASE,), "w", MANAGERS),
    "who may write the policy": ((POLICY,), "w", EVERYBODY),
    "who may write the team": ((TEAM,), "w", EVERYBODY),
    "who may read it": (("",), "r", EVERYBODY),
    "colleagues who may read it": (("",), "r", COLLEAGUES),
    "managers who may read it": (("",), "r", MANAGERS),
    "managers who may read it, and the responder": (
        ("",),
        "r",
        {*MANAGERS, "responder"},
    ),
    "who may write it": (("",), "w", EVERYBODY),
    "who may read it and the case": (("", CASE), "r", EVERYBODY),
    # Neither a customer nor a reader answers the customer, but a customer does so.
    "who may write the case, and its customer": ((CASE,), "w", EVERYBODY),
}


class Call(NamedTuple):
    """How a method is called, and who may."""

    audience: str
    # by name; a function is asked for the value with the world and the place
    values: dict = {}
    # what has to be so before: a method ``given_…`` of the world
    given: str = ""
    # how it is refused, where that is no lack of rights
    refusal: type = AccessError


def allowed(call, model, role, place):
    """Whether a role may make a call on the record of a place."""
    needed, letter, roles = AUDIENCES[call.audience]
    if call.audience.endswith("and its customer") and role in CUSTOMERS:
        letter = "r"
    return role in roles and all(
        letter in rights_of(of or model, role, place) for of in needed
    )


def _partner(world, _place):
    return [world.user_sales_next.partner_id.id]


def _teams(world, _place):
    return [team.id for team in world.teams.values()]


MAIL = "From: who@x.example\nTo: y@z.example\nMessage-ID: <1@x>\nSubject: s\n\nWords"
WRITE = Call("who may write the case")
READ = Call("colleagues who may read the case")
# It tells where to look; who looks there sees what they may read.
WINDOW = Call("everybody")
PROMISE = {"topic": "callback", "deadline": "2026-01-05 16:00:00", "body": "Soon"}

METHODS = {
    # The case: steps of the work
    "aftersales.case.action_start": WRITE,
    "aftersales.case.action_wait_customer": WRITE,
    "aftersales.case.action_wait_third_party": WRITE,
    "aftersales.case.action_resolve": WRITE,
    "aftersales.case.action_close": WRITE,
    "aftersales.case.action_cancel": WRITE,
    "aftersales.case.action_assign_to_me": WRITE,
    "aftersales.case.action_undo_mark": Call(WRITE.audience, given="marked"),
    "aftersales.case.action_create_customer": Call(WRITE.audience, given="stranger"),
    "aftersales.case.action_find_order": Call(WRITE.audience, given="loose"),
    "aftersales.case.action_next_case": Call("who works on cases"),
    # The case: what is said
    "aftersales.case.action_reply": Call(WRITE.audience, {"body": "Hello"}),
    "aftersales.case.action_promise": Call(WRITE.audience, PROMISE),
    "aftersales.case.action_promise_kept": Call(
        WRITE.audience, {"topic": "callback"}, given="promised"
    ),
    "aftersales.case.action_confirm_sender": Call(WRITE.audience, given="doubtful"),
    "aftersales.case.action_refuse_sender": Call(WRITE.audience, given="doubtful"),
    "aftersales.case.action_join_named_case": Call(WRITE.audience, given="named"),
    "aftersales.case.action_add_copies": WRITE,
    "aftersales.case.action_leave_copies": WRITE,
    "aftersales.case.action_keep_apart": Call(WRITE.audience, given="named"),
    "aftersales.case.message_post": (
        Call("who may read the case", {"body": "A note"}),
        Call(
            "who may write the case, and its customer",
            {"body": "Hello", "subtype_xmlid": "mail.mt_comment"},
        ),
    ),
    "aftersales.case.message_notify": Call(
        READ.audience, {"body": "Look", "partner_ids": _partner}
    ),
    "aftersales.case.message_subscribe": Call(
        WRITE.audience, {"partner_ids": _partner}
    ),
    "aftersales.case.message_new": Call(
        "who works on cases", {"msg_dict": {"subject": "s", "email_from": "x@y.z"}}
    ),
    "aftersales.case.message_update": Call(
        WRITE.audience, {"msg_dict": {"subject": "s", "cc": "x@y.example"}}
    ),
    # The case: what is shown
    "aftersales.case.get_alerts": READ,
    "aftersales.case.get_panel": READ,
    "aftersales.case.get_timeline": READ,
    "aftersales.case.get_board": Call("who oversees cases", {"team_ids": _teams}),
    "aftersales.case.give_on_board": Call(
        "managers who may write the case", {"user_id": False}
    ),
    "aftersales.case.action_open": WINDOW,
    "aftersales.case.action_view_escalations": WINDOW,
    "aftersales.case.action_view_order": Call("who may read the case"),
    "aftersales.case.action_view_origin": READ,
    "aftersales.case.action_view_customer_cases": Call("who may read the case"),
    "aftersales.case.escalate.action_apply": WRITE,
    "aftersales.case.link.action_link": WRITE,
    "aftersales.case.mark.action_apply": WRITE,
    "aftersales.case.promise.action_send": WRITE,
    # Mails
    "mail.thread.message_process": Call(
        "nobody", {"model": "aftersales.case", "message": MAIL}
    ),
    # A client has no object of a mail to give.
    "mail.thread.message_parse": Call("nobody", {"message": MAIL}, refusal=ValueError),
    # Promises
    "aftersales.clock.get_explanation": Call("colleagues who may read it"),
    "aftersales.clock.action_retry": Call("managers who may read it"),
    "aftersales.clock.action_open_deadline": Call(
        "managers who may write the case", refusal=UserError
    ),
    "aftersales.clock.action_set_deadline": Call(
        "managers who may write the case", {"deadline": at("16:00"), "reason": "Asked"}
    ),
    "aftersales.clock.action_reset_deadline": Call(
        "managers who may write the case", {"reason": "Asked"}, given="deadline_set"
    ),
    "aftersales.clock.deadline.action_set": Call("managers who may write the case"),
    "aftersales.clock.deadline.action_reset": Call(
        "managers who may write the case", given="deadline_set"
    ),
    "aftersales.report.clock.action_open_case": Call("who may read it"),
    "aftersales.report.clock.action_open_clock": Call("who may read it"),
    # Escalations and prepared messages
    "aftersales.escalation.action_acknowledge": Call(
        "managers who may read it, and the responder"
    ),
    "aftersales.escalation.action_open_case": Call("who may read it and the case"),
    "aftersales.notice.action_use": WRITE,
    "aftersales.notice.action_send": WRITE,
    "aftersales.notice.action_discard": WRITE,
    # Policies
    "aftersales.policy.get_matrix": Call("who works on cases"),
    "aftersales.policy.set_promise": Call(
        "who may write it", {"kind": "update", "values": {"seconds": 7200}}
    ),
    "aftersales.policy.action_activate": Call("who may write it", given="draft"),
    "aftersales.policy.action_simulate": Call("who may read it"),
    "aftersales.policy.action_apply_to_open_cases": Call("who may write it"),
    "aftersales.policy.action_archive_with_choice": Call("who may write it"),
    "aftersales.policy.apply.action_apply": Call("who may write the policy"),
    "aftersales.policy.archive.action_archive": Call("who may write the policy"),
    "aftersales.policy.simulation.action_run": Call("who may write it"),
    "aftersales.policy.simulation.action_cancel": Call(
        "who may write it", given="simulated"
    ),
    "aftersales.policy.simulation.action_open_chart": Call("who may read it"),
    # Teams, and the first start
    "aftersales.team.action_view_cases": WINDOW,
    "aftersales.team.action_trust_seen_server": Call(
        "who may write it", given="seen_server"
    ),
    "aftersales.onboarding.is_needed": Call("everybody"),
    "aftersales.onboarding.action_apply": Call("who may write the team"),
    "aftersales.onboarding.action_dismiss": Call("managers"),
    # Work in the background, and whether all is well
    "aftersales.job.action_cancel": Call("managers who may read it"),
    "aftersales.job.action_retry": Call("managers who may read it"),
    "aftersales.job.action_open_subject": Call("who may read it"),
    "aftersales.difference.action_check": Call("managers"),
    "aftersales.difference.action_rebuild_mirrors": Call("managers"),
    "aftersales.difference.action_open_case": Call("who may read it"),
    "aftersales.health.check.action_open": Call("managers"),
    "aftersales.health.check.action_refresh": Call("managers"),
    "aftersales.health.check.action_mend": Call("managers"),
    "aftersales.health.check.action_check_integrity": Call("managers"),
    # Customers and orders
    "res.partner.action_aftersales_cases": WINDOW,
    "sale.order.action_aftersales_cases": Call("who may read it"),
    "sale.order.action_aftersales_new_case": Call("who may read it"),
    "sale.order.aftersales_overview": Call("colleagues who may read it"),
    "sale.order.aftersales_timeline": Call("colleagues who may read it"),
}
