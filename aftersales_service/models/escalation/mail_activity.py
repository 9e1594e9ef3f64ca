from odoo import fields, models


class MailActivity(models.Model):
    """The task that tells somebody of an escalation acknowledges it when it is done;
    other activities on it, and other people's, do not."""

    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        escalations = self._aftersales_escalations()
        escalations._check_may_acknowledge()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        escalations._acknowledge(fields.Datetime.now())
        return result

    def _aftersales_escalations(self):
        """Return the escalations that wait with these activities."""
        model = self.env["aftersales.escalation"]
        ours = self.filtered(lambda a: a.res_model == model._name and a.automated)
        people = {activity.res_id: activity.user_id for activity in ours}
        records = model.browse(people).exists()
        return records.filtered(
            lambda e: e.sudo().state == "waiting" and e.sudo().user_id == people[e.id]
        )
