"""Give the scheduled jobs to the system, and to administrators to run by hand: a job
that anybody could start decided in that person's name."""

from odoo import SUPERUSER_ID, api
from odoo.fields import Command


def migrate(cr, version):
    """Set user and groups of our jobs; the files that say so are read only once.

    :param str version: the version migrated from, empty for an installation
    """
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    names = env["ir.model.data"].search(
        [("module", "=", "aftersales_service"), ("model", "=", "ir.cron")]
    )
    env["ir.cron"].browse(names.mapped("res_id")).exists().write(
        {
            "user_id": SUPERUSER_ID,
            "group_ids": [Command.set(env.ref("base.group_system").ids)],
        }
    )
