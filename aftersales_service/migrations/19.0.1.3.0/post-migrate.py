"""Drop an index that a wider one replaces: Odoo keeps what it does not know."""


def migrate(cr, version):
    """Drop the index by kind of stage alone.

    :param str version: the version migrated from, empty for an installation
    """
    if version:
        cr.execute("DROP INDEX IF EXISTS aftersales_case__stage_kind_index")
