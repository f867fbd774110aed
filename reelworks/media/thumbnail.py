"""Small pictures of frames, for pages that show many."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from reelworks.errors import UnsupportedMediaError

QUALITY = 80
"""JPEG quality; at this size artefacts are smaller than what a screen shows."""


def shrink_jpeg(jpeg: bytes, width: int) -> bytes:
    """Return a JPEG that is ``width`` pixels wide, as it is when it is no wider.

    Raises ``UnsupportedMediaError`` for what is no picture.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            if picture.width <= width:
                return jpeg
            height = max(1, round(picture.height * width / picture.width))
            picture.draft("RGB", (2 * width, 2 * height))  # decodes a part of the detail only
            small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    except (UnidentifiedImageError, OSError) as error:
        raise UnsupportedMediaError("The picture is damaged; index its video again.") from error
    kept = io.BytesIO()
    small.save(kept, "JPEG", quality=QUALITY, optimize=True)
    return kept.getvalue()
