"""Frame descriptions: one schema for every describer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the frame: x and y of the top left corner, width, height."""

    x: float
    y: float
    w: float
    h: float


class ControlKind(StrEnum):
    """Kinds of user-interface control."""

    BUTTON = "button"
    FIELD = "field"
    CHECKBOX = "checkbox"
    RADIO = "radio"
    MENU = "menu"
    """A drop-down or a menu's entry point."""
    LINK = "link"
    TAB = "tab"
    SLIDER = "slider"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Control:
    """One user-interface control."""

    kind: ControlKind
    label: str
    box: Box
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ScreenText:
    """One line of text on the frame."""

    text: str
    box: Box
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class FrameDescription:
    """What one frame shows."""

    caption: str | None
    """A sentence; None when the describer cannot caption (the local one reads, it does not see)."""
    objects: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()
    text: tuple[ScreenText, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """The description of one frame, by the frame's index."""

    frame_index: int
    description: FrameDescription


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A frame that the model refused or described invalidly, permanently, and why."""

    frame_index: int
    reason: str


@dataclass(frozen=True, slots=True)
class VisionResult:
    """Descriptions of the unique frames of one video, in frame order."""

    described: tuple[Described, ...] = ()
    undescribed: tuple[Undescribed, ...] = ()
