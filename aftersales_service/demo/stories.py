"""What the demonstration cases tell. Times are hours of the team's working time: how
long ago a case came in, and how long after that each step was taken."""

from typing import NamedTuple

SPECIALIST, MANAGER, CUSTOMER = "specialist", "manager", "customer"


class Story(NamedTuple):
    """A case: when it came in, what the customer said, and what happened since.

    ``ago`` may be a share of the time promised for the first answer, as text: "90%".
    Steps are (hours after receipt, act, by whom, text); a promise says what is
    promised, and in how many hours.
    """

    name: str
    ago: float | str
    text: str
    values: dict
    order: str = ""
    partner: str = ""
    owner: str = ""
    category: str = ""
    steps: tuple = ()


STORIES = [
    Story(
        "Zip of the jacket is broken",
        118,
        "The zip of the rain jacket came off on the second day. Photo attached to my "
        "next mail if you need one.",
        {"case_type": "return", "channel": "portal"},
        order="order_ana_demo",
        owner=SPECIALIST,
        category="category_defect_demo",
        steps=(
            (
                1,
                "reply",
                SPECIALIST,
                "I am sorry. Please keep the jacket, a new one is on its way to you.",
            ),
            (1, "waiting_customer", SPECIALIST, ""),
            (9, "message", CUSTOMER, "It arrived this morning, thank you!"),
            (10, "resolved", SPECIALIST, ""),
            (12, "accept", CUSTOMER, ""),
        ),
    ),
    Story(
        "How do I clean the filter?",
        96,
        "The manual shows a screw that my garden pump does not have.",
        {"case_type": "enquiry", "channel": "mail", "handling_class": "common"},
        order="order_tom_demo",
        owner=SPECIALIST,
        category="category_defect_demo",
        steps=(
            (
                1,
                "reply",
                SPECIALIST,
                "Your pump has the newer housing: turn the cap a "
                "quarter to the left, then it lifts off.",
            ),
            (1, "resolved", SPECIALIST, ""),
            (3, "accept", CUSTOMER, ""),
        ),
    ),
    Story(
        "The blue is not the blue of the picture",
        80,
        "On your page the jacket is sky blue. Mine is navy. Is it the right one?",
        {"case_type": "complaint", "channel": "mail"},
        order="order_sofia_demo",
        owner=MANAGER,
        steps=(
            (
                30,
                "reply",
                MANAGER,
                "Forgive the delay. It is the right one; our picture is too bright and "
                "we have changed it. You may return the jacket at our expense.",
            ),
            (
                38,
                "message",
                CUSTOMER,
                "Then I keep it. Thank you for the honest answer.",
            ),
            (39, "closed", MANAGER, ""),
        ),
    ),
    Story(
        "A third motor for the laundry",
        70,
        "Called to ask for a third motor at the same price. Passed on to sales.",
        {"case_type": "enquiry", "channel": "phone"},
        order="order_lee_demo",
        owner=SPECIALIST,
        steps=((0.5, "cancelled", SPECIALIST, ""),),
    ),
    Story(
        "Parcel went to the old address",
        52,
        "The shoes were delivered to our old building. Please have them collected.",
        {"case_type": "complaint", "channel": "mail", "urgency": "2"},
        order="order_marta_demo",
        owner=SPECIALIST,
        category="category_delivery_demo",
        steps=(
            (
                2,
                "reply",
                SPECIALIST,
                "The carrier collects the parcel tomorrow between 9 "
                "and 12 and brings it to you.",
            ),
            (2, "resolved", SPECIALIST, ""),
            (20, "reject", CUSTOMER, "Nobody came."),
            (
                21,
                "reply",
                SPECIALIST,
                "I have just spoken to the driver's office: the driver is "
                "there today before 16:00. I stay on it until you have the shoes.",
            ),
        ),
    ),
    Story(
        "Invoice shows the wrong reference",
        26,
        "Our reference SHS-2207 is missing on the invoice. Accounting sends it back.",
        {"case_type": "enquiry", "channel": "portal"},
        order="order_ana_demo",
        owner=SPECIALIST,
        category="category_invoice_demo",
        steps=(
            (3, "reply", SPECIALIST, "Here is the invoice with your reference on it."),
            (3, "resolved", SPECIALIST, ""),
        ),
    ),
    Story(
        "Pump leaks at the seal",
        34,
        "Water drips from the seal as soon as the pump stands under pressure.",
        {"case_type": "repair", "channel": "phone", "handling_class": "special"},
        order="order_tom_demo",
        owner=SPECIALIST,
        category="category_defect_demo",
        steps=(
            (
                4,
                "reply",
                SPECIALIST,
                "The workshop replaces the seal. They ordered the "
                "part today and I tell you as soon as it is in.",
            ),
            (4, "waiting_third_party", SPECIALIST, ""),
            (
                5,
                "note",
                SPECIALIST,
                "Seal 40 mm ordered from the maker, two to three days.",
            ),
        ),
    ),
    Story(
        "Motor hums louder after the repair",
        "260%",
        "Since the motor came back it hums, and the guests above the plant room "
        "complain. This is the second time.",
        {
            "case_type": "complaint",
            "channel": "mail",
            "urgency": "2",
            "impact": "2",
            "handling_class": "special",
        },
        order="order_lee_demo",
        owner=SPECIALIST,
        category="category_defect_demo",
        steps=(
            (
                2,
                "note",
                MANAGER,
                "Key account. Please ask the workshop for their "
                "test report before you call.",
            ),
        ),
    ),
    Story(
        "Where is my parcel?",
        14,
        "I ordered two jackets and have heard nothing since.",
        {"case_type": "enquiry", "channel": "mail", "handling_class": "common"},
        order="order_sofia_demo",
        owner=SPECIALIST,
        category="category_delivery_demo",
        steps=(
            (
                1,
                "reply",
                SPECIALIST,
                "They leave our warehouse tomorrow. Shall we send "
                "both together, or one at once and one next week?",
            ),
            (1, "waiting_customer", SPECIALIST, ""),
        ),
    ),
    Story(
        "Pool pumps: yearly maintenance",
        30,
        "Agreed with the technical manager on the spot: both pumps in the week after "
        "next, in the morning.",
        {"case_type": "maintenance", "channel": "visit"},
        order="order_lee_demo",
        owner=MANAGER,
        steps=(
            (
                0.5,
                "reply",
                MANAGER,
                "Thank you for your time today. Our technician "
                "comes on the day we agreed, at 9:00.",
            ),
            (0.5, "working", MANAGER, ""),
        ),
    ),
    Story(
        "Eight pairs are missing",
        9,
        "Twelve pairs of size 42 came, but none of the eight pairs of size 43.",
        {"case_type": "complaint", "channel": "mail", "impact": "2"},
        order="order_marta_demo",
        owner=SPECIALIST,
        category="category_delivery_demo",
        steps=(
            (
                1,
                "reply",
                SPECIALIST,
                "Size 43 follows in a second parcel this week. Is "
                "Thursday early enough for you?",
            ),
            (1, "waiting_customer", SPECIALIST, ""),
            (
                8,
                "message",
                CUSTOMER,
                "No, the trip is on Thursday. We need them on Wednesday.",
            ),
        ),
    ),
    Story(
        "Left shoe is too small",
        "90%",
        "The right one fits, the left one is at least half a size smaller. Could you "
        "send me a 43 instead?",
        {"case_type": "exchange", "channel": "mail"},
        order="order_ana_demo",
        owner=SPECIALIST,
        category="category_size_demo",
    ),
    Story(
        "No hot water in the whole house",
        6,
        "The motor of the heating pump stands still, forty guests are without hot "
        "water. We need somebody today.",
        {"case_type": "repair", "channel": "mail", "handling_class": "urgent"},
        order="order_lee_demo",
        owner=SPECIALIST,
        category="category_defect_demo",
        steps=(
            (
                0.2,
                "reply",
                SPECIALIST,
                "I have sent the technician's office your number. Please switch the "
                "pump off until the technician is there.",
            ),
            (0.3, "promise", "visit", "24"),
            (0.3, "waiting_third_party", SPECIALIST, ""),
            (
                4,
                "message",
                CUSTOMER,
                "Nobody has called yet. When does the technician come?",
            ),
        ),
    ),
    Story(
        "Gift without a receipt",
        0.7,
        "I was given a trail shoe of yours and would like another colour. I have no "
        "receipt. Paul Novak",
        {"channel": "mail", "email_from": "Paul Novak <paul.novak@mail.example.com>"},
    ),
    Story(
        "Declaration of conformity",
        0.3,
        "For our files we need the declaration of conformity of both motors.",
        {"case_type": "enquiry", "channel": "portal", "handling_class": "common"},
        order="order_lee_demo",
    ),
    Story(
        "Congratulations, you have won!!!",
        5,
        "Click here to collect your prize.",
        {"channel": "mail", "email_from": "Lucky Desk <prize@lottery.example.net>"},
        steps=((0.2, "spam", SPECIALIST, "Advertising"),),
    ),
]
