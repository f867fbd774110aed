"""The frame describer that reads text and finds controls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from reelworks.domain.capabilities import FrameDescriber
from reelworks.errors import UnsupportedMediaError
from reelworks.models.vision.controls import VERSION
from reelworks.models.vision.ocr import ocr_revision
from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber


@pytest.fixture(scope="module")
def jpeg(media: Path) -> bytes:
    page = cv2.imread(str(media / "pages/login_flat.png"))
    return cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def test_it_reads_text_and_controls_and_claims_no_caption(jpeg: bytes) -> None:
    reader: FrameDescriber = OcrFrameDescriber()
    described = reader.describe(jpeg)
    assert described.caption is None
    assert described.objects == ()
    assert "Welcome back" in [line.text for line in described.text]
    assert "Sign in" in [control.label for control in described.controls]


def test_frames_read_at_once_give_the_same_answers(jpeg: bytes) -> None:
    reader = OcrFrameDescriber(threads=2)
    assert reader.parallel == 2
    with ThreadPoolExecutor(reader.parallel) as threads:
        first, second = threads.map(reader.describe, [jpeg, jpeg])
    assert first == second == reader.describe(jpeg)


@pytest.mark.parametrize("broken", [b"", b"no picture", np.zeros(300, np.uint8).tobytes()])
def test_a_broken_picture_is_a_clear_error(broken: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="cannot be read as an image"):
        OcrFrameDescriber().describe(broken)


def test_the_model_names_its_weights_and_the_finder() -> None:
    model = OcrFrameDescriber().model
    assert (model.provider, model.name) == ("local", "rapidocr")
    assert model.revision == f"{ocr_revision()}-controls{VERSION}"
