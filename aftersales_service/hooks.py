def post_init_hook(env):
    """Prepare the companies that existed before the addon."""
    env["res.company"].search([])._aftersales_prepare()


def uninstall_hook(env):
    """Take away what the ORM does not know of: the ledger's trigger function."""
    env["aftersales.event"]._drop_guard()
