"""On a server that others use, only what this checkout has made is its own."""

import pytest

from dev import databases, marks, places
from dev.ui import Refusal


@pytest.fixture
def shared(checkout, monkeypatch):
    monkeypatch.setenv("PGHOST", "db")


def test_a_database_of_somebody_else_is_refused(shared, statements):
    statements.answers = [("where datname = 'aftersales'", [["1"]])]
    with pytest.raises(Refusal) as refusal:
        marks.exists("aftersales")
    assert "DB=aftersales_try" in str(refusal.value)
    assert marks.comment() in str(refusal.value)


def test_ours_and_none_are_told_apart(shared, statements):
    statements.answers = [
        ("'aftersales'", [["1"]]),
        ("select datname", [["aftersales"]]),
    ]
    assert marks.exists("aftersales")
    assert not marks.exists("other")


def test_in_the_private_cluster_everything_is_ours(checkout, statements):
    statements.answers = [("datname", [["aftersales"]])]
    assert marks.exists("aftersales")
    assert marks.servers() == []


def test_a_copy_of_the_folder_is_another_checkout(shared, monkeypatch, tmp_path):
    mine = marks.identity()
    assert marks.identity() == mine
    monkeypatch.setattr(places, "ROOT", tmp_path / "copy")
    assert marks.identity() != mine


def test_a_copy_is_ours_before_it_has_its_name(shared, statements):
    databases.copy("template", "aftersales")
    making, marking, naming = statements[-3:]
    unfinished = marks.own_name(places.digest("aftersales"))
    assert making == f'create database "{unfinished}" template "template"'
    assert marking.startswith(f'comment on database "{unfinished}"')
    assert naming == f'alter database "{unfinished}" rename to "aftersales"'
    assert marks.servers() == ["PGHOST=db"]


def test_an_interrupted_copy_is_waited_for(checkout, statements, monkeypatch):
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        statements.answers = []

    statements.answers = [("pg_stat_activity", [["1"]])]
    monkeypatch.setattr(databases.time, "sleep", sleep)
    databases.copy("template", "aftersales")
    assert len(waited) == 1


def test_clean_drops_only_what_is_ours(shared, statements):
    marks.write("aftersales")
    statements.answers = [(f"like '{marks.comment()}%'", [["aftersales"]])]
    databases.drop_ours()
    dropped = [text for text in statements if text.startswith("drop")]
    assert dropped == ['drop database if exists "aftersales" with (force)']
    assert marks.servers() == []


def test_old_templates_of_others_stay(shared, statements):
    databases._forget_old("as_app_")
    assert marks.ours() in statements[-1]


def test_a_dump_that_was_interrupted_is_made_again(checkout, statements, monkeypatch):
    monkeypatch.setattr(databases, "dependencies", list)
    monkeypatch.setattr(databases.odoo_source, "version", lambda: "19.0")
    monkeypatch.setattr(databases, "_dump_file", lambda name: checkout / f"{name}.dump")
    made = []
    monkeypatch.setattr(databases, "_dump", made.append)
    name = f"as_deps_{places.digest('19.0', [], False, databases.GENERATION)}"
    statements.answers = [("datname", [[name]])]
    assert databases.dependencies_template() == name
    assert made == [name]
