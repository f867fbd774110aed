"""Scene detection: where one shot, slide or screen ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode
from scenedetect.common import Timecode

from reelworks.domain.capabilities import ShotDetector, ShotWatch
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.scene import Scene
from reelworks.errors import UnsupportedMediaError
from reelworks.media.screen_cuts import ScreenCutDetector, ScreenCutParams
from reelworks.media.video_reader import DecodedFrame, Luma, VideoReader, open_video

Profile = Literal["auto", "film", "screencast"]

_REPORT_EVERY = 30
"""Frames between two reports of progress."""


@dataclass(frozen=True, slots=True)
class SceneParams:
    """How cuts are found. All fields are JSON values."""

    profile: Profile = "auto"
    """``film``: hard cuts between moving shots. ``screencast``: replaced slides and screens.
    ``auto``: both, each where the video behaves like that, so that a film with slides in it
    is cut well throughout."""
    min_scene_seconds: float = 0.5
    """Shortest scene."""
    min_screen_seconds: float = 1.0
    """Least distance of a cut between two still frames from any other cut."""
    adaptive_threshold: float = 3.0
    """How many times its neighbours' change a film cut must reach (PySceneDetect's default)."""
    min_content_change: float = 15.0
    """Least mean change of hue, saturation and brightness (0 to 255) of a film cut; its default."""
    lost_content: float = 0.22
    """Share of a still frame's details that must go for it to count as replaced."""
    repeat_difference: float = 0.4
    """Mean brightness difference (0 to 255) up to which a frame repeats the one before."""
    max_repeats: int = 3
    """So many repeats in a row come from a lower source rate; more mean that the image rests."""


def detect_scenes(
    proxy: Path,
    params: SceneParams,
    progress: Progress,
    *,
    shots: ShotDetector | None = None,
) -> tuple[Scene, ...]:
    """Find the scenes of a normalized video by its proxy.

    ``shots`` finds the film cuts; without it PySceneDetect's AdaptiveDetector does.

    The scenes cover the whole duration without gaps: the first starts at 0.0, the last ends with
    the last frame. A cut is the time of the first frame of the new scene, in seconds, exact by
    PTS. ``progress`` counts seconds of video.

    Raises ``UnsupportedMediaError`` when the proxy cannot be read or has no frames, and what
    ``shots`` raises.
    """
    end = 0.0
    with open_video(proxy) as video, _film_run(params, video, shots) as film:
        finder = _CutFinder(params, film)
        total = video.stated_duration
        for number, frame in enumerate(video.frames()):
            finder.feed(frame)
            end = frame.t_end
            if number % _REPORT_EVERY == 0:
                progress(min(end, total), total)
        film_cuts = finder.film_cuts()
    if end <= 0.0:
        raise UnsupportedMediaError(f"{proxy.name} has no frames; normalize the source again.")
    progress(end, end)
    return tile_scenes(choose_cuts(film_cuts, finder.screen_cuts, end, params), end)


def choose_cuts(
    film: Sequence[float], screen: Sequence[float], duration: float, params: SceneParams
) -> list[float]:
    """Merge the cuts of both detectors, in order, and drop those that make too short a scene.

    A film cut is the more reliable sign, so a screen cut gives way to it.
    """
    cuts = [0.0]
    for t in sorted(film):
        if t - cuts[-1] >= params.min_scene_seconds and duration - t >= params.min_scene_seconds:
            cuts.append(t)
    for t in screen:
        nearest = min(abs(t - other) for other in (*cuts, duration))
        if nearest >= params.min_screen_seconds:
            cuts.append(t)
    return sorted(cuts)[1:]


def tile_scenes(cuts: Sequence[float], duration: float) -> tuple[Scene, ...]:
    """Return the scenes between ascending ``cuts`` (seconds, inside the duration)."""
    edges = [0.0, *cuts, duration]
    spans = pairwise(edges)
    return tuple(Scene(index, start, end) for index, (start, end) in enumerate(spans))


class _AdaptiveRun:
    """PySceneDetect's AdaptiveDetector, fed with the frames that differ from the one before.

    Raising 24 or 10 frames a second to 30 repeats some. A repeat has a difference of nothing,
    which would make any motion beside it look like a cut to this detector.
    """

    def __init__(self, params: SceneParams, video: VideoReader) -> None:
        self._params = params
        self._video = video
        self._origin: int | None = None
        self._cuts: list[float] = []
        self._fed: Luma | None = None
        self._repeats = 0
        self._film = AdaptiveDetector(
            adaptive_threshold=params.adaptive_threshold,
            min_content_val=params.min_content_change,
            min_scene_len=params.min_scene_seconds,
        )

    def feed(self, frame: DecodedFrame) -> None:
        if self._origin is None:
            self._origin = frame.pts
        if self._is_repeat(frame.luma()):
            return
        pts = frame.pts - self._origin
        when = FrameTimecode(Timecode(pts, self._video.time_base), fps=self._video.frame_rate)
        self._cuts.extend(cut.seconds for cut in self._film.process_frame(when, frame.bgr()))

    def cuts(self) -> list[float]:
        return self._cuts

    def _is_repeat(self, luma: Luma) -> bool:
        if self._fed is not None and self._repeats < self._params.max_repeats:
            difference = float(np.mean(cv2.absdiff(luma, self._fed)))
            if difference <= self._params.repeat_difference:
                self._repeats += 1
                return True
        self._repeats = 0
        self._fed = luma
        return False


class _ShotDetectorRun:
    """A shot detector, fed with frames at its input size."""

    def __init__(self, watch: ShotWatch, size: tuple[int, int]) -> None:
        self._watch = watch
        self._size = size

    def feed(self, frame: DecodedFrame) -> None:
        self._watch.feed(frame.t, frame.rgb(*self._size))

    def cuts(self) -> list[float]:
        return self._watch.cuts()


_FilmRun = _AdaptiveRun | _ShotDetectorRun


@contextmanager
def _film_run(
    params: SceneParams, video: VideoReader, shots: ShotDetector | None
) -> Iterator[_FilmRun | None]:
    if params.profile == "screencast":
        yield None
    elif shots is None:
        yield _AdaptiveRun(params, video)
    else:
        with shots.watching() as watch:
            yield _ShotDetectorRun(watch, shots.frame_size)


class _CutFinder:
    """Feeds the detectors of film and of screens in one pass."""

    def __init__(self, params: SceneParams, film: _FilmRun | None) -> None:
        self.screen_cuts: list[float] = []
        self._screen: ScreenCutDetector | None = None
        self._film = film
        if params.profile != "film":
            self._screen = ScreenCutDetector(ScreenCutParams(lost_content=params.lost_content))

    def feed(self, frame: DecodedFrame) -> None:
        """Take the next frame."""
        if self._screen is not None:
            cut = self._screen.feed(frame.t, frame.luma())
            if cut is not None:
                self.screen_cuts.append(cut)
        if self._film is not None:
            self._film.feed(frame)

    def film_cuts(self) -> list[float]:
        """Return the film cuts, after the last frame."""
        return self._film.cuts() if self._film is not None else []
