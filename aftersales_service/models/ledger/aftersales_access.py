from odoo import api, fields, models

from ...tools.batch_sql import insert_rows
from ...tools.ranges import as_ranges

KINDS = [("export", "Export")]


class AftersalesAccess(models.Model):
    """Who took customers' data out, which and when. Written by the product alone; it is
    read when something has leaked, and when somebody asks who has their data."""

    _name = "aftersales.access"
    _inherit = ["aftersales.sealed.mixin"]
    _description = "After-Sales Access Log"
    _order = "at desc, id desc"
    _rec_name = "kind"

    at = fields.Datetime(required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    model = fields.Char(readonly=True, help="What was read, as Odoo calls it.")
    record_count = fields.Integer(string="Records", readonly=True)
    record_ids = fields.Text(
        string="Which Records",
        readonly=True,
        help="Numbers of the records in the database, as ranges.",
    )
    names = fields.Text(
        string="Fields", readonly=True, help="Which of their fields were read."
    )
    with_contacts = fields.Boolean(
        readonly=True, help="Whether addresses or numbers of customers are among them."
    )

    _at_idx = models.Index("(at DESC, id DESC)")

    def _refusal(self):
        return self.env._("The access log is written by the system alone.")

    @api.model
    def _append(self, kind, records, names, *, with_contacts):
        """Write that the user has read records just now.

        :param str kind: one of ``KINDS``
        :param records: recordset of any model
        :param names: paths of the fields
        """
        line = {
            "at": fields.Datetime.now(),
            "kind": kind,
            "user_id": self.env.uid,
            "company_id": self.env.company.id,
            "model": records._name,
            "record_count": len(records),
            "record_ids": as_ranges(records.ids),
            "names": ", ".join(names),
            "with_contacts": with_contacts,
        }
        insert_rows(self, {name: [value] for name, value in line.items()})
