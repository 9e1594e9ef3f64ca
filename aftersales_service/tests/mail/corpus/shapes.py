"""How mail programs put a mail together: texts, pictures and files."""

from .build import (
    ALL_BYTES,
    ANA,
    GIF,
    PDF,
    Mail,
    Part,
    Right,
    alternative,
    file,
    html,
    inline,
    mail,
    mixed,
    multi,
    related,
    text,
)

WORDS = "The left one is too small."
HTML = html(f"<html><body><p>{WORDS}</p></body></html>")
PLAIN = text(WORDS)
CSV = "größe;5\r\nlänge;7".encode("cp1252")

MAILS = [
    # One text ---------------------------------------------------------------------
    Mail("plain", mail(PLAIN), Right(says=(WORDS,))),
    Mail("html alone", mail(HTML), Right(says=(WORDS,))),
    Mail(
        "text in format=flowed",
        mail(Part({"Content-Type": "text/plain; format=flowed"}, b"Too \r\nsmall.")),
        Right(says=("Too small.",)),
    ),
    Mail(
        "xhtml that declares its encoding",
        mail(
            html(
                '<?xml version="1.0" encoding="utf-8"?><html xmlns='
                f'"http://www.w3.org/1999/xhtml"><body><p>{WORDS}</p></body></html>'
            )
        ),
        Right(says=(WORDS,)),
    ),
    Mail(
        "quoted-printable with soft breaks",
        mail(text("Größe: " + "sehr klein, " * 30, encoding="quoted-printable")),
        Right(says=("Größe: sehr klein, sehr klein",)),
    ),
    Mail("base64 text", mail(text(WORDS, encoding="base64")), Right(says=(WORDS,))),
    Mail(
        "markup without words but with a picture",
        mail(related(html('<img src="cid:p1">'), inline("p1"))),
        Right(files=(("photo.gif", GIF),), markup=("<img",)),
    ),
    Mail("empty", mail(""), Right()),
    Mail("blank lines only", mail("\r\n \r\n\r\n"), Right()),
    Mail("empty html", mail(html("<div><br></div>")), Right()),
    Mail("no subject", mail(PLAIN, subject=""), Right(says=(WORDS,))),
    # Two texts --------------------------------------------------------------------
    Mail(
        "text and html",
        mail(alternative(text("too plain"), HTML)),
        Right(says=(WORDS,), hides=("too plain",)),
    ),
    Mail(
        "html before text",
        mail(alternative(HTML, text("too plain"))),
        Right(says=(WORDS,), hides=("too plain",)),
    ),
    Mail(
        "text beside an empty html",
        mail(alternative(PLAIN, html("<html><body></body></html>"))),
        Right(says=(WORDS,)),
    ),
    Mail(
        "text beside html of styles only",
        mail(alternative(PLAIN, html("<style>p {color: red}</style>"))),
        Right(says=(WORDS,), hides=("color",)),
    ),
    Mail(
        "empty text beside html",
        mail(alternative(text(""), HTML)),
        Right(says=(WORDS,)),
    ),
    Mail(
        "accelerated page beside text and html",
        mail(alternative(PLAIN, text("<p>page</p>", kind="x-amp-html"), HTML)),
        Right(says=(WORDS,), hides=("page",), files=None),
    ),
    Mail(
        "watch text between the two",
        mail(alternative(PLAIN, text("<b>w</b>", kind="watch-html"), HTML)),
        Right(says=(WORDS,), files=None),
    ),
    Mail(
        "enriched text alone",
        mail(text("<bold>Too</bold> small", kind="enriched")),
        Right(
            files=None,
            says=("small",),
        ),
    ),
    # Texts and files --------------------------------------------------------------
    Mail(
        "text and a file",
        mail(mixed(PLAIN, file())),
        Right(says=(WORDS,), files=(("bill.pdf", PDF),)),
    ),
    Mail(
        "text after a file",
        mail(mixed(text("Before."), file(), text("After."))),
        Right(says=("Before.", "After."), files=(("bill.pdf", PDF),)),
    ),
    Mail(
        "alternative, file, last words",
        mail(mixed(alternative(text("too plain"), HTML), file(), text("Sent by me."))),
        Right(says=(WORDS, "Sent by me."), hides=("too plain",), files=("bill.pdf",)),
    ),
    Mail(
        "page, file and page, as a desktop sends it",
        mail(mixed(HTML, file(), html("<html><body><p>Greetings</p></body></html>"))),
        Right(says=(WORDS, "Greetings"), files=("bill.pdf",)),
    ),
    Mail(
        "picture between texts, as a phone sends it",
        mail(
            mixed(
                text("See here:"),
                file(
                    GIF,
                    "IMG_0001.gif",
                    "image/gif",
                    content_disposition='inline; filename="IMG_0001.gif"',
                ),
                text("and there."),
            )
        ),
        Right(says=("See here:", "and there."), files=(("IMG_0001.gif", GIF),)),
    ),
    Mail(
        "html alternative with files inside, as a desktop sends it",
        mail(
            alternative(
                PLAIN,
                mixed(
                    html("<p>See the bill:</p>"),
                    file(content_disposition='inline; filename="bill.pdf"'),
                    html("<p>It is wrong.</p>"),
                ),
            )
        ),
        Right(says=("See the bill:", "It is wrong."), files=(("bill.pdf", PDF),)),
    ),
    Mail(
        "picture in the text",
        mail(
            multi(
                "related",
                alternative(text("[image]"), html(f'{WORDS}<img src="cid:p2@x">')),
                inline("p2@x"),
                parameters='; type="multipart/alternative"',
            )
        ),
        Right(
            says=(WORDS,),
            files=(("photo.gif", GIF),),
            markup=("/web/image/",),
            no_markup=("cid:p2",),
        ),
    ),
    Mail(
        "picture whose identifier has no brackets",
        mail(
            related(
                html('Look <img src="cid:p3">'),
                file(GIF, "a.gif", "image/gif", content_id="p3"),
            )
        ),
        Right(says=("Look",), files=("a.gif",), markup=("/web/image/",)),
    ),
    Mail(
        "picture without a name",
        mail(related(html('Look <img src="cid:p4">'), inline("p4", name=""))),
        Right(says=("Look",), files=None, markup=("/web/image/",)),
    ),
    Mail(
        "two pictures of one name",
        mail(
            related(
                html('<p>Both</p><img src="cid:a1"><img src="cid:a2">'),
                inline("a1", "image001.gif"),
                inline("a2", "image001.gif", GIF + b"\x00"),
            )
        ),
        Right(
            says=("Both",),
            files=(("image001.gif", GIF), ("image001.gif", GIF + b"\x00")),
        ),
    ),
    Mail(
        "only a file",
        mail(file(ALL_BYTES, "scan.pdf")),
        Right(files=(("scan.pdf", ALL_BYTES),)),
    ),
    Mail(
        "only files",
        mail(mixed(file(name="one.pdf"), file(name="two.pdf"))),
        Right(files=("one.pdf", "two.pdf")),
    ),
    Mail(
        "file of every byte",
        mail(mixed(PLAIN, file(ALL_BYTES, "all.bin", "application/octet-stream"))),
        Right(says=(WORDS,), files=(("all.bin", ALL_BYTES),)),
    ),
    Mail(
        "file without any byte",
        mail(mixed(PLAIN, file(b"", "nothing.txt", "text/plain"))),
        Right(says=(WORDS,), files=None),
    ),
    Mail(
        "file without a name",
        mail(mixed(PLAIN, file(PDF, ""))),
        Right(says=(WORDS,), files=(("attachment", PDF),)),
    ),
    Mail(
        "text attached as a file is no text",
        mail(mixed(PLAIN, file(b"LOG LINES", "log.txt", "text/plain"))),
        Right(says=(WORDS,), hides=("LOG",), files=(("log.txt", b"LOG LINES"),)),
    ),
    Mail(
        "table in an everyday charset",
        mail(
            mixed(
                PLAIN,
                file(
                    CSV,
                    "list.csv",
                    'text/csv; charset="us-ascii"',
                    content_transfer_encoding="8bit",
                ),
            )
        ),
        Right(says=(WORDS,), files=(("list.csv", CSV),)),
    ),
    Mail(
        "visiting card",
        mail(
            mixed(
                PLAIN,
                file(b"BEGIN:VCARD\r\nN:R\xf6s\r\nEND:VCARD", "me.vcf", "text/vcard"),
            )
        ),
        Right(
            says=(WORDS,),
            files=(("me.vcf", b"BEGIN:VCARD\r\nN:R\xf6s\r\nEND:VCARD"),),
        ),
    ),
    Mail(
        "xml and rtf",
        mail(
            mixed(
                PLAIN,
                file(b"<?xml version='1.0'?><a>\xe9</a>", "a.xml", "text/xml"),
                file(b"{\\rtf1 \xe9}", "a.rtf", "text/rtf"),
            )
        ),
        Right(
            says=(WORDS,),
            files=(
                ("a.xml", b"<?xml version='1.0'?><a>\xe9</a>"),
                ("a.rtf", b"{\\rtf1 \xe9}"),
            ),
        ),
    ),
    Mail(
        "html file is a file",
        mail(mixed(PLAIN, file(b"<h1>PAGE</h1>", "page.html", "text/html"))),
        Right(says=(WORDS,), hides=("PAGE",), files=("page.html",)),
    ),
    Mail(
        "path in a file name",
        mail(mixed(PLAIN, file(name="../../C:\\\\etc/bill.pdf"))),
        Right(says=(WORDS,), files=("bill.pdf",)),
    ),
    # Structures ------------------------------------------------------------------
    Mail(
        "double-headed file of an old computer",
        mail(
            mixed(
                PLAIN,
                multi(
                    "appledouble",
                    file(ALL_BYTES, "bill", "application/applefile"),
                    file(),
                ),
            )
        ),
        Right(says=(WORDS,), files=("bill", "bill.pdf")),
    ),
    Mail(
        "part of a message that is sent in pieces",
        mail(
            Part(
                {"Content-Type": "message/partial; id=a@x.example; number=1; total=2"},
                b"Subject: Inner\r\n\r\nFirst half",
            )
        ),
        Right(files=None),
    ),
    Mail(
        "file that lies elsewhere",
        mail(
            mixed(
                PLAIN,
                Part(
                    {
                        "Content-Type": "message/external-body; access-type=URL; "
                        'URL="https://files.example/bill.pdf"'
                    },
                    b"Content-Type: application/pdf\r\n\r\n",
                ),
            )
        ),
        Right(says=(WORDS,), files=None),
    ),
    Mail(
        "types that are none",
        mail(
            mixed(
                PLAIN,
                file(PDF, "a.pdf", "pdf"),
                file(PDF, "b.pdf", "binary/octet-stream"),
                file(PDF, "c.pdf", "*/*"),
            )
        ),
        Right(says=(WORDS,), files=(("a.pdf", PDF), ("b.pdf", PDF), ("c.pdf", PDF))),
    ),
    Mail(
        "eight levels of parts",
        mail(mixed(mixed(mixed(mixed(mixed(mixed(related(alternative(HTML))))))))),
        Right(says=(WORDS,)),
    ),
    Mail(
        "many parts",
        mail(mixed(*(html(f"<p>part {number}</p>") for number in range(300)))),
        Right(says=("part 0", "part 299")),
    ),
    Mail(
        "parts without headers",
        mail(mixed(Part({}, WORDS.encode()), file())),
        Right(says=(WORDS,), files=("bill.pdf",)),
    ),
    Mail(
        "words before and after the parts are nobody's",
        mail(
            Part(
                {"Content-Type": "multipart/mixed; boundary=b1"},
                b"PREAMBLE\r\n--b1\r\n\r\nThe words.\r\n--b1--\r\nEPILOGUE\r\n",
            ),
            sender=ANA,
        ),
        Right(says=("The words.",), hides=("PREAMBLE", "EPILOGUE")),
    ),
]
