import io
import struct
import zlib

from PIL import Image

from odoo.tests import BaseCase, tagged

from ...tools.picture import MAX_PIXELS, is_bearable, pixels


def png(width, height):
    """Return the beginning of a picture of that size; its rows are missing."""

    def chunk(kind, data):
        head = struct.pack(">I", len(data)) + kind + data
        return head + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", rows)


@tagged("post_install", "-at_install")
class TestPicture(BaseCase):
    def test_size_is_told_without_decoding(self):
        whole = io.BytesIO()
        Image.new("RGB", (30, 20)).save(whole, "JPEG")
        for content, expected in (
            (whole.getvalue(), 600),
            (png(13_300, 13_300), 13_300**2),
            (b"no picture", None),
            (b"", None),
            (b"\x89PNG\r\n\x1a\n", None),
        ):
            with self.subTest(expected=expected):
                self.assertEqual(pixels(content), expected)
        self.assertGreater(pixels(png(20_000, 20_000)), MAX_PIXELS)

    def test_what_can_be_borne(self):
        self.assertTrue(is_bearable(png(7_000, 7_000)))
        for size in (8_000, 13_300, 20_000, 2**30):
            with self.subTest(size=size):
                self.assertFalse(is_bearable(png(size, size)))
