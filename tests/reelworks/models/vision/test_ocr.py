"""OCR on rendered and real frames."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import av
import cv2
import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.vision import Box, ScreenText
from reelworks.models.vision.ocr import VERSION, Image, in_reading_order, ocr_revision, text_reader

LOGIN = """Welcome back
Sign in to continue to Northwind
Email address
you@company.com
Password
Remember me
Forgot password?
Sign in
Continue with Google
New here? Create an account"""


def frame(path: Path, t: float) -> Image:
    with av.open(str(path)) as container:
        for picture in container.decode(video=0):
            if picture.time is not None and picture.time >= t:
                return np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    raise AssertionError(f"{path} ends before {t} s")


@pytest.mark.parametrize(
    ("name", "t", "written"),
    [
        ("counter.mp4", 1.0, "Frame = 11"),
        ("testvideo.mp4", 4.0, "Copyright © 2013 Brandon Castellano"),
        ("sintel-trailer-30s.mp4", 8.0, "THE BLENDER FOUNDATION presents"),
    ],
)
def test_titles_of_a_film_are_read(media: Path, name: str, t: float, written: str) -> None:
    read = " ".join(line.text for line in text_reader().read(frame(media / "video" / name, t)))
    assert written in read


@pytest.mark.parametrize(("name", "t"), [("nasa_13013.mp4", 3.0), ("sintel-trailer-30s.mp4", 12.0)])
def test_a_film_without_titles_has_no_text(media: Path, name: str, t: float) -> None:
    assert text_reader().read(frame(media / "video" / name, t)) == ()


def test_a_page_is_read_in_order_with_few_wrong_letters(media: Path) -> None:
    page = cv2.cvtColor(cv2.imread(str(media / "pages/login_flat.png")), cv2.COLOR_BGR2RGB)
    lines = text_reader().read(np.asarray(page, np.uint8))
    read = " ".join(line.text for line in lines if any(c.isalpha() for c in line.text))
    assert jiwer.cer(" ".join(LOGIN.split()), read) <= 0.02
    for line in lines:
        assert 0 <= line.box.x <= line.box.x + line.box.w <= 1
        assert 0 <= line.box.y <= line.box.y + line.box.h <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (900, 2, 3), (720, 1280, 3)])
def test_an_empty_picture_of_any_size_has_no_text(shape: tuple[int, int, int]) -> None:
    assert text_reader().read(np.full(shape, 128, np.uint8)) == ()


@given(st.permutations([(row, column) for row in range(4) for column in range(3)]))
def test_lines_come_row_by_row(cells: list[tuple[int, int]]) -> None:
    lines = [
        ScreenText(f"{row}{column}", Box(column * 0.3, row * 0.1 + column * 0.002, 0.2, 0.03))
        for row, column in cells
    ]
    assert [line.text for line in in_reading_order(lines)] == sorted(line.text for line in lines)


def test_the_reader_is_loaded_once() -> None:
    assert text_reader() is text_reader()


def test_the_revision_names_the_wheel_that_holds_the_weights() -> None:
    assert ocr_revision() == f"{version('rapidocr')}-read{VERSION}"
