"""What the people of a journey do with their hands, on the real screens."""

import re

from playwright.sync_api import expect

from tests.support.browser import log_in, overflows


class Desk:
    """An employee before the back end.

    :param page: page of their browser
    :param str login: who they are
    """

    def __init__(self, page, login):
        self.page = page
        log_in(page, login)

    def open_queue(self):
        """Open the page on which the specialist begins their day."""
        self.page.goto("/odoo/aftersales")
        expect(self.page.locator(".o_list_view")).to_be_visible()

    def queue_row(self, subject):
        """Return the line of a case in the list."""
        return self.page.locator(".o_data_row", has_text=subject)

    def open_case(self, subject):
        """Open a case out of the list."""
        self.queue_row(subject).locator("td[name=name]").click()
        expect(self.page.locator(".o_aftersales_reply_text")).to_be_visible()

    def open_case_by_id(self, case_id):
        """Open a case by its address."""
        self.page.goto(f"/odoo/aftersales/{case_id}")
        self.page.wait_for_selector(".o_aftersales_reply_text")

    def reply_box_is_in_sight(self):
        """Whether the reply box is on the screen without scrolling."""
        box = self.page.locator(".o_aftersales_reply").bounding_box()
        return box["y"] + box["height"] <= self.page.viewport_size["height"]

    def promise(self, kind):
        """Return the line of a promise in the side panel."""
        return self.page.locator(f".o_aftersales_promises [data-kind={kind}]")

    def answer(self, text, and_then):
        """Write an answer and choose what happens next.

        :param str and_then: ``wait_customer`` or ``resolve``
        """
        self.page.fill(".o_aftersales_reply_text", text)
        self.page.click(".o_aftersales_send_more")
        self.page.click(f".o_aftersales_{and_then}")
        expect(self.message(text.splitlines()[-1])).to_be_visible()
        expect(self.page.locator(".o_aftersales_reply_text")).to_have_value("")

    def message(self, text):
        """Return a message of the conversation."""
        return self.page.locator(".o-mail-Message", has_text=text)

    def stage(self):
        """Return the present stage in the status bar."""
        return self.page.locator(".o_statusbar_status .o_arrow_button_current")

    def bell(self):
        """Return the number on the bell."""
        return self.page.locator(".o-mail-MessagingMenu-counter")

    def bell_count(self):
        """Return how often the bell has due unread."""
        expect(self.bell()).to_be_visible()
        return int(self.bell().text_content())

    def read_bell(self, text):
        """Open the bell, and return the line with a text."""
        self.page.click(".o_menu_systray [aria-label=Messages]")
        return self.page.locator(".o-mail-NotificationItem", has_text=text)

    def open_order(self, order_id):
        """Open the after-sales page of an order."""
        self.page.goto(f"/odoo/sale.order/{order_id}")
        self.page.click(".o_notebook .nav-link[name=aftersales]")
        expect(self.page.locator(".o_aftersales_order_page")).to_be_visible()

    def timeline(self):
        """Return the kinds of what stands on the timeline, newest first."""
        lines = self.page.locator(".o_aftersales_timeline > li")
        expect(lines.first).to_be_visible()
        return lines.evaluate_all("lines => lines.map(line => line.dataset.kind)")

    def open_pivot(self, path):
        """Open a report and return its table."""
        self.page.goto(f"/odoo/{path}")
        table = self.page.locator(".o_pivot table")
        expect(table).to_be_visible()
        return table


class Phone:
    """The customer with their link, on a small screen, without a login.

    :param page: page of their browser
    :param str link: path of the case, with its token
    """

    def __init__(self, page, link):
        self.page = page
        page.goto(link)
        expect(page.locator(".o_aftersales_case")).to_be_visible()

    def fits(self):
        """Whether nothing sticks out to the side."""
        return not overflows(self.page)

    def state(self):
        """Return where the page says the case stands."""
        return self.page.locator(".o_aftersales_case .badge").first

    def promises(self):
        """Return what the page promises."""
        return self.page.locator(".o_aftersales_promises")

    def messages(self, text):
        """Return the messages of the conversation with a text."""
        return self.page.locator(".o-mail-Message", has_text=text)

    def write(self, text):
        """Write into the conversation."""
        self.page.fill(".o_portal_chatter .o-mail-Composer-input", text)
        self.page.click(".o_portal_chatter .o-mail-Composer-send")
        expect(self.messages(text)).to_be_visible()

    def accept(self):
        """Accept the solution."""
        self.page.reload()
        self.page.click("button[name=accept]")
        expect(self.page.locator(".alert-success")).to_have_text(re.compile("solved"))
