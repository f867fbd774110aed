"""Frame describer without a vision-language model: on-screen text and controls."""

from __future__ import annotations

import os

import cv2
import numpy as np

from reelworks.domain.digest import ModelRef
from reelworks.domain.video.vision import FrameDescription
from reelworks.errors import UnsupportedMediaError
from reelworks.models.vision.controls import VERSION, find_controls
from reelworks.models.vision.ocr import Image, OcrParams, ocr_revision, text_reader, use_text_reader


class OcrFrameDescriber:
    """Implements ``FrameDescriber``. It reads text and finds controls: no caption and no objects.

    Threads of one model spin and wait for one another: two reads of one thread each take half
    the processor time of one read with two. So ``threads`` is the number of frames read at
    once, and each read keeps to one.
    """

    def __init__(self, threads: int | None = None) -> None:
        """Use up to ``threads`` cores; None means all cores."""
        self._parallel = threads or os.cpu_count() or 1
        self._params = OcrParams(threads=1)

    @property
    def model(self) -> ModelRef:
        """RapidOCR at its wheel's version, and how it is used."""
        return ModelRef("local", "rapidocr", f"{ocr_revision()}-controls{VERSION}")

    @property
    def parallel(self) -> int:
        """Frames that may be read at once."""
        return self._parallel

    def load(self) -> None:
        """Load the weights now. Raises ``ModelUnavailableError``."""
        text_reader(self._params)

    def describe(self, jpeg: bytes) -> FrameDescription:
        """Read one JPEG image. Raises ``UnsupportedMediaError`` when it cannot be decoded."""
        image = _decode(jpeg)
        with use_text_reader(self._params) as reader:
            text = reader.read(image)
        return FrameDescription(caption=None, controls=find_controls(image, text), text=text)


def _decode(jpeg: bytes) -> Image:
    data = np.frombuffer(jpeg, np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if decoded is None:
        raise UnsupportedMediaError(
            f"A frame of {len(jpeg)} bytes cannot be read as an image: extract the frames again."
        )
    rgb: Image = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8)
    return rgb
