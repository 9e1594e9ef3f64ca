"""Whose words a mail is: the customer's, a colleague's, a stranger's; and mails that
were forwarded."""

from .build import (
    ANA,
    COLLEAGUE,
    LEE,
    OURS,
    PDF,
    STRANGER,
    TEAM,
    Mail,
    Right,
    alternative,
    attached,
    file,
    html,
    mail,
    mixed,
    text,
    word,
)

# language, prefix of the subject, announcement, head of the original
FORWARDS = (
    ("en", "FW:", "", "From: {0}\nSent: Monday\nTo: Us\nSubject: {1}"),
    ("es", "RV:", "", "De: {0}\nEnviado el: lunes\nPara: Nos\nAsunto: {1}"),
    ("de", "WG:", "-------- Weitergeleitete Nachricht --------",
     "Betreff: {1}\nDatum: Mon\nVon: {0}\nAn: Uns"),
    ("fr", "TR :", "", "De : {0}\nEnvoyé : lundi\nÀ : Nous\nObjet : {1}"),
    ("zh_CN", "转发：", "", "发件人: {0}\n发送时间: 周一\n收件人: 我们\n主题: {1}"),
    ("zh_TW", "轉寄:", "", "寄件者: {0}\n寄件日期: 週一\n收件者: 我們\n主旨: {1}"),
    ("ja", "Fwd:", "---------- 転送メッセージ ----------",
     "差出人: {0}\n日付: 月曜日\n件名: {1}\n宛先: 私達"),
    ("ru", "Fwd:", "", "От: {0}\nДата: понедельник\nТема: {1}\nКому: нам"),
    ("ko", "FW:", "", "보낸 사람: {0}\n보낸 날짜: 월요일\n받는 사람: 우리\n제목: {1}"),
    ("ar", "Fwd:", "", "من: {0}\nتاريخ: الاثنين\nإلى: نحن\nالموضوع: {1}"),
)  # fmt: skip
TWO = [COLLEAGUE, STRANGER]
RE = "Re: Left shoe too small"


def forward(language, prefix, announcement, head):
    head = head.format(LEE, "Blue hat")
    body = f"PLEASE HELP HIM.\n\n{announcement}\n{head}\n\nThe hat is too large."
    source = mail(
        body.replace("\n", "\r\n"),
        sender=COLLEAGUE,
        subject=word(f"{prefix} Blue hat"),
    )
    right = Right(
        customer="lee",
        says=("PLEASE HELP HIM.", "The hat is too large."),
        taken_as="forwarded",
        subject="Blue hat",
    )
    return Mail(f"forward in {language}", source, right)


MAILS = [
    *(forward(*row) for row in FORWARDS),
    Mail(
        "forward as an attachment",
        mail(
            mixed(
                text("PLEASE HELP HIM."),
                attached(mail("The hat is too large.", sender=LEE, subject="Blue hat")),
            ),
            sender=COLLEAGUE,
            subject="Fwd: Blue hat",
        ),
        Right(
            customer="lee",
            says=("PLEASE HELP HIM.",),
            files=("Blue hat.eml",),
            taken_as="forwarded",
        ),
    ),
    Mail(
        "forward as an attachment in an everyday charset",
        mail(
            mixed(
                text("PLEASE HELP HIM."),
                attached(
                    mail(
                        text("帽子太大了，朱镕", "gbk", "gb2312"),
                        sender=LEE,
                        subject=word("朱镕的帽子", "gbk", "gb2312"),
                    )
                ),
            ),
            sender=COLLEAGUE,
            subject="Fwd",
        ),
        Right(
            customer="lee",
            says=("PLEASE HELP HIM.",),
            files=("朱镕的帽子.eml",),
            taken_as="forwarded",
        ),
    ),
    Mail(
        "forward in markup with a file",
        mail(
            mixed(
                alternative(
                    text(
                        "Look.\r\n\r\n---------- Forwarded message ---------\r\n"
                        f"From: {LEE}\r\nDate: Mon, 23 Nov 2026\r\n"
                        f"Subject: Blue hat\r\nTo: {TEAM}\r\n\r\nToo large."
                    ),
                    html("<p>Look.</p><blockquote>Too large.</blockquote>"),
                ),
                file(),
            ),
            sender=COLLEAGUE,
            subject="Fwd: Blue hat",
        ),
        Right(
            customer="lee",
            says=("Look.", "Too large."),
            files=(("bill.pdf", PDF),),
            taken_as="forwarded",
        ),
    ),
    Mail(
        "customer who forwards is the customer",
        mail(
            f"See.\r\n\r\nFrom: {LEE}\r\nSent: Monday\r\nTo: me\r\nSubject: Hat\r\n",
            subject="Fwd: Hat",
        ),
        Right(customer="ana", says=("See.",)),
    ),
    Mail(
        "stranger who attaches a customer's mail is a stranger",
        mail(mixed(text("See."), attached(mail("x", sender=ANA))), sender=STRANGER),
        Right(customer=None, says=("See.",), files=None),
    ),
    # Senders of answers -----------------------------------------------------------
    Mail(
        "customer from a colleague's desk of theirs",
        mail("It is me.", sender="info@gemini.example.com", answers=OURS, subject=RE),
        Right("answer", says=("It is me.",)),
    ),
    Mail(
        "customer without proof",
        mail("It is me.", answers=OURS, subject=RE, proven=False),
        Right("answer", says=("It is me.",)),
    ),
    Mail(
        "customer in capital letters",
        mail("It is me.", sender="ANA@Gemini.Example.COM", answers=OURS),
        Right("answer", says=("It is me.",)),
    ),
    Mail(
        "stranger answers",
        mail("Pay me.", sender=STRANGER, answers=OURS, subject=RE),
        Right("answer", says=("Pay me.",), taken_as="stranger"),
    ),
    Mail(
        "another customer answers",
        mail("Pay me.", sender=LEE, answers=OURS, subject=RE),
        Right("answer", says=("Pay me.",), taken_as="stranger"),
    ),
    Mail(
        "stranger under the customer's name",
        mail(
            "Pay me.",
            sender='"ana@gemini.example.com" <max@elsewhere.example>',
            answers=OURS,
        ),
        Right("answer", says=("Pay me.",), taken_as="stranger"),
    ),
    Mail(
        "stranger who names the customer as the address to answer to",
        mail(
            "Pay me.",
            sender=STRANGER,
            reply_to="ana@gemini.example.com",
            answers=OURS,
        ),
        Right("answer", says=("Pay me.",), taken_as="stranger"),
    ),
    Mail(
        "colleague who is believed writes to the customer",
        mail(
            "Please wait.",
            sender=COLLEAGUE,
            to=f"{ANA}, {TEAM}",
            answers=OURS,
            subject=RE,
        ),
        Right("answer", says=("Please wait.",), taken_as="reply"),
    ),
    Mail(
        "colleague who is not believed",
        mail("We refund.", sender=COLLEAGUE, answers=OURS, proven=False),
        Right("answer", says=("We refund.",), taken_as="colleague"),
    ),
    Mail(
        "colleague believed by another server",
        mail(
            "We refund.",
            sender=COLLEAGUE,
            answers=OURS,
            authentication_results="mx.evil.example; dmarc=pass "
            "header.from=ourcompany.example.com",
        ),
        Right("answer", says=("We refund.",), taken_as="colleague"),
    ),
    Mail(
        "colleague whose proof is a stranger's comment",
        mail(
            "We refund.",
            sender=COLLEAGUE,
            answers=OURS,
            authentication_results="imap.ourcompany.example.com; dmarc=fail "
            "(dmarc=pass header.from=ourcompany.example.com)",
        ),
        Right("answer", says=("We refund.",), taken_as="colleague"),
    ),
    Mail(
        "colleague with two senders",
        mail("We refund.", sender=COLLEAGUE, answers=OURS, **{"from": TWO}),
        Right("answer", says=("We refund.",), taken_as="colleague"),
    ),
    Mail(
        "colleague to colleagues",
        mail(
            "HE NEVER PAYS.",
            sender=COLLEAGUE,
            to="as_manager@ourcompany.example.com",
            cc=TEAM,
            answers=OURS,
            subject=RE,
        ),
        Right("answer", says=("HE NEVER PAYS.",), taken_as="note"),
    ),
    Mail(
        "colleague who forwards within",
        mail("INTERNAL", sender=COLLEAGUE, answers=OURS, subject="Fwd: Left shoe"),
        Right("answer", says=("INTERNAL",), taken_as="note"),
    ),
    # Senders of new mails ---------------------------------------------------------
    Mail(
        "colleague writes to a customer with the team in copy",
        mail("Please send a photo.", sender=COLLEAGUE, to=LEE, cc=TEAM),
        Right(customer="lee", says=("Please send a photo.",), taken_as="reply"),
    ),
    Mail(
        "another customer",
        mail("Too large.", sender=LEE, subject="Blue hat"),
        Right(customer="lee", says=("Too large.",), subject="Blue hat"),
    ),
    Mail(
        "stranger",
        mail("Hello", sender=STRANGER),
        Right(customer=None, says=("Hello",), sender="max@elsewhere.example"),
    ),
    Mail(
        "address of an umlaut domain",
        mail("Hello", sender="Max <max@xn--schne-schuhe-yfb.example>"),
        Right(customer=None, says=("Hello",)),
    ),
    Mail(
        "address of an umlaut domain, raw",
        mail("Hello", sender="Max <max@schöne-schuhe.example>"),
        Right(customer=None, says=("Hello",), sender="schöne-schuhe.example"),
    ),
    Mail(
        "name with a comma",
        mail("Hello", sender='"Ruiz, Ana" <ana@gemini.example.com>'),
        Right(says=("Hello",)),
    ),
    Mail(
        "name with a comma without quotation marks",
        mail("Hello", sender="Ruiz, Ana <ana@gemini.example.com>"),
        Right(says=("Hello",)),
    ),
    Mail(
        "name in round brackets",
        mail("Hello", sender="ana@gemini.example.com (Ana Ruiz)"),
        Right(says=("Hello",)),
    ),
]
