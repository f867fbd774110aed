"""Frames of a real screen recording with controls labelled by hand.

``tests/media/recordings/console.json`` holds the labels and says how they were made. The same
screens come in two sizes: as recorded (640x360, JPEGs beside the labels) and as enlarged in the
sample clip, whose frames are decoded from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.quality.page_truth import Image, decode, soften
from reelworks.domain.video.vision import Box, Control, ControlKind
from reelworks.media.video_reader import open_video

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "media" / "recordings" / "console.json"
SAMPLE = ROOT / "samples" / "reelworks-demo.mp4"
WIDTH, HEIGHT = 1280, 720
"""Of the window that the labels are drawn in, in pixels."""

HALVES = ("tuned", "held_out")
SIZES = ("sample", "recorded")


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One frame (HxWx3 uint8 RGB), the controls on it, and what cannot be judged."""

    name: str
    image: Image
    truth: tuple[Control, ...]
    everywhere: int
    """So many of ``truth``, from its beginning, belong to the bars that every frame shows."""
    unclear: tuple[Box, ...]

    def judged(self, found: Sequence[Control]) -> tuple[Control, ...]:
        """Return what of ``found`` counts: all whose middle lies in no unclear area."""
        return _outside(self.unclear, found)

    def own(self, found: Sequence[Control]) -> tuple[Control, ...]:
        """Return what of ``found`` concerns this frame alone, not the bars of every frame."""
        return _outside([control.box for control in self.truth[: self.everywhere]], found)


def labelled_frames(half: str, size: str) -> Iterator[LabelledFrame]:
    """Yield the frames of one of ``HALVES`` in one of ``SIZES``, in order of time."""
    labels = json.loads(LABELS.read_text())
    rows = [row for row in labels["frames"] if row["half"] == half]
    shared = labels["every_frame"]
    for row, image in zip(rows, _images(rows, size, labels["sample_offset"]), strict=True):
        yield LabelledFrame(
            name=f"{size} {row['t']:06.3f}",
            image=image,
            truth=tuple(map(_control, shared["controls"] + row["controls"])),
            everywhere=len(shared["controls"]),
            unclear=tuple(_box(*area) for area in shared["unclear"] + row["unclear"]),
        )


def _images(rows: Sequence[dict[str, Any]], size: str, offset: float) -> list[Image]:
    if size == "recorded":
        paths = [LABELS.with_name(f"{LABELS.stem}_{row['t']:06.3f}.jpg") for row in rows]
        return [decode(np.fromfile(path, np.uint8)) for path in paths]
    with open_video(SAMPLE) as video:
        shown = video.frames_at([row["t"] + offset for row in rows])
        bgr = [frame.bgr() for frame in shown]
    return [soften(np.asarray(cv2.cvtColor(one, cv2.COLOR_BGR2RGB), np.uint8)) for one in bgr]


def _control(row: Sequence[Any]) -> Control:
    kind, label, *box = row
    return Control(ControlKind(kind), label, _box(*box))


def _box(x: float, y: float, w: float, h: float) -> Box:
    return Box(x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT)


def _outside(areas: Sequence[Box], found: Sequence[Control]) -> tuple[Control, ...]:
    return tuple(
        control
        for control in found
        if not any(_contains_middle(area, control.box) for area in areas)
    )


def _contains_middle(area: Box, box: Box) -> bool:
    x, y = box.x + box.w / 2, box.y + box.h / 2
    return area.x <= x < area.x + area.w and area.y <= y < area.y + area.h
