"""How large a picture is, before anything decodes it."""

import io
import warnings

from PIL import Image

# Odoo's own limit; a picture of that size takes 150 MB to decode.
MAX_PIXELS = 50_000_000
# Media types that would be decoded to be shown.
RASTER = ("bmp", "gif", "jpeg", "jpg", "png", "tiff", "webp", "x-icon")


def pixels(content):
    """Return how many pixels a picture says to have, None when it cannot be read. Only
    the beginning of the file is looked at.

    :param bytes content: of a file
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as picture:
                return picture.width * picture.height
    except Image.DecompressionBombError:
        return MAX_PIXELS + 1
    except Exception:  # noqa: BLE001
        # Each format fails in its own way.
        return None


def is_bearable(content):
    """Return whether a picture can be read, and is not too large to be decoded."""
    found = pixels(content)
    return found is not None and found <= MAX_PIXELS
