"""What becomes of a request for an address of ours, by who sends it.

A visitor without a word in a row is refused: sent away, shown nothing, and nothing is
written. A method without a row is none of the route's.
"""

from typing import NamedTuple

from .world import SECRETS

# visitor → (role that is logged in, which link they hold)
VISITORS = {
    "anonymous": (None, ""),
    "wrong link": (None, "wrong"),
    "another's link": (None, "next door"),
    "link": (None, "here"),
    "customer": ("portal", ""),
    "other customer": ("portal_other", ""),
    "other customer with the link": ("portal_other", "here"),
    "reader": ("management", ""),
    "plain": ("plain", ""),
    "plain with the link": ("plain", "here"),
}


class Outcome(NamedTuple):
    """What can be seen from outside."""

    statuses: set
    # whether the page shows the case or order, None where that does not matter
    tells: bool | None
    writes: bool


OUTCOMES = {
    "shown": Outcome({200}, True, False),
    # A page of one's own things, which this is not.
    "empty": Outcome({200}, False, False),
    "acts": Outcome({200, 303}, None, True),
    # The page, with the sentence that this is for the customer to decide.
    "forbidden": Outcome({403}, True, False),
    "refused": Outcome({303, 404}, False, False),
}


class Row(NamedTuple):
    """A request, and what becomes of it."""

    # visitor → what becomes of it
    outcomes: dict
    # what has to be so before: a method ``given_…`` of the world
    given: str = ""
    # of what the link is
    of: str = "case"
    # what a form sends
    form: dict = {}


SHOWN = {
    "link": "shown",
    "customer": "shown",
    "other customer with the link": "shown",
    "reader": "shown",
    "plain with the link": "shown",
}
ACTED_ON = {
    "link": "acts",
    "customer": "acts",
    "other customer with the link": "acts",
    "reader": "forbidden",
    "plain with the link": "forbidden",
}
# Everybody has such a page, also who has nothing to see on it.
LISTED = {
    "customer": "shown",
    "other customer": "empty",
    "other customer with the link": "empty",
    "reader": "empty",
    "plain": "empty",
    "plain with the link": "empty",
}
REPORT = {
    "key": "4f1c0f0e-8f1b-4d0e-9a4d-0d6a3c0f9a11",
    "subject": "Sole came off",
    "description": "After two days.",
    "case_type": "complaint",
}

ROUTES = {
    ("/my/cases", "GET"): Row(LISTED),
    ("/my/cases", "POST"): Row(LISTED),
    ("/my/cases/page/<int:page>", "GET"): Row(LISTED),
    ("/my/cases/page/<int:page>", "POST"): Row(LISTED),
    ("/my/cases/<int:case_id>", "GET"): Row(SHOWN),
    ("/my/cases/<int:case_id>", "POST"): Row(SHOWN),
    ("/my/cases/<int:case_id>/accept", "POST"): Row(ACTED_ON, "resolved"),
    ("/my/cases/<int:case_id>/reject", "POST"): Row(
        ACTED_ON, "resolved", form={"text": "It still hums."}
    ),
    ("/my/cases/<int:case_id>/follow-up", "GET"): Row(SHOWN, "cancelled"),
    ("/my/cases/<int:case_id>/follow-up", "POST"): Row(
        ACTED_ON, "cancelled", form={**REPORT, "subject": SECRETS["here"]}
    ),
    # A link that is over opens nothing, but sends the customer another one.
    ("/my/cases/<int:case_id>/link", "POST"): Row(
        dict.fromkeys(
            ("link", "other customer with the link", "plain with the link"), "acts"
        ),
        "link_over",
    ),
    ("/my/orders/<int:order_id>/cases/new", "GET"): Row(SHOWN, of="order"),
    ("/my/orders/<int:order_id>/cases/new", "POST"): Row(
        ACTED_ON, of="order", form=REPORT
    ),
}
