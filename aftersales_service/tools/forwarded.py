"""Finding the original sender in a mail that a colleague forwarded.

Pure: text and ``email.message.EmailMessage`` in, a :class:`Forwarded` out.
"""

import re
from typing import NamedTuple

from .mail_content import plain, read
from .mail_headers import addresses
from .mail_source import header_text


class Forwarded(NamedTuple):
    """Who wrote the mail that was forwarded, and what."""

    name: str
    email: str
    subject: str
    text: str


# How mail programs name the lines of the original's head, by language:
# en es de fr it pt nl pl ru zh_CN zh_TW ja ko ar.
_LABELS = {
    "from": "From|De|Von|Da|Van|Od|От|发件人|寄件者|寄件人|差出人|보낸 ?사람|من",
    "date": "Sent|Date|Enviado(?: el)?|Enviada em|Fecha|Gesendet|Datum|Envoyé|Inviato"
    "|Data|Verzonden|Wysłano|Отправлено|Дата|发送时间|日期|寄件日期|送信日時|日付"
    "|보낸 ?날짜|날짜|تاريخ|التاريخ|تم الإرسال",
    "to": "To|Para|An|À|A|Aan|Do|Кому|收件人|收件者|宛先|받는 ?사람|إلى",
    "subject": "Subject|Asunto|Betreff|Objet|Oggetto|Assunto|Onderwerp|Temat|Тема"
    "|主题|主旨|件名|제목|الموضوع|موضوع",
    "cc": "Cc|Kopie|Копия|抄送|副本|참조|نسخة|Reply-To|Responder a|Antwort an",
}
_LINE = re.compile(
    r"^[\s>*|]*(?:"
    + "|".join(f"(?P<{key}>{names})" for key, names in _LABELS.items())
    + r")[\s*\u00a0]*[:\uff1a][\s*\u00a0]*(?P<value>.*)$",
    re.IGNORECASE,
)
# Lines by which mail programs announce a forward; a reply never has them.
_ANNOUNCEMENT = re.compile(
    r"forwarded message|mensaje reenviado|mensagem (?:reencaminhada|encaminhada)"
    r"|weitergeleitete[n]? nachricht|message (?:transféré|réexpédié)"
    r"|messaggio inoltrato|doorgestuurd bericht|转发的邮件|转发邮件|已转发邮件"
    r"|轉寄的郵件|轉寄郵件|轉寄的訊息|転送メッセージ|пересылаемое сообщение"
    r"|전달된 메(?:시지|일)|رسالة محو[لّ]+ة|الرسالة المحو[لّ]+ة",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"^\s*(?:(?:fwd?|wg|rv|tr|i|enc|doorst|pd|rif|转发|轉寄|转寄|轉發)\s*[:\uff1a]\s*)+",
    re.IGNORECASE,
)
# Bounded as RFC 5321 bounds it: else one long word takes the square of its length.
_ADDRESS = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)
# The parts of the head stand close together.
_HEAD_LINES = 12
_MAX_TEXT = 200_000


def find_forwarded(subject, text, attached=()):
    """Return the mail inside a forwarded mail.

    :param str subject: subject of the mail that reached us
    :param str text: its text, as plain text
    :param attached: mails attached to it, as ``EmailMessage`` records
    :return: :class:`Forwarded`, or None when the mail is no forward
    """
    for original in attached:
        found = _from_attached(original)
        if found:
            return found
    text = (text or "")[:_MAX_TEXT]
    if not is_forward(subject, text):
        return None
    return _from_text(strip_prefix(subject), text)


def is_forward(subject, text):
    """Return whether subject or text say that a mail was forwarded. An answer quotes
    its original in the same way, but says neither."""
    return bool(_PREFIX.match(subject or "") or _ANNOUNCEMENT.search(text))


def strip_prefix(subject):
    """Return a subject without *Fwd:* in any language."""
    return _PREFIX.sub("", subject or "").strip()


def _from_attached(original):
    for name, address in addresses([header_text(original, "From")]):
        if "@" in address:
            subject = header_text(original, "Subject").strip()
            return Forwarded(name, address, subject, _text_of(original))
    return None


def _text_of(original):
    return "\n".join(
        text if kind == "plain" else plain(text) for kind, text in read(original).texts
    )


def _from_text(subject, text):
    lines = text.splitlines()
    for index, line in enumerate(lines):
        match = _LINE.match(line)
        if match and match.lastgroup and match.group("from"):
            head, end = _read_head(lines, _first_of_head(lines, index))
            sender = _sender(head.get("from", ""))
            if sender and len(head) >= 3:
                original = head.get("subject") or subject
                body = _unquote(lines[end:])
                return Forwarded(*sender, original.strip(" *"), body)
    return None


def _first_of_head(lines, index):
    """Return where a head begins whose line of the sender is found: some programs begin
    with the subject."""
    first = max(index - _HEAD_LINES, 0)
    while index > first and _LINE.match(lines[index - 1]):
        index -= 1
    return index


def _read_head(lines, start):
    """Return the head that begins at a line as {label: value}, and the index of the
    first line after it. Long values go on in the next line."""
    head, last, index = {}, None, start
    for index in range(start, min(start + _HEAD_LINES, len(lines))):
        line = lines[index]
        match = _LINE.match(line)
        if match:
            last = next(key for key in _LABELS if match.group(key))
            head.setdefault(last, match.group("value").strip())
        elif not line.strip(" >|\t\u00a0"):
            # Some programs put an empty line between the lines of the head.
            if len(head) >= 4 or not _goes_on(lines, index):
                break
        elif last == "from" and not _ADDRESS.search(head["from"]):
            head["from"] += " " + line.strip(" >|")
        elif last not in ("to", "cc"):
            break
    return head, index


def _goes_on(lines, index):
    following = lines[index + 1 : index + 2]
    return bool(following and _LINE.match(following[0]))


def _sender(value):
    """Return (name, address) out of the value of a From line, None without one."""
    match = _ADDRESS.search(value)
    if not match:
        return None
    name = re.split(r"[<\[(]|mailto:", value)[0]
    name = name.replace(match.group(), "").strip(" *\"'\u00a0")
    return name, match.group().strip(".")


def _unquote(lines):
    """Return lines as text, without the marks of quotation before them."""
    if all(line.lstrip().startswith(">") for line in lines if line.strip()):
        lines = [re.sub(r"^\s*>\s?", "", line) for line in lines]
    return "\n".join(lines).strip()
