"""A checkout in a folder of its own, in which nothing is set up."""

import pytest

from dev import databases, marks, places, postgres, server


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    work = tmp_path / ".work"
    work.mkdir()
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(places, "WORK", work)
    monkeypatch.setattr(places, "LOGS", work / "log")
    monkeypatch.setattr(places, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(databases, "CONFIG", work / "odoo.conf")
    monkeypatch.setattr(marks, "STATE", work / "checkout.json")
    monkeypatch.setattr(postgres, "NOTE", work / "postgres-folder")
    monkeypatch.setattr(server, "STATE", work / "run.json")
    for name in ("PGHOST", "PGPORT", "PGUSER", "ODOO_HOME", "PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def statements(monkeypatch):
    """What PostgreSQL is asked; `answers` holds (part of a statement, rows)."""

    class Asked(list):
        answers = ()

        def __call__(self, statement, *_arguments, **_options):
            self.append(statement)
            found = (rows for part, rows in self.answers if part in statement)
            return next(found, [])

    asked = Asked()
    monkeypatch.setattr(postgres, "query", asked)
    return asked
