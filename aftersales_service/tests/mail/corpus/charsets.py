"""Charsets as programs mean them, whatever they call them."""

from .build import ANA, PDF, Mail, Right, file, html, mail, mixed, text, word

# name, words, charset of the bytes, charset they say to have
WRITTEN = (
    ("gbk called gb2312", "朱镕基的鞋子太小了", "gbk", "gb2312"),
    ("gb18030 called gbk", "㐂鞋子太小了", "gb18030", "gbk"),
    ("x-gbk", "朱镕基的鞋子", "gbk", "x-gbk"),
    ("gb_2312-80", "鞋子太小了", "gbk", "gb_2312-80"),
    ("gbk of Taiwan's signs", "請問訂單裡的燈", "gbk", "gb2312"),
    ("hz", "鞋子太小了", "hz", "hz-gb-2312"),
    ("big5", "請問訂單裡的燈在哪裡", "big5", "big5"),
    ("big5 of Hong Kong", "香港嘅鞋 啲", "big5hkscs", "big5"),
    ("korean beyond its standard", "똠방각하 신발이 작아요", "cp949", "euc-kr"),
    ("korean by its other name", "뷁 신발", "cp949", "ks_c_5601-1987"),
    ("korean in seven bits", "신발이 작아요", "iso2022_kr", "iso-2022-kr"),
    ("japanese in seven bits", "靴が小さいです", "iso2022_jp", "iso-2022-jp"),
    ("japanese with circled numbers", "①靴が小さい㈱", "cp932", "shift_jis"),
    ("japanese of unix", "靴が小さいです", "euc_jp", "euc-jp"),
    ("windows-1252 called latin-1", "“Größe” – 80 €", "cp1252", "iso-8859-1"),
    ("windows-1252 called ascii", "“Größe” – 80 €", "cp1252", "us-ascii"),
    ("latin-9", "Größe, 80 €, Œuvre", "iso8859-15", "iso-8859-15"),
    ("polish", "but jest za mały, żółty", "iso8859-2", "iso-8859-2"),
    ("turkish called latin-5", "ayakkabı çok küçük ş ğ", "cp1254", "iso-8859-9"),
    ("russian koi8", "Ботинок слишком мал", "koi8-r", "koi8-r"),
    ("russian windows", "Ботинок слишком мал", "cp1251", "windows-1251"),
    ("arabic windows", "الحذاء صغير جدا", "cp1256", "windows-1256"),
    ("arabic iso", "الحذاء صغير جدا", "iso8859-6", "iso-8859-6"),
    ("hebrew, logical", "הנעל קטנה", "iso8859-8", "iso-8859-8-i"),
    ("thai", "รองเท้าเล็กไป", "cp874", "tis-620"),
    ("utf-8 called latin-1", "Größe 鞋子", "utf-8", "iso-8859-1"),
    ("utf-8 called gb2312", "鞋子太小了", "utf-8", "gb2312"),
    ("utf-8 called ascii", "Größe 鞋子", "utf-8", "us-ascii"),
    ("utf-8 called utf8mb4", "鞋子 👟", "utf-8", "utf8mb4"),
    ("latin-1 called utf-8", "Größe zu klein", "latin-1", "utf-8"),
    ("unknown-8bit", "Größe zu klein", "cp1252", "unknown-8bit"),
    ("nothing said, utf-8", "Größe 鞋子", "utf-8", ""),
    ("nothing said, latin-1", "Größe zu klein", "latin-1", ""),
    ("a charset nobody knows", "Größe zu klein", "cp1252", "x-made-up"),
    ("utf-16 with a mark", "Größe 鞋子", "utf-16", "utf-16"),
    ("utf-7", "Größe 鞋子", "utf-7", "utf-7"),
    ("utf-8 with a mark", "Größe zu klein", "utf-8-sig", "utf-8"),
)


def named_file(head_type, disposition):
    """Return a mail with a file whose headers are given."""
    part = file(content_type=head_type, content_disposition=disposition)
    return mail(mixed(text("See the file."), part))


def subject(value, words, **more):
    return Mail(f"subject: {words}", mail(subject=value), Right(subject=words, **more))


MAILS = [
    *(
        Mail(
            name,
            mail(text(words, codec, label, encoding="base64")),
            Right(says=(words,)),
        )
        for name, words, codec, label in WRITTEN
    ),
    Mail(
        "page that names another charset than its part",
        mail(html('<meta charset="gb2312"><p>Größe 鞋子</p>', "utf-8", "utf-8")),
        Right(says=("Größe 鞋子",)),
    ),
    Mail(
        "page that alone names its charset",
        mail(html('<meta charset="gbk"><p>朱镕基的鞋子</p>', "gbk", "")),
        Right(
            says=("朱镕基的鞋子",),
        ),
    ),
    # Headers ----------------------------------------------------------------------
    subject(word("朱镕基的鞋子", "gbk", "gb2312"), "朱镕基的鞋子"),
    subject(word("請問訂單裡的燈", "big5", "big5"), "請問訂單裡的燈"),
    subject(word("“Größe” – 80 €", "cp1252", "iso-8859-1"), "“Größe” – 80 €"),
    subject(word("朱镕基", "gbk", "x-gbk"), "朱镕基"),
    subject(word("똠방각하", "cp949", "ks_c_5601-1987"), "똠방각하"),
    subject(word("①靴が小さい", "cp932", "shift_jis"), "①靴が小さい"),
    subject(word("靴が小さい", "iso2022_jp", "iso-2022-jp"), "靴が小さい"),
    subject("=?utf-8?Q?Gr=C3=B6=C3=9Fe_zu_klein?=", "Größe zu klein"),
    subject("=?utf-8?Q?Gr=C3=B6=C3=9Fe ist_klein?=", "Größe ist klein"),
    subject("Re: =?utf-8?b?w5xiZXI=?= uns", "Re: Über uns"),
    subject("=?utf-8?B?6Z6L?= =?utf-8?B?5a2Q?=", "鞋子"),
    # A sign cut in two by a program that counts bytes.
    subject("=?utf-8?B?6Z6L5Q==?=\r\n =?utf-8?B?rZDlsI8=?=", "鞋子小"),
    subject("=?gb2312?B?0KzX0w==?= =?gb2312?B?zKvQoQ==?=", "鞋子太小"),
    subject("Größe (roh, UTF-8)", "Größe (roh, UTF-8)"),
    subject("Größe (roh, latin)".encode("latin-1"), "Größe (roh, latin)"),
    Mail(
        "raw subject in the charset of the text",
        mail(
            text("鞋子太小了", "gbk", "gb2312"),
            subject="订单的鞋子太小".encode("gbk"),
        ),
        Right(subject="订单的鞋子太小", says=("鞋子太小了",)),
    ),
    Mail(
        "raw sender in latin-1",
        mail(sender="Jörg Müller <ana@gemini.example.com>".encode("latin-1")),
        Right(sender="Jörg Müller"),
    ),
    Mail(
        "raw sender in utf-8",
        mail(sender="Jörg Müller <ana@gemini.example.com>"),
        Right(sender="Jörg Müller"),
    ),
    Mail(
        "sender in GBK called gb2312",
        mail(sender=f"{word('朱镕', 'gbk', 'gb2312')} <ana@gemini.example.com>"),
        Right(sender="朱镕"),
    ),
    Mail(
        "encoded sender within quotation marks",
        mail(sender=f'"{word("朱镕", "gbk", "gb2312")}" <ana@gemini.example.com>'),
        Right(sender="朱镕"),
    ),
    Mail(
        "encoded sender whose name has the signs of an address",
        mail(
            sender=f"{word('<max@elsewhere.example>,', 'cp1252', 'iso-8859-1')} {ANA}"
        ),
        Right(),
    ),
    # Names of files ---------------------------------------------------------------
    Mail(
        "file name as an encoded word",
        named_file(
            "application/pdf", f'attachment; filename="{word("发票.pdf", "gbk")}"'
        ),
        Right(says=("See the file.",), files=(("发票.pdf", PDF),)),
    ),
    Mail(
        "file name in GBK called gb2312",
        named_file(
            "application/pdf",
            f'attachment; filename="{word("朱镕基.pdf", "gbk", "gb2312")}"',
        ),
        Right(says=("See the file.",), files=("朱镕基.pdf",)),
    ),
    Mail(
        "file name as an encoded word without quotation marks",
        named_file(f"application/pdf; name={word('发票.pdf', 'gbk')}", "attachment"),
        Right(says=("See the file.",), files=("发票.pdf",)),
    ),
    Mail(
        "file name by percent signs",
        named_file(
            "application/pdf", "attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8.pdf"
        ),
        Right(says=("See the file.",), files=("发票.pdf",)),
    ),
    Mail(
        "file name by percent signs in GBK called gb2312",
        named_file(
            "application/pdf", "attachment; filename*=gb2312''%D6%EC%E9F%BB%F9.pdf"
        ),
        Right(says=("See the file.",), files=("朱镕基.pdf",)),
    ),
    Mail(
        "file name in pieces",
        named_file(
            "application/pdf",
            "attachment;\r\n filename*0*=utf-8''%E5%8F%91;\r\n filename*1*=%E7%A5%A8;"
            '\r\n filename*2=".pdf"',
        ),
        Right(says=("See the file.",), files=("发票.pdf",)),
    ),
    Mail(
        "raw file name in latin-1",
        named_file(
            "application/pdf", 'attachment; filename="Größe.pdf"'.encode("latin-1")
        ),
        Right(says=("See the file.",), files=("Größe.pdf",)),
    ),
    Mail(
        "raw file name in utf-8",
        named_file("application/pdf", 'attachment; filename="Größe.pdf"'),
        Right(says=("See the file.",), files=("Größe.pdf",)),
    ),
    Mail(
        "file name with blanks without quotation marks",
        named_file("application/pdf", "attachment; filename=my first bill.pdf"),
        Right(says=("See the file.",), files=("my first bill.pdf",)),
    ),
    Mail(
        "emoji in a file name",
        named_file("application/pdf", f'attachment; filename="{word("👟.pdf")}"'),
        Right(says=("See the file.",), files=("👟.pdf",)),
    ),
]
