"""`make test`: every test once, by pytest; then a sample as Odoo itself runs them."""

import json
import os
import re
import shlex
import socket
import subprocess
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from dev import browser, databases, marks, places, postgres, setup
from dev.known_log import is_expected_skip, unexpected_lines
from dev.process import last_lines, log_path
from dev.ui import Refusal, say

SKIPPED = re.compile(r" INFO \S+ odoo\.addons\.\S+: skipped \S+ : (?P<reason>.*)")
RESULT = re.compile(
    r"odoo\.tests\.result: (?P<failed>\d+) failed, (?P<errors>\d+) error\(s\) "
    r"of (?P<tests>\d+) tests"
)
# A class of each kind runs under Odoo's own runner each time: in a transaction, with
# commits, over HTTP. That Odoo finds whatever pytest does is a test of its own.
SAMPLE = ("TestEventLedger", "TestTwoWorkers", "TestRouteAccess")


def main():
    only = os.environ.get("ONLY", "").strip()
    setup.main(browser.NEED, browser.MAIL_NEED)
    template = databases.app_template()
    if os.environ.get("ODOO"):
        counts = _run_odoo(template, only or _all_tags())
    else:
        counts = _run_pytest(template, only)
        if not only:
            whole = _run_odoo(
                template, _all_tags() if os.environ.get("SLOW") else _sample()
            )
            counts["failed"] += whole["failed"]
    say("")
    for name in ("passed", "failed", "skipped"):
        counts.setdefault(name, 0)
    say("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


@contextmanager
def database(template):
    """The database of a run: a throw-away copy, or the one that DB= names."""
    named = os.environ.get("DB")
    if named:
        if not marks.exists(named):
            databases.copy(template, named)
        yield named
        return
    name = databases.scratch(template)
    try:
        yield name
    finally:
        _drop_copies(name)
        if os.environ.get("KEEP"):
            say(f"· kept the database {name}")
        else:
            databases.drop(name)


def _drop_copies(name):
    """Each process of pytest has a copy; one that is cut short leaves it behind."""
    copies = f"select datname from pg_database where datname ~ '^{name}-gw[0-9]+$'"
    for (copy,) in postgres.query(copies):
        databases.drop(copy)


# -- pytest -------------------------------------------------------------------


def _run_pytest(template, only):
    with database(template) as name, tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts.json"
        command = [places.PYTHON, "-m", "pytest", *_arguments(name, only)]
        say(f"· {shlex.join(map(str, command))}")
        code = subprocess.run(
            [str(part) for part in command],
            cwd=places.ROOT,
            stdin=subprocess.DEVNULL,
            env=_environment(name, template, AFTERSALES_COUNTS=str(counts)),
        ).returncode
        return _read_counts(counts, code)


def _arguments(name, only):
    # One more than most machines have cores: browsers and jobs are waited for.
    jobs = os.environ.get("JOBS", "1" if only else "3")
    parallel = ["-n", jobs, "--dist", "loadscope", "--no-loadscope-reorder"]
    return [
        f"--odoo-database={name}",
        f"--odoo-config={databases.CONFIG}",
        "--odoo-log-level=warn",
        "--odoo-http",
        "--durations=10",
        *(parallel if jobs != "1" else []),
        *_selection(only),
        *shlex.split(os.environ.get("ARGS", "")),
    ]


def _selection(only):
    """Paths as they are; a tag or words for our plugin to make sense of."""
    paths = only.split()
    if paths and all(_is_path(part) for part in paths):
        return paths
    everything = [f"{addon}/tests" for addon in places.addons_present()] + ["tests"]
    present = [path for path in everything if (places.ROOT / path).is_dir()]
    if not present:
        raise Refusal("There are no tests yet.")
    return present + ([f"--only={only}"] if only else ["--fresh-clauses"])


def _is_path(text):
    return not text.startswith("/") and (places.ROOT / text.split("::")[0]).exists()


def _environment(name, template, **extra):
    return postgres.client_environment(
        AFTERSALES_CONFIG=str(databases.CONFIG),
        AFTERSALES_DB=name,
        AFTERSALES_TEMPLATE=template,
        AFTERSALES_PYTHON=str(places.PYTHON),
        AFTERSALES_CHROMIUM=browser.found() or "",
        # Folders of tests are on the path already; `dev` is for programs they start.
        PYTHONPATH=str(places.ROOT),
        **extra,
    )


def _read_counts(path, code):
    """A run that broke off counts as a failure, whatever it had counted."""
    counts = Counter(json.loads(path.read_text()) if path.is_file() else {})
    if code not in (0, 1) or (code == 1 and not counts["failed"]):
        counts["failed"] += 1
    return counts


# -- Odoo's own runner --------------------------------------------------------


def _all_tags():
    return ",".join(f"/{addon}" for addon in places.addons_present())


def _sample():
    return ",".join(f"/aftersales_service:{name}" for name in SAMPLE)


def _run_odoo(template, tags):
    """The addons are updated, and their tests pass under `--test-tags` too."""
    addons = ",".join(places.addons_present())
    say("")
    counts = run_tags(template, "test-tags", tags, ["-u", addons])
    say("  as Odoo runs them: {passed} passed, {failed} failed".format(**counts))
    return counts


def run_tags(template, label, tags, arguments):
    """Tests by Odoo's own runner, on a copy of the template."""
    path = log_path(label)
    with database(template) as name, path.open("w") as log:
        say(f"· odoo {' '.join(arguments)} --test-tags={tags} (log: {path})")
        code = subprocess.run(
            [str(places.PYTHON), "-m", "dev.patience", "-c", str(databases.CONFIG)]
            + ["-d", name, *arguments, f"--test-tags={tags}"]
            + ["--stop-after-init", f"--http-port={free_port()}"],
            cwd=places.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(name, template),
        ).returncode
    return judge_log(path.read_text(errors="replace"), code)


def judge_log(text, code):
    """Counts out of Odoo's log; a line above INFO is a failure too."""
    result = RESULT.search(text)
    if not result:
        say("  Odoo did not finish its tests:\n" + last_lines(text))
        return Counter(failed=1)
    skips = [match["reason"].strip() for match in SKIPPED.finditer(text)]
    unexpected = [f"skipped: {told}" for told in skips if not is_expected_skip(told)]
    surprises = unexpected + unexpected_lines(text)
    for told in surprises:
        say(f"  {told}")
    broken = int(result["failed"]) + int(result["errors"])
    return Counter(
        passed=int(result["tests"]) - broken - len(skips),
        failed=broken + len(unexpected) or int(bool(surprises or code)),
        skipped=len(skips) - len(unexpected),
    )


def free_port():

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
