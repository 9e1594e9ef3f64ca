"""An installed release is updated to these sources, and nothing is lost.

The release comes out of the history of this clone, is installed into a database of its
own and worked with; then the addons are updated.
"""

import hashlib
import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from dev import databases, known_log, odoo_source
from tests.support.place import Place, finish

ROOT = Path(__file__).resolve().parents[1]
ADDONS = ("aftersales_service", "aftersales_survey")
RELEASE = "19.0.1.3.0"
MANIFEST = "aftersales_service/__manifest__.py"
# Fields that never had a column: a time was entered as value and unit.
REPLACED = {
    f"{model}__{part}_{half}"
    for model, part in (
        ("field_aftersales_policy_target", "target"),
        ("field_aftersales_policy_target", "long_running"),
        ("field_aftersales_policy_step", "offset"),
    )
    for half in ("value", "unit")
}

WORK = """
from datetime import timedelta
from odoo import Command, fields
now = fields.Datetime.now()
product = env["product.product"].create({"name": "Shoe", "list_price": 80})
customer = env["res.partner"].create({"name": "Rosa", "email": "rosa@example.com"})
order = env["sale.order"].create({
    "partner_id": customer.id,
    "order_line": [Command.create({"product_id": product.id})],
})
order.action_confirm()
team = env["aftersales.team"].search([], limit=1)
team.leader_id = env.ref("base.user_admin")
cases = env["aftersales.case"].create([
    {
        "name": f"Case {number}",
        "partner_id": customer.id,
        "sale_order_id": order.id,
        "team_id": team.id,
        "received_at": now - timedelta(days=number),
    }
    for number in range(12)
])
kinds = {s.kind: s for s in env["aftersales.stage"].search([("team_ids", "=", False)])}
cases[0].action_reply("We look at it.", next_step="wait_customer")
cases[1].action_reply("It is solved.", next_step="resolve")
cases[2].stage_id = kinds["waiting_third_party"]
cases[3].action_archive()
cases[4]._set_aside("spam", "Advertising")
cases[5].action_resolve(); cases[5].action_close()
cases[5].stage_id = kinds["working"]
cases[6]._transition(kinds["cancelled"])
cases[7].action_promise("callback", now + timedelta(days=2), "We call you.")
cases[8]._escalate("1", reason="Look at it")
cases[9].priority = "2"
env.cr.commit()
env["aftersales.clock"]._cron_tick()
env.cr.commit()
"""
CHECK = """
cases = env["aftersales.case"].with_context(active_test=False).search([])
found, count = env["aftersales.difference"]._check_cases(cases.ids)
print("checked", count, len(found), [str(f) for f in found][:3])
"""


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
    return done.stdout if done.returncode == 0 else b""


def last_commit_of(release):
    """Return the last commit whose manifest has a version, None without history."""
    for commit in git("log", "--format=%H", "--", MANIFEST).decode().split():
        if f'"{release}"'.encode() in git("show", f"{commit}:{MANIFEST}"):
            following = git("log", "--format=%H", f"{commit}..HEAD", "--", MANIFEST)
            later = following.decode().split()
            return f"{later[-1]}^" if later else commit
    return None


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The sources of the release."""
    commit = last_commit_of(RELEASE)
    if not commit:
        pytest.skip("SLOW=1 or not, this clone has no history to take the release from")
    folder = tmp_path_factory.mktemp("release")
    archive = git("archive", commit, *ADDONS)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder


class Installed(Place):
    """A database whose addons come from a folder of one's own."""

    def __init__(self, database, folder):
        super().__init__(database)
        paths = [*odoo_source.addons_paths()[:-1], folder]
        self.paths = f"--addons-path={','.join(map(str, paths))}"

    def command(self, *arguments):
        return super().command(*arguments, self.paths)

    def load(self, *options):
        """Install or update the addons."""
        done = subprocess.run(
            [*self.command("server"), *options, "--stop-after-init", "--no-http"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=self.environment(),
        )
        assert done.returncode == 0, done.stderr[-5000:]
        return known_log.unexpected_lines(done.stderr)


def content(place):
    """Return {(table, column): digest of all its values} of the addons' tables."""
    columns = place.query(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name LIKE 'aftersales%'"
        "   AND table_name NOT LIKE 'aftersales_report%'"
    )
    with_id = {table for table, column in columns if column == "id"}
    digest = (
        "SELECT count(*) || ' ' || md5(coalesce(string_agg("
        "coalesce({column}::text, ''), '|' ORDER BY {order}), '')) FROM {table}"
    )
    return {
        (table, column): place.value(
            digest.format(
                column=f'"{column}"',
                order="id" if table in with_id else f'"{column}"',
                table=f'"{table}"',
            )
        )
        for table, column in columns
    }


def external_ids(place):
    rows = place.query("SELECT name FROM ir_model_data WHERE module LIKE 'aftersales%'")
    return {name for (name,) in rows}


@pytest.fixture(scope="module")
def upgraded(release):
    """What was there before the update and after it, and what it logged."""
    template = databases.dependencies_template()
    name = databases.scratch(template, "upgrade")
    try:
        old = Installed(name, release)
        assert old.load("-i", ",".join(ADDONS)) == []
        finish(old.shell(WORK))
        before = content(old), external_ids(old)
        secrets = old.query("SELECT id, access_token FROM aftersales_case ORDER BY id")
        new = Installed(name, ROOT)
        log = new.load("-u", ",".join(ADDONS))
        yield {
            "before": before,
            "secrets": secrets,
            "after": (content(new), external_ids(new)),
            "log": log,
            "place": new,
        }
    finally:
        if not os.environ.get("KEEP"):
            databases.drop(name)


def test_it_says_nothing_alarming(upgraded):
    assert upgraded["log"] == []


def test_no_value_is_lost(upgraded):
    before, after = upgraded["before"][0], upgraded["after"][0]
    assert len(before) > 200
    lost = {key for key, value in before.items() if after.get(key) != value}
    assert lost == {("aftersales_case", "access_token")}


def test_links_in_old_mails_go_on_and_their_secrets_are_gone(upgraded):
    """Digests of them are kept; those of ended cases live on for their full time."""
    assert len(upgraded["secrets"]) == 12
    kept = upgraded["place"].query(
        "SELECT id, link_former_hash, stage_kind IN ('closed', 'cancelled'),"
        " link_counts_from IS NOT NULL FROM aftersales_case ORDER BY id"
    )
    digests = [
        (case_id, hashlib.sha256(secret.encode()).hexdigest())
        for case_id, secret in upgraded["secrets"]
    ]
    assert [row[:2] for row in kept] == digests
    assert all(ended == counts for _id, _digest, ended, counts in kept)


def test_no_external_id_is_lost(upgraded):
    before, after = upgraded["before"][1], upgraded["after"][1]
    lost = {name for name in before - after if not name.startswith("selection__")}
    assert lost == REPLACED


def test_the_ledger_still_says_what_the_tables_say(upgraded):
    said = upgraded["place"].run(CHECK)
    assert re.search(r"checked \d{2} 0 \[\]", said)
