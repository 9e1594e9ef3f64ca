from markupsafe import Markup

from odoo import models

from ...tools.core_api import send_to_bus


class AftersalesCase(models.Model):
    """Whom a change of a case concerns: the new owner, and every screen that shows
    it."""

    _inherit = "aftersales.case"

    def _notify_assigned(self):
        """Tell new owners, with one message each however many cases they got. Who
        takes a case needs no message about it."""
        if self.env.context.get("mail_auto_subscribe_no_notify"):
            return
        own = self.filtered(lambda case: case.user_id == self.env.user)
        for user, cases in (self - own).grouped("user_id").items():
            if not user:
                continue
            items = Markup("").join(
                Markup("<li>%s</li>") % case._get_html_link() for case in cases[:50]
            )
            thread = cases if len(cases) == 1 else self.env["mail.thread"]
            thread.message_notify(
                partner_ids=user.partner_id.ids,
                subject=self.env._("After-sales cases assigned to you"),
                body=Markup("<p>%s</p><ul>%s</ul>")
                % (self.env._("These cases are yours now:"), items),
            )

    def _notify_changed(self):
        """Tell open lists and boards that cases of these teams changed. One message
        per company and transaction; it carries no content."""
        companies = self.company_id
        sent = self.env.cr.precommit.data.setdefault("aftersales.changed", set())
        for company in companies.filtered(lambda c: c.id not in sent):
            sent.add(company.id)
            send_to_bus(
                self.env,
                f"aftersales_case_{company.id}",
                "aftersales.case/changed",
                {"company_id": company.id},
            )
