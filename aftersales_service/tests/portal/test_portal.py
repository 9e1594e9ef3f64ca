"""The customer's pages, by real HTTP: what they see, do and are refused."""

import base64
import re
from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import fields, http
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from ..common import AftersalesCommon, StoppedClock, clause
from ..tools.test_picture import png

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE)\b", re.IGNORECASE)
# Odoo's own bookkeeping of a visit: devices and signaling, not business.
HOUSEKEEPING = re.compile(
    r"res_device_log|orm_signaling|bus_bus|ir_asset|ir_attachment"
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
# A chunk is shorter than it says: Odoo's own code stops at such a picture.
DAMAGED_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0f01f0005050101cf2c3f"
    "3b0000000049454e44ae426082"
)


def xpath_of(selector):
    """Translate tags, ``.class``, ``#id``, ``[attribute]``, ``=`` and ``*=``, spaces
    and ``>``; lxml does it only with a further package."""
    path, axis = "", "//"
    for part in selector.split():
        if part == ">":
            axis = "/"
            continue
        tag = re.match(r"\w*", part).group() or "*"
        tests = [
            f"contains(concat(' ', @class, ' '), ' {name} ')"
            for name in re.findall(r"\.([\w-]+)(?![^\[]*\])", part)
        ]
        tests += [f"@id='{name}'" for name in re.findall(r"#([\w-]+)", part)]
        for name, sign, value in re.findall(r"\[([\w-]+)(?:(\*?=)'([^']*)')?\]", part):
            exact = {"": f"@{name}", "=": f"@{name}='{value}'"}
            tests.append(exact.get(sign, f"contains(@{name}, '{value}')"))
        path += axis + tag + "".join(f"[{test}]" for test in tests)
        axis = "//"
    return path


class PortalCase(AftersalesCommon, HttpCase):
    """Pages and forms as a browser meets them."""

    def _page(self, url, **kwargs):
        """Open a page and return (response, parsed page)."""
        response = self.url_open(url, **kwargs)
        return response, html.fromstring(response.content or b"<html/>")

    def _text(self, page, css):
        return " ".join(
            " ".join(node.text_content().split()) for node in self._find(page, css)
        )

    def _find(self, page, css):
        """Return the nodes of a page by the little of CSS that these tests need."""
        paths = (xpath_of(selector.strip()) for selector in css.split(","))
        return page.xpath(" | ".join(paths))

    def _post(self, url, data=None, *, csrf=True, **kwargs):
        # Without any data the client would send a GET.
        data = dict(data or {"nothing": ""})
        if csrf:
            data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(url, data=data, **kwargs)

    def _form(self, order=None, **values):
        """Return the values of a report about the customer's order."""
        order = order or self.order
        return {
            "key": "4f1c0f0e-8f1b-4d0e-9a4d-0d6a3c0f9a11",
            "subject": "Sole came off",
            "description": "After two days the sole came off.",
            "case_type": "complaint",
            "line_ids": order.order_line[:1].id,
            **values,
        }

    def _new_url(self, order=None, token=None):
        order = order or self.order
        query = f"?access_token={token}" if token else ""
        return f"/my/orders/{order.id}/cases/new{query}"

    def _cases_of(self, order=None):
        return self.env["aftersales.case"].search(
            [("sale_order_id", "=", (order or self.order).id)], order="id"
        )

    def _resolved_case(self, **values):
        case = self._create_case(**values)
        case.action_resolve()
        return case

    def _writes_during(self, url):
        """Return the SQL that changes something while a page is shown."""
        seen = []
        execute = Cursor.execute

        def spy(cursor, query, *args, **kwargs):
            text = query.code if hasattr(query, "code") else str(query)
            if WRITES.match(text) and not HOUSEKEEPING.search(text):
                seen.append(text)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", spy):
            response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        return seen


@tagged("post_install", "-at_install")
class TestPortalPages(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._create_case(sale_order_id=cls.order.id)
        cls.url = f"/my/cases/{cls.case.id}"
        cls.link = f"{cls.url}?access_token={cls.case.access_token}"

    def test_home_counts_the_cases(self):
        self.authenticate("as_portal", "as_portal")
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["aftersales_case_count"]}
        )
        self.assertEqual(counters["aftersales_case_count"], 1)
        _response, page = self._page("/my")
        self.assertTrue(
            self._find(page, "a[href='/my/cases'] [data-placeholder_count]")
            or self._find(page, "a[href='/my/cases']")
        )

    def test_list_shows_own_cases_only(self):
        colleague = self.env["res.partner"].create(
            {"name": "Bo", "parent_id": self.customer_company.id}
        )
        self._create_case(name="Colleague's case", partner_id=colleague.id)
        self._create_case(name="Stranger's case", partner_id=self.other_customer.id)
        self.authenticate("as_portal", "as_portal")
        _response, page = self._page("/my/cases")
        text = self._text(page, "tbody")
        self.assertIn(self.case.name, text)
        self.assertNotIn("Colleague's case", text)
        self.assertNotIn("Stranger's case", text)

        self.company.aftersales_portal_scope = "company"
        _response, page = self._page("/my/cases")
        text = self._text(page, "tbody")
        self.assertIn("Colleague's case", text)
        self.assertNotIn("Stranger's case", text)

    def test_list_searches_sorts_and_filters(self):
        solved = self._resolved_case(name="Alpha is solved")
        self.authenticate("as_portal", "as_portal")
        expected = {
            "?filterby=open": [self.case.number],
            "?filterby=done": [solved.number],
            "?sortby=subject": [solved.number, self.case.number],
            "?sortby=oldest": [self.case.number, solved.number],
            f"?search={self.order.name}&search_in=sale_order_id": [
                solved.number,
                self.case.number,
            ],
            "?search=nothing&search_in=sale_order_id": [],
            f"?search={solved.number}": [solved.number],
            "?search=alpha&search_in=name": [solved.number],
            "?search=nothing+like+it": [],
            "?sortby=x&filterby=y&search_in=z&search=alpha": [solved.number],
        }
        for query, numbers in expected.items():
            with self.subTest(query=query):
                _response, page = self._page(f"/my/cases{query}")
                found = [n.text for n in self._find(page, "tbody .o_aftersales_number")]
                self.assertEqual(found, numbers)

    def test_nonsense_is_answered_with_a_page(self):
        self._create_case()
        self.authenticate("as_portal", "as_portal")
        for query in ("search=%00", "search=a%00b", "search=%ff", "search=%1b&page=1"):
            with self.subTest(query=query):
                response, _page = self._page(f"/my/cases?{query}")
                self.assertEqual(response.status_code, 200)

    def test_list_pages(self):
        for number in range(81):
            self._create_case(name=f"Case {number}")
        self.authenticate("as_portal", "as_portal")
        _response, page = self._page("/my/cases/page/2")
        self.assertEqual(len(self._find(page, "tbody tr")), 2)

    @clause("FT-52")
    def test_page_by_login_and_by_link(self):
        for login, url in (("as_portal", self.url), (None, self.link)):
            with self.subTest(login=login):
                self.authenticate(login, login)
                _response, page = self._page(url)
                text = page.text_content()
                self.assertIn(self.case.name, text)
                self.assertIn(self.case.number, text)
                self.assertIn(self.team.name, text)
                self.assertIn(self.order.name, text)
                self.assertIn("We will answer by", text)
                self.assertIn("We expect to solve it by", text)
                self.assertIn("not yet", text)
                chatter = self._find(page, ".o_portal_chatter")[0]
                token = self.case.access_token if not login else ""
                self.assertEqual(chatter.get("data-token") or "", token)

    def test_page_shows_nothing_internal(self):
        self.case.write({"user_id": self.user_specialist.id})
        self.case.message_post(
            body="Difficult customer",
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        self.authenticate(None, None)
        response = self.url_open(self.link)
        for secret in (self.user_specialist.name, "Difficult customer", "specialist"):
            self.assertNotIn(secret, response.text)

    def test_order_is_a_link_for_the_logged_in_only(self):
        self.authenticate("as_portal", "as_portal")
        _response, page = self._page(self.url)
        self.assertTrue(self._find(page, f"a[href='/my/orders/{self.order.id}']"))
        self.authenticate(None, None)
        _response, page = self._page(self.link)
        self.assertFalse(self._find(page, f"a[href*='/my/orders/{self.order.id}']"))

    def test_steps_in_words(self):
        self.authenticate(None, None)
        _response, page = self._page(self.link)
        self.assertEqual(len(self._find(page, ".o_aftersales_step.o_done")), 1)
        self.case.action_resolve()
        _response, page = self._page(self.link)
        done = self._text(page, ".o_aftersales_step.o_done")
        self.assertIn("Received", done)
        self.assertIn("Solved", done)

    def test_get_changes_nothing(self):
        self._resolved_case(name="Another one", sale_order_id=self.order.id)
        self.authenticate("as_portal", "as_portal")
        for url in ("/my/cases", self.url, self._new_url()):
            with self.subTest(url=url):
                self.url_open(url)
                self.assertEqual(self._writes_during(url), [])
        self.authenticate(None, None)
        self.url_open(self.link)
        self.assertEqual(self._writes_during(self.link), [])

    def test_accept_and_reject_are_not_reached_by_get(self):
        self.case.action_resolve()
        self.authenticate("as_portal", "as_portal")
        with mute_logger("odoo.http"):
            for action in ("accept", "reject"):
                response = self.url_open(f"{self.url}/{action}")
                self.assertEqual(response.status_code, 405)
        self.assertEqual(self.case.stage_kind, "resolved")
        self.assertFalse(self.case.accepted_at)

    def test_set_aside_is_gone_for_the_customer(self):
        self.case._set_aside("void", "Entered twice")
        self.authenticate(None, None)
        response = self.url_open(self.link, allow_redirects=False)
        self.assertEqual(response.status_code, 404)
        with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
            self.make_jsonrpc_request(
                "/mail/chatter_fetch",
                {
                    "thread_model": "aftersales.case",
                    "thread_id": self.case.id,
                    "token": self.case.access_token,
                },
            )

    def test_link_dies_when_the_case_goes_to_another_customer(self):
        token = self.case.access_token
        self.case.write({"sale_order_id": False})
        self.case.write({"partner_id": self.customer_company.id})
        self.assertEqual(self.case.access_token, token, "the same company")
        self.case.write({"partner_id": self.other_customer.id})
        self.assertNotEqual(self.case.access_token, token)
        self.authenticate(None, None)
        response = self.url_open(self.link, allow_redirects=False)
        self.assertEqual(response.status_code, 404)

    def test_nonsense_in_the_address(self):
        self.authenticate("as_portal", "as_portal")
        for url in (
            "/my/cases/99999999999999999999",
            "/my/cases/0",
            f"{self.url}?access_token=%C3%A9&pid=x&hash=%C3%A9",
            f"/my/cases/{self.case.id}?pid=99999999999999&hash=abc",
        ):
            with self.subTest(url=url):
                self.assertLess(self.url_open(url).status_code, 400)

    def test_each_new_case_has_its_own_link(self):
        cases = self.env["aftersales.case"].create(
            [{"name": str(i), "team_id": self.team.id} for i in range(3)]
        )
        self.assertEqual(len(set(cases.mapped("access_token"))), 3)
        self.assertNotIn(False, cases.mapped("access_token"))


@tagged("post_install", "-at_install")
class TestPortalDecision(PortalCase):
    def test_accept_closes(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        response = self._post(f"/my/cases/{case.id}/accept")
        self.assertIn("Thank you for telling us that it is solved", response.text)
        self.assertEqual(case.stage_kind, "closed")
        self.assertTrue(case.accepted_at)
        line = self._events(case, "accepted")
        self.assertEqual(line.actor_kind, "customer")
        self.assertEqual(line.actor_id, self.customer.id)
        self.assertEqual(self._events(case, "stage_changed")[-1].actor_kind, "customer")

    def test_accept_by_link(self):
        case = self._resolved_case()
        self.authenticate(None, None)
        self._post(f"/my/cases/{case.id}/accept?access_token={case.access_token}")
        self.assertEqual(case.stage_kind, "closed")
        self.assertEqual(self._events(case, "accepted").actor_id, self.customer.id)

    def test_accept_twice_is_once(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        self._post(f"/my/cases/{case.id}/accept")
        accepted_at = case.accepted_at
        response = self._post(f"/my/cases/{case.id}/accept")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(case.accepted_at, accepted_at)
        self.assertEqual(len(self._events(case, "accepted")), 1)

    def test_accept_needs_a_solution(self):
        case = self._create_case()
        self.authenticate("as_portal", "as_portal")
        response = self._post(f"/my/cases/{case.id}/accept")
        self.assertIn("There is no solution to accept", response.text)
        self.assertFalse(case.accepted_at)
        self.assertEqual(case.stage_kind, "new")

    def test_accept_without_csrf_is_refused(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        with mute_logger("odoo.http"):
            response = self._post(f"/my/cases/{case.id}/accept", csrf=False)
        self.assertEqual(response.status_code, 400)
        self.assertFalse(case.accepted_at)

    def test_not_solved_reopens(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        self._post(f"/my/cases/{case.id}/reject", {"text": "Still <b>hums</b>"})
        self.assertEqual(case.stage_kind, "working")
        self.assertEqual(case.cycle, 2)
        self.assertEqual(self._events(case, "rejected").actor_id, self.customer.id)
        moves = self._events(case, "stage_changed")
        self.assertEqual(moves[-1].cause, "customer_not_solved")
        message = case.website_message_ids.sorted("id")[-1]
        self.assertEqual(message.author_id, self.customer)
        self.assertIn("Still &lt;b&gt;hums&lt;/b&gt;", message.body)

    def test_not_solved_without_words_by_link(self):
        case = self._resolved_case()
        self.authenticate(None, None)
        token = f"?access_token={case.access_token}"
        self._post(f"/my/cases/{case.id}/reject{token}")
        self.assertEqual(case.stage_kind, "working")
        message = case.website_message_ids.sorted("id")[-1]
        self.assertEqual(message.author_id, self.customer)
        self.assertIn("It is not solved.", message.body)

    def test_not_solved_twice_is_once(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        for _click in range(2):
            self._post(f"/my/cases/{case.id}/reject", {"text": "Still hums"})
        self.assertEqual(len(self._events(case, "rejected")), 1)
        self.assertEqual(case.cycle, 2)
        self.assertEqual(len(case.website_message_ids), 1)

    def test_not_solved_keeps_the_text_of_an_ended_session(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        for csrf in (False, True):
            data = {"text": "Still hums"} | ({} if not csrf else {"csrf_token": "bad"})
            response = self._post(f"/my/cases/{case.id}/reject", data, csrf=False)
            page = html.fromstring(response.content)
            self.assertIn("nothing was sent", self._text(page, ".alert-danger"))
            self.assertEqual(self._find(page, "#reject_text")[0].text, "Still hums")
        self.assertEqual(case.stage_kind, "resolved")

    def test_not_solved_with_a_book_of_text(self):
        case = self._resolved_case()
        self.authenticate("as_portal", "as_portal")
        text = "x" * 30_000
        response = self._post(f"/my/cases/{case.id}/reject", {"text": text})
        page = html.fromstring(response.content)
        self.assertIn("30000 characters", self._text(page, ".alert-danger"))
        self.assertEqual(self._find(page, "#reject_text")[0].text, text)
        self.assertEqual(case.stage_kind, "resolved")

    def _closed_long_ago(self):
        case = self._resolved_case(sale_order_id=self.order.id)
        case.action_close()
        case._write_mirror({"closed_at": fields.Datetime.now() - timedelta(days=60)})
        return case

    def test_too_late_offers_a_new_case(self):
        case = self._closed_long_ago()
        self.authenticate("as_portal", "as_portal")
        _response, page = self._page(f"/my/cases/{case.id}")
        self.assertFalse(self._find(page, "[name='reject'], [name='accept']"))
        link = self._find(page, f"a[href='/my/cases/{case.id}/follow-up']")
        self.assertTrue(link)
        chatter = self._find(page, ".o_portal_chatter")[0]
        self.assertEqual(chatter.get("data-allow_composer"), "0")
        response = self._post(f"/my/cases/{case.id}/reject", {"text": "Again"})
        self.assertIn("closed more than 14 days ago", response.text)
        page = html.fromstring(response.content)
        self.assertEqual(self._text(page, ".o_aftersales_typed"), "Again")
        self.assertEqual(case.stage_kind, "closed")

    def test_follow_up_by_link(self):
        case = self._closed_long_ago()
        self.authenticate(None, None)
        url = f"/my/cases/{case.id}/follow-up?access_token={case.access_token}"
        _response, page = self._page(url)
        self.assertEqual(self._find(page, "#subject")[0].get("value"), case.name)
        self._post(url, self._form(line_ids=self.other_order.order_line[:1].id))
        new = self._cases_of() - case
        self.assertEqual(new.origin_case_id, case)
        self.assertEqual(new.partner_id, self.customer)
        self.assertEqual(new.sale_order_id, self.order)
        self.assertFalse(new.sale_line_ids)

    def test_follow_up_of_a_living_case_is_refused(self):
        case = self._create_case(sale_order_id=self.order.id)
        self.authenticate("as_portal", "as_portal")
        self._post(f"/my/cases/{case.id}/follow-up", self._form())
        self.assertEqual(self._cases_of(), case)

    def test_guards_stand_in_the_model(self):
        late = self._closed_long_ago()
        with self.assertRaises(UserError):
            late._portal_reject("x", self.customer)
        with self.assertRaises(UserError):
            self._create_case()._portal_accept(self.customer)


@tagged("post_install", "-at_install")
class TestPortalIntake(PortalCase):
    def setUp(self):
        super().setUp()
        self.authenticate("as_portal", "as_portal")

    def _refused(self, response, field=None):
        """Return the sentences of a form that was refused."""
        self.assertEqual(response.status_code, 200)
        self.assertFalse(self._cases_of())
        page = html.fromstring(response.content)
        self.assertTrue(self._find(page, ".o_aftersales_errors"))
        return page, self._text(page, ".o_aftersales_errors, .o_aftersales_error")

    def test_order_page_offers_the_form(self):
        _response, page = self._page(f"/my/orders/{self.order.id}")
        link = self._find(page, "a.o_aftersales_report")[0]
        self.assertEqual(link.get("href"), self._new_url())
        self.company.aftersales_portal_intake = False
        _response, page = self._page(f"/my/orders/{self.order.id}")
        self.assertFalse(self._find(page, "a.o_aftersales_report"))
        response = self.url_open(self._new_url(), allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self._post(self._new_url(), self._form())
        self.assertFalse(self._cases_of())

    def test_order_page_lists_its_cases(self):
        case = self._create_case(sale_order_id=self.order.id)
        hidden = self._create_case(name="Test entry", sale_order_id=self.order.id)
        hidden._set_aside("test", "Trying it out")
        _response, page = self._page(f"/my/orders/{self.order.id}")
        text = self._text(page, "#aftersales_cases")
        self.assertIn(case.number, text)
        self.assertNotIn(hidden.number, text)

    def test_order_link_shows_cases_only_where_colleagues_see_them(self):
        case = self._create_case(sale_order_id=self.order.id)
        self.authenticate(None, None)
        token = self.order._portal_ensure_token()
        url = f"/my/orders/{self.order.id}?access_token={token}"
        _response, page = self._page(url)
        self.assertFalse(self._find(page, "#aftersales_cases"))
        self.company.aftersales_portal_scope = "company"
        _response, page = self._page(url)
        link = self._find(page, "#aftersales_cases a")[0].get("href")
        self.assertIn(case.access_token, link)

    def test_report_by_login(self):
        response = self._post(self._new_url(), self._form())
        case = self._cases_of()
        self.assertEqual(len(case), 1)
        self.assertURLEqual(response.url, f"/my/cases/{case.id}?message=created")
        self.assertIn("We have your report", response.text)
        self.assertRecordValues(
            case,
            [
                {
                    "name": "Sole came off",
                    "channel": "portal",
                    "case_type": "complaint",
                    "partner_id": self.customer.id,
                    "sale_order_id": self.order.id,
                    "sale_line_ids": self.order.order_line.ids,
                    "company_id": self.company.id,
                    "stage_kind": "new",
                }
            ],
        )
        self.assertIn("After two days the sole came off.", case.description)
        message = case.website_message_ids
        self.assertEqual(message.author_id, self.customer)
        self.assertIn("After two days", message.body)
        self.assertIn(self.customer, case.message_partner_ids)
        received = self._events(case, "received")
        self.assertEqual(
            (received.actor_kind, received.actor_id), ("customer", self.customer.id)
        )

    def test_every_type_on_offer_can_be_reported(self):
        _response, page = self._page(self._new_url())
        offered = [o.get("value") for o in self._find(page, "#case_type option")]
        self.assertIn("return", offered)
        self.assertNotIn("maintenance", offered)
        for case_type in offered:
            self._post(self._new_url(), self._form(case_type=case_type, key=case_type))
        self.assertEqual(self._cases_of().mapped("case_type"), offered)

    def test_report_by_order_link(self):
        self.authenticate(None, None)
        token = self.order._portal_ensure_token()
        response = self._post(self._new_url(token=token), self._form())
        case = self._cases_of()
        self.assertEqual(case.partner_id, self.order.partner_id)
        self.assertIn(case.access_token, response.url)
        self.assertIn("We have your report", response.text)
        self.assertEqual(case.website_message_ids.author_id, self.customer)

    def test_only_text_is_needed(self):
        values = {"description": "It squeaks.\nVery loud.", "case_type": "enquiry"}
        self._post(self._new_url(), values)
        case = self._cases_of()
        self.assertEqual(case.name, "It squeaks.")
        self.assertFalse(case.sale_line_ids)

    def test_attachments_arrive(self):
        files = [
            ("attachments", ("sole.png", PNG, "image/png")),
            ("attachments", ("list.txt", b"one\ntwo", "text/plain")),
        ]
        self._post(self._new_url(), self._form(), files=files)
        case = self._cases_of()
        attachments = case.website_message_ids.attachment_ids
        self.assertEqual(sorted(attachments.mapped("name")), ["list.txt", "sole.png"])
        self.assertEqual(set(attachments.mapped("res_id")), {case.id})

    def test_same_form_twice_is_one_case(self):
        first = self._post(self._new_url(), self._form())
        second = self._post(self._new_url(), self._form())
        self.assertEqual(len(self._cases_of()), 1)
        self.assertURLEqual(second.url, first.url)
        self.assertEqual(len(self._cases_of().website_message_ids), 1)

    def test_race_of_the_same_form_is_one_case(self):
        """The twin is not visible yet when it is looked for: the unique index stops
        the second one, the request is tried again and finds the first."""
        self._post(self._new_url(), self._form())
        Case = self.env.registry["aftersales.case"]
        search = Case.search
        blind = []

        def late_search(cases, domain, *args, **kwargs):
            if "portal_key" in str(domain) and not blind:
                blind.append(True)
                return cases.browse()
            return search(cases, domain, *args, **kwargs)

        with patch.object(Case, "search", late_search):
            response = self._post(self._new_url(), self._form())
        self.assertTrue(blind)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(len(self._cases_of()), 1)

    def test_key_of_another_customer_is_worth_nothing(self):
        self._post(self._new_url(), self._form())
        self.authenticate("as_portal_other", "as_portal_other")
        self._post(self._new_url(self.other_order), self._form(self.other_order))
        self.assertEqual(len(self._cases_of(self.other_order)), 1)
        self.assertEqual(len(self._cases_of()), 1)

    def test_text_is_needed(self):
        response = self._post(self._new_url(), self._form(description="  \n "))
        page, sentences = self._refused(response)
        self.assertIn("Please write what happened", sentences)
        self.assertEqual(self._find(page, "#subject")[0].get("value"), "Sole came off")

    def test_a_megabyte_of_text_is_refused_and_kept(self):
        text = "word " * 200_000
        response = self._post(self._new_url(), self._form(description=text))
        page, sentences = self._refused(response)
        self.assertIn("20000 is the limit", sentences)
        self.assertEqual(self._find(page, "#description")[0].text.strip(), text.strip())
        self.assertTrue(self._find(page, "input[name='line_ids'][checked]"))
        selected = self._find(page, "option[selected]")[0]
        self.assertEqual(selected.get("value"), "complaint")
        key = self._find(page, "input[name='key']")[0].get("value")
        self.assertEqual(key, self._form()["key"])

    def test_long_subject_is_refused(self):
        response = self._post(self._new_url(), self._form(subject="s" * 201))
        self.assertIn("200 is the limit", self._refused(response)[1])

    def test_unknown_type_is_refused(self):
        for case_type in ("maintenance", "nonsense", ""):
            response = self._post(self._new_url(), self._form(case_type=case_type))
            self.assertIn("choose what it is about", self._refused(response)[1])

    def test_foreign_and_nonsense_lines_are_refused(self):
        foreign = self.other_order.order_line[:1].id
        for line_id in (foreign, "nonsense", "99999999999999999999", "-1"):
            with self.subTest(line_id=line_id):
                response = self._post(self._new_url(), self._form(line_ids=line_id))
                self.assertIn("not on this order", self._refused(response)[1])

    def test_script_is_text(self):
        script = "<script>alert(1)</script><img src=x onerror=alert(2)>"
        self._post(self._new_url(), self._form(subject=script, description=script))
        case = self._cases_of()
        self.assertEqual(case.name, script)
        for markup in (case.description, case.website_message_ids.body):
            self.assertNotIn("<script", markup)
            self.assertNotIn("<img", markup)
            self.assertIn("&lt;script&gt;", markup)
        for url in (f"/my/cases/{case.id}", "/my/cases", f"/my/orders/{self.order.id}"):
            self.assertNotIn("<script>alert(1)", self.url_open(url).text)
        refused = self._post(self._new_url(), self._form(subject=script, case_type="x"))
        self.assertNotIn("<script>alert(1)", refused.text)

    def test_unknown_inputs_are_ignored(self):
        hostile = {
            "partner_id": self.other_customer.id,
            "sale_order_id": self.other_order.id,
            "stage_id": self._stage("closed").id,
            "priority": "3",
            "user_id": self.user_manager.id,
            "company_id": 99,
        }
        self._post(self._new_url(), self._form(**hostile))
        self.assertRecordValues(
            self._cases_of(),
            [
                {
                    "partner_id": self.customer.id,
                    "stage_kind": "new",
                    "user_id": False,
                    "priority": "1",
                }
            ],
        )

    def test_foreign_order_is_refused(self):
        token = self.order._portal_ensure_token()
        for url in (
            self._new_url(self.other_order),
            self._new_url(self.other_order, token),
            "/my/orders/99999999999999/cases/new",
            "/my/orders/0/cases/new",
        ):
            with self.subTest(url=url):
                for response in (
                    self.url_open(url, allow_redirects=False),
                    self._post(url, self._form(), allow_redirects=False),
                ):
                    self.assertIn(response.status_code, (303, 404))
        self.assertFalse(self._cases_of(self.other_order))

    def test_quotation_has_no_form(self):
        quotation = self._create_order(self.customer, confirm=False)
        quotation.state = "sent"
        self._post(self._new_url(quotation), self._form(quotation))
        self.assertFalse(self._cases_of(quotation))

    def test_without_csrf_nothing_is_sent_and_nothing_lost(self):
        for token in ({}, {"csrf_token": "bad"}):
            response = self._post(self._new_url(), self._form() | token, csrf=False)
            page, sentences = self._refused(response)
            self.assertIn("nothing was sent", sentences)
            self.assertEqual(
                self._find(page, "#description")[0].text.strip(),
                "After two days the sole came off.",
            )

    def test_control_characters_are_left_out(self):
        for number, name in enumerate(("subject", "description", "key", "case_type")):
            form = self._form(key=f"key-{number}")
            form[name] += "\0\x1b"
            with self.subTest(name=name):
                response = self._post(self._new_url(), form)
                self.assertEqual(response.status_code, 200)
        self.assertEqual(len(self._cases_of()), 4)
        self.assertEqual(set(self._cases_of().mapped("name")), {"Sole came off"})

    def test_files_are_limited(self):
        big = ("big.pdf", b"%PDF-1.4" + b"0" * (10 * 1024 * 1024), "application/pdf")
        cases = {
            "at most 10 files": [("f.txt", b"x", "text/plain")] * 11,
            "larger than 10 MB": [big],
            "is empty": [("empty.png", b"", "image/png")],
            "“run.exe” is not a file": [("run.exe", b"MZ" + b"0" * 99, "image/png")],
            "“page.html” is not": [("page.html", b"<html/>", "text/html")],
            "“pic.svg” is not": [("pic.svg", b"<svg/>", "image/svg+xml")],
            "“fake.png” is not": [("fake.png", b"<html><script/>", "image/png")],
            "more than 50 megapixels": [("huge.png", png(20_000, 20_000), "image/png")],
            "“cut.png” cannot be read": [("cut.png", DAMAGED_PNG, "image/png")],
            "“note.txt” is not": [("note.txt", b"<html><body/></html>", "text/plain")],
        }
        for sentence, files in cases.items():
            with self.subTest(sentence=sentence):
                response = self._post(
                    self._new_url(),
                    self._form(),
                    files=[("attachments", file) for file in files],
                )
                page, sentences = self._refused(response)
                self.assertIn(sentence, sentences)
                self.assertIn("Choose your files again", sentences)
                self.assertEqual(
                    self._find(page, "#subject")[0].get("value"), "Sole came off"
                )

    def test_files_in_the_place_of_text_do_no_harm(self):
        files = [
            ("description", ("d.txt", b"x", "text/plain")),
            ("subject", ("s.txt", b"x", "text/plain")),
        ]
        data = {"case_type": "enquiry"}
        self._refused(self._post(self._new_url(), data, files=files))


@tagged("post_install", "-at_install")
class TestPortalConversation(PortalCase):
    """Odoo's own conversation on our page: reply and attach, with and without login."""

    def setUp(self):
        super().setUp()
        self.case = self._create_case()

    def _say(self, body="Any news?", **access):
        return self.make_jsonrpc_request(
            "/mail/message/post",
            {
                "thread_model": "aftersales.case",
                "thread_id": self.case.id,
                "post_data": {
                    "body": body,
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_comment",
                    **access.pop("post_data", {}),
                },
                **access,
            },
        )

    def _last(self):
        return self.case.website_message_ids.sorted("id")[-1:]

    def test_reply_by_login(self):
        self.authenticate("as_portal", "as_portal")
        self._say()
        self.assertEqual(self._last().author_id, self.customer)

    def test_reply_by_link(self):
        self.authenticate(None, None)
        self._say(token=self.case.access_token)
        self.assertEqual(self._last().author_id, self.customer)

    def test_reply_by_mail_link_of_a_colleague(self):
        colleague = self.env["res.partner"].create(
            {
                "name": "Bo",
                "email": "bo@gemini.example.com",
                "parent_id": self.customer_company.id,
            }
        )
        self.authenticate(None, None)
        self._say(pid=colleague.id, hash=self.case._sign_token(colleague.id))
        self.assertEqual(self._last().author_id, colleague)

    def test_reply_of_an_unknown_sender_by_link(self):
        self.case = self.env["aftersales.case"].create(
            {
                "name": "Who am I",
                "team_id": self.team.id,
                "email_from": '"Stranger" <stranger@nowhere.example.com>',
            }
        )
        self.authenticate(None, None)
        self._say(token=self.case.access_token)
        self.assertFalse(self._last().author_id)
        self.assertEqual(
            self._last().email_from, '"Stranger" <stranger@nowhere.example.com>'
        )

    def test_wrong_link_is_refused(self):
        self.authenticate(None, None)
        other = self._create_case()
        for token in ("wrong", other.access_token, ""):
            with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
                self._say(token=token)
        self.assertFalse(self.case.website_message_ids)

    def test_attach_by_link(self):
        self.authenticate(None, None)
        token = self.case.access_token
        response = self._post(
            "/mail/attachment/upload",
            {
                "thread_model": "aftersales.case",
                "thread_id": self.case.id,
                "is_pending": "true",
                "token": token,
            },
            files=[("ufile", ("sole.png", PNG, "image/png"))],
        )
        data = response.json()["data"]
        attachment_id = data["attachment_id"]
        stored = data["store_data"]["ir.attachment"][0]
        self._say(
            token=token,
            post_data={
                "attachment_ids": [attachment_id],
                "attachment_tokens": [stored["ownership_token"]],
            },
        )
        self.assertEqual(self._last().attachment_ids.ids, [attachment_id])
        self.assertEqual(self._last().attachment_ids.res_id, self.case.id)

    def test_internal_notes_stay_inside(self):
        self.case.message_post(
            body="Difficult customer",
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        self.case.message_post(
            body="Welcome", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        params = {"thread_model": "aftersales.case", "thread_id": self.case.id}
        for login, access in (
            ("as_portal", {}),
            (None, {"token": self.case.access_token}),
        ):
            with self.subTest(login=login):
                self.authenticate(login, login)
                result = self.make_jsonrpc_request(
                    "/mail/chatter_fetch", {**params, **access}
                )
                bodies = str(result["data"]["mail.message"])
                self.assertIn("Welcome", bodies)
                self.assertNotIn("difficult", bodies)


@tagged("post_install", "-at_install")
class TestPortalPromises(AftersalesCommon):
    """What the page says of times, from clocks given to it."""

    freeze_time = StoppedClock("2026-11-20 08:00:00")

    def _sentence(self, case, now="2026-11-20 08:00:00", **clock):
        clock = self.env["aftersales.clock"].new(
            {
                "case_id": case.id,
                "kind": "first_response",
                "state": "running",
                "outcome": "none",
                "deadline": "2026-11-24 14:00:00",
                **clock,
            }
        )
        with patch.object(
            type(case), "clock_ids", new=property(lambda self: clock), create=True
        ):
            promises = case._portal_promises(fields.Datetime.to_datetime(now))
        return promises

    def test_answer_in_the_customers_zone(self):
        case = self._create_case()
        promise = self._sentence(case)[0]
        self.assertRegex(
            promise["sentence"], r"answer by Tue, Nov 24, 3:00\sPM \(Madrid time\)"
        )
        self.assertFalse(promise["late"])
        self.customer.tz = "Asia/Shanghai"
        promise = self._sentence(case)[0]
        self.assertRegex(promise["sentence"], r"10:00\sPM \(Shanghai time\)")

    def test_zone_without_a_customer(self):
        case = self.env["aftersales.case"].create(
            {"name": "x", "team_id": self.team.id}
        )
        self.assertRegex(self._sentence(case)[0]["sentence"], r"\(Madrid time\)")
        self.company.aftersales_tz = "UTC"
        self.assertRegex(self._sentence(case)[0]["sentence"], r"2:00\sPM \(UTC\)")

    def test_late_is_said(self):
        case = self._create_case()
        for values in ({"now": "2026-11-24 14:00:01"}, {"outcome": "breached"}):
            promise = self._sentence(case, **values)[0]
            self.assertTrue(promise["late"])
            self.assertIn("We are sorry", promise["sentence"])

    def test_paused_is_said(self):
        case = self._create_case()
        case.action_wait_customer()
        promise = self._sentence(
            case, kind="resolution", state="paused", deadline=False
        )[0]
        self.assertEqual(promise["sentence"], "We go on as soon as you reply.")

    def test_a_case_that_is_over_promises_nothing(self):
        case = self._create_case()
        case.action_resolve()
        self.assertEqual(self._sentence(case), [])

    def test_what_is_no_promise_to_him_is_not_told(self):
        case = self._create_case()
        for values in (
            {"kind": "acknowledgement"},
            {"state": "stopped", "outcome": "met"},
            {"state": "stopped", "outcome": "void"},
            {"deadline": False},
        ):
            self.assertEqual(self._sentence(case, **values), [])


@tagged("post_install", "-at_install")
class TestWhoIsACustomer(AftersalesCommon):
    """Who reads no more than what is open to customers."""

    def setUp(self):
        super().setUp()
        self.case = self._create_case()

    def test_by_his_groups_and_at_once(self):
        """A person who is made a customer, or a colleague, is one from then on."""
        case = self.case.with_user(self.user_manager)
        case.user_id = self.user_manager
        self.assertFalse(case._is_customers_env())
        self.assertTrue(case.read(["priority"]))
        groups = self.user_manager.group_ids
        self.user_manager.group_ids = self.env.ref("base.group_portal")
        self.user_manager.partner_id = self.customer
        self.assertTrue(case._is_customers_env())
        self.assertTrue(case.read(["name"]))
        with self.assertRaises(AccessError):
            case.read(["priority"])
        self.user_manager.group_ids = groups
        self.assertTrue(case.read(["priority"]))

    def test_the_anonymous_user_and_nobody(self):
        public = self.env.ref("base.public_user")
        for case in (self.case.with_user(public), self.case.with_env(self.env(user=0))):
            case = case.with_env(case.env(su=False))
            self.assertTrue(case._is_customers_env())
            self.assertFalse(case._has_field_access(case._fields["priority"], "read"))
        # Not with another's rights: those of the page are decided by the page.
        self.assertFalse(self.case.with_user(public).sudo()._is_customers_env())

    def test_a_customer_writes_nothing_that_he_reads(self):
        case = self.case.with_user(self.user_portal)
        name = case._fields["name"]
        self.assertTrue(case._has_field_access(name, "read"))
        self.assertFalse(case._has_field_access(name, "write"))


@tagged("post_install", "-at_install", "is_query_count")
class TestPortalQueries(PortalCase):
    def _count(self, url):
        for _hot in range(3):
            self.url_open(url)
        with self.profile(collectors=["sql"], db=False) as profiler:
            response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        return profiler

    def _queries(self, url):
        for _hot in range(3):
            self.url_open(url)
        count = []
        execute = Cursor.execute

        def spy(cursor, query, *args, **kwargs):
            text = query.code if hasattr(query, "code") else str(query)
            if "SAVEPOINT" not in text:
                count.append(text)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", spy):
            response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        return count

    def test_list_and_page(self):
        for number in range(30):
            self._create_case(name=f"Case {number}", sale_order_id=self.order.id)
        case = self._create_case(sale_order_id=self.order.id)
        self.authenticate("as_portal", "as_portal")
        for url in ("/my/cases", f"/my/cases/{case.id}"):
            with self.subTest(url=url):
                queries = self._queries(url)
                self.assertLessEqual(len(queries), 25, "\n".join(queries))
