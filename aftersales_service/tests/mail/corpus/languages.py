"""What customers write, in their languages, from the programs they write with."""

from .build import (
    GIF,
    NUMBER,
    OURS,
    TEAM,
    Mail,
    Right,
    alternative,
    file,
    html,
    inline,
    long_words,
    mail,
    mixed,
    related,
    text,
    word,
)

# name, words, subject, charset, its name, how it is sent
PROGRAMS = {
    "outlook": {"X-Mailer": "Microsoft Outlook 16.0", "Thread-Index": "AdZ1"},
    "apple": {"X-Mailer": "Apple Mail (2.3774)"},
    "thunderbird": {"User-Agent": "Mozilla Thunderbird", "Content-Language": "en"},
    "gmail": {"X-Gm-Message-State": "AOJu0Yx"},
    "foxmail": {"X-Mailer": "Foxmail 7.2", "X-Has-Attach": "no"},
    "phone": {"X-Mailer": "iPhone Mail (20A)"},
}
CUSTOMERS = (
    ("zh_CN", "foxmail", "您好，左脚的鞋子太小了。", "鞋子太小", "gbk", "gb18030"),
    ("zh_TW", "outlook", "您好，左腳的鞋子太小了。", "鞋子太小", "big5", "big5"),
    ("ko", "outlook", "왼쪽 신발이 너무 작아요.", "신발 문의", "cp949", "euc-kr"),
    (
        "ja",
        "apple",
        "左の靴が小さすぎます。",
        "靴について",
        "iso2022_jp",
        "iso-2022-jp",
    ),
    ("es", "gmail", "El zapato izquierdo es pequeño.", "Año", "utf-8", "UTF-8"),
    ("de", "thunderbird", "Der linke Schuh drückt.", "Größe", "latin-1", "iso-8859-1"),
    ("fr", "phone", "La chaussure est trop serrée.", "Été", "cp1252", "windows-1252"),
    ("ar", "gmail", "الحذاء الأيسر صغير جدا.", "حذاء", "utf-8", "UTF-8"),
    ("ru", "outlook", "Левый ботинок мал.", "Ботинок", "koi8-r", "koi8-r"),
)
# How programs introduce what they quote: it stays in the text, the answer before it.
ANSWERS = (
    ("gmail", "Here it is.", "On Mon, Nov 23, 2026 at 9:00 AM Team wrote:"),
    ("outlook de", "Anbei das Foto.", "Von: Team\r\nGesendet: Montag\r\nAn: Ana"),
    ("outlook zh", "照片在这里。", "发件人: Team\r\n发送时间: 2026年11月23日"),
    ("apple fr", "Voici la photo.", "Le 23 nov. 2026 à 09:00, Team a écrit :"),
    ("thunderbird es", "Aquí está.", "El 23/11/26 a las 9:00, Team escribió:"),
    ("ja", "写真です。", "2026年11月23日(月) 9:00 Team:"),
    ("ko", "사진입니다.", "2026년 11월 23일 (월) 오전 9:00, Team님이 작성:"),
    ("ru", "Вот фото.", "23 ноября 2026 г. Team пишет:"),
    ("ar", "هذه هي الصورة.", "في الاثنين، ٢٣ نوفمبر ٢٠٢٦ كتب Team:"),
)


def written(language, program, words, subject, codec, label):
    plain = text(words, codec, label, encoding="base64")
    page = html(f"<p>{words}</p>", codec, label, encoding="quoted-printable")
    source = mail(
        alternative(plain, page),
        subject=word(subject, codec, label),
        **PROGRAMS[program],
    )
    return Mail(
        f"{language} from {program}", source, Right(says=(words,), subject=subject)
    )


def answer(program, words, introduction):
    quoted = f"{words}\r\n\r\n{introduction}\r\n> Please send a photo."
    source = mail(quoted, answers=OURS, subject="Re: Left shoe too small")
    right = Right("answer", says=(words,))
    return Mail(f"answer from {program}", source, right)


MAILS = [
    *(written(*row) for row in CUSTOMERS),
    *(answer(*row) for row in ANSWERS),
    Mail(
        "answer with a picture in it, from a phone",
        mail(
            related(html('<div>Here.<br><img src="cid:ii_1"></div>'), inline("ii_1")),
            answers=OURS,
            subject="Re: Left shoe too small",
        ),
        Right("answer", says=("Here.",), files=(("photo.gif", GIF),)),
    ),
    Mail(
        "answer that only refers to ours among many",
        mail(
            "The photo.",
            in_reply_to="<lost@gemini.example.com>",
            references=f"<a@x.example>\r\n {OURS}\r\n <b@x.example>",
        ),
        Right("answer", says=("The photo.",)),
    ),
    Mail(
        "answer by the thread alone, under another subject",
        mail("The photo.", references=OURS, subject="photo"),
        Right("answer", says=("The photo.",)),
    ),
    Mail(
        "answer whose identifier stands among words",
        mail(
            "The photo.",
            in_reply_to=f"Your message of Monday {OURS}",
            references=f"{OURS}",
        ),
        Right("answer", says=("The photo.",)),
    ),
    Mail(
        "answer to the number in the subject, confirmed",
        mail("More.", subject=f"About {NUMBER}"),
        Right("answer", says=("More.",)),
    ),
    Mail(
        "answer to the number in the subject, unconfirmed",
        mail("More.", subject=f"About {NUMBER}", proven=False),
        Right(says=("More.",)),
    ),
    Mail(
        "answer in a folded encoded subject",
        mail("More.", subject=long_words("Re: Der linke Schuh drückt sehr " * 4)),
        Right(
            says=("More.",), subject=("Re: Der linke Schuh drückt sehr " * 4).strip()
        ),
    ),
    Mail(
        "web form",
        mail(
            alternative(
                text("Name: Ana\r\nOrder: none\r\nMessage: too small"),
                html("<table><tr><td>Message</td><td>too small</td></tr></table>"),
            ),
            x_mailer="PHPMailer 6.5.0",
            subject="Contact form",
        ),
        Right(says=("Message", "too small")),
    ),
    Mail(
        "web form of another company",
        mail(
            "Name: Max\r\nMessage: too small",
            sender="Shop <no-reply@shop.example>",
            reply_to="ana@gemini.example.com",
        ),
        Right(customer=None, says=("too small",), sender="no-reply@shop.example"),
    ),
    Mail(
        "marketplace",
        mail(
            html(
                "<table><tr><td>You have a message from a buyer:</td></tr>"
                "<tr><td>Too small!</td></tr></table><p>Do not remove this line.</p>"
            ),
            sender="Buyer at Market <abc123xyz@buyers.market.example>",
            reply_to="Market <abc123xyz@buyers.market.example>",
            subject="Question about order 305-1234567-1234567",
        ),
        Right(customer=None, says=("Too small!",), sender="abc123xyz@buyers.market"),
    ),
    Mail(
        "marketplace with a file",
        mail(
            mixed(html("<p>See the photo.</p>"), file(GIF, "1.gif", "image/gif")),
            sender="m-77@messages.market.example",
            auto_submitted="no",
        ),
        Right(customer=None, says=("See the photo.",), files=(("1.gif", GIF),)),
    ),
    Mail(
        "ticket system of a customer",
        mail(
            text("##- Please type your reply above this line -##\r\n\r\nAny news?"),
            subject="[#4711] Re: Left shoe too small",
            x_mailer="Ticket System",
            auto_submitted="no",
        ),
        Right(says=("Any news?",)),
    ),
    Mail(
        "mailing list",
        mail(
            "To all suppliers.",
            list_id="<suppliers.gemini.example.com>",
            list_unsubscribe="<mailto:off@gemini.example.com>",
            precedence="list",
            to="suppliers@gemini.example.com",
            delivered_to=TEAM,
        ),
        Right(says=("To all suppliers.",)),
    ),
    Mail(
        "blind copy",
        mail("Hidden.", to="undisclosed-recipients:;", delivered_to=TEAM),
        Right(says=("Hidden.",)),
    ),
    Mail(
        "sent again by somebody",
        mail("As sent.", to="info@gemini.example.com", resent_to=TEAM),
        Right(says=("As sent.",)),
    ),
]
