from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.order_reference import order_references


class AftersalesCase(models.Model):
    """Mails that lost their references, and name a case by its number.

    Numbers are sequential and stand in every subject, so a number proves nothing. A
    mail goes into the case it names if our mail server confirms who wrote it; else it
    opens a case of its own, which one click joins to the other.
    """

    _inherit = "aftersales.case"

    perhaps_of_case_id = fields.Many2one(
        "aftersales.case",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_system",
        export_string_translation=False,
    )
    named_case_id = fields.Many2one(
        "aftersales.case",
        string="May Belong To",
        compute="_compute_named_case_id",
        help="A case whose number the mail names; nothing proves that it is from its "
        "customer.",
    )

    @api.depends_context("uid", "allowed_company_ids")
    @api.depends("perhaps_of_case_id")
    def _compute_named_case_id(self):
        """Show the case to whom may see it: a number and a subject are told with it."""
        for case in self:
            named = case.sudo().perhaps_of_case_id.sudo(False)
            case.named_case_id = named._filtered_access("read")

    @api.model
    def _protected_fields(self):
        """Which case a mail names follows from the mail."""
        return super()._protected_fields() | {"perhaps_of_case_id"}

    # Routes -------------------------------------------------------------------

    @api.model
    def _route_named(self, mail, message_dict, route):
        """Return the route of a mail that answers nothing of ours: to the customer's
        case it names, if our mail server confirms who wrote it, else to a case of its
        own that says which one it may belong to."""
        values = route[2] or {}
        named = self._find_named_case(message_dict, values)
        if not named:
            return route
        if named.team_id._vouches_for(mail):
            return (self._name, named.id, *route[2:])
        values = {**values, "perhaps_of_case_id": named.id}
        return (self._name, 0, values, *route[3:])

    @api.model
    def _find_named_case(self, message_dict, values):
        """Return the customer's case whose number stands in the subject of a mail
        that lost its references. A stranger cannot write into another's case by
        naming its number, nor can anyone in a colleague's name to the customer. Each
        company numbers its own cases: the team that was written to says whose it is.

        :param dict message_dict: what the gateway read of the mail
        :param dict values: of the case the mail would open
        """
        numbers = order_references(message_dict.get("subject") or "")
        if not numbers or not any("/" in number for number in numbers):
            return self.browse()
        domain = [("number", "in", list(numbers))]
        team_sudo = self.env["aftersales.team"].sudo().browse(values.get("team_id"))
        if team_sudo:
            domain.append(("company_id", "=", team_sudo.company_id.id))
        cases = self.sudo().search(domain, limit=5)
        author = self._mail_author(message_dict)
        email = message_dict.get("email_from")
        return cases.filtered(lambda case: case._is_customer(author, email))[:1]

    # Deciding -----------------------------------------------------------------

    def action_join_named_case(self):
        """Say that the mail belongs to the case it names: its words, files and promises
        go there, and this case ends. A case that is over is only linked.

        :return: action that shows the other case
        :raise UserError: when the mail names none
        """
        self.ensure_one()
        named = self._named_case()
        now = fields.Datetime.now()
        self.sudo()._write_mirror(
            {"perhaps_of_case_id": False, "origin_case_id": named.id}
        )
        if not named._takes_messages():
            return self._get_records_action()
        for message_sudo in self.sudo().message_ids.sorted("id"):
            if self._is_of_customer(message_sudo):
                named.sudo()._post_again(message_sudo)
        named.sudo()._clocks_absorb(self.sudo(), now)
        cancelled = self.env["aftersales.stage"]._of_kind("cancelled", self.team_id)
        self._transition(cancelled, at=now, cause="joined")
        return named._get_records_action()

    def action_keep_apart(self):
        """Say that the mail is a matter of its own.

        :raise UserError: when it names no other case
        """
        self.ensure_one()
        self._named_case()
        self.sudo()._write_mirror({"perhaps_of_case_id": False})
        return True

    def _named_case(self):
        self.check_access("write")
        if not self.named_case_id:
            raise UserError(self.env._("Somebody has decided about this case already."))
        self.named_case_id.check_access("write")
        return self.named_case_id

    def _post_again(self, message_sudo):
        """Post what a customer wrote to another case."""
        author = message_sudo.author_id
        self.message_post(
            author_id=author.id or False,
            email_from=message_sudo.email_from,
            body=message_sudo.body,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=message_sudo.attachment_ids.ids,
        )
