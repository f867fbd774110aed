"""Optical character recognition (OCR): RapidOCR's PP-OCRv6 small models, part of its wheel.

RapidOCR's own pipeline spends most of its time on spinning threads, padding and a second look at
every line's angle. This one keeps its two models and its decoding of their answers and runs them
leaner: a small look first and a fine one only where that saw something, so that little text costs
little; one line at a time, so that nothing is padded; no angle classifier, because text on a
normalized video stands upright.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import distribution, version
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Box, ScreenText
from reelworks.errors import ModelUnavailableError
from reelworks.models.runtime.memory import MB, Memory
from reelworks.models.runtime.pool import pool

if TYPE_CHECKING:  # loads with the weights: a cached answer needs no runtime
    import onnxruntime

Image = NDArray[np.uint8]
Points = NDArray[np.float32]

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNIZER = "PP-OCRv6_rec_small.onnx"
MEMORY = Memory(host=150 * MB)
"""What both models are counted as in the pool's budget."""
VERSION = 2
"""Raise when a change in this module can change what is read."""


@dataclass(frozen=True, slots=True)
class OcrParams:
    """How text is searched and which confidence counts."""

    threads: int = 1
    """Threads of each model. One wastes nothing; run several reads at once instead."""
    glance_side: int = 640
    """Longer side in pixels of the first look."""
    glance_signal: float = 0.3
    """Text probability (0 to 1) that a pixel of the first look needs for a second look."""
    surroundings: int = 16
    """Pixels of the first look around each signal that the second look covers too."""
    whole_share: float = 0.6
    """Share of the image in parts from which one look at the whole is cheaper."""
    fine_side: int = 1280
    """Longer side in pixels of the second look, if it took in the whole image."""
    max_upscale: float = 2.0
    """A small image is enlarged by no more than this for the second look."""
    min_confidence: float = 0.6
    """Mean character probability below which a line is dropped."""
    min_confidence_short: float = 0.85
    """The same for lines of one or two characters, where noise is common."""


class TextReader:
    """Finds and reads lines of text. Safe to call from several threads at once."""

    def __init__(self, params: OcrParams | None = None) -> None:
        """Load both models. Raises ``ModelUnavailableError`` when RapidOCR lacks them."""
        from rapidocr.ch_ppocr_det.utils import DBPostProcess
        from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

        self._params = params or OcrParams()
        self._detector = _session(DETECTOR, self._params.threads)
        self._recognizer = _session(RECOGNIZER, self._params.threads)
        # Values of RapidOCR 3.10's configuration for PP-OCRv6.
        self._boxes = DBPostProcess(0.3, 0.5, 1000, 1.6, "fast", use_dilation=True)
        characters = self._recognizer.get_modelmeta().custom_metadata_map["character"]
        self._decode = CTCLabelDecode(character=characters.splitlines())

    def read(self, image: Image) -> tuple[ScreenText, ...]:
        """Read an HxWx3 uint8 RGB image; lines come top to bottom, then left to right."""
        height, width = image.shape[:2]
        bgr = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
        lines = []
        for points in self._find(bgr):
            text, confidence = self._recognize(_upright_crop(bgr, points))
            if self._is_confident(text, confidence):
                lines.append(ScreenText(text, _box(points, width, height), round(confidence, 3)))
        return in_reading_order(lines)

    def _find(self, bgr: Image) -> list[Points]:
        height, width = bgr.shape[:2]
        glance = self._text_map(bgr, self._params.glance_side / max(height, width))
        scale = min(self._params.fine_side / max(height, width), self._params.max_upscale)
        found = []
        for left, top, right, bottom in self._promising(glance[0, 0], width, height):
            part = bgr[top:bottom, left:right]
            boxes, _ = self._boxes(self._text_map(part, scale), part.shape[:2])
            corner = np.array([left, top], np.float32)
            found += [np.asarray(box, np.float32) + corner for box in boxes]
        return found

    def _promising(
        self, glance: NDArray[np.float32], width: int, height: int
    ) -> list[tuple[int, int, int, int]]:
        """Return the parts of the image that deserve a second look: left, top, right, bottom."""
        signal = (glance >= self._params.glance_signal).astype(np.uint8)
        rows, columns = signal.shape
        reach = np.ones((2 * self._params.surroundings + 1,) * 2, np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(signal, reach))
        parts = []
        for x, y, w, h, _ in stats[1:count].tolist():
            right, bottom = ceil((x + w) * width / columns), ceil((y + h) * height / rows)
            corner = (x * width // columns, y * height // rows)
            parts.append((*corner, min(right, width), min(bottom, height)))
        area = sum((right - left) * (bottom - top) for left, top, right, bottom in parts)
        whole = area > self._params.whole_share * width * height
        return [(0, 0, width, height)] if whole else parts

    def _text_map(self, bgr: Image, scale: float) -> NDArray[np.float32]:
        height, width = bgr.shape[:2]
        # The network halves its input five times.
        size = tuple(max(round(side * scale / 32), 1) * 32 for side in (width, height))
        blob = cv2.dnn.blobFromImage(bgr, 1 / 127.5, size, (127.5, 127.5, 127.5))
        answer: NDArray[np.float32] = self._detector.run(None, {"x": blob})[0]
        return answer

    def _recognize(self, crop: Image) -> tuple[str, float]:
        height, width = crop.shape[:2]
        scaled = max(round(width * _LINE_HEIGHT / height), 8)
        blob = np.zeros((1, 3, _LINE_HEIGHT, max(scaled, _MIN_LINE_WIDTH)), np.float32)
        blob[..., :scaled] = cv2.dnn.blobFromImage(
            crop, 1 / 127.5, (scaled, _LINE_HEIGHT), (127.5, 127.5, 127.5)
        )
        [(text, confidence)], _ = self._decode(self._recognizer.run(None, {"x": blob})[0])
        return text.strip(), float(confidence)

    def _is_confident(self, text: str, confidence: float) -> bool:
        if not any(character.isalnum() for character in text):
            return False
        short = len(text) <= 2
        limit = self._params.min_confidence_short if short else self._params.min_confidence
        return confidence >= limit


_LINE_HEIGHT = 48
"""Pixels; the recognizer is made for lines of this height."""
_MIN_LINE_WIDTH = 160
"""Pixels; on narrower input it doubles letters."""


def text_reader(params: OcrParams | None = None) -> TextReader:
    """Return the reader for ``params``, loaded once per process."""
    chosen = params or OcrParams()
    return pool.get(f"rapidocr {chosen}", lambda: TextReader(chosen), MEMORY)


def use_text_reader(params: OcrParams) -> AbstractContextManager[TextReader]:
    """Return the reader for ``params``, pinned in the pool until the block ends."""
    return pool.use(f"rapidocr {params}", lambda: TextReader(params), MEMORY)


def ocr_revision() -> str:
    """Return the revision: it changes with the weights (part of the wheel) or with their use."""
    return f"{version('rapidocr')}-read{VERSION}"


def in_reading_order(lines: list[ScreenText]) -> tuple[ScreenText, ...]:
    """Sort lines into rows top to bottom, and each row left to right.

    A line joins the row above when its middle lies within that row's first line.
    """
    rows: list[list[ScreenText]] = []
    for line in sorted(lines, key=lambda line: line.box.y + line.box.h / 2):
        first = rows[-1][0].box if rows else None
        middle = line.box.y + line.box.h / 2
        if first and middle <= first.y + first.h * 0.9:
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(line for row in rows for line in sorted(row, key=lambda line: line.box.x))


def _weights(name: str) -> Path:
    path = Path(str(distribution("rapidocr").locate_file(f"rapidocr/models/{name}")))
    if not path.is_file():
        raise ModelUnavailableError(
            f"RapidOCR's model {name} is missing; reinstall rapidocr (3.10 or later)."
        )
    return path


def _session(name: str, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads that spin take the cores from ffmpeg and from the other reads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(_weights(name)), options, providers=["CPUExecutionProvider"]
    )


def _upright_crop(bgr: Image, points: Points) -> Image:
    """Cut the quadrilateral (top left, top right, bottom right, bottom left) out, straightened."""
    top_left, top_right, _, bottom_left = points
    width = max(int(np.linalg.norm(top_right - top_left)), 1)
    height = max(int(np.linalg.norm(bottom_left - top_left)), 1)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(points, corners)
    crop = cv2.warpPerspective(
        bgr, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.rot90(crop) if height >= 1.5 * width else crop, np.uint8)


def _box(points: Points, width: int, height: int) -> Box:
    left, top = points.min(axis=0) / (width, height)
    right, bottom = points.max(axis=0) / (width, height)
    return Box(float(left), float(top), float(right - left), float(bottom - top))
