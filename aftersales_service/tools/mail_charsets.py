"""What the names of charsets in mails mean in practice.

Programs write ``gb2312`` and mean GBK, ``iso-8859-1`` and mean windows-1252. The WHATWG
Encoding Standard lists how every browser reads the names; this is its table as far as
mails use it, with Python's codecs. Pure.
"""

import codecs

# Label → codec. https://encoding.spec.whatwg.org/#names-and-labels
_MEANT = {
    **dict.fromkeys(
        ("ascii", "us-ascii", "ansi_x3.4-1968", "iso-8859-1", "iso8859-1", "latin1")
        + ("iso_8859-1", "latin-1", "l1", "cp819", "x-cp1252", "cp1252")
        + ("windows-1252", "default", "x-user-defined", "unknown-8bit", "8bit"),
        "cp1252",
    ),
    **dict.fromkeys(
        ("gb2312", "gb_2312", "gb_2312-80", "gbk", "x-gbk", "gb18030", "cn-gb")
        + ("chinese", "csgb2312", "iso-ir-58", "cp936", "windows-936", "euc-cn"),
        "gb18030",
    ),
    **dict.fromkeys(
        ("big5", "big5-hkscs", "cn-big5", "x-x-big5", "csbig5", "cp950"), "big5hkscs"
    ),
    **dict.fromkeys(
        ("euc-kr", "euckr", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601")
        + ("korean", "cseuckr", "iso-ir-149", "windows-949", "cp949"),
        "cp949",
    ),
    **dict.fromkeys(
        ("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "csshiftjis", "cp932")
        + ("windows-31j", "ms932"),
        "cp932",
    ),
    **dict.fromkeys(("euc-jp", "x-euc-jp", "cseucpkdfmtjapanese"), "euc_jp"),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp"), "iso2022_jp_ext"),
    **dict.fromkeys(("iso-8859-9", "latin5", "windows-1254", "x-cp1254"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874", "dos-874"), "cp874"),
    **dict.fromkeys(("hz-gb-2312", "hz-gb2312"), "hz"),
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8", "x-utf-8"), "utf-8"),
}
# Their bytes are ASCII whatever they say, so they cannot be told by trying.
_STATEFUL = ("iso2022_jp_ext", "iso2022_jp", "iso2022_kr", "hz", "utf-7", "utf_7")


def codec(label):
    """Return the Python codec that a charset's name means, None for an unknown one."""
    label = str(label or "").strip().strip("\"'").lower()
    name = _MEANT.get(label, label)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Not the codecs that turn bytes into bytes.
    return found.name if found._is_text_encoding else None


def decode(content, label=None):
    """Return bytes as text: never fails, and loses no byte.

    What is UTF-8 is read so whatever it is called: nothing else looks like it by
    accident. Then the charset counts that it says to have, then windows-1252.

    :param bytes content: a text as it was sent
    :param str label: name of the charset it says to have
    """
    said = codec(label)
    stateful = said in _STATEFUL or (said or "").startswith(("utf-16", "utf-32"))
    tries = [said, "utf-8"] if stateful else ["utf-8", said]
    for name in [*tries, "cp1252"]:
        try:
            return content.decode(name) if name else _never()
        except (UnicodeError, ValueError):
            continue
    # The five bytes that windows-1252 leaves out.
    return content.decode("latin-1")


def _never():
    raise ValueError
