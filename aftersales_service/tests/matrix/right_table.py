"""Who may do what with the records of which model.

For each model the places of its records, and a row for each role that may do anything
with any of them: ``r`` read, ``w`` write, ``c`` create, ``u`` unlink, ``-`` nothing;
one word for each place. ``*`` is every colleague without a row of their own. Any other
role without a row may do nothing at all.
"""

from .world import CUSTOMERS, ROLES

HERE_NEXT_ABROAD = ("here", "next door", "abroad")
HERE_ABROAD = ("here", "abroad")
# A dialog of one's own, and one that somebody else has opened.
DIALOG = ("own", "of another")
# A place that only one model has → that of the case it is about.
SAME_CASE = {"to the responder": "next door"}

READ_WITH_THE_CASE = {
    "sales": "r - -",
    "specialist": "r - -",
    "team": "r - -",
    "team_other": "- r -",
    "management": "r r -",
    "manager": "r r -",
    "manager_abroad": "- - r",
}
READ_BY_MANAGERS = {"manager": "r r -", "manager_abroad": "- - r"}
READ_BY_MANAGERS_AT_HOME = {"manager": "r -", "manager_abroad": "- r"}
DIALOG_OF_WORKERS = {
    "specialist": "rwc -",
    "team": "rwc -",
    "team_other": "rwc -",
    "manager": "rwc -",
    "manager_abroad": "rwc -",
}
DIALOG_OF_MANAGERS = {"manager": "rwc -", "manager_abroad": "rwc -"}
PART_OF_A_POLICY = {
    "specialist": "r -",
    "team": "r -",
    "team_other": "r -",
    "manager": "rwcu -",
    "manager_abroad": "- rwcu",
}
RESULT_OF_A_SIMULATION = {"manager": "r -", "manager_abroad": "- r"}
# What sales and after-sales see of orders, Odoo's own rights included.
ORDERS = {
    "portal": "r - -",
    "portal_other": "- r -",
    "sales": "rwc - -",
    "specialist": "r r -",
    "team": "r r -",
    "team_other": "r r -",
    "management": "r r -",
    "manager": "r r -",
    "manager_abroad": "- - r",
}

RIGHTS = {
    "aftersales.case": (
        HERE_NEXT_ABROAD,
        {
            "portal": "r - -",
            "portal_other": "- r -",
            "sales": "r - -",
            "specialist": "rwc - -",
            "team": "rwc - -",
            "team_other": "- rwc -",
            "management": "r r -",
            "manager": "rwc rwc -",
            "manager_abroad": "- - rwc",
        },
    ),
    "aftersales.case.escalate": (DIALOG, DIALOG_OF_WORKERS),
    "aftersales.case.link": (DIALOG, DIALOG_OF_WORKERS),
    "aftersales.case.mark": (DIALOG, DIALOG_OF_WORKERS),
    "aftersales.case.promise": (DIALOG, DIALOG_OF_WORKERS),
    "aftersales.category": (
        ("here", "abroad", "shared"),
        {"*": "r - r", "manager": "rwcu - r", "manager_abroad": "- rwcu r"},
    ),
    "aftersales.clock": (HERE_NEXT_ABROAD, READ_WITH_THE_CASE),
    "aftersales.clock.deadline": (DIALOG, DIALOG_OF_MANAGERS),
    "aftersales.difference": (HERE_NEXT_ABROAD, READ_BY_MANAGERS),
    "aftersales.escalation": (
        (*HERE_NEXT_ABROAD, "to the responder"),
        {
            "responder": "- - - r",
            "specialist": "r - - -",
            "team": "r - - -",
            "team_other": "- r - r",
            "management": "r r - r",
            "manager": "r r - r",
            "manager_abroad": "- - r -",
        },
    ),
    "aftersales.access": (HERE_ABROAD, READ_BY_MANAGERS_AT_HOME),
    "aftersales.event": (HERE_NEXT_ABROAD, READ_WITH_THE_CASE),
    "aftersales.health.check": (DIALOG, {"manager": "r -", "manager_abroad": "r -"}),
    "aftersales.job": (
        (*HERE_NEXT_ABROAD, "shared"),
        {"manager": "r r - r", "manager_abroad": "- - r r"},
    ),
    "aftersales.notice": (
        HERE_NEXT_ABROAD,
        {
            "specialist": "rw - -",
            "team": "rw - -",
            "team_other": "- rw -",
            "management": "r r -",
            "manager": "rw rw -",
            "manager_abroad": "- - rw",
        },
    ),
    "aftersales.onboarding": (DIALOG, DIALOG_OF_MANAGERS),
    "aftersales.policy": (
        (*HERE_ABROAD, "shared"),
        {
            "specialist": "r - r",
            "team": "r - r",
            "team_other": "r - r",
            "manager": "rwcu - r",
            "manager_abroad": "- rwcu r",
        },
    ),
    "aftersales.policy.apply": (DIALOG, DIALOG_OF_MANAGERS),
    "aftersales.policy.archive": (DIALOG, DIALOG_OF_MANAGERS),
    "aftersales.policy.simulation": (
        HERE_ABROAD,
        {"manager": "rwcu -", "manager_abroad": "- rwcu"},
    ),
    "aftersales.policy.simulation.line": (HERE_ABROAD, RESULT_OF_A_SIMULATION),
    "aftersales.policy.simulation.outcome": (HERE_ABROAD, RESULT_OF_A_SIMULATION),
    "aftersales.policy.step": (HERE_ABROAD, PART_OF_A_POLICY),
    "aftersales.policy.target": (HERE_ABROAD, PART_OF_A_POLICY),
    "aftersales.policy.try": (DIALOG, DIALOG_OF_MANAGERS),
    "aftersales.policy.version": (
        HERE_ABROAD,
        {**PART_OF_A_POLICY, "manager": "r -", "manager_abroad": "- r"},
    ),
    "aftersales.report.clock": (HERE_NEXT_ABROAD, READ_WITH_THE_CASE),
    "aftersales.stage": (
        (*HERE_NEXT_ABROAD, "shared"),
        {"*": "r r r r", "manager": "rwcu rwcu r r", "manager_abroad": "r r rwcu r"},
    ),
    "aftersales.tag": (
        ("shared",),
        {
            "*": "r",
            "specialist": "rwc",
            "team": "rwc",
            "team_other": "rwc",
            "manager": "rwcu",
            "manager_abroad": "rwcu",
        },
    ),
    "aftersales.team": (
        HERE_NEXT_ABROAD,
        {"*": "r r -", "manager": "rwcu rwcu -", "manager_abroad": "- - rwcu"},
    ),
    # Models of others on which we give rights; theirs are counted as well.
    "resource.calendar": (
        (*HERE_NEXT_ABROAD, "shared"),
        {"*": "r r r r", "manager": "rwc rwc r r", "manager_abroad": "r r rwc r"},
    ),
    "resource.calendar.attendance": (
        (*HERE_NEXT_ABROAD, "shared"),
        {"*": "r r r r", "manager": "rwcu rwcu r r", "manager_abroad": "r r rwcu r"},
    ),
    "resource.calendar.leaves": (
        HERE_NEXT_ABROAD,
        {"*": "r r -", "manager": "r r -", "manager_abroad": "- - r"},
    ),
    "sale.order": (HERE_NEXT_ABROAD, ORDERS),
    "sale.order.line": (HERE_NEXT_ABROAD, {**ORDERS, "sales": "rwcu - -"}),
    "stock.picking": (
        HERE_NEXT_ABROAD,
        {
            "portal": "r - -",
            "portal_other": "- r -",
            "sales": "rwc rwc -",
            "specialist": "r r -",
            "team": "r r -",
            "team_other": "r r -",
            "manager": "r r -",
            "manager_abroad": "- - r",
        },
    ),
}


def rights_of(model, role, place):
    """Return the letters of what a role may do with the record of a place."""
    places, rows = RIGHTS[model]
    if place not in places:
        # Another record about the same case.
        place = SAME_CASE[place]
    row = rows.get(role) or (rows.get("*") if role not in CUSTOMERS else None)
    return row.split()[places.index(place)].strip("-") if row else ""


def rows_of(model):
    """Yield each role with what it may do, in the order of the places."""
    for role in ROLES:
        yield (
            role,
            " ".join(
                rights_of(model, role, place) or "-" for place in RIGHTS[model][0]
            ),
        )
