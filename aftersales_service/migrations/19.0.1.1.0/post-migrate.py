"""Give promises made before there was a ladder the step that was built in then: the
leader of the team is told when a promise is broken."""

import json

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL


def migrate(cr, version):
    """Add the default step to targets without steps, and to the running, still open
    promises that were started by them.

    :param str version: the version migrated from, empty for an installation
    """
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {"install_mode": True})
    Target = env["aftersales.policy.target"].with_context(active_test=False)
    targets = Target.search([("step_ids", "=", False)])
    default = Target._prepare_default_step()
    steps = env["aftersales.policy.step"].create(
        [{**default, "target_id": target.id} for target in targets]
    )
    env.flush_all()
    for step in steps:
        cr.execute(_running_sql(step))
    env.registry.clear_cache()


def _running_sql(step):
    """Return the statement that copies a step to the promises that run already."""
    return SQL(
        """
        UPDATE aftersales_clock
           SET snapshot = jsonb_set(
                   COALESCE(snapshot, '{}'::jsonb), '{steps}', %s::jsonb
               )
         WHERE target_id = %s AND state <> 'stopped' AND outcome = 'none'
           AND NOT COALESCE(carried_breach, false)
           AND NOT COALESCE(snapshot, '{}'::jsonb) ? 'steps'
        """,
        json.dumps([step._plain()]),
        step.target_id.id,
    )
