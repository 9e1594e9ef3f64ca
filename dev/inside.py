"""What runs inside of Odoo's own Python: `python -m dev.inside TASK …`."""

import json
import sys

from odoo import api
from odoo.modules.registry import Registry
from odoo.tools import config


def install(database, modules, demo):
    """Install modules and keep all attachments in the database."""
    registry = Registry.new(
        database, update_module=True, install_modules=modules, new_db_demo=demo
    )
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        _refuse_uninstalled(env, modules)
        _keep_attachments_inside(env)
        _quieten(env)
        # Otherwise the first page of every copy compiles them once more.
        env["ir.qweb"]._pregenerate_assets_bundles()


def update(database, modules):
    """Bring installed modules to their present sources."""
    registry = Registry.new(database, update_module=True, upgrade_modules=modules)
    with registry.cursor() as cr:
        _refuse_uninstalled(api.Environment(cr, api.SUPERUSER_ID, {}), modules)


def _refuse_uninstalled(env, modules):
    found = env["ir.module.module"].search(
        [("name", "in", modules), ("state", "=", "installed")]
    )
    missing = sorted(set(modules).difference(found.mapped("name")))
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}")


def _keep_attachments_inside(env):
    env["ir.config_parameter"].set_param("ir_attachment.location", "db")
    env["ir.attachment"].force_storage()


def _quieten(env):
    """Jobs that call Odoo's own services only log warnings on a closed network."""
    for name in (
        "mail.ir_cron_module_update_notification",
        "iap.ir_cron_iap",
        "partner_autocomplete.ir_cron_partner_autocomplete",
    ):
        job = env.ref(name, raise_if_not_found=False)
        if job:
            job.active = False


def main():
    task, configuration, database, arguments = sys.argv[1:]
    config.parse_config(
        ["-c", configuration, "-d", database, "--no-http"], setup_logging=True
    )
    tasks = {"install": install, "update": update}
    tasks[task](database, **json.loads(arguments))


if __name__ == "__main__":
    main()
