"""Chromium as a person uses it."""

import os
import re
import resource
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from dev.browser import ARGUMENTS

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".work" / "screenshots"
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
PATIENCE = 20_000
# What a browser says of its own network, and no page can help.
HARMLESS = ("Failed to load resource", "WebSocket connection", "net::ERR")


@contextmanager
def chromium():
    """Yield a running Chromium, without a window."""
    expect.set_options(timeout=PATIENCE)
    executable = os.environ.get("AFTERSALES_CHROMIUM") or shutil.which("chromium")
    with ExitStack() as stack:
        with unlimited_memory():
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(
                executable_path=executable, args=list(ARGUMENTS)
            )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def unlimited_memory():
    """Lift the limit that Odoo's server sets on its process: what is started within
    inherits it, and Chromium reserves far more address space than it uses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def person(browser, url, name, screen=None, **options):
    """Yield the page of somebody with a browser profile of their own.

    A page that fails leaves a screenshot; an error of its scripts is a failure.

    :param browser: what :func:`chromium` yields
    :param url: address of the server
    :param str name: who it is, for the screenshot
    :param screen: width and height, a desk's when not given
    """
    context = browser.new_context(base_url=url, viewport=screen or DESK, **options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors = _watch(page)
    try:
        yield page
        assert not errors, f"Scripts failed for {name}: {errors}"
    except BaseException:
        _keep_screenshot(page, name)
        raise
    finally:
        context.close()


def log_in(page, login, password=None):
    """Log in by the login page."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password or login)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"/(odoo|my)\b"))


def overflows(page):
    """Whether the page is wider than its screen, so that one must scroll sideways."""
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )


def _watch(page):
    errors = []

    def on_console(message):
        if message.type == "error" and not message.text.startswith(HARMLESS):
            errors.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def _keep_screenshot(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    try:
        page.screenshot(path=SCREENSHOTS / f"{name}.png")
    except Exception as error:
        print(f"No screenshot of {name}: {error}")
