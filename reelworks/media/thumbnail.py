"""Thumbnails: small JPEGs of frames, for pages that show many."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from reelworks.errors import UnsupportedMediaError

QUALITY = 80
"""JPEG quality; at this size artefacts are smaller than what a screen shows."""


def check_jpeg(jpeg: bytes) -> None:
    """Raise ``UnsupportedMediaError`` unless ``jpeg`` is a whole image that decodes.

    It is decoded at an eighth of its size, which reads every byte and takes some milliseconds.
    """
    with _decoding(jpeg) as image:
        image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()


def shrink_jpeg(jpeg: bytes, width: int) -> bytes:
    """Return a JPEG that is ``width`` pixels wide, as it is when it is no wider.

    Raises ``UnsupportedMediaError`` when it is no image.
    """
    with _decoding(jpeg) as image:
        if image.width > width:
            height = max(1, round(image.height * width / image.width))
            image.draft("RGB", (2 * width, 2 * height))  # decodes a part of the detail only
            small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            output = io.BytesIO()
            small.save(output, "JPEG", quality=QUALITY, optimize=True)
            return output.getvalue()
    check_jpeg(jpeg)
    return jpeg


@contextmanager
def _decoding(jpeg: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            yield image
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise UnsupportedMediaError("The image is damaged; index its video again.") from error
