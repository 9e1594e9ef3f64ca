"""Mails of the corpus, damaged at random: none is lost, none takes long."""

import logging
import os
import random
import re
import time
from email import message_from_bytes, policy
from email.parser import BytesHeaderParser

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools import mail_headers, mail_source, sender_proof
from ..mail_common import MAIL_SERVER
from .corpus import MAILS
from .corpus.build import TEAM, html, mail, mixed, text
from .corpus.mutations import MAX_SIZE, mutated
from .test_corpus import LOGGERS, CorpusCase

_logger = logging.getLogger(__name__)

SLOW = os.environ.get("SLOW") == "1"
COUNT = 50_000 if SLOW else 2_000
WHOLE = 2_000 if SLOW else 80
_PARTS = re.compile(rb"[\r\n]--|rfc822")
# (seed, number) of inputs that failed and are not mended yet. They follow from the
# corpus as it stands: what is mended has a mail or a test of its own instead.
PINNED = ()
# Times what an ordinary mail of as many letters, parts and recipients takes, and
# seconds for what is not the fault of the mail on a busy machine.
MAX_TIMES = 5
ALLOWANCE = 0.5


@tagged("post_install", "-at_install")
class TestFuzz(CorpusCase):
    """Set ``AFTERSALES_FUZZ_SEED`` to repeat a run; each input follows from the seed
    and its number alone.

    A mail through the whole gateway takes a tenth of a second, so most inputs go only
    through what reads and judges them; a sample becomes cases. With ``SLOW=1`` there
    are 50,000, and 2,000 in the sample.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sources = [one.source for one in MAILS if len(one.source) < 4_000]
        seed = os.environ.get("AFTERSALES_FUZZ_SEED")
        cls.seed = int(seed) if seed else random.randrange(10**9)
        _logger.info("Mails are damaged with the seed %s.", cls.seed)

    def _input(self, seed, number):
        """Return a damaged mail as our server hands it over: what it wrote itself on
        top is whole."""
        source = mutated(self.sources, random.Random(f"{seed}/{number}"))
        trace = (
            f"Delivered-To: {TEAM}\r\nReceived: from mx by {MAIL_SERVER}; "
            "Mon, 23 Nov 2026 08:58:00 +0000\r\n"
        )
        return trace.encode() + self._source(source)

    def _fails(self, inputs, judge):
        """Return what a judge says of inputs, with what repeats them."""
        found = []
        for seed, number in inputs:
            if why := judge(self._input(seed, number)):
                found.append(f"AFTERSALES_FUZZ_SEED={seed}, number {number}: {why}")
        return found

    def _inputs(self, count):
        return [*PINNED, *((self.seed, number) for number in range(count))]

    # Reading ----------------------------------------------------------------------

    def test_all_are_read_in_time_or_kept(self):
        self.small = self._cost(text(""))
        self.large = self._cost(text("word word word\r\n" * (MAX_SIZE // 16)))
        self.part = self._cost(mixed(*[html("<p>word</p>")] * 100)) / 100
        many = ", ".join(f"p{number}@x.example" for number in range(200))
        self.recipient = self._cost(text(""), cc=many) / 200
        with mute_logger(*LOGGERS, "odoo.addons"):
            found = self._fails(self._inputs(COUNT), self._judge_reading)
        self.assertFalse(found, "\n".join(found))

    def _cost(self, content, **head):
        """Return what reading an ordinary mail costs, in seconds of the processor."""
        source = mail(content, **head)
        return min(self._timed(source)[0] for _time in range(3))

    def _judge_reading(self, source):
        seconds, error = self._timed(source)
        letters = self.large * len(source) / MAX_SIZE
        parts = self.part * (len(_PARTS.findall(source)))
        recipients = self.recipient * source.count(b",")
        ordinary = self.small + letters + parts + recipients
        bound = MAX_TIMES * ordinary + ALLOWANCE
        if seconds > bound:
            return f"{len(source)} bytes took {seconds:.2f} s"
        if error and not self._is_kept(source):
            return f"It would be lost: {error!r}"
        return None

    def _timed(self, source):
        """Return (seconds, what was raised) of reading a mail and judging it."""
        start, error = time.thread_time(), None
        try:
            with self.env.cr.savepoint(flush=False):
                self._read(source)
        except Exception as raised:  # noqa: BLE001
            # The gateway keeps it as its source, whatever it is.
            error = raised
        return time.thread_time() - start, error

    def _read(self, source):
        thread, cases = self.env["mail.thread"].sudo(), self.env["aftersales.case"]
        source = mail_source.mended(source)
        message = message_from_bytes(source, policy=policy.SMTP)
        found = thread.message_parse(message)
        incoming = thread._aftersales_incoming_mail(message, found)
        sender_proof.is_proven(message, MAIL_SERVER)
        mail_headers.delivery_action(message)
        cases._find_forwarded(incoming, found)

    def _is_kept(self, source):
        message = BytesHeaderParser(policy=policy.compat32).parsebytes(source)
        thread = self.env["mail.thread"].sudo()
        return thread._aftersales_addressed_team(message) == self.team

    # Taking in --------------------------------------------------------------------

    def test_a_sample_is_on_cases(self):
        with mute_logger(*LOGGERS, "odoo.addons"):
            found = self._fails(self._inputs(WHOLE), self._judge_taking_in)
        self.assertFalse(found, "\n".join(found))

    def _judge_taking_in(self, source):
        with self._received_in_vain():
            messages = self.env["mail.message"].sudo()
            on_case = [("model", "=", "aftersales.case")]
            known = messages.search_count(on_case)
            try:
                self._become(source)
                count = messages.search_count(on_case) - known
            except Exception as error:  # noqa: BLE001
                # Whatever it is, it must not leave the gateway.
                return repr(error)
            if not count and not self._is_report(source):
                return "It is lost"
        return None

    def _is_report(self, source):
        """Whether a mail is a report, which opens no case."""
        message = message_from_bytes(mail_source.mended(source), policy=policy.SMTP)
        return self.env["mail.thread"].sudo().message_parse(message)["is_bounce"]
