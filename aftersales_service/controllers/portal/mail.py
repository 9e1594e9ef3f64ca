from odoo.http import request

from odoo.addons.portal.controllers.mail import MailController


class CaseMail(MailController):
    """Links in mails about cases."""

    @classmethod
    def _redirect_to_record(cls, model, res_id, access_token=None, **kwargs):
        """Show the customer's page to who is not logged in, instead of a bare login: it
        checks the link, and says what to do when it opens nothing."""
        if model != "aftersales.case" or request.session.uid or not res_id:
            return super()._redirect_to_record(
                model, res_id, access_token=access_token, **kwargs
            )
        carried = {"access_token": access_token, **kwargs}
        query = {
            name: carried[name]
            for name in ("access_token", "pid", "hash")
            if carried.get(name)
        }
        return request.redirect_query(f"/my/cases/{int(res_id)}", query)
