from odoo import api, models
from odoo.exceptions import AccessError

PEOPLE = ("user_id", "salesperson_id", "partner_id")


class AftersalesCase(models.Model):
    """Who reads a case, and reading many at once for lists and boards."""

    _inherit = "aftersales.case"

    # Who ------------------------------------------------------------------------

    @api.model
    def _is_customers_env(self):
        """Whether a portal or anonymous user asks with their own rights."""
        # Stored by Odoo, so that it costs little; without a user nobody is internal.
        return not self.env.su and (not self.env.uid or self.env.user.share)

    @api.model
    def _refuse_customers(self):
        """Close a view that colleagues have of a case: a customer who may read their
        case may still not see this.

        :raise AccessError: for a portal or anonymous user
        """
        if self._is_customers_env():
            raise AccessError(
                self.env._("This is for colleagues. See your cases under “My Account”.")
            )

    # Many at once ---------------------------------------------------------------

    def _fetch_query(self, query, fields):
        """Read what is planned, and the people of all columns, together.

        Left alone, the ORM asks six times for activities (who may read a case may read
        its activities, but core judges each again, twice) and twice for the people of
        each column.
        """
        planned = self._fields["activity_ids"]
        if planned not in fields:
            return super()._fetch_query(query, fields)
        cases = super()._fetch_query(query, [f for f in fields if f is not planned])
        if cases:
            cases_sudo = cases.sudo()
            planned.read(cases_sudo)
            names = {field.name for field in fields}
            cases_sudo._fetch_people([name for name in PEOPLE if name in names])
        return cases

    def _fetch_people(self, columns):
        """Read the names of all people in some columns and of activities' owners.

        :param columns: names of fields of cases that have been read already
        """
        users = self.activity_ids.user_id
        partners = self.env["res.partner"]
        for name in columns:
            people = self[name]
            if people._name == users._name:
                users |= people
            else:
                partners |= people
        (users.partner_id | partners).mapped("name")
