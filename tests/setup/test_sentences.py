"""What goes wrong is told in a sentence that says what to do."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dev.__main__ as program
from dev import process
from dev.ui import Refusal

ROOT = Path(__file__).resolve().parents[2]


def told(capsys, monkeypatch, error):
    def broken():
        raise error

    monkeypatch.setattr("dev.setup.clean", broken)
    assert program.main(["clean"]) == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EACCES, "a clone of your own"),
        (errno.EROFS, "XDG_CACHE_HOME"),
        (errno.ENOSPC, "`make clean`"),
    ],
)
def test_what_the_machine_refuses(capsys, monkeypatch, number, advice):
    text = told(capsys, monkeypatch, OSError(number, os.strerror(number), "/some/file"))
    assert text.startswith(f"/some/file: {os.strerror(number)}. ")
    assert advice in text


def test_a_program_that_is_missing(capsys, monkeypatch):
    error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "dpkg")
    assert told(capsys, monkeypatch, error).startswith("dpkg: No such file")


def test_a_terminal_without_the_letters():
    done = subprocess.run(
        [sys.executable, "-m", "dev", "help"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert done.returncode == 0, done.stderr
    assert b"[VARIABLE=value ?]" in done.stdout


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 9, 18)])
def test_an_old_python(monkeypatch, version):
    source = (ROOT / "dev" / "__init__.py").read_text(encoding="ascii")
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match="make PYTHON="):
        exec(compile(source, "dev", "exec"), {})


def test_make_alone_names_what_make_knows(capsys):
    assert program.main([]) == 0
    usage = capsys.readouterr().out
    makefile = (ROOT / "Makefile").read_text()
    known = re.search(r"^COMMANDS = (.*)$", makefile, re.M)[1].split()
    assert re.findall(r"^  make (\S+)", usage, re.M) == list(program.COMMANDS)
    assert sorted(known) == sorted(program.COMMANDS)
    assert program.main(["odoo"]) == 2


@pytest.mark.parametrize("path", ["dev/lock/odoo.lock", "dev/README.md", "README.md"])
def test_commands_that_are_named_exist(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert set(re.findall(r"python3 -m dev (\w+)", text)) <= set(program.COMMANDS)


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("error: invalid command 'bdist_wheel'", False),
        ("Temporary failure in name resolution", True),
        ("curl: (7) Failed to connect: Connection refused", True),
    ],
)
def test_the_network_is_asked_for_only_if_it_looks_like_it(said, asks):
    with pytest.raises(Refusal) as refusal:
        process.run(["sh", "-c", f'echo "{said}"; exit 1'], "Nothing.", online=True)
    assert said in str(refusal.value)
    assert ("Is the network there?" in str(refusal.value)) is asks
