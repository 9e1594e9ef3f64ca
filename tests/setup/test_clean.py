"""`make clean` and `make stop`: also where not everything can be done."""

import json
import shutil

import pytest

from dev import marks, places, postgres, server, setup
from dev.ui import Refusal


@pytest.fixture
def dirty(checkout, monkeypatch):
    """Something of everything that clean removes."""
    for folder in (".work/log", ".venv", "dev/__pycache__", ".pytest_cache"):
        (checkout / folder).mkdir(parents=True)
    monkeypatch.setattr(postgres, "end", lambda: [])
    return checkout


def test_caches_go_too(dirty, capsys):
    setup.clean()
    assert sorted(path.name for path in dirty.rglob("*")) == ["dev"]
    assert "Removed" in capsys.readouterr().out


def test_what_is_left_is_told(dirty, monkeypatch, capsys):
    def rmtree(path):
        if path == places.WORK:
            raise PermissionError(13, "Permission denied", str(path / "locks"))
        plain(path)

    plain = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with pytest.raises(
        Refusal, match=r"locks: Permission denied(.|\n)*sudo make clean"
    ):
        setup.clean()
    assert "Removed" not in capsys.readouterr().out
    assert not (dirty / ".venv").exists()


def test_a_full_disk_keeps_nobody_from_stopping(checkout, monkeypatch):
    server.STATE.write_text(json.dumps({"pid": 2**22 + 1, "port": 1}))

    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(server, "write_whole", full)
    server.stop()


def test_nothing_is_made_for_stopping(checkout, capsys):
    places.WORK.rmdir()
    server.stop()
    assert not places.WORK.exists()


def test_databases_elsewhere_are_told_and_stay_known(dirty, capsys):
    marks.STATE.write_text(json.dumps({"key": "k", "servers": ["PGHOST=db"]}))
    setup.clean()
    assert "PGHOST=db make clean" in capsys.readouterr().err
    assert list(places.WORK.iterdir()) == [marks.STATE]


def test_a_cluster_without_its_socket_is_stopped(checkout, monkeypatch):
    """Its pid file stays: PostgreSQL stops by it."""
    data = checkout / "data"
    data.mkdir()
    (data / "postmaster.pid").write_text("17\n")
    postgres.NOTE.write_text(str(checkout))
    stopped = []
    monkeypatch.setattr(postgres, "_runs", lambda: True)
    monkeypatch.setattr(postgres, "_reachable", lambda: False)
    monkeypatch.setattr(postgres, "_stop_now", stopped.append)
    postgres.stop()
    assert stopped == ["fast"]
    assert (data / "postmaster.pid").exists()


def test_no_live_pid_file_is_removed(checkout, monkeypatch):
    data = checkout / "data"
    data.mkdir()
    pid = data / "postmaster.pid"
    pid.write_text("17\n")
    (data / "PG_VERSION").write_text("15")
    postgres.NOTE.write_text(str(checkout))
    seen = []
    monkeypatch.setattr(postgres, "_runs", lambda: True)
    monkeypatch.setattr(postgres, "_own_socket_folder", lambda: None)
    monkeypatch.setattr(postgres, "binaries", lambda: checkout)
    monkeypatch.setattr(postgres, "_stop_now", lambda mode: seen.append(pid.exists()))
    monkeypatch.setattr(postgres, "_as_owner", lambda command, failure: None)
    postgres._start()
    assert seen == [True]
