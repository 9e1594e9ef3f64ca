from odoo import api, fields, models

from ...tools.core_api import wake_job

WARNING = "mail.mail_activity_data_warning"
MAIL_QUEUE = "mail.ir_cron_mail_scheduler_action"
# In the context of activities: no mail for each, and their people do not follow.
QUIET = {"mail_activity_quick_update": True, "aftersales_notify_only": True}


class AftersalesNotify(models.AbstractModel):
    """How colleagues are notified: by activities and mails that nobody need follow a
    whole case for."""

    _name = "aftersales.notify"
    _description = "After-Sales Notification of Colleagues"

    # Activities -----------------------------------------------------------------

    @api.model
    def _activity_values(self, user, kind=WARNING):
        """Return the values of an activity of today, without its text.

        :param kind: id or external id of the activity type
        """
        if isinstance(kind, str):
            kind = self.env["ir.model.data"]._xmlid_to_res_id(kind, False)
        return {
            "activity_type_id": kind,
            "user_id": user.id,
            "date_deadline": fields.Date.context_today(self.with_context(tz=user.tz)),
            "automated": True,
        }

    @api.model
    def _create_activities(self, values):
        """Create activities without a mail for each, and without letting the people
        follow whole cases.

        :return: ``mail.activity`` records, in the order given
        """
        activities = self.env["mail.activity"].sudo()
        if not values:
            return activities
        return activities.with_context(**QUIET).create(values).with_env(activities.env)

    # Mails ----------------------------------------------------------------------

    @api.model
    def _mail_colleagues(self, mails):
        """Put mails to colleagues into the outbox, with the transaction that causes
        them: they go out once it is committed, and never twice.

        :param list mails: dicts with ``user``, ``company``, ``subject`` and ``body``
            (``Markup``)
        """
        values = [
            self._prepare_colleague_mail(mail)
            for mail in mails
            if mail["user"].partner_id.email_normalized
        ]
        if not values:
            return
        self.env["mail.mail"].sudo().create(values)
        wake_job(self.env, MAIL_QUEUE)

    @api.model
    def _prepare_colleague_mail(self, mail):
        company = mail["company"] or self.env.company
        sender = company.email_formatted or self.env.user.email_formatted
        return {
            "subject": mail["subject"],
            "body_html": mail["body"],
            "email_from": sender,
            "reply_to": sender,
            "author_id": company.partner_id.id,
            "recipient_ids": [fields.Command.link(mail["user"].partner_id.id)],
            "headers": repr({"Auto-Submitted": "auto-generated"}),
            "message_type": "user_notification",
            "auto_delete": True,
        }


class AftersalesCase(models.Model):
    _inherit = "aftersales.case"

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Who is told of one thing does not follow the whole case for it."""
        if self.env.context.get("aftersales_notify_only"):
            return True
        return super().message_subscribe(
            partner_ids=partner_ids, subtype_ids=subtype_ids
        )
