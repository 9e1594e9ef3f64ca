"""Journey J5, a promise is missed at night: who is told when, and how the manager finds
out in the morning why, and puts it right.

The night is real: the team's hours begin minutes after the customer has written.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.night import HOLIDAY, Night
from tests.journeys.people import Desk, Phone
from tests.support.browser import PHONE, SCREENSHOTS, overflows, person
from tests.support.outbox import text_of
from tests.support.waiting import wait_for

SUBJECT = "Boiler drips"
AT_NIGHT = "It is a flood now! Please call me."
CALLS = [f"Nobody answers the phone, call {number}" for number in range(1, 7)]
REPLY = "The plumber is on their way"
COLUMN = ".o_aftersales_board_column"


@pytest.fixture(scope="module")
def night(world, browser):
    """The night is short: nobody shall wait in it for a server to get going."""
    warm_up(world, browser)
    return Night(world)


@pytest.fixture(scope="module")
def case(night):
    """(id, the customer's link) of a case with a history."""
    return night.remember(SUBJECT)


def test_a_promise_is_missed_at_night(world, browser, night, case):
    case_id, link = case
    with person(browser, world.url, "j5-customer", screen=PHONE) as page:
        phone = Phone(page, link)
        phone.write(AT_NIGHT)
        for subject in CALLS:
            night.call_in(subject)
        see_it_come(world, night, case_id)
        look(page, "j5-customer-night")
    see_it_missed(world, night, case_id)
    assert not night.is_over(), "the night was over too soon to see anything"
    told_in_the_morning(world, night, case_id)
    with person(browser, world.url, "j5-manager", timezone_id=night.zone) as page:
        desk = Desk(page, "manager")
        read_board(desk)
        ask_why(desk)
        acknowledge(world, desk, case_id)
        give_to_sofia(world, desk, case_id)
    with person(browser, world.url, "j5-specialist", timezone_id=night.zone) as page:
        send_notice(world, Desk(page, "sofia"), case_id)
    with person(browser, world.url, "j5-customer", screen=PHONE) as page:
        phone = Phone(page, link)
        expect(phone.messages(REPLY)).to_be_visible()
        assert phone.fits()
        look(page, "j5-customer-morning")


def warm_up(world, browser):
    """Have everything compiled that the first visitor waits for."""
    case_id = world.admin.create(
        "aftersales.case", name="First visitor", partner_id=world.stranger_id
    )
    with person(browser, world.url, "j5-first-visitor") as page:
        page.set_default_timeout(180_000)
        Desk(page, "manager").open_case_by_id(case_id)
        page.goto(f"/my/cases/{case_id}")
        page.wait_for_selector(".o_portal_chatter .o-mail-Composer")
    stage_id = world.admin.ref("aftersales_service.aftersales_stage_cancelled")
    world.admin.call("aftersales.case", "write", [case_id], {"stage_id": stage_id})


# The night ----------------------------------------------------------------------------


def see_it_come(world, night, case_id):
    """Half of the time is over: the specialist is warned, and a message to the customer
    is prepared while the promise still holds."""

    def prepared():
        night.run_job()
        return notices(world, case_id)

    [notice] = wait_for(prepared, "the prepared message", pause=2)
    assert (notice["reason"], notice["state"]) == ("late", "prepared")
    clock = world.clocks(case_id)["next_response"]
    assert (clock["state"], clock["outcome"]) == ("running", "none")
    assert notice["prepared_at"] < clock["deadline"]
    assert "clock_warned" in world.ledger(case_id)


def notices(world, case_id):
    """Return the messages prepared for the customer of a case."""
    return world.admin.search(
        "aftersales.notice",
        [("case_id", "=", case_id)],
        *("reason", "state", "prepared_at", "body"),
    )


def see_it_missed(world, night, case_id):
    """What is urgent wakes the manager; the leader sleeps."""

    def broken():
        night.run_job()
        return world.broken_promise(case_id, "next_response")

    clock = wait_for(broken, "the broken promise", timeout=60, pause=2)
    assert clock["decided_at"] == clock["deadline"]
    number = world.case(case_id, "number")["number"]
    world.outbox.wait_for_mail(
        "manager@after.example.com",
        lambda mail: number in mail["Subject"] and "breached" in mail["Subject"],
        "the urgent mail",
    )
    world.outbox.wait_for_mail(
        "manager@after.example.com",
        lambda mail: "Escalated" in mail["Subject"],
        "the escalation",
    )
    assert subjects_to(world, "leader") == []
    assert activities_of(world, "leader") == []


def subjects_to(world, login):
    """Return the subjects of the mails that a colleague got of promises."""
    mails = world.outbox.sent_to(f"{login}@after.example.com")
    return [m["Subject"] for m in mails if "romise" in m["Subject"]]


def activities_of(world, login):
    """Return what a person has on their list."""
    colleague = world.server.session(login)
    mine = [("user_id", "=", colleague.uid)]
    return colleague.search("mail.activity", mine, "summary", "note")


def told_in_the_morning(world, night, case_id):
    """As the team comes, the leader has one mail and one task for all seven."""
    night.wait_for_morning()

    def told():
        night.run_job()
        return activities_of(world, "leader")

    [activity] = wait_for(told, "the leader to be told", timeout=90, pause=2)
    assert activity["summary"] == f"Promise breached: {len(CALLS) + 1}"
    mail = world.outbox.wait_for_mail(
        "leader@after.example.com",
        lambda mail: mail["Subject"] == activity["summary"],
        "the digest",
    )
    text = text_of(mail)
    for subject in (SUBJECT, *CALLS):
        assert subject in text
    assert len(subjects_to(world, "leader")) == 1


# The morning --------------------------------------------------------------------------


def look(page, name):
    """Keep a screenshot for those who judge looks; nothing sticks out."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    assert not overflows(page), name


def card(desk, subject=SUBJECT):
    """Return the card of a case on the board of people."""
    return desk.page.locator(".o_aftersales_board_card", has_text=subject)


def open_board(desk):
    desk.page.goto("/odoo/aftersales-board")
    expect(card(desk)).to_be_visible()


def read_board(desk):
    """Where trouble is, at a glance."""
    open_board(desk)
    board = desk.page.locator(".o_aftersales_board")
    tile = board.locator("[data-code=overdue] .o_aftersales_board_count")
    expect(tile).to_have_text(str(len(CALLS) + 1))
    nobody = board.locator(f"{COLUMN}.o_aftersales_board_nobody")
    expect(nobody).to_contain_text(f"{len(CALLS)} open")
    their = board.locator(COLUMN, has_text="Sam Specialist")
    expect(their).to_contain_text("1 overdue")
    expect(card(desk)).to_contain_text("over")
    look(desk.page, "j5-board")


def ask_why(desk):
    """Every hour of the promise is explained, with the pause and the holiday."""
    card(desk).locator(".o_aftersales_board_name").click()
    expect(desk.promise("next_response")).to_be_visible()
    look(desk.page, "j5-case")
    desk.promise("resolution").locator(".o_aftersales_why").click()
    dialog = desk.page.locator(".modal .o_aftersales_explanation")
    days = dialog.locator(".o_aftersales_explanation_days")
    expect(days).to_contain_text(HOLIDAY)
    expect(days.locator("[data-reason=pause]").first).to_be_visible()
    expect(days.locator("[data-reason=open]").first).to_be_visible()
    expect(dialog).to_contain_text("Hotline")
    look(desk.page, "j5-why-solution")
    desk.page.locator(".modal .btn-close").click()
    desk.promise("next_response").locator(".o_aftersales_why").click()
    expect(dialog).to_contain_text(re.compile("around the clock", re.I))
    look(desk.page, "j5-why-answer")
    desk.page.locator(".modal .btn-close").click()


def acknowledge(world, desk, case_id):
    """Everybody sees that somebody has it."""
    alert = desk.page.locator(".o_aftersales_escalation")
    expect(alert).to_contain_text("Escalated to you")
    alert.locator(".o_aftersales_acknowledge").click()
    expect(alert).to_have_count(0)
    [escalation] = world.admin.search(
        "aftersales.escalation", [("case_id", "=", case_id)], "state", "level"
    )
    assert (escalation["state"], escalation["level"]) == ("acknowledged", "3")


def give_to_sofia(world, desk, case_id):
    """By dragging the card."""
    open_board(desk)
    sofia = desk.page.locator(COLUMN, has_text="Sofia Silva")
    card(desk).hover()
    desk.page.mouse.down()
    box = sofia.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 120)
    desk.page.mouse.move(x - 15, y, steps=12)
    desk.page.mouse.move(x, y, steps=4)
    desk.page.mouse.up()
    expect(sofia.locator(".o_aftersales_board_card", has_text=SUBJECT)).to_be_visible()
    expect(sofia).to_contain_text("1 open")
    look(desk.page, "j5-board-given")
    wait_for(
        lambda: world.case(case_id, "user_id")["user_id"][1] == "Sofia Silva",
        "the new owner",
    )


def send_notice(world, desk, case_id):
    """The prepared message goes into the answer, and out to the customer."""
    desk.open_queue()
    desk.open_case(SUBJECT)
    alert = desk.page.locator(".o_aftersales_notice")
    look(desk.page, "j5-notice")
    alert.locator(".o_aftersales_use_notice").click()
    box = desk.page.locator(".o_aftersales_reply_text")
    expect(box).to_have_value(re.compile("sorry"))
    text = box.input_value()
    desk.answer(f"{text}\n{REPLY}.", and_then="wait_customer")
    [notice] = notices(world, case_id)
    assert notice["state"] == "sent"
    mail = world.outbox.wait_for_mail(
        world.customer_address,
        lambda mail: REPLY in text_of(mail),
        "the message to the customer",
    )
    assert "sorry" in text_of(mail)
    clock = world.clocks(case_id)["next_response"]
    assert (clock["state"], clock["outcome"]) == ("stopped", "breached")
