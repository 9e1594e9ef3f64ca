"""Uninstalling both addons leaves the database as it would be without them.

On a database of its own: sell, deliver, invoice and repair; install both addons;
work on a case; uninstall both; compare everything with the state before.
"""

import os
import subprocess
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from dev import databases, known_log

ROOT = Path(__file__).resolve().parents[1]
ADDONS = ("aftersales_service", "aftersales_survey")
OURS = "%aftersales%"

# Kinds of database objects → how each is listed, with all that defines it.
CATALOGUE = {
    "relation": """
        SELECT relname, relkind FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'""",
    "column": """
        SELECT table_name, column_name, data_type, is_nullable, column_default
          FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraint": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "index": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "trigger": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": """
        SELECT proname, pg_get_function_identity_arguments(oid)
          FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "comment": """
        SELECT relname, attname, description
          FROM pg_description
          JOIN pg_class ON pg_class.oid = objoid
               AND relnamespace = 'public'::regnamespace
          LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid
         WHERE classoid = 'pg_class'::regclass""",
}
# The documents of others: every row is compared, not only how many there are.
STOCK_TABLES = r"^(account|product|procurement|repair|sale|stock|uom)(_|$)"
PEOPLE_TABLES = ("res_partner", "res_users", "res_company", "resource_calendar")
# What running Odoo changes with or without us.
LIVELY_TABLES = {
    "bus_bus",
    "ir_cron_progress",
    "ir_cron_trigger",
    "ir_logging",
    "res_device_log",
    "res_users_log",
    "orm_signaling_registry",
}
# Compiled assets are made anew whenever any addon comes or goes.
ASSETS = "url LIKE '/web/assets/%'"
# A module that could be installed again is listed in Apps, with its category.
LISTING = {
    "ir_module_module",
    "ir_module_module_dependency",
    "ir_module_category",
    "ir_model_data",
}

SELL = """
from odoo.fields import Command
env["res.company"].create({"name": "Another company"})
product = env["product.product"].create(
    {"name": "Shoe 42", "type": "consu", "is_storable": True, "list_price": 80}
)
customer = env["res.partner"].create(
    {"name": "Ana Ruiz", "email": "ana@gemini.example.com"}
)
order = env["sale.order"].create({
    "partner_id": customer.id,
    "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 2})],
})
order.action_confirm()
order.picking_ids.move_ids.write({"quantity": 2, "picked": True})
order.picking_ids.button_validate()
order._create_invoices().action_post()
env["repair.order"].create({"partner_id": customer.id, "product_id": product.id})
env.cr.commit()
"""
WORK = """
order = env["sale.order"].search([], order="id desc", limit=1)
team = env["aftersales.team"].create({"name": "Service", "alias_name": "service"})
env["aftersales.category"].create({"name": "Fit"})
cases = env["aftersales.case"].create([
    {"name": name, "team_id": team.id, "partner_id": order.partner_id.id,
     "sale_order_id": order.id}
    for name in ("Too small", "Too big")
])
cases[0].message_post(body="We send another one.", message_type="comment",
                      attachments=[("slip.txt", b"slip")])
cases[0].activity_schedule("mail.mail_activity_data_todo", user_id=env.uid)
cases[0].stage_id = env.ref("aftersales_service.aftersales_stage_working")
model = env["ir.model"]._get("aftersales.case")
env["ir.config_parameter"].set_param(
    "aftersales_service.acknowledgement_daily_limit", "5"
)
env["ir.filters"].create({"name": "Mine", "model_id": model.model, "active": False})
env["ir.exports"].create({"name": "All", "resource": model.model})
env["mail.template"].create({"name": "Ours", "model_id": model.id})
env["ir.actions.server"].create(
    {"name": "Mend", "model_id": model.id, "state": "code", "code": "pass"}
)
env["base.automation"].create(
    {"name": "Look", "model_id": model.id, "trigger": "on_create"}
)
env.flush_all()
env.cr.execute("SELECT count(*) FROM aftersales_event")
assert env.cr.fetchone()[0] >= 3, "the ledger is empty"
env.cr.execute("SELECT count(*) FROM aftersales_clock")
assert env.cr.fetchone()[0] >= 1, "no clock runs"
env.cr.commit()
"""
UNINSTALL = f"""
env["ir.module.module"].search([("name", "in", {ADDONS})]).button_immediate_uninstall()
"""


def odoo(database, *arguments, script=None):
    """Run Odoo on the database; a failure or a warning fails the test."""
    done = subprocess.run(
        [os.environ["AFTERSALES_PYTHON"], "-m", "odoo", *arguments]
        + ["-c", os.environ["AFTERSALES_CONFIG"], "-d", database]
        + ["--no-http", "--log-level=warn"],
        cwd=ROOT,
        input=script or "",
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    assert known_log.unexpected_lines(done.stderr) == []


def rows(cursor, query, *arguments):
    cursor.execute(query, arguments)
    return cursor.fetchall()


def tables(cursor):
    return [
        name
        for (name,) in rows(
            cursor,
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname",
        )
    ]


def schema(cursor):
    """Every object of the database, as (kind, name, definition …)."""
    return {
        (kind, *row) for kind, query in CATALOGUE.items() for row in rows(cursor, query)
    }


def counts(cursor):
    """Rows per table."""
    found = {}
    for table in set(tables(cursor)) - LIVELY_TABLES - LISTING:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        if table == "ir_attachment":
            query += sql.SQL(f" WHERE url IS NULL OR NOT {ASSETS}")
        cursor.execute(query)
        found[table] = cursor.fetchone()[0]
    return found


def documents(cursor):
    """Content of the documents and people of others, as one digest per table."""
    digest = sql.SQL(
        "SELECT md5(string_agg(line, '|' ORDER BY line)) FROM ("
        "SELECT (to_jsonb(t) - 'write_date' - 'write_uid')::text AS line FROM {} t) s"
    )
    names = [
        name
        for (name,) in rows(
            cursor,
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
            " AND (relname ~ %s OR relname = ANY(%s))",
            STOCK_TABLES,
            list(PEOPLE_TABLES),
        )
    ]
    found = {}
    for name in names:
        cursor.execute(digest.format(sql.Identifier(name)))
        found[name] = cursor.fetchone()[0]
    return found


def mentions(cursor):
    """Rows anywhere that name us, but for the listing of modules."""
    found = {}
    for table in set(tables(cursor)) - LIVELY_TABLES - LISTING:
        query = sql.SQL("SELECT t::text FROM {} t WHERE t::text ILIKE {}").format(
            sql.Identifier(table), sql.Literal(OURS)
        )
        if table == "ir_attachment":
            query += sql.SQL(f" AND (url IS NULL OR NOT {ASSETS})")
        cursor.execute(query)
        told = [row[0][:300] for row in cursor.fetchall()]
        if told:
            found[table] = told
    return found


def listing(cursor):
    """External ids that are ours, but for those of the listing of modules."""
    return rows(
        cursor,
        "SELECT module, name, model FROM ir_model_data"
        " WHERE (module LIKE %s OR name ILIKE %s)"
        " AND NOT (module = 'base' AND model IN"
        " ('ir.module.module', 'ir.module.module.dependency', 'ir.module.category'))",
        "aftersales%",
        OURS,
    )


def state(database):
    with psycopg2.connect(dbname=database) as connection:
        with connection.cursor() as cursor:
            return {
                "schema": schema(cursor),
                "counts": counts(cursor),
                "documents": documents(cursor),
                "mentions": mentions(cursor),
                "external ids": listing(cursor),
            }


@pytest.fixture(scope="module")
def life():
    """States of a database before installing, after use, after uninstalling."""
    template = os.environ.get("AFTERSALES_DEPS") or databases.dependencies_template()
    name = databases.scratch(template, "uninstall")
    try:
        odoo(name, "shell", script=SELL)
        found = {"before": state(name)}
        odoo(name, "server", "-i", ",".join(ADDONS), "--stop-after-init")
        odoo(name, "shell", script=WORK)
        found["used"] = state(name)
        odoo(name, "shell", script=UNINSTALL)
        found["after"] = state(name)
        odoo(name, "server", "-i", ",".join(ADDONS), "--stop-after-init")
        found["reinstalled"] = state(name)
        yield found
    finally:
        databases.drop(name)


def test_nothing_in_the_schema_is_left(life):
    assert sorted(life["after"]["schema"] - life["before"]["schema"], key=str) == []
    assert sorted(life["before"]["schema"] - life["after"]["schema"], key=str) == []


def test_no_row_is_left_or_lost(life):
    before, after = life["before"]["counts"], life["after"]["counts"]
    assert {
        table: (before.get(table), after.get(table))
        for table in before.keys() | after.keys()
        if before.get(table) != after.get(table)
    } == {}


def test_no_row_names_us(life):
    assert life["after"]["mentions"] == life["before"]["mentions"] == {}
    assert life["after"]["external ids"] == life["before"]["external ids"] == []


def test_documents_of_others_are_untouched(life):
    assert {
        "sale_order_line",
        "stock_move",
        "repair_order",
        "account_move_line",
        "res_partner",
    } <= life["before"]["documents"].keys()
    assert life["after"]["documents"] == life["before"]["documents"]


def test_the_comparison_sees_an_installed_addon(life):
    """Or else all of the above would pass without looking."""
    used = life["used"]
    added = {row[:2] for row in used["schema"] - life["before"]["schema"]}
    assert ("relation", "aftersales_event") in added
    assert ("function", "aftersales_event_guard") in added
    assert any(kind == "trigger" for kind, _name in added)
    for table in ("ir_cron", "ir_sequence", "mail_alias", "res_groups"):
        assert used["counts"][table] > life["before"]["counts"][table], table
    assert {
        "ir_act_server",
        "ir_config_parameter",
        "ir_exports",
        "ir_filters",
        "ir_ui_view",
        "mail_message",
    } <= used["mentions"].keys()


def test_it_can_be_installed_again(life):
    # Each database numbers its sequences and aliases by itself.
    def own(state):
        return {row for row in state["schema"] if "ir_sequence_" not in str(row)}

    assert own(life["reinstalled"]) == own(life["used"])
