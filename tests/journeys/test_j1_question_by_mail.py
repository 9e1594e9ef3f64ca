"""Journey J1, a question by mail: from the customer's mailbox to their acceptance, with
a promise kept and another one broken, seen by the people it concerns.

Real servers all the way: mails are fetched from Dovecot and sent to an SMTP server,
the jobs run by themselves, people look at screens in Chromium.
"""

import re
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import getaddresses, parseaddr
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from odoo.addons.aftersales_service.tests.clauses import clause

from tests.journeys.people import Desk, Phone
from tests.journeys.world import TEAM_ADDRESS, ZONE, link_in
from tests.support.browser import PHONE, person
from tests.support.outbox import text_of
from tests.support.waiting import wait_for

SUBJECT = "Left shoe too small"
QUESTION = "The left shoe of order {order} is too small. Can I have it in 43?"
FIRST_ANSWER = "Of course. Which colour shall it be, red or blue?"
CUSTOMERS_REPLY = "Blue, please."
LAST_ANSWER = "The blue one in 43 is on its way to you."
LATE_SUBJECT = "Nobody calls me back"


@pytest.fixture(scope="module")
def late_case(world):
    """A case with a promise of twenty seconds, that nobody answers."""
    world.promise_for_phone_calls(first_response=20)
    specialist = world.server.session("specialist")
    return specialist.create(
        "aftersales.case",
        name=LATE_SUBJECT,
        partner_id=world.customer_id,
        channel="phone",
        user_id=world.specialist_id,
    )


@contextmanager
def specialist_at_desk(world, browser):
    with person(browser, world.url, "j1-specialist", timezone_id=ZONE) as page:
        yield Desk(page, "specialist")


@clause("FT-52")
def test_a_question_by_mail_is_answered_accepted_and_closed(world, browser, late_case):
    message_id = world.write_mail(SUBJECT, QUESTION.format(order=world.order_name))
    case_id = world.case_of_mail(message_id)
    check_new_case(world, case_id)
    link = check_acknowledgement(world, case_id, message_id)
    with person(browser, world.url, "j1-waiting", screen=PHONE) as page:
        look_up_promise(world, case_id, Phone(page, link))

    with specialist_at_desk(world, browser) as desk:
        take_and_answer(desk)
        check_waiting(world, case_id)
        link = check_first_answer(world, message_id)
        with person(browser, world.url, "j1-customer", screen=PHONE) as page:
            due = desk.bell_count()
            phone = Phone(page, link)
            reply_on_phone(phone)
            hear_of_reply(desk, due)
            desk.answer(LAST_ANSWER, and_then="resolve")
            expect(desk.stage()).to_have_text("Resolved")
            world.outbox.wait_for_mail(
                world.customer_address,
                lambda mail: LAST_ANSWER in text_of(mail),
                "the solution",
            )
            phone.accept()
            expect(phone.state()).to_have_text("Closed")
        check_closed(world, case_id)
        read_order(world, desk)


# The steps ----------------------------------------------------------------------------


def check_new_case(world, case_id):
    """The mail has become a case on the right order, and its promises run."""
    case = world.case(
        case_id, "channel", "partner_id", "sale_order_id", "stage_kind", "team_id"
    )
    assert case["channel"] == "mail"
    assert case["partner_id"][0] == world.customer_id
    assert case["sale_order_id"][0] == world.order_id
    assert case["team_id"][0] == world.team_id
    assert case["stage_kind"] == "new"
    for kind in ("first_response", "resolution"):
        clock = world.clocks(case_id)[kind]
        assert (clock["state"], clock["outcome"]) == ("running", "none"), kind
        assert clock["deadline"], kind


def check_acknowledgement(world, case_id, message_id):
    """The customer hears at once that it arrived and by when they have an answer.

    :return: path of the link in the mail
    """
    mail = world.outbox.wait_for_mail(
        world.customer_address,
        lambda mail: mail["Auto-Submitted"] == "auto-replied",
        "the acknowledgement",
    )
    case = world.case(case_id, "number", "acknowledged_at")
    check_sender(mail)
    assert case["number"] in mail["Subject"]
    assert message_id in mail["References"]
    assert case["acknowledged_at"]
    clocks = world.clocks(case_id)
    assert clocks["acknowledgement"]["outcome"] == "met"
    assert clocks["first_response"]["outcome"] == "none"
    text = text_of(mail)
    assert local_time(clocks["first_response"]["deadline"]) in text
    assert "Madrid" in text
    return link_in(text)


def check_sender(mail):
    """Replies come from the team and lead back to it."""
    assert parseaddr(mail["From"]) == ("Customer Service", TEAM_ADDRESS)
    assert [address for _name, address in getaddresses([mail["Reply-To"]])] == [
        TEAM_ADDRESS
    ]


def local_time(instant):
    """Return the hour and minute of an instant, as the customer is told them."""
    utc = datetime.fromisoformat(instant).replace(tzinfo=timezone.utc)
    return utc.astimezone(ZoneInfo(ZONE)).strftime("%-I:%M")


def look_up_promise(world, case_id, phone):
    """Nobody has answered yet: the customer sees, without a login, that their message
    is in good hands and until when they have to wait."""
    deadline = world.clocks(case_id)["first_response"]["deadline"]
    expect(phone.state()).to_have_text("Received")
    expect(phone.promises()).to_contain_text(local_time(deadline))
    expect(phone.messages("Can I have it in 43?")).to_be_visible()
    assert world.case(case_id, "stage_kind")["stage_kind"] == "new"


def take_and_answer(desk):
    """The specialist finds the case in their queue, takes it and asks back."""
    desk.open_queue()
    expect(desk.queue_row(SUBJECT)).to_contain_text("Ana Ruiz")
    desk.open_case(SUBJECT)
    assert desk.reply_box_is_in_sight()
    expect(desk.message("Can I have it in 43?")).to_be_visible()
    desk.page.get_by_role("button", name="Assign to Me").click()
    desk.answer(FIRST_ANSWER, and_then="wait_customer")
    expect(desk.stage()).to_have_text(re.compile("Waiting for Customer"))
    expect(desk.promise("first_response")).to_have_attribute("data-outcome", "met")
    expect(desk.promise("resolution")).to_contain_text("paused")


def check_waiting(world, case_id):
    case = world.case(case_id, "stage_kind", "first_response_at", "user_id")
    assert case["stage_kind"] == "waiting_customer"
    assert case["first_response_at"]
    assert case["user_id"][0] == world.specialist_id
    clocks = world.clocks(case_id)
    assert clocks["first_response"]["outcome"] == "met"
    assert clocks["resolution"]["state"] == "paused"


def check_first_answer(world, message_id):
    """The answer is a mail of the team in the customer's own thread.

    :return: path of the link in it
    """
    mail = world.outbox.wait_for_mail(
        world.customer_address,
        lambda mail: FIRST_ANSWER in text_of(mail),
        "the first answer",
    )
    check_sender(mail)
    assert mail["Auto-Submitted"] is None
    assert message_id in mail["References"]
    return link_in(text_of(mail))


def reply_on_phone(phone):
    """The customer opens their link on a phone, without a login, and answers."""
    assert phone.fits()
    expect(phone.promises()).to_contain_text("as soon as you reply")
    expect(phone.messages(FIRST_ANSWER)).to_be_visible()
    phone.write(CUSTOMERS_REPLY)
    assert phone.fits()


def hear_of_reply(desk, due):
    """The bell rings on the specialist's open page, and leads to the case, which goes
    on.

    :param int due: the number on the bell before
    """
    expect(desk.bell()).to_have_text(str(due + 1))
    desk.read_bell(CUSTOMERS_REPLY).click()
    expect(desk.stage()).to_have_text("Working")
    expect(desk.message(CUSTOMERS_REPLY)).to_be_visible()


def check_closed(world, case_id):
    """What the customer accepted is closed, all promises kept, nothing forgotten."""
    case = world.case(
        case_id, "stage_kind", "resolved_at", "accepted_at", "closed_at", "cycle"
    )
    assert case["stage_kind"] == "closed"
    assert case["resolved_at"] <= case["accepted_at"] <= case["closed_at"]
    assert case["cycle"] == 1
    outcomes = {kind: c["outcome"] for kind, c in world.clocks(case_id).items()}
    assert outcomes == dict.fromkeys(
        ("acknowledgement", "first_response", "resolution"), "met"
    )
    told = [kind for kind in world.ledger(case_id) if not kind.startswith("clock")]
    milestones = ("received", "acknowledged", "reply", "resolved", "accepted", "closed")
    assert [kind for kind in told if kind in milestones] == [
        "received",
        "acknowledged",
        "reply",
        "reply",
        "resolved",
        "accepted",
        "closed",
    ]
    assert told.count("customer_message") == 2


def read_order(world, desk):
    """Whoever opens the order reads what became of it, without asking."""
    desk.open_order(world.order_id)
    expect(desk.page.locator(".o_aftersales_order_page")).to_contain_text(SUBJECT)
    kinds = desk.timeline()
    assert {"received", "reply", "resolved", "accepted", "closed"} <= set(kinds)


# A promise is broken ------------------------------------------------------------------


def test_a_late_case_is_caught_by_the_job_and_seen_by_the_manager(
    world, browser, late_case
):
    clock = wait_for(
        lambda: world.broken_promise(late_case, "first_response"),
        "the job to notice the broken promise",
        timeout=150,
        pause=2,
    )
    assert clock["state"] == "running"
    assert clock["decided_at"] == clock["deadline"]
    world.check_told_of_breach(late_case)
    with specialist_at_desk(world, browser) as desk:
        desk.open_queue()
        expect(desk.queue_row(LATE_SUBJECT)).to_contain_text("over")
    with person(browser, world.url, "j1-manager", timezone_id=ZONE) as page:
        desk = Desk(page, "manager")
        table = desk.open_pivot("aftersales-promise-figures")
        expect(table).to_contain_text("Met (%)")
        expect(table).to_contain_text("First answer")
