"""Small images keep what is seen, and what is no image is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reelworks.errors import UnsupportedMediaError
from reelworks.media.thumbnail import shrink_jpeg


def jpeg(width: int, height: int, kind: str = "RGB") -> bytes:
    """An image that is dark on the left and light on the right."""
    ramp = np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1))
    output = io.BytesIO()
    Image.fromarray(ramp).convert(kind).save(output, "JPEG", quality=92)
    return output.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@given(st.integers(321, 1400), st.integers(1, 900))
def test_the_shape_stays(width, height):
    small = opened(shrink_jpeg(jpeg(width, height), 320))

    assert small.width == 320
    assert abs(small.height - height * 320 / width) <= 1


def test_what_is_seen_stays():
    whole = jpeg(1280, 720)

    small = shrink_jpeg(whole, 320)

    expected = np.asarray(opened(whole).resize((320, 180)), float)
    assert np.abs(np.asarray(opened(small), float) - expected).mean() < 3
    assert len(small) < len(whole) / 4


def test_a_picture_that_is_small_already_is_left_alone():
    whole = jpeg(320, 180)

    assert shrink_jpeg(whole, 320) is whole


@pytest.mark.parametrize("kind", ["L", "CMYK"])
def test_any_kind_of_jpeg_becomes_one_that_browsers_show(kind):
    assert opened(shrink_jpeg(jpeg(640, 360, kind), 320)).mode == "RGB"


@pytest.mark.parametrize("data", [b"", b"\xff\xd8 jpeg", jpeg(640, 360)[:900], b"<svg/>"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(UnsupportedMediaError, match="damaged"):
        shrink_jpeg(data, 320)
