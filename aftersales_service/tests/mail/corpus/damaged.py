"""Mails that are broken, wrong about themselves, or made to do harm."""

from .build import (
    ALL_BYTES,
    ANA,
    GIF,
    OURS,
    PDF,
    TEAM,
    Mail,
    Part,
    Right,
    alternative,
    file,
    html,
    mail,
    mixed,
    part_source,
    related,
    text,
)

WORDS = "The left one is too small."
SAID = Right(says=(WORDS,))
BILL = Right(says=(WORDS,), files=(("bill.pdf", PDF),))
INNER = [part_source(text(WORDS)), part_source(file())]


def parts(header, boundary, end="--", newline=b"\r\n"):
    """Return a mail of two parts whose header is given as it is sent."""
    line = b"--" + boundary.encode()
    body = b"".join(line + newline + part + newline for part in INNER)
    content = body + (line + end.encode() + newline if end is not None else b"")
    return mail(Part({"Content-Type": header}, content))


def without(source, header):
    """Return a mail without one of its headers."""
    head, blank, body = source.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    prefix = header.lower().encode() + b":"
    kept = [line for line in lines if not line.lower().startswith(prefix)]
    return b"\r\n".join(kept) + blank + body


def base64_of(content):
    """Return a file whose base64 is given as it is sent."""
    part = file(name="bill.pdf")
    return Part(part.head, content)


NEXT = "----=_NextPart_000_0093.EB75"
GOOD = part_source(file()).partition(b"\r\n\r\n")[2]

MAILS = [
    # Boundaries -------------------------------------------------------------------
    Mail("boundary unquoted", parts(f"multipart/mixed; boundary={NEXT}", NEXT), BILL),
    Mail(
        "boundary unquoted in a folded header",
        parts(f"multipart/mixed;\r\n\tboundary={NEXT};\r\n\tcharset=utf-8", NEXT),
        BILL,
    ),
    Mail(
        "boundary unquoted in an inner part",
        mail(
            mixed(
                Part(
                    {"Content-Type": f"multipart/alternative; boundary={NEXT}"},
                    b"--%b\r\n%b\r\n--%b--\r\n"
                    % (NEXT.encode(), INNER[0], NEXT.encode()),
                ),
                file(),
            )
        ),
        BILL,
    ),
    Mail(
        "boundary unquoted with blanks around the sign",
        parts("multipart/mixed; Boundary = a=b:c", "a=b:c"),
        BILL,
    ),
    Mail(
        "boundary unterminated", parts("multipart/mixed; boundary=x", "x", None), BILL
    ),
    Mail(
        "boundary in the wrong quotation marks",
        parts("multipart/mixed; boundary='x'", "'x'"),
        BILL,
    ),
    Mail(
        "boundary that is not the declared one",
        parts('multipart/mixed; boundary="other"', "=_real"),
        Right(
            says=(WORDS,),
            files=None,
        ),
    ),
    Mail(
        "boundary not declared",
        parts("multipart/mixed", "=_real"),
        Right(
            says=(WORDS,),
            files=None,
        ),
    ),
    Mail(
        "quotation mark of the boundary not closed",
        parts('multipart/mixed; boundary="=_x', "=_x"),
        BILL,
    ),
    Mail(
        "boundary of the parts is that of what holds them",
        mail(
            Part(
                {"Content-Type": "multipart/mixed; boundary=x"},
                b"--x\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
                b"--x\r\n" + INNER[0] + b"\r\n--x--\r\n",
            )
        ),
        Right(says=(WORDS,), files=None),
    ),
    Mail(
        "line ends of unix",
        parts("multipart/mixed; boundary=x", "x", newline=b"\n").replace(
            b"\r\n", b"\n"
        ),
        BILL,
    ),
    Mail(
        "semicolon at the end of the type",
        parts("multipart/mixed; boundary=x;", "x"),
        BILL,
    ),
    Mail(
        "boundary declared twice",
        parts('multipart/mixed; boundary="x"; boundary="x"', "x"),
        BILL,
    ),
    Mail(
        "second type of the same mail",
        mail(text(WORDS), content_type=["text/plain; charset=utf-8", "text/html"]),
        SAID,
    ),
    Mail(
        "multipart that is one text",
        mail(Part({"Content-Type": "multipart/mixed; boundary=x"}, WORDS.encode())),
        Right(says=(WORDS,), files=None),
    ),
    # Encodings --------------------------------------------------------------------
    Mail(
        "base64 without its last signs",
        mail(mixed(text(WORDS), base64_of(GOOD.strip().rstrip(b"=")))),
        Right(says=(WORDS,), files=("bill.pdf",)),
    ),
    Mail(
        "base64 with other signs in it",
        mail(mixed(text(WORDS), base64_of(b"!" + GOOD[:8] + b"\xff *\r\n" + GOOD[8:]))),
        BILL,
    ),
    Mail(
        "base64 that is none",
        mail(mixed(text(WORDS), base64_of(b"\x00\x01 not base64 \xff"))),
        Right(says=(WORDS,), files=("bill.pdf",)),
    ),
    Mail(
        "text that says base64 and is none",
        mail(
            Part(
                {
                    "Content-Type": "text/plain; charset=utf-8",
                    "Content-Transfer-Encoding": "base64",
                },
                b"Hello there, it is too small!",
            )
        ),
        Right(
            says=("it is too small!",),
        ),
    ),
    Mail(
        "quoted-printable that is none",
        mail(
            Part(
                {
                    "Content-Type": "text/plain; charset=utf-8",
                    "Content-Transfer-Encoding": "quoted-printable",
                },
                b"80 = 40 =XY + 40 =",
            )
        ),
        Right(says=("80 = 40 =XY + 40",)),
    ),
    Mail(
        "an encoding nobody knows",
        mail(text(WORDS), content_transfer_encoding="x-zip"),
        SAID,
    ),
    Mail(
        "encoding with a comment and capital letters",
        mail(text(WORDS, encoding="base64"), content_transfer_encoding="BASE64 (x)"),
        Right(
            says=(WORDS,),
        ),
    ),
    Mail(
        "uuencoded file in the text",
        mail(f"{WORDS}\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n"),
        Right(says=(WORDS,), files=None),
    ),
    # Headers ----------------------------------------------------------------------
    *(
        Mail(f"without {name}", without(mail(WORDS), name), SAID)
        for name in (
            *("Date", "Subject", "Message-Id", "Mime-Version", "Received"),
            *("Return-Path", "Content-Type", "Content-Transfer-Encoding"),
        )
    ),
    Mail(
        "without a sender",
        without(mail(WORDS), "From"),
        Right(customer=None, says=(WORDS,)),
    ),
    Mail(
        "without a recipient, delivered to us",
        without(mail(WORDS, delivered_to=TEAM), "To"),
        SAID,
    ),
    Mail("two subjects", mail(WORDS, subject=["One", "Two"]), SAID),
    Mail("two recipients' lines", mail(WORDS, to=["x@x.example", TEAM]), SAID),
    Mail("two dates", mail(WORDS, date=["Mon, 23 Nov 2026 09:00:00 +0000", "x"]), SAID),
    Mail(
        "identifier with blanks",
        mail(WORDS, message_id="<blank id-1 @gemini.example.com>"),
        SAID,
    ),
    Mail(
        "identifier without brackets",
        mail(WORDS, message_id="bare-id-1@gemini.example.com"),
        SAID,
    ),
    Mail("empty identifier", mail(WORDS, message_id=""), SAID),
    Mail(
        "header without a colon",
        mail(WORDS).replace(b"Subject:", b"This line is no header\r\nSubject:"),
        Right(files=None),
    ),
    Mail(
        "line of a mailbox file before the headers",
        b"From ana@gemini.example.com Mon Nov 23 09:00:00 2026\r\n" + mail(WORDS),
        SAID,
    ),
    Mail("blank before a colon", mail(WORDS).replace(b"Subject:", b"Subject :"), SAID),
    Mail(
        "header of a hundred thousand letters",
        mail(WORDS, x_spam_report="word " * 20_000),
        SAID,
    ),
    Mail("subject of NUL", mail(WORDS, subject=b"A\x00B"), SAID),
    Mail(
        "subject of a bell and an escape",
        mail(WORDS, subject=b"A\x07\x1b[31mB"),
        SAID,
    ),
    Mail(
        "comments within comments in the type",
        mail(text(WORDS), content_type="text/plain; " + "(" * 600),
        SAID,
    ),
    Mail(
        "comments within comments in the sender",
        mail(WORDS, sender="(" * 3_000 + ANA),
        SAID,
    ),
    Mail(
        "sender of three thousand letters",
        mail(WORDS, sender=f"{'x' * 3_000} <ana@gemini.example.com>"),
        SAID,
    ),
    Mail(
        "four thousand recipients",
        mail(WORDS, cc=", ".join(f"p{n}@x.example" for n in range(4_000))),
        SAID,
    ),
    Mail(
        "thousand references",
        mail(WORDS, references=" ".join(f"<{n}@x.example>" for n in range(1_000))),
        SAID,
    ),
    Mail(
        "answer after a thousand references",
        mail(
            WORDS,
            references=" ".join(f"<{n}@x.example>" for n in range(1_000)) + f" {OURS}",
        ),
        Right("answer", says=(WORDS,)),
    ),
    Mail("date of the year 9999", mail(WORDS, date="31 Dec 9999 23:59:59 -1200"), SAID),
    Mail("date of nonsense", mail(WORDS, date="32 Foo 99999 99:99"), SAID),
    # Texts ------------------------------------------------------------------------
    Mail("NUL in the text", mail(b"Nul\x00 byte".decode()), Right(says=("Nul byte",))),
    Mail(
        "NUL in markup",
        mail(html(b"<p>Nul\x00 byte</p>")),
        Right(says=("Nul byte",)),
    ),
    Mail(
        "one line of 200,000 letters",
        mail("x" * 200_000),
        Right(says=("xxxx",)),
    ),
    Mail(
        "half a sign at the end",
        mail(text("鞋子太小了".encode()[:-1])),
        Right(files=None),
    ),
    Mail(
        "single surrogate in markup",
        mail(html("<p>&#xD800; ok</p>")),
        Right(says=("ok",)),
    ),
    Mail(
        "markup of 260 levels",
        mail(html("<div>" * 260 + WORDS + "</div>" * 260)),
        SAID,
    ),
    Mail(
        "markup of levels that do not end",
        mail(html("<blockquote>" * 20_000 + WORDS)),
        SAID,
    ),
    Mail(
        "markup of broken tags",
        mail(html(f'<p<<b>{WORDS}</p <a href="x><i')),
        SAID,
    ),
    Mail("comment that does not end", mail(html(f"<p>{WORDS}</p><!-- x")), SAID),
    Mail(
        "script, style, frame, form and events",
        mail(
            html(
                f"<p onclick='evil()'>{WORDS}</p><script>evil()</script><iframe src="
                "'https://x.example/evil'></iframe><form action='/evil'></form>"
                "<a href='javascript:evil()'>go</a><style>@import 'evil'</style>"
            )
        ),
        Right(
            says=(WORDS,),
            no_markup=("evil()", "<script", "<iframe", "<form", "onclick"),
        ),
    ),
    Mail(
        "markup within a plain text",
        mail("<b>bold</b> & <script>evil()</script>"),
        Right(says=("<b>bold</b>",), no_markup=("<script",)),
    ),
    Mail(
        "template code",
        mail("{{ 7 * 7 }} ${7 * 7} <t t-out='7'/>"),
        Right(says=("{{ 7 * 7 }}",)),
    ),
    Mail(
        "notice of our own within a text",
        mail(html(f'<p>{WORDS}</p><p class="o_mail_notification">OLD NOTICE</p>')),
        SAID,
    ),
    Mail(
        "whole text is a notice of our own",
        mail(html(f'<div summary="o_mail_notification">{WORDS}</div>')),
        SAID,
    ),
    # Files ------------------------------------------------------------------------
    Mail(
        "picture that is cut off",
        mail(mixed(text(WORDS), file(GIF[:20], "cut.gif", "image/gif"))),
        Right(says=(WORDS,), files=(("cut.gif", GIF[:20]),)),
    ),
    Mail(
        "picture that is none",
        mail(mixed(text(WORDS), file(ALL_BYTES, "no.png", "image/png"))),
        Right(says=(WORDS,), files=(("no.png", ALL_BYTES),)),
    ),
    Mail(
        "picture of many millions of points",
        mail(
            mixed(
                text(WORDS),
                file(b"GIF89a\xff\xff\xff\xff" + GIF[10:], "big.gif", "image/gif"),
            )
        ),
        Right(
            says=(WORDS,),
            files=(("big.gif", b"GIF89a\xff\xff\xff\xff" + GIF[10:]),),
        ),
    ),
    Mail(
        "drawing with a script",
        mail(
            mixed(
                text(WORDS),
                file(b"<svg><script>evil()</script></svg>", "a.svg", "image/svg+xml"),
            )
        ),
        Right(says=(WORDS,), files=(("a.svg", b"<svg><script>evil()</script></svg>"),)),
    ),
    Mail(
        "file name of a thousand letters",
        mail(mixed(text(WORDS), file(name="x" * 1_000 + ".pdf"))),
        Right(says=(WORDS,), files=(("x" * 180 + ".pdf", PDF),)),
    ),
    Mail(
        "file name of control signs",
        mail(mixed(text(WORDS), file(name="a\x00b\x07.pdf"))),
        Right(says=(WORDS,), files=(("ab.pdf", PDF),)),
    ),
    Mail(
        "picture shown that is not there",
        mail(related(html(f'{WORDS}<img src="cid:gone">'), file())),
        BILL,
    ),
    Mail(
        "identifier of a picture that is a path",
        mail(
            related(
                html(f'{WORDS}<img src="cid:../../x">'),
                file(GIF, "a.gif", "image/gif", content_id="<../../x>"),
            )
        ),
        Right(says=(WORDS,), files=(("a.gif", GIF),)),
    ),
    Mail(
        "disposition of nonsense",
        mail(mixed(text(WORDS), file(content_disposition="; ; =x; attachment=="))),
        Right(says=(WORDS,), files=("bill.pdf",)),
    ),
    Mail(
        "alternative of nothing",
        mail(mixed(alternative(), text(WORDS))),
        SAID,
    ),
    Mail("nothing but headers", mail(WORDS).partition(b"\r\n\r\n")[0], Right()),
    Mail(
        "cut off within the headers of a part",
        mail(mixed(text(WORDS), file()))[:-180],
        Right(says=(WORDS,), files=None),
    ),
]
