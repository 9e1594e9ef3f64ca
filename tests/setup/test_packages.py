"""Debian packages: told together, asked for once, and waited for."""

import os
import subprocess
from types import SimpleNamespace

import pytest

from dev import packages
from dev.packages import Need
from dev.ui import Refusal

NEEDS = [
    Need("here", "nothing", lambda: True),
    Need("tool-a", "the first", lambda: False),
    Need("tool-b", "the second", lambda: False),
]


@pytest.fixture
def person(monkeypatch):
    """Not root, with a sudo that asks for a password."""
    asked = []

    def run(command, **_options):
        asked.append(command)
        return SimpleNamespace(returncode=0 if command == ["sudo", "-v"] else 1)

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(packages.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    return asked


def test_all_that_is_missing_is_told_at_once(person, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(Refusal) as refusal:
        packages.ensure_all(NEEDS)
    assert "tool-a, for the first" in str(refusal.value)
    assert "--no-install-recommends tool-a tool-b" in str(refusal.value)
    assert "here" not in str(refusal.value)
    assert ["sudo", "-v"] not in person


def test_what_for_is_said_before_sudo_asks(person, monkeypatch, capsys):
    def stop(prefix, names, by_hand):
        raise Refusal(f"{prefix} {names}")

    monkeypatch.setattr(packages, "_install", stop)
    known = []
    plain = subprocess.run

    def run(command, **options):
        if command == ["sudo", "-v"]:
            known.append(capsys.readouterr().out)
        return plain(command, **options)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(Refusal, match="tool-a.*tool-b"):
        packages.ensure_all(NEEDS)
    assert "tool-b, for the second" in known[0]


def test_a_lock_of_somebody_else_is_waited_for(monkeypatch, capsys):
    said = ["E: Could not get lock /var/lib/apt/lists/lock. It is held by 1"] * 2
    monkeypatch.setattr(packages.time, "sleep", lambda seconds: None)

    def run_logged(*_arguments, **_options):
        if said:
            raise Refusal(said.pop())

    monkeypatch.setattr(packages, "run_logged", run_logged)
    packages._run_apt(["apt-get", "update"], "No.")
    assert said == []
    assert capsys.readouterr().out.count("waiting for another process") == 1


def test_any_other_failure_is_not_waited_for(monkeypatch):
    def run_logged(*_arguments, **_options):
        raise Refusal("E: Unable to locate package tool-a")

    monkeypatch.setattr(packages, "run_logged", run_logged)
    with pytest.raises(Refusal, match="Unable to locate"):
        packages._run_apt(["apt-get", "install"], "No.")
