"""Row 15: the customer's pages, through the whole of Odoo's HTTP stack."""

import time
from functools import partial

from werkzeug.test import Client

import odoo.http
from odoo import sql_db
from odoo.service import security

from benchmarks import world
from benchmarks.measure import Sample, compare, middle, repeats
from benchmarks.result import Limits, compared, plain


def pages(bench):
    """The list of their hundred cases, and one of them."""
    for site in bench.sites:
        browser = Browser(site)
        for what, path in browser.pages().items():
            browser.get(path)
            sample = middle(browser.get(path) for _index in range(repeats()))
            yield plain(
                f"{what}, {site.label} cases", sample, limits=Limits(queries=25)
            )
    if bench.middle is not bench.largest:
        yield from _growth(bench)


def _growth(bench):
    large, small = Browser(bench.largest), Browser(bench.middle)
    paths = small.pages()
    for what, path in large.pages().items():
        yield compared(
            f"{what}, growth {small.site.label} → {large.site.label}",
            compare(partial(large.get, path), partial(small.get, paths[what])),
            against=small.site.label,
            limits=Limits(ratio=1.2),
        )


class Browser:
    """A customer who is logged in. Requests run in this process, so that every query
    is counted."""

    def __init__(self, site):
        self.site = site
        self.client = Client(odoo.http.root)
        self.client.set_cookie("session_id", self._log_in())

    def _log_in(self):
        store = odoo.http.root.session_store
        session = store.new()
        session.update(
            odoo.http.get_default_session(), db=self.site.database, _trace_disable=True
        )
        self.site.ask(partial(_identify, session), world.PORTAL)
        store.save(session)
        return session.sid

    def pages(self):
        """Return {what: path} of the pages to look at."""
        case_id = self.site.ask(_first_case, world.PORTAL)
        return {"list": "/my/cases", "case": f"/my/cases/{case_id}"}

    def get(self, path):
        """Ask for a page.

        :return: ``Sample``
        """
        before = sql_db.sql_counter
        start = time.perf_counter()
        response = self.client.get(path)
        response.get_data()
        seconds = time.perf_counter() - start
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        return Sample(seconds * 1000, sql_db.sql_counter - before)


def _identify(session, env):
    session.uid = env.uid
    session.login = env.user.login
    session.session_token = security.compute_session_token(session, env)
    session.context = dict(env["res.users"].context_get())


def _first_case(env):
    partner = env.user.partner_id
    domain = [("partner_id", "=", partner.id)]
    return env["aftersales.case"].search(domain, order="id", limit=1).id
