"""`make lint`: every check of the sources, each by the tool that knows best.

All checks run, so that one round shows everything there is to mend.
"""

import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

from dev import databases, frozen, odoo_source, places, setup, testing
from dev.packages import Need
from dev.process import environment, last_lines
from dev.ui import Refusal, say, step

BIN = places.VENV / "bin"
# Left out: pylint and eslint over all of Odoo, and tests of Odoo's own checkers.
ODOO_LINT = ",-/test_lint:".join(
    ["/test_lint", "TestPyLint", "TestESLint"]
    + ["TestGetTextLint", "TestSqlLint", "TestI18nChecks"]
)
# A home folder, or a mount point of one machine, in a file for everybody.
MACHINE_PATH = re.compile(r"(?<![\w.~/$}*-])/(?:home|root|Users|work)/[\w.]")
# The addons describe themselves in readme/ fragments; a model that grows by concern
# has a file per concern.
PYLINT_LESS = "missing-readme,consider-merging-classes-inherited"
# What a test lets somebody say is no text of the product. Pylint-odoo knows that of
# `tests/` itself, not of the rooms in it.
TESTS_LESS = f"{PYLINT_LESS},translation-required"
GIT = Need("git", "the linters", lambda: shutil.which("git"))
COMPOSE = ("docker/*compose*.yaml", "docker/*compose*.yml")


def main():
    setup.prepare(GIT)
    if not _tracked():
        raise Refusal("git lists no files here; lint a clone, with its .git.")
    setup.main()
    checks = {
        "ruff": _ruff,
        "ruff format": _ruff_format,
        "pylint-odoo": _pylint,
        "XML is well-formed": _xml,
        "the clock stops with its class": _frozen,
        "Dockerfile": _dockerfile,
        "compose file": _compose,
        "nothing of this machine": _machine,
        "Odoo's test_lint": _odoo_lint,
    }
    failed = []
    for name, check in checks.items():
        with step(name):
            if not check():
                failed.append(name)
    say(f"lint: failed: {', '.join(failed)}" if failed else "lint: clean")
    return 1 if failed else 0


def _tool(*command):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=places.ROOT,
        stdin=subprocess.DEVNULL,
        env=environment(),
    )
    return done.returncode == 0


def _ruff():
    return _tool(BIN / "ruff", "check", "--quiet", ".")


def _ruff_format():
    return _tool(BIN / "ruff", "format", "--check", "--quiet", ".")


def _pylint():
    addons = places.addons_present()
    tests = _tracked(*(f"{addon}/tests/*/*.py" for addon in addons))
    rooms = (addons, f"--disable={PYLINT_LESS}", r"--ignore-paths=.*/tests/.+/.*")
    in_tests = (tests, f"--disable={TESTS_LESS}")
    return all(
        [
            _tool(BIN / "pylint", "--rcfile=.pylintrc", *options, *found)
            for found, *options in (rooms, in_tests)
            if found
        ]
    )


def _dockerfile():
    found = [path for path in _tracked() if path.name.startswith("Dockerfile")]
    return all([_tool(BIN / "hadolint", path) for path in found])


def _compose():
    """Against the Compose Specification's own schema."""
    found = _tracked(*COMPOSE)
    return not found or _tool(
        *(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"), *found
    )


def _odoo_lint():
    """On a copy: some checks walk all that lies beside the addons."""
    with tempfile.TemporaryDirectory() as folder:
        for name in places.addons_present():
            shutil.copytree(places.ROOT / name, Path(folder) / name)
        paths = [*odoo_source.addons_paths()[:-1], folder]
        arguments = ["-i", "test_lint", f"--addons-path={','.join(map(str, paths))}"]
        counts = testing.run_tags(
            databases.app_template(), "test-lint", ODOO_LINT, arguments
        )
    return not counts["failed"]


def _xml():
    return _each(_xml_mistake, "*.xml", "*.svg")


def _xml_mistake(path):
    try:
        ElementTree.parse(path)
    except ElementTree.ParseError as error:
        return str(error)
    return None


def _frozen():
    def mistake(path):
        return "; ".join(frozen.mistakes(path))

    return _each(mistake, "*/tests/*.py")


def _machine():
    """No mirror this machine uses and no folder of this machine in any file."""
    names = _host_names()

    def mistake(path):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            return None
        found = [name for name in names if name in text]
        found += MACHINE_PATH.findall(text) + [str(places.ROOT)] * (
            str(places.ROOT) + "/" in text
        )
        return f"names {', '.join(found)}" if found else None

    return _each(mistake)


def _host_names():
    """Hosts that packages come from on this machine, by apt and by pip."""
    told = [
        os.environ.get("PIP_INDEX_URL", ""),
        os.environ.get("PIP_EXTRA_INDEX_URL", ""),
    ]
    for command in (
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        [BIN / "python", "-m", "pip", "config", "list"],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError:
            continue
        told.append(done.stdout)
    addresses = re.findall(r"https?://[^\s'\"]+", " ".join(told))
    return {name for url in addresses if (name := urlsplit(url).hostname)}


def _each(mistake, *patterns):
    told = [
        f"  {path.relative_to(places.ROOT)}: {text}"
        for path in _tracked(*patterns)
        if (text := mistake(path))
    ]
    for line in told:
        say(line)
    return not told


def _tracked(*patterns):
    """Files under version control, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        + ["--", *patterns],
        cwd=places.ROOT,
        capture_output=True,
    )
    if listed.returncode:
        said = last_lines(listed.stderr.decode(errors="replace"))
        raise Refusal(f"git does not list the files here; lint a clone.\n{said}")
    names = os.fsdecode(listed.stdout).split("\0")
    return [path for name in names if name and (path := places.ROOT / name).is_file()]
