"""Keep the links that customers have in their mails, without their secrets: those are
signed from now on, and of the former ones a digest is enough to know them again."""


def migrate(cr, version):
    """Replace the secrets of links by their digests.

    :param str version: the version migrated from, empty for an installation
    """
    if not version:
        return
    cr.execute(
        """
        ALTER TABLE aftersales_case
          ADD COLUMN IF NOT EXISTS link_former_hash varchar,
          ADD COLUMN IF NOT EXISTS link_counts_from timestamp,
          ADD COLUMN IF NOT EXISTS access_token varchar
        """
    )
    cr.execute(
        """
        UPDATE aftersales_case
           SET link_former_hash = encode(sha256(access_token::bytea), 'hex'),
               link_counts_from = CASE WHEN stage_kind IN ('closed', 'cancelled')
                                       THEN now() AT TIME ZONE 'UTC' END
        """
    )
    cr.execute("ALTER TABLE aftersales_case DROP COLUMN access_token")
