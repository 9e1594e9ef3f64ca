"""Every address of ours × every visitor × GET and POST."""

from odoo import http
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .right_table import rights_of
from .route_table import OUTCOMES, ROUTES, VISITORS
from .world import PLACES, ROLES, SECRETS, World

TABLE = "ROUTES of tests/matrix/route_table.py"
METHODS = ("GET", "POST")


@tagged("post_install", "-at_install")
class TestRoutes(World, HttpCase):
    def test_every_route_has_a_row(self):
        found = {
            (url, method)
            for url, methods in self._routes().items()
            for method in methods
        }
        self.assertGreater(len(found), 10)
        for url, method in sorted(found - ROUTES.keys()):
            self.fail(
                f"{method} {url} is new: say who is shown what and who changes "
                f"something, by a row in {TABLE}."
            )
        for url, method in sorted(ROUTES.keys() - found):
            self.fail(f"{method} {url} is no route any more: take it out of {TABLE}.")

    def _routes(self):
        """Return the methods by which each address of ours can be asked."""
        routes = {}
        modules = sorted(self.registry._init_modules)
        for url, endpoint in http._generate_routing_rules(modules, nodb_only=False):
            if endpoint.func.__module__.startswith("odoo.addons.aftersales_"):
                json = endpoint.routing["type"] != "http"
                usual = ("POST",) if json else METHODS
                asked = endpoint.routing.get("methods") or usual
                routes.setdefault(url, set()).update(asked)
        return routes

    def test_no_other_method(self):
        self.authenticate("as_portal", "as_portal")
        for url, methods in self._routes().items():
            for method in set(METHODS) - methods:
                with self.subTest(url, method=method), self.undone():
                    response = self._ask(method, self._address(url))
                    self.assertEqual(response.status_code, 405)

    def test_what_becomes_of_it(self):
        for visitor, (role, _link) in VISITORS.items():
            login = role and ROLES[role]
            self.authenticate(login, login)
            for (url, method), row in ROUTES.items():
                outcome = row.outcomes.get(visitor, "refused")
                with self.subTest(f"{method} {url}", visitor=visitor, outcome=outcome):
                    self._check(method, url, row, VISITORS[visitor], outcome)

    def test_nothing_happens_without_the_secret_of_the_form(self):
        """Another site cannot have a customer's browser act for them."""
        self.authenticate("as_portal", "as_portal")
        for (url, method), row in ROUTES.items():
            if row.outcomes.get("customer") != "acts":
                continue
            with self.subTest(url), self.undone(), mute_logger("odoo.http"):
                self._prepare(row)
                before = self._state()
                self._ask(method, self._address(url), row.form or {"x": "y"})
                self.assertEqual(self._state(), before)

    def _check(self, method, url, row, visitor, outcome):
        role, link = visitor
        outcome = OUTCOMES[outcome]
        with self.undone(), mute_logger("odoo.http"):
            self._prepare(row)
            form = dict(row.form)
            if token := self._token(row, link):
                form["access_token"] = token
            if method == "POST":
                form["csrf_token"] = http.Request.csrf_token(self)
            before = self._state()
            response = self._ask(method, self._address(url), form)
            changed = self._state() != before
            self.assertIn(response.status_code, outcome.statuses)
            self.assertEqual(changed, outcome.writes)
            if outcome.tells is not None:
                tells = self._secret(row) in response.text
                self.assertEqual(tells, outcome.tells)
            for place in PLACES[1:]:
                if not role or not rights_of("aftersales.case", role, place):
                    self.assertNotIn(SECRETS[place], response.text)

    def _prepare(self, row):
        if row.given:
            getattr(self, f"given_{row.given}")(self.cases["here"])
        self.env.flush_all()

    def _address(self, url):
        for name, value in (
            ("<int:case_id>", self.cases["here"].id),
            ("<int:order_id>", self.order.id),
            ("<int:page>", 1),
        ):
            url = url.replace(name, str(value))
        return url

    def _ask(self, method, url, data=None):
        if method == "GET":
            return self.url_open(url, params=data, method="GET", allow_redirects=False)
        return self.url_open(url, data=data or {"x": "y"}, allow_redirects=False)

    def _token(self, row, link):
        if link not in self.cases:
            return link
        if row.of == "order":
            return self.orders[link]._portal_ensure_token()
        return self.cases[link]._link_token()

    def _secret(self, row):
        return self.order.name if row.of == "order" else SECRETS["here"]

    def _state(self):
        """Return what no refused visitor changes."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT (SELECT count(*) FROM aftersales_event),"
            " (SELECT count(*) FROM mail_message),"
            " (SELECT count(*) FROM aftersales_clock WHERE state = 'running'),"
            " (SELECT string_agg(CAST(c AS text), '|' ORDER BY c.id)"
            "  FROM aftersales_case c)"
        )
        return self.env.cr.fetchone()
