"""Odoo as its own web client talks to it: JSON-RPC with a session."""

import http.cookiejar
import json
import urllib.request


class Refused(Exception):
    """Odoo's answer was an error; the text is what it says to the user."""


class Session:
    """A logged-in user.

    :param url: address of the server
    :param database: its database
    """

    def __init__(self, url, database, login, password):
        self.url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), cookies
        )
        credentials = {"db": database, "login": login, "password": password}
        self.uid = self._post("/web/session/authenticate", credentials)["uid"]

    def call(self, model, method, *arguments, **keywords):
        """Call a public method of a model and return its answer."""
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {
                "model": model,
                "method": method,
                "args": list(arguments),
                "kwargs": keywords,
            },
        )

    def create(self, model, **values):
        """Create one record and return its id."""
        return self.call(model, "create", [values])[0]

    def read(self, model, record_id, *names):
        """Return the named fields of one record."""
        return self.call(model, "read", [record_id], list(names))[0]

    def search(self, model, domain, *names, **options):
        """Return the named fields of the records that match."""
        return self.call(model, "search_read", domain, list(names), **options)

    def ref(self, xml_id):
        """Return the id behind an external id."""
        module, name = xml_id.split(".")
        found = self.search(
            "ir.model.data", [("module", "=", module), ("name", "=", name)], "res_id"
        )
        assert found, f"{xml_id} does not exist"
        return found[0]["res_id"]

    def _post(self, path, parameters):
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps({"jsonrpc": "2.0", "params": parameters}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=120) as response:
            answer = json.load(response)
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        return answer["result"]
