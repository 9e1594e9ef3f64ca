"""The project's rules for every test run.

- A skip that nobody expects is a failure.
- A line above INFO in Odoo's log that the test does not catch is a failure.
- It is recorded which clauses of the policies passing tests prove.
- `--only` selects by Odoo's tags, or by words as `-k` does.
"""

import json
import logging
import os
from pathlib import Path

import freezegun
import pytest

from dev.known_log import is_expected_skip, is_known
from dev.patience import wait_for_browsers

CLAUSES = Path(__file__).resolve().parents[1] / ".work" / "clauses.json"
PROPERTY = "aftersales_clauses"


def pytest_addoption(parser):
    parser.addoption("--only", default="", help="an Odoo tag, or words as for -k")
    parser.addoption(
        "--fresh-clauses", action="store_true", help="forget clauses proven before"
    )


def pytest_configure(config):
    # Test classes stop the clock; how long they take is measured all the same.
    freezegun.configure(extend_ignore_list=["_pytest.timing"])
    config.pluginmanager.register(LogWatch(), "aftersales-log-watch")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Clauses(config), "aftersales-clauses")


def pytest_collection_finish(session):
    if not session.config.getoption("collectonly"):
        wait_for_browsers()


# -- selection ----------------------------------------------------------------


# What takes long begins first, so that no process waits for another at the end.
FIRST = ("tests/journeys/", "tests/faults/", "tests/")


def _turn(item):
    """Return when a test has its turn; all of one class have the same."""
    for number, folder in enumerate(FIRST):
        if item.nodeid.startswith(folder):
            return number
    over_http = hasattr(getattr(item, "cls", None), "start_tour")
    return len(FIRST) + (not over_http)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    items.sort(key=_turn)
    only = config.getoption("--only")
    if not only:
        return
    if not _is_tag(only, items):
        config.option.keyword = only
        return
    from odoo.tests.tag_selector import TagsSelector

    selector = TagsSelector(only)
    kept = [item for item in items if _has_tags(item) and _matches(selector, item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _is_tag(only, items):
    if only.startswith(("/", ":", "+", "-")) or "," in only:
        return True
    tags = {tag for item in items if _has_tags(item) for tag in item.cls.test_tags}
    return only.split("/")[0].split(":")[0] in tags


def _has_tags(item):
    return hasattr(getattr(item, "cls", None), "test_tags")


def _matches(selector, item):
    return selector.check(item.cls(item.originalname))


# -- skips --------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "setup":
        ids = sorted(_clauses_of(item))
        if ids:
            item.user_properties.append((PROPERTY, ids))
            report.user_properties.append((PROPERTY, ids))
    _fail_unexpected_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    _fail_unexpected_skip(report)
    return report


def _fail_unexpected_skip(report):
    if report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    if not is_expected_skip(reason):
        report.outcome = "failed"
        report.longrepr = f"Unexpected skip: {reason or report.longrepr}"


# -- log ----------------------------------------------------------------------


class LogWatch(logging.Handler):
    """Collects what reaches the root logger: muted loggers do not."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        message = record.getMessage()
        if record.name.split(".")[0] == "odoo" and not is_known(record.name, message):
            self.lines.append(
                f"{record.levelname} {record.name}: {message}{_cause(record)}"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.lines.clear()
        logging.getLogger().addHandler(self)
        try:
            return (yield)
        finally:
            logging.getLogger().removeHandler(self)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if self.lines and report.outcome == "passed":
            report.outcome = "failed"
            report.longrepr = "Unexpected in the log:\n" + "\n".join(self.lines)
        self.lines.clear()
        return report


def _cause(record):
    return f" ({record.exc_info[1]!r})" if record.exc_info else ""


# -- clauses and counts -------------------------------------------------------


def _clauses_of(item):
    holders = (getattr(item, "function", None), getattr(item, "cls", None))
    return {
        clause
        for holder in holders
        for clause in getattr(holder, "_aftersales_clauses", ())
    }


class Clauses:
    """Writes down, where all reports arrive, what was proven and the counts."""

    def __init__(self, config):
        self.config = config
        self.tests = {}
        self.failed = set()

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.add(report.nodeid)
        ids = dict(report.user_properties).get(PROPERTY, [])
        if report.when == "call" and ids:
            self.tests[report.nodeid] = ids

    def pytest_sessionfinish(self):
        if self.config.getoption("collectonly"):
            return
        known = {} if self.config.getoption("--fresh-clauses") else _known_tests()
        for test, ids in self.tests.items():
            outcome = "failed" if test in self.failed else "passed"
            known[test] = {"clauses": ids, "outcome": outcome}
        _write_json(CLAUSES, {"tests": known, "proven": _proven(known)})

    def pytest_terminal_summary(self, terminalreporter):
        target = os.environ.get("AFTERSALES_COUNTS")
        if target:
            stats = terminalreporter.stats
            failed = len(stats.get("failed", [])) + len(stats.get("error", []))
            _write_json(
                Path(target),
                {
                    "passed": len(stats.get("passed", [])),
                    "failed": failed + len(stats.get("subtests failed", [])),
                    "skipped": len(stats.get("skipped", [])),
                },
            )


def _known_tests():
    try:
        return json.loads(CLAUSES.read_text())["tests"]
    except (OSError, ValueError, KeyError):
        return {}


def _proven(tests):
    proven = {}
    for test in sorted(tests):
        if tests[test]["outcome"] == "passed":
            for clause in tests[test]["clauses"]:
                proven.setdefault(clause, []).append(test)
    return dict(sorted(proven.items()))


def _write_json(path, content):
    """Whole or not at all: several runs may end at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(content, indent=1) + "\n")
    unfinished.replace(path)
