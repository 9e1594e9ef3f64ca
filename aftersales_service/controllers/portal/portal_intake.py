from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from .portal import CasePortal

INPUTS = ("subject", "description", "case_type", "key")


class IntakePortal(CasePortal):
    """The form in which a customer reports a problem with their own order, or takes a
    closed case up again."""

    # The customer's order page ----------------------------------------------------

    def _get_page_view_values(
        self, document, access_token, values, session_history, no_breadcrumbs, **kwargs
    ):
        """Show the order's cases and the way to report a problem on its page."""
        values = super()._get_page_view_values(
            document, access_token, values, session_history, no_breadcrumbs, **kwargs
        )
        if document._name == "sale.order":
            values.update(self._order_case_values(document, access_token))
        return values

    def _order_case_values(self, order_sudo, access_token):
        token = self._valid_token(order_sudo, access_token)
        intake = request.env["aftersales.case"]._portal_intake_open(order_sudo)
        return {
            "aftersales_cases": self._order_cases(order_sudo, token),
            "aftersales_new_url": (
                f"/my/orders/{order_sudo.id}/cases/new{self._link_query(token)}"
                if intake
                else None
            ),
        }

    def _order_cases(self, order_sudo, token):
        """Return what the visitor may see of an order's cases: by login what the
        record rules say. The order's link alone shows them where all people of a
        customer see each other's cases; every one of them can get that link."""
        order = order_sudo.with_env(request.env)
        cases = request.env["aftersales.case"]
        domain = [("sale_order_id", "=", order_sudo.id)]
        if order.has_access("read"):
            found = cases.search(domain) if cases.has_access("read") else cases
            return [case._portal_values() for case in found.sudo().sorted("id")]
        if not token or order_sudo.company_id.aftersales_portal_scope != "company":
            return []
        found = cases.sudo().search([*domain, ("mark", "=", False)], order="id")
        return [self._linked_row(case_sudo) for case_sudo in found]

    def _linked_row(self, case_sudo):
        row = case_sudo._portal_values()
        return {**row, "url": row["url"] + self._link_query(case_sudo.access_token)}

    # On an order -------------------------------------------------------------------

    def _get_order(self, order_id, access_token):
        """Return the order, superuser, when the visitor may report problems with it.

        :raise AccessError: when it is not theirs
        :raise MissingError: when there is none, or reporting is switched off
        """
        order_sudo = self._get_document("sale.order", order_id, access_token)
        if not request.env["aftersales.case"]._portal_intake_open(order_sudo):
            raise MissingError(self.env._("Nothing can be reported on this order."))
        return order_sudo

    @http.route(
        "/my/orders/<int:order_id>/cases/new",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        readonly=True,
    )
    def portal_case_new(self, order_id, access_token=None, **kw):
        """Show the form to report a problem with an order."""
        try:
            order_sudo = self._get_order(order_id, access_token)
        except (AccessError, MissingError):
            return self._closed_door(f"/my/orders/{order_id}", access_token)
        return self._render_form(order_sudo, access_token)

    @http.route(
        "/my/orders/<int:order_id>/cases/new",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        csrf=False,
    )
    def portal_case_create(self, order_id, access_token=None, **kw):
        """Open the case that a customer reports on their order."""
        try:
            order_sudo = self._get_order(order_id, access_token)
        except (AccessError, MissingError):
            return self._closed_door(f"/my/orders/{order_id}", access_token)
        visitor = request.env.user.partner_id
        if request.env.user._is_public():
            visitor = visitor.browse()
        partner = order_sudo.env["aftersales.case"]._portal_customer_of(
            order_sudo, visitor.sudo()
        )
        return self._receive_report(order_sudo, access_token, partner, kw)

    # After a closed case --------------------------------------------------------------

    def _is_over(self, case_sudo):
        return case_sudo._portal_values()["can_follow_up"]

    @http.route(
        "/my/cases/<int:case_id>/follow-up",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        readonly=True,
    )
    def portal_case_follow_up(self, case_id, access_token=None, **kw):
        """Show the form that takes a closed case up again by a new one."""
        try:
            case_sudo = self._get_case(case_id, access_token)
        except (AccessError, MissingError):
            return self._closed_case_door(case_id, access_token)
        if not self._is_over(case_sudo):
            return self._back_to_case(case_sudo, access_token, None, **kw)
        return self._render_form(
            case_sudo.sale_order_id, access_token, origin=case_sudo, link=kw
        )

    @http.route(
        "/my/cases/<int:case_id>/follow-up",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        csrf=False,
    )
    def portal_case_follow_up_create(self, case_id, access_token=None, **kw):
        """Open a new case that follows a closed one."""
        try:
            case_sudo = self._get_case(case_id, access_token)
        except (AccessError, MissingError):
            return self._closed_case_door(case_id, access_token)
        if not self._is_over(case_sudo):
            return self._back_to_case(case_sudo, access_token, None, **kw)
        partner = self._visitor_partner(case_sudo, access_token, **kw)
        entity = case_sudo.commercial_partner_id
        if partner.commercial_partner_id != entity:
            partner = case_sudo.partner_id
        return self._receive_report(
            case_sudo.sale_order_id, access_token, partner, kw, origin=case_sudo
        )

    # Both ---------------------------------------------------------------------------

    def _receive_report(self, order_sudo, access_token, partner, params, origin=None):
        """Parse the form, open the case and show it; or show the form again with what
        was typed and a sentence for each mistake."""
        csrf_error = self._csrf_error(params)
        report = self._parse_report(origin)
        env = (origin or order_sudo).with_user(request.env.user).sudo().env
        cases_sudo = env["aftersales.case"]
        errors = cases_sudo._portal_refusals(order_sudo, report)
        if csrf_error:
            errors["form"] = csrf_error
        shown = {"origin": origin, "report": report, "link": params}
        if errors:
            return self._render_form(order_sudo, access_token, errors=errors, **shown)
        try:
            case_sudo = cases_sudo._portal_create(
                order_sudo.with_env(env), report, partner.with_env(env), origin=origin
            )
        except UserError as error:
            errors = {"form": str(error)}
            page = self._render_form(order_sudo, access_token, errors=errors, **shown)
            return self._as_refusal(page, error)
        by_login = case_sudo.with_env(request.env).has_access("read")
        token = "" if by_login else case_sudo.access_token
        return self._back_to_case(case_sudo, token, "created")

    def _parse_report(self, origin):
        """Return the known inputs of the form; nothing else is read from it."""
        form = request.httprequest.form
        files = request.httprequest.files.getlist("attachments")
        report = {name: self._plain(form.get(name)) for name in INPUTS}
        report["key"] = report["key"][:64] or self._new_key()
        report["line_ids"] = form.getlist("line_ids")
        if origin:
            report["line_ids"] = [str(line.id) for line in origin.sale_line_ids]
        report["files"] = [
            (self._plain(file.filename), self._read(file))
            for file in files
            if file.filename
        ]
        return report

    def _read(self, file):
        """Return the content of an uploaded file, also when the request is run a
        second time after a conflict in the database."""
        file.seek(0)
        return file.read()

    def _new_key(self):
        return request.env["aftersales.case"]._portal_new_key()

    def _render_form(
        self, order_sudo, access_token, *, origin=None, report=None, errors=(), link=()
    ):
        cases = request.env["aftersales.case"]
        link = {name: link[name] for name in ("pid", "hash") if name in link}
        token = self._valid_token(origin or order_sudo, access_token)
        query = self._link_query(token, **link)
        source = f"/my/cases/{origin.id}" if origin else f"/my/orders/{order_sudo.id}"
        action = "follow-up" if origin else "cases/new"
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "aftersales_case_new",
            "order_name": order_sudo.name,
            "origin_number": origin and origin.number,
            "lines": [] if origin else self._form_lines(order_sudo),
            "case_types": cases._portal_case_types(),
            "report": report or self._empty_report(origin),
            "errors": dict(errors),
            "action_url": f"{source}/{action}{query}",
            "back_url": f"{source}{query}",
            "lost_files": bool(report and report["files"]),
        }
        return self._render("aftersales_service.portal_case_form", values)

    def _empty_report(self, origin):
        return {
            "subject": origin.name if origin else "",
            "description": "",
            "case_type": origin.case_type if origin else "",
            "key": self._new_key(),
            "line_ids": [],
        }

    def _form_lines(self, order_sudo):
        lines = request.env["aftersales.case"]._portal_order_lines(order_sudo)
        return [
            {
                "id": str(line.id),
                "name": line.name,
                "quantity": f"{line.product_uom_qty:g}",
                "unit": line.product_uom_id.name,
            }
            for line in lines
        ]
