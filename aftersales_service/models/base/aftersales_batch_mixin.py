import logging

from psycopg2 import OperationalError

from odoo import api, models

_logger = logging.getLogger(__name__)

# Times in a row that the database may ask to repeat a batch.
REPEATS = 5


class AftersalesBatchMixin(models.AbstractModel):
    """Work that a job does in batches: a batch that collides with what others change
    is begun anew, and a record that fails is set apart from the others."""

    _name = "aftersales.batch.mixin"
    _description = "After-Sales Work in Batches"

    @api.model
    def _repeated(self, work, *args):
        """Do a batch. If others changed what it needs since its snapshot was taken,
        begin it anew with another one.

        :param work: function that commits what it has done
        :return: what the function returns
        :raise OperationalError: when it does not get through
        """
        for repeat in range(REPEATS + 1):
            try:
                return work(*args)
            except OperationalError:
                self.env.cr.rollback()
                if repeat == REPEATS:
                    raise
                _logger.info("after-sales work is repeated", exc_info=True)

    @api.model
    def _attempt(self, work, *args):
        """Do some work so that a failure undoes this work alone.

        :return: tuple of what the work returns, and the error or None
        :raise OperationalError: what the database may solve by repeating
        """
        try:
            with self.env.cr.savepoint():
                return work(*args), None
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001
            _logger.info("after-sales work failed", exc_info=True)
            return None, error
