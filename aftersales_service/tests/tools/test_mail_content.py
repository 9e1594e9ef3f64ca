import time
from base64 import b64encode
from email import message_from_bytes, policy

from odoo.tests import BaseCase, tagged

from ...tools.mail_charsets import codec, decode
from ...tools.mail_content import plain, read

PNG = "iVBORw0KGgo="


def mail(body, content_type="text/plain", *, encoding="8bit", **headers):
    lines = {
        "Content-Type": content_type,
        "Content-Transfer-Encoding": encoding,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    body = body if isinstance(body, bytes) else body.encode()
    return head.encode() + b"\r\n" + body


def parts(kind, *contents):
    body = b"".join(b"--=b\r\n" + content + b"\r\n" for content in contents)
    return mail(body + b"--=b--\r\n", f'multipart/{kind}; boundary="=b"')


def content(source):
    return read(message_from_bytes(source, policy=policy.SMTP))


@tagged("post_install", "-at_install")
class TestMailContent(BaseCase):
    def _assert_says(self, source, *texts, files=()):
        found = content(source)
        said = [text.strip() for _kind, text in found.texts]
        self.assertEqual(said, list(texts))
        self.assertEqual([file.name for file in found.files], list(files))
        return found

    # Whose words ------------------------------------------------------------------

    def test_own_words_first_and_an_attached_mail_is_a_file(self):
        other = parts("alternative", mail("THEIRS"), mail("<p>THEIRS</p>", "text/html"))
        other = other.replace(b"=b", b"=c")
        attached = mail(b"Subject: Old/one\r\n" + other, "message/rfc822")
        found = self._assert_says(
            parts("mixed", mail("MY OWN WORDS"), attached),
            "MY OWN WORDS",
            files=["one.eml"],
        )
        self.assertIn(b"THEIRS", found.files[0].content)

    def test_an_empty_alternative_says_nothing(self):
        for html in ("", "<html><body></body></html>", "<style>p {}</style><br>"):
            with self.subTest(html=html):
                source = parts("alternative", mail("WORDS"), mail(html, "text/html"))
                self._assert_says(source, "WORDS")

    def test_the_richest_alternative_counts(self):
        html = mail("<p>RICH</p>", "text/html")
        self._assert_says(parts("alternative", mail("POOR"), html), "<p>RICH</p>")
        self._assert_says(parts("alternative", html, mail("POOR")), "<p>RICH</p>")
        picture = mail('<img src="cid:x">', "text/html")
        self._assert_says(parts("alternative", mail("x"), picture), '<img src="cid:x">')

    def test_files_of_an_alternative_are_kept(self):
        invitation = mail("BEGIN:VCALENDAR", "text/calendar; method=REQUEST")
        source = parts("alternative", mail("COME"), invitation)
        self._assert_says(source, "COME", files=["attachment.ics"])

    def test_words_after_a_file_are_words(self):
        pdf = mail("x", 'application/pdf; name="a.pdf"')
        both = parts("alternative", mail("ONE"), mail("<p>ONE</p>", "text/html"))
        both = both.replace(b"=b", b"=c")
        source = parts("mixed", both, pdf, mail("TWO"))
        self._assert_says(source, "<p>ONE</p>", "TWO", files=["a.pdf"])

    def test_words_in_deep_markup_are_words(self):
        deep = "<div>" * 260 + "DEEP &amp; DOWN" + "</div>" * 260
        self._assert_says(mail(deep, "text/html"), "DEEP & DOWN")

    # Charsets -----------------------------------------------------------------------

    def test_charsets_are_read_as_programs_mean_them(self):
        for label, text, used in (
            ("gb2312", "朱镕基", "gb18030"),
            ("GB2312", "請問訂單裡的燈", "gb18030"),
            ("x-gbk", "鎔", "gbk"),
            ("gb_2312-80", "朱镕基", "gbk"),
            ("iso-8859-1", "“quoted” – €", "cp1252"),
            ("us-ascii", "“quoted” – €", "cp1252"),
            ("euc-kr", "똠방각하", "cp949"),
            ("ks_c_5601-1987", "똠방각하", "cp949"),
            ("shift_jis", "①髙橋", "cp932"),
            ("big5", "堃", "big5hkscs"),
            ("iso-2022-jp", "日本", "iso2022_jp"),
            ("utf-16", "plain", "utf-16"),
            ("gb2312", "größer", "utf-8"),
            ("us-ascii", "größer", "utf-8"),
            ("", "größer", "utf-8"),
            ("", "größer", "latin-1"),
            ("no-such-thing", "größer", "utf-8"),
            ("no-such-thing", "größer", "cp1252"),
            ("base64", "größer", "utf-8"),
        ):
            with self.subTest(label=label, text=text):
                raw = text.encode(used)
                self.assertEqual(decode(raw, label), text)
                found = content(mail(raw, f'text/plain; charset="{label}"'))
                self.assertEqual(found.texts, [("plain", text)])

    def test_no_byte_is_lost(self):
        every = bytes(range(256))
        for label in (None, "utf-8", "gb2312", "iso-2022-jp", "rot13", "x" * 5_000):
            with self.subTest(label=label):
                self.assertTrue(decode(every, label))
        self.assertIsNone(codec("rot13"))
        self.assertIsNone(codec("a\0b"))

    # Files --------------------------------------------------------------------------

    def test_files_are_kept_byte_for_byte(self):
        raw = "größe;5\r\n".encode("cp1252") + b"\x00\xff"
        for kind in ("text/csv", "text/plain", "text/rtf", "text/xml", "text/vcard"):
            with self.subTest(kind=kind):
                source = mail(raw, f'{kind}; charset="us-ascii"; name="sizes.x"')
                found = content(parts("mixed", mail("Hello"), source))
                self.assertEqual(found.files[0].content, raw)
                self.assertEqual(found.files[0].name, "sizes.x")

    def test_a_picture_in_the_text_is_known_by_its_name(self):
        html = mail('<p>See <img src="cid:one@x"></p>', "text/html")
        picture = mail(PNG, "image/png", encoding="base64", Content_ID="<one@x>")
        found = content(parts("related", html, picture))
        self.assertEqual(found.files[0].cid, "one@x")
        self.assertTrue(found.files[0].content.startswith(b"\x89PNG"))

    def test_names_of_files_do_no_harm(self):
        for name, expected in (
            ("../../etc/passwd", "passwd"),
            ("C:\\\\a\\\\b.txt", "b.txt"),
            ("x" * 500 + ".pdf", "x" * 180 + ".pdf"),
        ):
            with self.subTest(name=name):
                source = mail(
                    "x",
                    "application/pdf",
                    Content_Disposition=(f'attachment; filename="{name}"'),
                )
                self.assertEqual(content(source).files[0].name, expected)

    # Bounded ------------------------------------------------------------------------

    def test_work_is_bounded(self):
        many = parts("mixed", *[mail("<p>x</p>", "text/html")] * 2_100)
        nested = mail("INSIDE")
        for level in range(80):
            nested = parts("mixed", nested).replace(b"=b", b"=n%d" % level)
        sources = (
            many,
            nested,
            mail("<" * 300_000, "text/html"),
            mail("<script>" * 30_000, "text/html"),
            mail("x" * 1_500_000),
            mail("&" * 500_000, "text/html"),
        )
        for number, source in enumerate(sources):
            with self.subTest(number=number):
                began = time.process_time()
                content(source)
                self.assertLess(time.process_time() - began, 5)
        self.assertFalse(content(many).whole)
        self.assertFalse(content(sources[4]).whole)
        self.assertTrue(content(mail("short")).whole)

    def test_words_of_markup(self):
        self.assertEqual(
            plain("<p>One<br>two</p><script>x</script>&lt;3"), "One\ntwo\n<3"
        )

    # Programs that keep to no rule --------------------------------------------------

    def test_pages_follow_each_other(self):
        page = "<!doctype html><html><body><p>{}</p></body></html>"
        pages = [mail(page.format(word), "text/html") for word in ("ONE", "TWO")]
        [(_kind, text)] = content(parts("mixed", *pages)).texts
        self.assertEqual(text, "<p>ONE</p><br/><p>TWO</p>")

    def test_several_parts_that_are_one_text(self):
        self._assert_says(mail("WORDS", "multipart/mixed; boundary=x"), "WORDS")

    def test_words_that_say_to_be_base64(self):
        self._assert_says(
            mail("Too small, sorry", encoding="base64"), "Too small, sorry"
        )

    def test_enriched_text(self):
        self._assert_says(mail("<bold>Too</bold> small", "text/enriched"), "Too small")

    def test_the_charset_of_a_page(self):
        page = '<meta charset="gbk"><p>朱镕基</p>'.encode("gbk")
        [(_kind, text)] = content(mail(page, "text/html")).texts
        self.assertIn("朱镕基", text)

    def test_an_attached_mail_is_kept_byte_for_byte(self):
        source = (
            b"Subject: Gr\xf6\xdfe\r\nX-Long: "
            + b"word " * 60
            + b"\r\n\r\nFrom here\r\n"
        )
        [file] = content(parts("mixed", mail(source, "message/rfc822"))).files
        self.assertEqual((file.name, file.content), ("Größe.eml", source))
        coded = mail(b64encode(source), "message/rfc822", encoding="base64")
        [file] = content(parts("mixed", coded)).files
        self.assertEqual(file.content, source)

    def test_charsets_whose_bytes_are_ascii(self):
        for label, text, name in (
            ("iso-2022-kr", "신발", "iso2022_kr"),
            ("hz-gb-2312", "鞋子", "hz"),
        ):
            with self.subTest(label):
                self.assertEqual(decode(text.encode(name), label), text)
