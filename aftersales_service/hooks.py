from odoo.tools import SQL


def post_init_hook(env):
    """Prepare the companies that existed before the addon."""
    env["res.company"].search([])._aftersales_prepare()


def uninstall_hook(env):
    """Take away what the ORM does not know of, or could not remove by itself."""
    env["aftersales.event"]._drop_guard()
    _empty_cases(env)
    _remove_sequences(env)
    _remove_settings(env)
    _remove_automation(env)
    _forget_foreign_keys(env)
    _forget_inherited(env)


def _empty_cases(env):
    """Remove the cases first: shipped stages and policies cannot go before them.

    Row by row and never by TRUNCATE … CASCADE, which would empty whatever table
    refers to a case, a foreign one too.
    """
    for model in ("aftersales.event", "aftersales.clock", "aftersales.case"):
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(env[model]._table)))
    env.invalidate_all(flush=False)


def _remove_sequences(env):
    """The numbering of cases was made per company, so that no file lists it.

    Years first: they would go with their sequence, but leave PostgreSQL's behind.
    """
    sequences = env["ir.sequence"].with_context(active_test=False)
    sequences = sequences.search([("code", "=", "aftersales.case")])
    sequences.date_range_ids.unlink()
    sequences.unlink()


def _remove_settings(env):
    """What users kept for our models under names, which no foreign key ties to us."""
    for model, field_name, pattern in (
        ("ir.config_parameter", "key", "aftersales_service.%"),
        ("ir.exports", "resource", "aftersales.%"),
        ("ir.filters", "model_id", "aftersales.%"),
    ):
        records = env[model].with_context(active_test=False)
        records.search([(field_name, "=like", pattern)]).unlink()


def _remove_automation(env):
    """Through the ORM: the database would leave their conversations behind."""
    ours = [("model_id.model", "=like", "aftersales.%")]
    env["base.automation"].with_context(active_test=False).search(ours).unlink()
    env["ir.actions.server"].search([*ours, ("usage", "!=", "ir_cron")]).unlink()


def _forget_foreign_keys(env):
    """Odoo drops our columns on models of others, but still lists their keys."""
    env["ir.model.constraint"].search(
        [("module.name", "=", "aftersales_service"), ("type", "=", "f")]
    ).filtered(lambda key: not key.model.model.startswith("aftersales.")).unlink()


def _forget_inherited(env):
    """Mixins of others keep external ids of what they gave to our models."""
    for name in ("selection__aftersales_%", "model_inherit__aftersales_%"):
        env["ir.model.data"].search(
            [("name", "=like", name), ("module", "not =like", "aftersales_%")]
        ).unlink()
