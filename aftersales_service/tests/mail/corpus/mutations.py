"""How mails are damaged: each function takes a source and a ``random.Random``."""

from base64 import encodebytes

# No input becomes larger, whatever is done to it how often.
MAX_SIZE = 30_000
NAMES = (
    *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"References", b"Cc"),
    *(b"In-Reply-To", b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"),
    *(b"Content-Disposition", b"Auto-Submitted", b"Reply-To", b"Sender"),
)
NONSENSE = (
    *(b"", b" ", b"<", b"<>", b"@", b"\x00", b"\xff\xfe", b"=?", b"=?utf-8?B?", b'"'),
    *(b"(" * 500, b"<" * 500, b"a," * 500, b"=?x?q?y?= " * 300, b";" * 500, b"\\"),
    *("鞋".encode("gbk"), "鞋".encode(), b"=?gb2312?B?0KzX0w?=", b"multipart/mixed"),
    *(
        b"text/plain; charset=utf-16",
        b"multipart/mixed; boundary",
        b"base64",
        b"x" * 900,
    ),
    *(b"message/rfc822", b"multipart/report", b"=?utf-8?q?=00=0D=0A?=", b"\r", b"a\tb"),
    *(
        b'a; filename="',
        b"a; filename*=x'y'%",
        b"a; name*0*=gbk''%E9; name*1=F",
        b"[" * 99,
    ),
)


def mutated(sources, random):
    """Return one of the sources, damaged some times."""
    source = random.choice(sources)
    for _time in range(random.choice((1, 1, 1, 2, 4))):
        mutation = random.choice(MUTATIONS)
        source = mutation(source, random, sources)[:MAX_SIZE]
    return source


def truncate(source, random, _sources):
    return source[: random.randrange(len(source) + 1)]


def repeat(source, random, _sources):
    start = random.randrange(len(source) + 1)
    piece = source[start : start + random.choice((1, 10, 100, 2_000))]
    return source[:start] + piece * random.choice((2, 10, 100)) + source[start:]


def flip(source, random, _sources):
    content = bytearray(source)
    for _time in range(random.choice((1, 5, 50)) if content else 0):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def insert(source, random, _sources):
    place = random.randrange(len(source) + 1)
    return source[:place] + random.choice(NONSENSE) + source[place:]


def splice(source, random, sources):
    """Put a piece of another mail in."""
    other = random.choice(sources)
    start, place = random.randrange(len(other)), random.randrange(len(source) + 1)
    return source[:place] + other[start : start + 500] + source[place:]


def nest_in_mail(source, random, _sources):
    for level in range(random.choice((1, 2, 8))):
        line = b"=_n%d" % level
        source = _headers(source) + (
            b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n--%b\r\n'
            b"Content-Type: message/rfc822\r\n\r\n%b\r\n--%b--\r\n"
        ) % (line, line, source, line)
        if len(source) > MAX_SIZE:
            break
    return source


def nest_in_parts(source, random, _sources):
    """Put a mail's text into parts within parts, at times deeper than any stack."""
    subtype = random.choice((b"mixed", b"alternative", b"related", b"x-none"))
    levels = random.choice((2, 2, 5, 5, 20, 300))
    head = b"".join(
        b"Content-Type: multipart/%b; boundary=b%d\r\n\r\n--b%d\r\n"
        % (subtype, level, level)
        for level in range(levels)
    )
    return _headers(source) + head + _body(source)


def many_parts(source, random, _sources):
    part = b"--p\r\nContent-Type: text/%b\r\n\r\n%b\r\n" % (
        random.choice((b"plain", b"html", b"csv")),
        _body(source)[:200],
    )
    head = b"Content-Type: multipart/mixed; boundary=p\r\n\r\n"
    return _headers(source) + head + part * random.choice((3, 3, 10, 40))


def recode(source, random, _sources):
    """Write the text in another charset or encoding than its headers say."""
    body = _body(source)
    recoded = random.choice(
        (
            body.decode("utf-8", "replace").encode("utf-16"),
            body.decode("latin-1").encode("utf-8"),
            body.decode("utf-8", "replace").encode("gb18030"),
            encodebytes(body),
            body.replace(b"=", b"=3D"),
        )
    )
    return source[: len(source) - len(body)] + recoded


def newlines(source, random, _sources):
    return source.replace(b"\r\n", random.choice((b"\n", b"\r", b"\r\n\r\n", b"\n\r")))


def remove_header(source, random, _sources):
    lines = source.splitlines(keepends=True)
    place = random.randrange(min(len(lines), 20)) if lines else 0
    return b"".join(lines[:place] + lines[place + 1 :])


def add_header(source, random, _sources):
    line = random.choice(NAMES) + b": " + random.choice(NONSENSE) + b"\r\n"
    return line * random.choice((1, 1, 2, 50)) + source


def mangle_header(source, random, _sources):
    """Change the value of one of the headers of the mail or of its parts."""
    lines = source.splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if b":" in line[:40]]
    if not places:
        return source
    place = random.choice(places)
    name, colon, value = lines[place].partition(b":")
    cut = random.randrange(len(value) + 1)
    lines[place] = name + colon + value[:cut] + random.choice(NONSENSE) + value[cut:]
    return b"".join(lines)


def _body(source):
    return source.partition(b"\r\n\r\n")[2]


def _headers(source):
    """Return the headers of a mail without what they say of its content."""
    head = source.partition(b"\r\n\r\n")[0]
    lines = [line for line in head.split(b"\r\n") if line[:8].lower() != b"content-"]
    return b"".join(line + b"\r\n" for line in lines if b":" in line)


MUTATIONS = (
    *(truncate, repeat, flip, insert, splice, nest_in_mail, nest_in_parts, many_parts),
    *(recode, newlines, remove_header, add_header, mangle_header, mangle_header),
)
