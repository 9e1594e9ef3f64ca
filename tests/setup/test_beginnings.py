"""What every command begins with: refused early, kept private, built in isolation."""

import os
import subprocess
import sys

import pytest

from dev import databases, lint, postgres, process, server, setup, venv
from dev.ui import Refusal


@pytest.mark.parametrize("name", ["a,b", "a:b", "a$b", 'a"b'])
def test_a_folder_that_other_programs_misread(checkout, monkeypatch, name):
    monkeypatch.setattr(setup.places, "ROOT", checkout / name)
    with pytest.raises(Refusal, match="another name"):
        setup.prepare()


def test_spaces_and_umlauts_are_no_matter(checkout):
    setup._refuse_unfit("/srv/Kunden dienst/Ä #;'%(x)s")


def test_a_taken_port_is_told_first(checkout, monkeypatch):
    def taken(port):
        raise Refusal("taken")

    monkeypatch.setattr(server, "_require_free", taken)
    monkeypatch.setattr(setup, "main", lambda *needs: pytest.fail("set up before"))
    with pytest.raises(Refusal, match="taken"):
        server.run()


def test_the_configuration_is_private_from_its_creation(checkout, monkeypatch):
    modes = []
    plain = os.replace

    def replace(source, target):
        modes.append(os.stat(source).st_mode & 0o777)
        plain(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(postgres, "client_environment", lambda: {"PGPASSWORD": "x"})
    monkeypatch.setattr(databases.odoo_source, "addons_paths", lambda: [checkout])
    mask = os.umask(0)
    try:
        databases.write_config()
    finally:
        os.umask(mask)
    assert "db_password = x" in databases.CONFIG.read_text()
    assert modes == [0o600]


def test_nothing_half_written_stays(checkout, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        process.write_whole(checkout / "file", "text")
    assert [path.name for path in checkout.iterdir()] == [".work"]


def test_sources_are_built_in_isolation(checkout, monkeypatch):
    commands = []
    monkeypatch.setattr(venv, "_create", lambda: None)
    monkeypatch.setattr(
        venv, "run_logged", lambda command, *_, **__: commands.append(command)
    )
    folder = checkout / "wheels"
    folder.mkdir()
    venv._download(folder)
    assert "--use-pep517" in commands[0]


@pytest.mark.parametrize(
    ("begin", "told"),
    [([], "not a git repository"), (["git", "init", "--quiet"], "lists no files")],
)
def test_lint_refuses_what_git_does_not_list(checkout, monkeypatch, begin, told):
    monkeypatch.setattr(setup, "prepare", lambda *needs: None)
    monkeypatch.setattr(setup, "main", lambda: pytest.fail("set up before"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(checkout.parent))
    if begin:
        subprocess.run(begin, cwd=checkout, check=True)
        (checkout / ".git/info/exclude").write_text("*\n")
    with pytest.raises(Refusal, match=told):
        lint.main()


def test_what_does_not_start_is_not_left_behind(checkout, monkeypatch):
    """Ctrl-C while Odoo starts ends that Odoo."""
    started = []
    plain = subprocess.Popen

    def start(command, **options):
        sleep = [sys.executable, "-c", "import time; time.sleep(60)", *command[3:]]
        started.append(plain(sleep, **options))
        return started[0]

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(server.subprocess, "Popen", start)
    monkeypatch.setattr(server, "_wait_for_login", interrupt)
    monkeypatch.setattr(postgres, "client_environment", dict)
    with pytest.raises(KeyboardInterrupt):
        server._serve(8069)
    assert started[0].wait(timeout=5) != 0
