"""Pages drawn pixel by pixel, with the text that would be read on them."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Box, Control, ScreenText
from reelworks.models.vision.controls import find_controls

WIDTH, HEIGHT = 1280, 720
DARK = (22, 25, 31)
BLUE = (9, 114, 211)
GREY = (125, 137, 152)
WHITE = (255, 255, 255)

Colour = tuple[int, int, int]


def _blank() -> NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH, 3), (250, 250, 252), np.uint8)


@dataclass
class DrawnPage:
    """A page of 1280x720 in RGB; coordinates are pixels, boxes are x, y, width, height."""

    image: NDArray[np.uint8] = field(default_factory=_blank)
    text: list[ScreenText] = field(default_factory=list)

    def write(self, words: str, x: int, y: int, *, colour: Colour = DARK, weight: int = 1) -> None:
        """Write letters of 12 pixels whose left end is at ``x`` and whose middle is at ``y``."""
        (w, h), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.5, weight)
        at = (x, y + h // 2)
        cv2.putText(
            self.image, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, weight, cv2.LINE_AA
        )
        left, top = x - 3, y - h // 2 - 4
        box = Box(left / WIDTH, top / HEIGHT, (w + 6) / WIDTH, (h + 8) / HEIGHT)
        self.text.append(ScreenText(words, box, 0.95))

    def write_centred(self, words: str, x: int, y: int) -> None:
        """Write letters whose middle is at ``x`` and ``y``."""
        (w, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
        self.write(words, x - w // 2, y)

    def box(
        self, x: int, y: int, w: int, h: int, *, border: Colour = GREY, fill: Colour | None = None
    ) -> None:
        """Draw a box with a border of two pixels."""
        if fill:
            cv2.rectangle(self.image, (x, y), (x + w - 1, y + h - 1), fill, -1)
        cv2.rectangle(self.image, (x, y), (x + w - 1, y + h - 1), border, 2)

    def circle(self, x: int, y: int, radius: int = 7, *, colour: Colour = GREY) -> None:
        """Draw an empty circle about its centre."""
        cv2.circle(self.image, (x, y), radius, colour, 2, cv2.LINE_AA)

    def arrow(self, x: int, y: int) -> None:
        """Draw the triangle of a drop-down about its centre."""
        corners = np.array([[x - 5, y - 4], [x + 5, y - 4], [x, y + 4]], np.int32)
        cv2.fillPoly(self.image, [corners], BLUE, cv2.LINE_AA)

    def recorded(self) -> NDArray[np.uint8]:
        """Return it as a small recording that was enlarged: halved, JPEG, doubled, JPEG."""
        small = cv2.resize(self.image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        large = cv2.resize(_jpeg(small), (WIDTH, HEIGHT), interpolation=cv2.INTER_LANCZOS4)
        return _jpeg(np.asarray(large, np.uint8))

    def controls(self, *, recorded: bool = False) -> set[tuple[str, str]]:
        """Return kind and label of what is found."""
        return {(str(one.kind), one.label) for one in self.found(recorded=recorded)}

    def found(self, *, recorded: bool = False) -> tuple[Control, ...]:
        """Return the controls that are found, on the page as drawn or as recorded."""
        return find_controls(self.recorded() if recorded else self.image, self.text)


def _jpeg(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
