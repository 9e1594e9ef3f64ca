from odoo import api, models
from odoo.exceptions import AccessError

from ..base.trust import is_system
from .mail_message import POSTED

# What a customer says of a message of theirs.
CUSTOMER_MAY_SAY = frozenset({"attachment_ids", "body"})
# What no person says of a message: when it was, where it came from, where answers go.
NOT_FOR_PEOPLE = frozenset(
    {
        "author_guest_id",
        "create_date",
        "date",
        "email_from",
        "incoming_email_cc",
        "incoming_email_to",
        "message_id",
        "record_alias_domain_id",
        "record_company_id",
        "reply_to",
        "reply_to_force_new",
    }
)


class AftersalesCase(models.Model):
    """Who may say what, and in whose name.

    What a customer sees of a case is evidence. A person writes in their own name, now,
    and what they write for the customer's eyes counts as an answer: none of it is for
    the caller to choose. The gateway, and our own code on behalf of somebody, say whose
    message it is as superuser.
    """

    _inherit = "aftersales.case"

    def _message_create(self, values_list):
        # The one door through which messages of cases are made.
        posted = self.with_context(aftersales_posted=POSTED)
        return super(AftersalesCase, posted)._message_create(values_list)

    @api.model
    def _get_allowed_message_params(self):
        """What the chatter's routes pass on unchecked, as superuser: not what kind of
        message it is."""
        return super()._get_allowed_message_params() - {"message_type"}

    def message_notify(self, *args, **kwargs):
        """Notify somebody of the case. A person does so in their own name, and tells
        colleagues only: what a customer is told is an answer.

        :raise AccessError: when somebody notifies in another's name, or a customer
        """
        if not self.env.su:
            self._refuse_customers()
            kwargs = self._as_oneself(kwargs)
            told = self.env["res.partner"].sudo().browse(kwargs.get("partner_ids"))
            if told.filtered("partner_share"):
                raise AccessError(
                    self.env._("Answer the customer in the conversation of the case.")
                )
        return super().message_notify(*args, **kwargs)

    def _as_written(self, values):
        """Return the values of a post, with what a person cannot choose put right.

        :param dict values: arguments of ``message_post``
        :raise AccessError: when somebody writes in another's name, or to a customer
            whose case they may only read
        """
        if self._incoming_mail() or is_system(self.env):
            return values
        if "\0" in (values.get("body") or ""):
            values = {**values, "body": values["body"].replace("\0", "")}
        if self.env.user.share:
            return self._as_customer_wrote(values)
        if not self.env.su:
            values = self._as_oneself(values)
        elif values.get("author_id") or values.get("email_from"):
            return values
        if not self._is_public_post(values):
            return values
        if not self.env.su:
            # A rule that posts a notice does so as superuser.
            values = {**values, "message_type": "comment"}
        own = self.env.user.partner_id
        is_answer = values.get("message_type") == "comment"
        if is_answer and not self.sudo()._is_customer(own, False):
            self._check_may_answer()
        return values

    def _as_customer_wrote(self, values):
        """Return the values of a customer's post: it is a message to us, whatever its
        caller calls it. Notices of our own code meanwhile are no words of theirs."""
        author = self._post_author(values)
        if self.env.su and author and not author.partner_share:
            return values
        if not self.env.su:
            values = {key: values[key] for key in CUSTOMER_MAY_SAY & values.keys()}
        return {
            **values,
            "message_type": "comment",
            "subtype_id": False,
            "subtype_xmlid": "mail.mt_comment",
        }

    def _as_oneself(self, values):
        """Return the values of a message in the user's own name.

        :raise AccessError: when it names another author
        """
        own = self.env.user.partner_id
        if values.get("author_id") not in (None, False, own.id):
            raise AccessError(self.env._("You write in your own name only."))
        kept = {key: values[key] for key in values.keys() - NOT_FOR_PEOPLE}
        return {**kept, "author_id": own.id}

    def _check_may_answer(self):
        """Refuse an answer to the customer by somebody who may only read the case.

        :raise AccessError: with what they can do instead
        """
        if not self.sudo(False).has_access("write"):
            raise AccessError(
                self.env._(
                    "You can read case %s, but not answer its customer. Write a note "
                    "to your colleagues instead.",
                    self.sudo().number,
                )
            )
