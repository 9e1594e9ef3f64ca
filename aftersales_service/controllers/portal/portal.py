from werkzeug.urls import url_encode

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.portal.utils import get_portal_partner

HISTORY = "my_aftersales_cases_history"
MAX_ID = 2**31 - 1


class CasePortal(CustomerPortal):
    """The customer's pages of their cases. No GET changes anything."""

    # Access -------------------------------------------------------------------

    def _get_case(self, case_id, access_token=None):
        """Return the case, superuser, for a visitor who may see it.

        :raise AccessError: when they may not
        :raise MissingError: when there is none, or it was set aside
        """
        case_sudo = self._get_document("aftersales.case", case_id, access_token)
        if case_sudo.mark:
            raise MissingError(self.env._("This case does not exist."))
        return case_sudo

    def _get_document(self, model, document_id, access_token):
        """Return a record in the visitor's language, with all rights but still as
        them: what they do is theirs. Whatever nonsense stands in the address."""
        if document_id > MAX_ID:
            raise MissingError(self.env._("This document does not exist."))
        token = self._current_token(model, document_id, access_token)
        document_sudo = self._document_check_access(model, document_id, token)
        document_sudo = document_sudo.with_user(request.env.user).sudo()
        return document_sudo.with_context(lang=request.env.lang)

    def _current_token(self, model, document_id, access_token):
        """Return a secret as it is made today, None for what cannot be one."""
        if not self._is_text(access_token):
            return None
        if model != "aftersales.case":
            return access_token
        case = request.env[model].browse(document_id).exists()
        return case._current_token(access_token) if case else None

    def _plain(self, value):
        """Return what a browser sent as text: without control characters, which no
        text field takes, and nothing where it is no text at all."""
        if not isinstance(value, str):
            return ""
        return "".join(
            letter for letter in value if letter >= " " or letter in "\t\n\r"
        )

    def _is_text(self, value):
        return isinstance(value, str) and value.isascii()

    def _valid_token(self, record_sudo, access_token):
        """Return the token if it is the record's own, so that a login with an old
        link still has a working page."""
        own = record_sudo.access_token
        token = self._current_token(record_sudo._name, record_sudo.id, access_token)
        return own if own and token and consteq(own, token) else ""

    def _visitor_partner(self, record_sudo, access_token=None, **kwargs):
        """Return who acts: the logged-in person, else whom the link names."""
        if not request.env.user._is_public():
            return request.env.user.partner_id
        pid, signature = kwargs.get("pid"), kwargs.get("hash")
        signed = self._is_text(signature) and str(pid).isdigit()
        partner = get_portal_partner(
            record_sudo,
            signature if signed else None,
            pid if signed else None,
            self._valid_token(record_sudo, access_token),
        )
        return partner.sudo()

    def _link_query(self, access_token=None, message=None, **kwargs):
        """Return the query that carries a visitor's right to the next page."""
        args = {
            "access_token": access_token,
            "pid": kwargs.get("pid"),
            "hash": kwargs.get("hash"),
            "message": message,
        }
        query = url_encode({key: value for key, value in args.items() if value})
        return f"?{query}" if query else ""

    # A link that opens nothing -----------------------------------------------------

    def _closed_case_door(self, case_id, access_token=None):
        """Say why a link opens no case, and offer a fresh one to who held one that is
        over."""
        page = f"/my/cases/{case_id}"
        if self._past_case(case_id, access_token):
            return self._closed_door(page, access_token, fresh_url=f"{page}/link")
        return self._closed_door(page, access_token)

    def _closed_door(self, page, access_token=None, *, fresh_url=None):
        """Say that a link opens nothing, and what to do. What does not exist and what
        is somebody else's look the same.

        :param str page: address that a login may open
        :param str fresh_url: where a fresh link can be asked for
        """
        if not request.env.user._is_public() and not access_token:
            return request.redirect("/my")
        values = {
            "page_name": "aftersales_closed_door",
            "login_url": f"/web/login?{url_encode({'redirect': page})}",
            "fresh_url": fresh_url,
            "access_token": access_token,
        }
        return self._render("aftersales_service.portal_closed_door", values, status=404)

    def _past_case(self, case_id, access_token):
        cases = request.env["aftersales.case"]
        if case_id > MAX_ID:
            return cases
        return cases._portal_case_of_past_link(case_id, access_token)

    @http.route(
        "/my/cases/<int:case_id>/link",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_case_link(self, case_id, access_token=None, **kw):
        """Send a fresh link in place of one that is over, to the customer."""
        case_sudo = self._past_case(case_id, access_token)
        if not case_sudo:
            return self._closed_case_door(case_id, access_token)
        case_sudo._portal_send_link()
        values = {"page_name": "aftersales_closed_door", "sent": True}
        return self._render("aftersales_service.portal_closed_door", values)

    def _render(self, template, values, status=200):
        """Return a page of ours. What stands in its address is nobody else's business:
        no cache keeps it, and no other site is told it."""
        page = request.render(template, values, status=status)
        page.headers["Cache-Control"] = "no-store"
        page.headers["Referrer-Policy"] = "same-origin"
        return page

    # Home and list --------------------------------------------------------------

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "aftersales_case_count" in counters:
            values["aftersales_case_count"] = self._count_cases(self._cases_domain())
        return values

    def _cases_domain(self):
        """Return the domain of the visitor's cases. What a portal user may see of it
        is the record rule's business; an employee sees those of a customer."""
        partner = request.env.user.partner_id
        domain = Domain("commercial_partner_id", "=", partner.commercial_partner_id.id)
        if request.env.user._is_internal():
            domain &= Domain("mark", "=", False)
        return domain

    def _count_cases(self, domain):
        cases = request.env["aftersales.case"]
        return cases.search_count(domain) if cases.has_access("read") else 0

    def _case_sortings(self):
        return {
            "newest": {
                "label": self.env._("Newest"),
                "order": "received_at desc, id desc",
            },
            "oldest": {"label": self.env._("Oldest"), "order": "received_at, id"},
            "subject": {"label": self.env._("Subject"), "order": "name, id"},
        }

    def _case_filters(self):
        return {
            "all": {"label": self.env._("All"), "domain": Domain.TRUE},
            "open": {
                "label": self.env._("Open"),
                "domain": Domain("is_open", "=", True),
            },
            "done": {
                "label": self.env._("Solved or closed"),
                "domain": Domain("is_open", "=", False),
            },
        }

    def _case_inputs(self):
        return {
            "all": {"input": "all", "label": self.env._("Search in all")},
            "number": {"input": "number", "label": self.env._("Search in numbers")},
            "name": {"input": "name", "label": self.env._("Search in subjects")},
            "sale_order_id": {
                "input": "sale_order_id",
                "label": self.env._("Search in orders"),
            },
        }

    def _case_search_domain(self, search_in, search):
        names = ["number", "name", "sale_order_id"]
        wanted = [search_in] if search_in in names else names
        return Domain.OR(Domain(name, "ilike", search) for name in wanted)

    @http.route(
        ["/my/cases", "/my/cases/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_my_cases(
        self, page=1, sortby=None, filterby=None, search=None, search_in="all", **kw
    ):
        """List the visitor's cases."""
        sortings, filters = self._case_sortings(), self._case_filters()
        inputs = self._case_inputs()
        sortby = sortby if sortby in sortings else "newest"
        filterby = filterby if filterby in filters else "all"
        search_in = search_in if search_in in inputs else "all"
        domain = self._cases_domain() & filters[filterby]["domain"]
        search = self._plain(search)
        if search:
            domain &= self._case_search_domain(search_in, search)
        url_args = {
            "sortby": sortby,
            "filterby": filterby,
            "search_in": search_in,
            "search": search or "",
        }
        pager, cases_sudo = self._page_of_cases(
            domain, sortings[sortby]["order"], page, url_args
        )
        request.session[HISTORY] = cases_sudo.ids[:100]
        return self._render(
            "aftersales_service.portal_my_cases",
            {
                **self._prepare_portal_layout_values(),
                **url_args,
                "cases": [case._portal_values() for case in cases_sudo],
                "page_name": "aftersales_case",
                "default_url": "/my/cases",
                "pager": pager,
                "searchbar_sortings": sortings,
                "searchbar_filters": filters,
                "searchbar_inputs": inputs,
            },
        )

    def _page_of_cases(self, domain, order, page, url_args):
        pager = portal_pager(
            url="/my/cases",
            total=self._count_cases(domain),
            page=page,
            step=self._items_per_page,
            url_args=url_args,
        )
        cases = request.env["aftersales.case"]
        if cases.has_access("read"):
            cases = cases.search(
                domain, order=order, limit=self._items_per_page, offset=pager["offset"]
            )
        return pager, cases.sudo()

    # One case -------------------------------------------------------------------

    @http.route(
        "/my/cases/<int:case_id>",
        type="http",
        auth="public",
        website=True,
        readonly=True,
    )
    def portal_my_case(self, case_id, access_token=None, message=None, **kw):
        """Show one case, to its customer or to whoever has its link."""
        try:
            case_sudo = self._get_case(case_id, access_token)
        except (AccessError, MissingError):
            return self._closed_case_door(case_id, access_token)
        return self._render_case(case_sudo, access_token, message=message, **kw)

    def _render_case(self, case_sudo, access_token, **kwargs):
        token = self._valid_token(case_sudo, access_token)
        link = {name: kwargs[name] for name in ("pid", "hash") if kwargs.get(name)}
        values = {
            "case": case_sudo._portal_values(),
            "page_name": "aftersales_case",
            "order_url": self._order_url(case_sudo),
            "query": self._link_query(token, **link),
            "message": kwargs.get("message"),
            "error": kwargs.get("error"),
            "typed": kwargs.get("typed"),
        }
        values = self._get_page_view_values(
            case_sudo, token, values, HISTORY, False, **link
        )
        return self._render("aftersales_service.portal_my_case", values)

    def _order_url(self, case_sudo):
        """Return the address of the order's page for a visitor who may open it with
        their login; the link of a case opens no order."""
        order = case_sudo.sale_order_id.with_env(request.env)
        return f"/my/orders/{order.id}" if order and order.has_access("read") else None

    @http.route(
        "/my/cases/<int:case_id>/accept",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_case_accept(self, case_id, access_token=None, **kw):
        """Accept the solution."""
        try:
            case_sudo = self._get_case(case_id, access_token)
        except (AccessError, MissingError):
            return self._closed_case_door(case_id, access_token)
        partner = self._visitor_partner(case_sudo, access_token, **kw)
        try:
            case_sudo._portal_accept(partner)
        except UserError as error:
            page = self._render_case(case_sudo, access_token, error=str(error), **kw)
            return self._as_refusal(page, error)
        return self._back_to_case(case_sudo, access_token, "accepted", **kw)

    # CSRF is checked by hand: what was typed in a session that has ended meanwhile is
    # shown again instead of being lost on an error page.
    @http.route(
        "/my/cases/<int:case_id>/reject",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        csrf=False,
    )
    def portal_case_reject(self, case_id, access_token=None, text="", **kw):
        """Say that the matter is not solved."""
        try:
            case_sudo = self._get_case(case_id, access_token)
        except (AccessError, MissingError):
            return self._closed_case_door(case_id, access_token)
        text = self._plain(text)
        error = self._csrf_error(kw) or case_sudo._portal_words_refusal(text)
        partner = self._visitor_partner(case_sudo, access_token, **kw)
        try:
            if error:
                raise UserError(error)
            case_sudo._portal_reject(text, partner)
        except UserError as refusal:
            page = self._render_case(
                case_sudo, access_token, error=str(refusal), typed=text, **kw
            )
            return self._as_refusal(page, refusal)
        return self._back_to_case(case_sudo, access_token, "rejected", **kw)

    def _as_refusal(self, page, error):
        """Return a page that says why something was refused, with its status."""
        if isinstance(error, AccessError):
            page.status_code = 403
        return page

    def _csrf_error(self, params):
        """Return a sentence when the form does not come from this visitor's session,
        and take its token out of the parameters."""
        if request.validate_csrf(params.pop("csrf_token", None)):
            return None
        return self.env._(
            "The page had been open for too long, so nothing was sent. Your text is "
            "still here: please send it again."
        )

    def _back_to_case(self, case_sudo, access_token, message, **kwargs):
        token = self._valid_token(case_sudo, access_token)
        query = self._link_query(token, message, **kwargs)
        return request.redirect(f"/my/cases/{case_sudo.id}{query}")
