"""Screenshots of the demonstration data into this folder, for README and review.

`make demo-shots` runs it against the server of `make run`; by hand:
`AFTERSALES_URL=http://localhost:8069 python docs/shots.py [name …]`.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.browser import DESK, PHONE, chromium, log_in

FOLDER = Path(__file__).resolve().parent
URL = os.environ.get("AFTERSALES_URL", "http://localhost:8069")
ZONE = "Europe/Madrid"
CASE = "Left shoe is too small"
URGENT_CASE = "No hot water in the whole house"
PORTAL_CASE = "Invoice shows the wrong reference"


def queue(page):
    """The specialist's day."""
    page.goto("/odoo/aftersales")
    page.wait_for_selector(".o_data_row")


def case(page):
    """A case that needs an answer soon."""
    queue(page)
    page.locator(".o_data_row", has_text=CASE).locator("td[name=name]").click()
    page.wait_for_selector(".o_aftersales_promises li")
    page.wait_for_selector(".o-mail-Message")
    page.fill(".o_aftersales_reply_text", "A pair in size 43 leaves today, ")


def why(page):
    """Why a deadline is what it is."""
    page.goto("/odoo/aftersales")
    page.locator(".o_data_row", has_text=URGENT_CASE).locator("td[name=name]").click()
    page.locator(".o_aftersales_why").first.click()
    page.wait_for_selector(".modal .o_aftersales_explanation")


def board(page):
    """Who has how much, and what breaks next."""
    page.goto("/odoo/aftersales-board")
    page.wait_for_selector(".o_aftersales_board")


def order(page):
    """What became of an order."""
    case(page)
    page.fill(".o_aftersales_reply_text", "")
    page.click("button[name=action_view_order]")
    page.click(".o_notebook .nav-link[name=aftersales]")
    page.wait_for_selector(".o_aftersales_timeline li")
    # The page itself, not the lines of the order above it.
    page.locator(".o_notebook_headers").evaluate("tabs => tabs.scrollIntoView()")


def kanban(page):
    """All cases by stage."""
    page.goto("/odoo/aftersales-cases")
    page.wait_for_selector(".o_kanban_record")


def pivot(page):
    """What became of the promises."""
    page.goto("/odoo/aftersales-promise-figures")
    page.wait_for_selector(".o_pivot table tbody tr")


def matrix(page):
    """Which promises are made to whom."""
    open_action(page, "aftersales_policy_action")
    page.wait_for_selector(".o_data_row")


def policy(page):
    """One policy: its promises, and in whose hours."""
    open_action(page, "aftersales_policy_action")
    page.locator(".o_data_row", has_text="Standard promises").locator(
        "td[name=name]"
    ).click()
    page.wait_for_selector(".o_form_view .o_field_one2many .o_data_row")


def health(page):
    """What is still missing, each with a link to mend it."""
    open_action(page, "aftersales_health_check_action_open")
    page.wait_for_selector(".o_data_row")


def onboarding(page):
    """The first start."""
    open_action(page, "aftersales_onboarding_action")
    page.wait_for_selector(".o_form_view")


def portal_cases(page):
    """The customer's list."""
    page.goto("/my/cases")
    page.wait_for_selector("table")


def portal_case(page):
    """A case on the customer's phone."""
    portal_cases(page)
    page.locator("a", has_text=PORTAL_CASE).first.click()
    page.wait_for_selector(".o-mail-Message")


def portal_report(page):
    """Report a problem from the order."""
    page.goto("/my/orders")
    page.locator("a[href*='/my/orders/']").first.click()
    page.click(".o_aftersales_report")
    page.wait_for_selector(".o_aftersales_form")


def open_action(page, name):
    """Open an action by its external id and let the page come to rest."""
    page.goto(f"/odoo/action-aftersales_service.{name}")


# name → who, on which screen, what they open
SHOTS = {
    "queue": ("specialist", DESK, queue),
    "case": ("specialist", DESK, case),
    "why": ("specialist", DESK, why),
    "order": ("specialist", DESK, order),
    "board": ("manager", DESK, board),
    "kanban": ("manager", DESK, kanban),
    "pivot": ("manager", DESK, pivot),
    "matrix": ("manager", DESK, matrix),
    "policy": ("manager", DESK, policy),
    "health": ("manager", DESK, health),
    "onboarding": ("manager", DESK, onboarding),
    "portal-cases": ("customer", PHONE, portal_cases),
    "portal": ("customer", PHONE, portal_case),
    "portal-report": ("customer", PHONE, portal_report),
}


def shoot(browser, name):
    """Take one screenshot as the person who sees it."""
    login, screen, look = SHOTS[name]
    context = browser.new_context(base_url=URL, viewport=screen, timezone_id=ZONE)
    context.set_default_timeout(30_000)
    page = context.new_page()
    try:
        log_in(page, login)
        look(page)
        # Avatars and animations come a moment after the content.
        page.wait_for_timeout(1000)
        page.screenshot(path=FOLDER / f"{name}.png", full_page=screen == PHONE)
    finally:
        context.close()


def main(names):
    failed = []
    with chromium() as browser:
        for name in names or SHOTS:
            try:
                shoot(browser, name)
            except Exception as error:
                failed.append(name)
                print(f"{name}: {error}", file=sys.stderr)
            else:
                print(f"docs/{name}.png")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
