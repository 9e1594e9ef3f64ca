"""Which files a customer may send with a report: decided by name, content and size,
without the ORM."""

MAX_FILES = 10
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_TOTAL_BYTES = 25 * 1024 * 1024

_ANY_BINARY = "application/octet-stream"
_OFFICE = (
    "application/vnd.",
    "application/zip",
    "application/msword",
    "application/x-ole-storage",
    "application/CDFV2",
)
# File name extension → beginnings of the media types its content may be seen as.
# Markup (HTML, SVG, XML) is missing on purpose: a browser would run it.
ALLOWED = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "bmp"), ("image/",)),
    **dict.fromkeys(("heic", "heif"), ("image/", "video/", _ANY_BINARY)),
    **dict.fromkeys(("mp4", "mov", "webm", "3gp"), ("video/", _ANY_BINARY)),
    **dict.fromkeys(("mp3", "m4a", "wav", "ogg"), ("audio/", "video/", _ANY_BINARY)),
    **dict.fromkeys(("txt", "csv", "log"), ("text/plain", "text/csv")),
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods"), _OFFICE),
    **dict.fromkeys(("doc", "xls", "ppt"), _OFFICE),
    "pdf": ("application/pdf",),
    "zip": ("application/zip",),
}
_NEVER = ("image/svg",)


def extension(name):
    """Return the extension of a file name in small letters, without its dot."""
    _stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot else ""


def upload_refusal(name, size, seen_type):
    """Tell why one file is refused.

    :param str name: file name the customer's browser sent
    :param int size: bytes
    :param str seen_type: media type found by looking into the content
    :return: ``"empty"``, ``"too_big"``, ``"type"`` or ``None`` when it is fine
    """
    if not size:
        return "empty"
    if size > MAX_FILE_BYTES:
        return "too_big"
    allowed = ALLOWED.get(extension(name), ())
    if not seen_type.startswith(tuple(allowed)) or seen_type.startswith(_NEVER):
        return "type"
    return None


def total_refusal(sizes):
    """Tell why files are refused together.

    :param list sizes: bytes of each file
    :return: ``"too_many"``, ``"too_big_together"`` or ``None``
    """
    if len(sizes) > MAX_FILES:
        return "too_many"
    if sum(sizes) > MAX_TOTAL_BYTES:
        return "too_big_together"
    return None
