"""Each mail of the corpus becomes what it has to become."""

from contextlib import closing, contextmanager

from markupsafe import Markup

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..mail_common import AftersalesMailCommon
from .corpus import MAILS
from .corpus.build import NUMBER, OURS

# What is said of mails that are kept as their source, or without their sender.
LOGGERS = (
    "odoo.addons.aftersales_service.models.mail.mail_thread_damaged",
    "odoo.addons.aftersales_service.models.mail.aftersales_case_gateway",
    "odoo.sql_db",
)
# Kinds of lines of the ledger about a message → what it was taken as.
TAKEN_AS = {
    "customer_message": "customer",
    "reply": "reply",
    "auto_message": "automatic",
}


class CorpusCase(AftersalesMailCommon):
    """A case of Ana's that waits for her, and our message that mails answer."""

    def setUp(self):
        super().setUp()
        self.case = self._create_case(user_id=self.user_specialist.id)
        self.ours = self._reply(self.case, next_step="wait_customer")
        self.known = self.case.message_ids

    @contextmanager
    def _received_in_vain(self):
        """Undo what a mail made. What is cached of settings stays, as no mail changes
        any: else each mail would take twice its time."""
        with closing(self.env.cr.savepoint()):
            yield
        self.env.invalidate_all(flush=False)

    def _source(self, source):
        """Return the source of a mail with what the test has made."""
        source = source.replace(OURS.encode(), self.ours.message_id.encode())
        return source.replace(NUMBER.encode(), self.case.number.encode())

    def _become(self, source):
        """Return (new cases, new messages on the case) after a mail."""
        with mute_logger(*LOGGERS):
            cases = self._receive(self._source(source))
        return cases, self.case.message_ids - self.known


@tagged("post_install", "-at_install")
class TestCorpus(CorpusCase):
    def test_each_mail_becomes_what_it_has_to(self):
        for mail in MAILS:
            with self.subTest(mail.name), self._received_in_vain():
                found = self._differences(mail)
                if mail.right.known_gap:
                    self.assertTrue(found, "The gap is closed: take its mark away")
                else:
                    self.assertFalse(found)

    def test_names_are_unique(self):
        names = [mail.name for mail in MAILS]
        self.assertEqual(len(names), len({*names}))
        self.assertGreaterEqual(len(names), 120)

    def test_each_mail_is_received_once(self):
        """A second copy is known by its identifier."""
        for mail in MAILS[:5]:
            with self.subTest(mail.name), self._received_in_vain():
                self._become(mail.source)
                cases, _messages = self._become(mail.source)
                self.assertFalse(cases)

    # What differs -----------------------------------------------------------------

    def _differences(self, mail):
        """Return what is not as it has to be, as sentences."""
        right = mail.right
        cases, messages = self._become(mail.source)
        message = (cases.message_ids or messages).sorted("id")[-1:]
        if right.becomes == "silent":
            return ["It is told"] if cases or messages else []
        counts = (len(cases), len(messages))
        if right.becomes == "case" and counts != (1, 0):
            return [f"{counts[0]} cases and {counts[1]} messages, instead of a case"]
        if right.becomes != "case" and counts[0] or not message:
            return [f"{counts[0]} cases and {counts[1]} messages"]
        return [
            *self._differences_of_words(right, message),
            *(self._differences_of_case(right, cases) if cases else ()),
            *self._differences_of_sender(right, message),
        ]

    def _differences_of_words(self, right, message):
        words = " ".join(Markup(message.body).striptags().split())
        markup = str(message.body)
        for said in right.says:
            if " ".join(said.split()) not in words:
                yield f"Does not say {said!r} but {words[:200]!r}"
        yield from (f"Says {said!r}" for said in right.hides if said in words)
        yield from (f"Has no {said}" for said in right.markup if said not in markup)
        yield from (f"Has {said}" for said in right.no_markup if said in markup)
        if right.files is not None:
            yield from self._differences_of_files(right, message)

    def _differences_of_files(self, right, message):
        files = message.attachment_ids.sorted("id")
        wanted = [(one, None) if isinstance(one, str) else one for one in right.files]
        names = [name for name, _content in wanted]
        if files.mapped("name") != names:
            yield f"Files {files.mapped('name')} instead of {names}"
            return
        for file, (name, content) in zip(files, wanted, strict=True):
            if content is not None and file.raw != content:
                yield f"{name} is {file.raw[:300]!r}"

    def _differences_of_case(self, right, case):
        customers = {"ana": self.customer, "lee": self.other_customer, None: ()}
        wanted = customers[right.customer] or self.env["res.partner"]
        if case.partner_id != wanted:
            yield f"Of {case.partner_id.name} instead of {wanted.name}"
        if case.team_id != self.team:
            yield f"To {case.team_id.name}"
        if right.subject and case.name != right.subject:
            yield f"Is called {case.name!r}"

    def _differences_of_sender(self, right, message):
        if right.sender and right.sender not in (message.email_from or ""):
            yield f"From {message.email_from!r}"
        if right.taken_as and self._taken_as(message) != right.taken_as:
            yield f"Taken as {self._taken_as(message)}"

    def _taken_as(self, message):
        case = self.env["aftersales.case"].browse(message.res_id)
        lines = self._events(case).filtered(lambda line: line.source_id == message.id)
        for line in lines:
            if line.kind in TAKEN_AS:
                return line.cause if line.cause == "forwarded" else TAKEN_AS[line.kind]
        return message.aftersales_doubt or "note"
