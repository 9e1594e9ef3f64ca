import time
from email import message_from_bytes, policy

from odoo.tests import BaseCase, tagged

from ...tools.mail_content import read
from ...tools.mail_source import mended

PART = b"Content-Type: text/plain\r\n\r\nWORDS\r\n"


def nested(levels, text=PART):
    heads = (
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(levels)
    )
    return b"".join(heads) + text


def message(source):
    return message_from_bytes(mended(source), policy=policy.SMTP)


@tagged("post_install", "-at_install")
class TestMailSource(BaseCase):
    def test_what_is_whole_stays_as_it_is(self):
        source = (
            b"Subject: =?utf-8?q?Gr=C3=B6?=\r\nContent-Type: multipart/mixed;\r\n"
            b' boundary="=b"\r\n\r\n--=b\r\n' + PART + b"--=b--\r\n"
        )
        self.assertEqual(mended(source), source)

    def test_headers_only_are_mended(self):
        """What looks like a header in a text or an attached mail stays."""
        line = b"Content-Type: multipart/mixed; boundary=a=b\r\n"
        for before in (
            b"Content-Type: text/plain\r\n\r\n",
            b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n",
        ):
            source = before + line + b"\r\n--a=b\r\n" + PART
            self.assertEqual(mended(source), source)

    def test_a_boundary_without_quotation_marks(self):
        for said in (b"a=b", b"----=_Next.EB75", b"a b", b"(a)"):
            with self.subTest(said=said):
                source = (
                    b"Content-Type: multipart/mixed; boundary=%b; x\r\n\r\n--%b\r\n%b"
                    b"--%b--\r\n"
                )
                found = message(source % (said, said, PART, said))
                self.assertIn("WORDS", found.get_payload(0).get_content())

    def test_brackets_within_brackets(self):
        for name in (b"To", b"Content-Type", b"From", b"Message-ID"):
            with self.subTest(name=name):
                found = message(name + b": " + b"(" * 5_000 + b"a@x.example\r\n\r\nx")
                self.assertTrue(str(found[name.decode()]))

    def test_of_repeated_addresses_a_few_are_read(self):
        source = b"From: a@x.example\r\n" * 50 + b"Cc: b@x.example\r\n\r\nx"
        found = message(source)
        self.assertEqual(len(found.get_all("From")), 3)
        self.assertEqual(found["Cc"], "b@x.example")

    def test_levels_are_bounded(self):
        """The words are there, and none of what is below is lost."""
        for levels in (20, 60, 900, 5_000):
            with self.subTest(levels=levels):
                self.assertIn("WORDS", str(read(message(nested(levels))).texts))

    def test_attached_mails_within_attached_mails_are_bounded(self):
        source = b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + PART
        [file] = read(message(source)).files
        self.assertIn(b"WORDS", file.content)

    def test_lines_below_many_levels_take_no_longer(self):
        lines = PART + b"word word word\r\n" * 5_000
        flat = self._time(nested(2, lines))
        self.assertLess(self._time(nested(900, lines)), 20 * flat + 0.5)

    def test_boundaries_that_are_nowhere_are_looked_for_in_bounds(self):
        part = b"--a\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\nx\r\n"
        source = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + part * 10_000
        start = time.thread_time()
        mended(source)
        self.assertLess(time.thread_time() - start, 3)

    def _time(self, source):
        start = time.thread_time()
        read(message(source))
        return time.thread_time() - start
