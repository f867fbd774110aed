"""Scenes: where one shot, slide or screen ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
from scenedetect import AdaptiveDetector, FrameTimecode
from scenedetect.common import Timecode

from reelworks.domain.progress import Progress
from reelworks.domain.scene import Scene
from reelworks.errors import UnsupportedMediaError
from reelworks.media.pictures import Luma, Picture, Reel, open_reel
from reelworks.media.screen_cuts import ScreenCutDetector

SCENES_VERSION = 1
"""Raise it when the same proxy and parameters give other scenes."""

Profile = Literal["auto", "film", "screencast"]


@dataclass(frozen=True, slots=True)
class SceneParams:
    """How cuts are found. All fields are JSON values."""

    profile: Profile = "auto"
    """``film``: hard cuts between moving shots. ``screencast``: slides and screens as well.
    ``auto``: both, each where the picture behaves like that."""
    min_scene_seconds: float = 0.5
    """Shortest scene."""
    min_still_seconds: float = 1.5
    """Shortest scene that begins where only a screen's content changed."""
    adaptive_threshold: float = 3.0
    """How many times its neighbours' change a cut must reach (PySceneDetect's default)."""
    min_content_change: float = 15.0
    """Least change of hue, saturation and brightness (0 to 255) of a cut, the same default."""
    lost_content: float = 0.4
    """Share of a still picture's details that must go for its replacement to be a cut."""
