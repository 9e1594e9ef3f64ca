from odoo import models


class AftersalesCase(models.Model):
    """What of the conversation goes when a case turns out to be another customer's."""

    _inherit = "aftersales.case"

    def _on_changed(self, names, before):
        """Let those go who belong to the customer before."""
        super()._on_changed(names, before)
        partners = self.env["res.partner"].sudo()
        for case, old in before.items():
            entity = partners.browse(old.get("partner_id")).commercial_partner_id
            if entity and entity != case.commercial_partner_id:
                case.sudo()._let_go(entity)

    def _let_go(self, entity):
        """Answer the people of a customer no more, and take their mails as those of
        strangers: address, copies and followers go, as the secret link does.

        :param entity: commercial ``res.partner`` whose case it is not
        """
        self.ensure_one()
        theirs = self.message_partner_ids.filtered(
            lambda partner: (
                partner.partner_share and partner.commercial_partner_id == entity
            )
        )
        self.message_unsubscribe(theirs.ids)
        values = {"email_cc": False}
        people = self.env["res.partner"].search(
            [
                ("commercial_partner_id", "=", entity.id),
                ("email_normalized", "=", self.email_normalized),
            ],
            limit=1,
        )
        if self.email_normalized and people:
            values["email_from"] = self.partner_id.email_formatted
        self.write(values)
