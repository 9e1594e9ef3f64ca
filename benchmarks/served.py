"""A real Odoo with two cron workers, and people who work on it."""

import http.cookiejar
import json
import random
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks import settings

CRON_WORKERS = 2


class Served:
    """Used as a context manager: the database is served until the end."""

    def __init__(self, database):
        self.database = database
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._folder = None
        self._process = None

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-odoo-")
        command = [settings.PYTHON, "-m", "odoo", "-d", self.database]
        if settings.CONFIG:
            command += ["-c", settings.CONFIG]
        with (Path(self._folder.name) / "log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    *command,
                    f"--http-port={self.url.rpartition(':')[2]}",
                    f"--db-filter=^{self.database}$",
                    f"--data-dir={self._folder.name}/data",
                    f"--max-cron-threads={CRON_WORKERS}",
                    *("--workers=0", "--log-level=warn"),
                ],
                stdout=log,
                stderr=log,
                cwd=settings.ROOT,
            )
        self._wait()
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._folder.cleanup()

    def log(self):
        """Return what it has logged above INFO."""
        return (Path(self._folder.name) / "log").read_text(errors="replace")

    def _wait(self):
        for _second in range(240):
            try:
                with _opener().open(f"{self.url}/web/login", timeout=60):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        raise RuntimeError(f"Odoo does not answer: {self.log()[-1000:]}")


class Client:
    """Somebody logged in, who talks as the web client does."""

    def __init__(self, served, login):
        self._url = served.url
        self._opener = _opener()
        credentials = {"db": served.database, "login": login, "password": login}
        self.uid = self._post("/web/session/authenticate", credentials)["uid"]

    def call(self, model, method, *arguments, **keywords):
        """Call a public method and return its answer."""
        parameters = {
            "model": model,
            "method": method,
            "args": list(arguments),
            "kwargs": keywords,
        }
        return self._post(f"/web/dataset/call_kw/{model}/{method}", parameters)

    def _post(self, path, parameters):
        request = urllib.request.Request(
            self._url + path,
            data=json.dumps({"params": parameters}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=120) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["message"])
        return answer["result"]


class Office:
    """People who look at their list, open a case, answer and move it, one after the
    other without end. Used as a context manager.

    :param served: ``Served``
    :param list logins: who they are
    :param pause: seconds each of them thinks in between
    """

    def __init__(self, served, logins, pause=1.0):
        self._served = served
        self._logins = logins
        self._pause = pause
        self._end = threading.Event()
        self._threads = []
        self.seconds = []
        self.failures = []

    def __enter__(self):
        for number, login in enumerate(self._logins):
            thread = threading.Thread(target=self._work, args=(login, number))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *exception):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _work(self, login, number):
        choice = random.Random(number)
        client = Client(self._served, login)
        while not self._end.wait(self._pause):
            start = time.perf_counter()
            try:
                _do_something(client, choice)
            except Exception as error:  # noqa: BLE001
                self.failures.append(repr(error))
            self.seconds.append(time.perf_counter() - start)


def _do_something(client, choice):
    model, names = "aftersales.case", {"name": {}, "next_deadline": {}, "stage_id": {}}
    domain = [("stage_kind", "=", "new"), ("mark", "=", False)]
    found = client.call(
        model,
        "web_search_read",
        domain,
        names,
        order="next_deadline, id",
        limit=80,
    )["records"]
    case = choice.choice(found)
    client.call(model, "web_read", [case["id"]], names)
    if choice.random() < 0.5:
        client.call(model, "message_post", [case["id"]], body="A note among us.")
    else:
        priority = str(choice.randrange(4))
        client.call(model, "web_save", [case["id"]], {"priority": priority}, names)


def _opener():
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
