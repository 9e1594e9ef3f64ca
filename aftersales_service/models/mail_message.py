from odoo import models


class MailMessage(models.Model):
    _inherit = "mail.message"

    # Two workers that fetch the same mail at the same moment do not see each other's
    # message: the database does.
    _aftersales_mail_uniq = models.UniqueIndex(
        "(message_id) WHERE model = 'aftersales.case' AND message_type = 'email'",
        "This e-mail has been received already.",
    )
