"""Frames: the one picture that stands for each scene."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.progress import Progress
from reelworks.domain.scene import Frame, Scene
from reelworks.errors import UnsupportedMediaError
from reelworks.media.folder import unwritable, writable
from reelworks.media.pictures import Luma, Picture, Reel, open_reel
from reelworks.media.screen_cuts import changed_blocks

VERSION = 1
"""Raised when the same inputs and parameters give other frames."""


@dataclass(frozen=True, slots=True)
class FrameParams:
    """How frames are chosen. All fields are JSON values."""

    max_seconds_per_frame: float = 30.0
    """A longer scene is cut into equal parts of at most this length, one frame each."""
    margin_seconds: float = 0.4
    """Kept off both ends of a scene, where fades and dissolves live; at most a fifth of it."""
    blank_contrast: float = 5.0
    """Standard deviation of brightness (0 to 255) up to which a picture is blank."""
    good_sharpness: float = 0.85
    """Share of the best sharpness at which a picture is good enough to win by other merits."""
    still_area: float = 0.015
    """Changed share of the picture from one frame to the next up to which it is at rest."""
    still_share: float = 0.7
    """Share of resting pictures from which a scene is a slide or a screen, not film."""
    shortlist: int = 3
    """Pictures compared at full size."""
    jpeg_quality: int = 90
    duplicate_distance: int = 10
    """Bits of 64 in which the perceptual hashes of equal pictures may differ."""
    duplicate_difference: float = 12.0
    """Mean brightness difference (0 to 255) that no 8x8 block of equal pictures may exceed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the proxy tells of one picture."""

    t: float
    sharpness: float
    """Variance of the Laplacian of the luma."""
    contrast: float
    moved: float
    """Changed share of the picture since the one before."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch that gets one frame: a scene or a part of a long one. Seconds."""

    scene_index: int
    t_start: float
    t_end: float


def pick_frames(
    video: Path,
    proxy: Path,
    scenes: Sequence[Scene],
    params: FrameParams,
    out_dir: Path,
    progress: Progress,
) -> tuple[Frame, ...]:
    """Write the representative picture of each scene to ``out_dir/scene_{index:03d}.jpg``.

    ``index`` is the frame's, counted over the video. Pictures are judged on the proxy, which has
    the same frames as the normalized ``video``; only the winners are decoded from that. Equal
    pictures are marked with ``duplicate_of``. ``progress`` counts seconds of video.

    Raises ``UnsupportedMediaError`` when a file cannot be read or the two do not belong together,
    ``NoSpaceError`` and ``PermissionDeniedError`` when the pictures cannot be written.
    """
    frames: list[Frame] = []
    slots = split_scenes(scenes, params)

    def keep(large: Reel, index: int, slot: Slot, times: list[float]) -> Frame:
        picture, sharpness = _sharpest(large.pictures_at(times), video)
        jpeg = _encode(picture.bgr(), params.jpeg_quality)
        _write(frame_path(out_dir, index), jpeg)
        return _frame(index, slot.scene_index, picture, jpeg, sharpness)

    def settle(job: Future[Frame]) -> None:
        frame = job.result()
        frames.append(replace(frame, duplicate_of=_original(frame, frames, out_dir, params)))
        progress(slots[frame.index].t_end, slots[-1].t_end)

    with (
        writable(out_dir, ()),
        open_reel(proxy) as small,
        open_reel(video) as large,
        _one_worker() as worker,
    ):
        keyframes = large.keyframe_times()
        jobs: deque[Future[Frame]] = deque()
        for index, (slot, samples) in enumerate(_samples_by_slot(small, slots)):
            times = shortlist(slot, samples, keyframes, params)
            jobs.append(worker.submit(keep, large, index, slot, times))
            while jobs and jobs[0].done():
                settle(jobs.popleft())
        for job in jobs:
            settle(job)
    return tuple(frames)


@contextmanager
def _one_worker() -> Iterator[ThreadPoolExecutor]:
    """Give a thread that decodes winners while the proxy is still being judged."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="frames")
    try:
        yield worker
    finally:
        worker.shutdown(wait=True, cancel_futures=True)


def frame_path(out_dir: Path, index: int) -> Path:
    """Return where the picture of the ``index``-th frame lies."""
    return out_dir / f"scene_{index:03d}.jpg"


def split_scenes(scenes: Sequence[Scene], params: FrameParams) -> tuple[Slot, ...]:
    """Cut scenes into stretches of at most ``max_seconds_per_frame``, at least one for each."""
    slots: list[Slot] = []
    for scene in scenes:
        length = scene.t_end - scene.t_start
        parts = max(1, math.ceil(length / params.max_seconds_per_frame - 1e-9))
        edges = [scene.t_start + length * part / parts for part in range(parts)] + [scene.t_end]
        slots += [Slot(scene.index, a, b) for a, b in pairwise(edges)]
    return tuple(slots)


def shortlist(
    slot: Slot, samples: Sequence[Sample], keyframes: NDArray[np.float64], params: FrameParams
) -> list[float]:
    """Return the times of the pictures worth decoding, ascending, close together.

    Film: sharp pictures, and of those nearly as sharp the ones cheapest to reach after a keyframe.
    Slides and screens: the last settled picture, since text appears by and by.
    """
    margin = min(params.margin_seconds, (slot.t_end - slot.t_start) / 5)
    inside = [s for s in samples if slot.t_start + margin <= s.t < slot.t_end - margin]
    usable = [s for s in inside or samples if s.contrast > params.blank_contrast]
    pool = usable or inside or list(samples)
    good = _sharp(pool, params)
    at_rest = [s for s in good if s.moved <= params.still_area]
    if sum(s.moved <= params.still_area for s in pool) >= params.still_share * len(pool):
        return [(at_rest or good)[-1].t]
    anchor = min(good, key=lambda s: (_seconds_after_keyframe(s.t, keyframes), -s.sharpness))
    near = [s for s in good if 0 <= s.t - anchor.t <= 0.5]
    best = sorted(near, key=lambda s: -s.sharpness)[: params.shortlist]
    return sorted(s.t for s in best)


def _sharp(pool: Sequence[Sample], params: FrameParams) -> list[Sample]:
    least = params.good_sharpness * max(s.sharpness for s in pool)
    return [s for s in pool if s.sharpness >= least]


def _seconds_after_keyframe(t: float, keyframes: NDArray[np.float64]) -> float:
    before = keyframes[keyframes <= t]
    return float(t - before[-1]) if before.size else t


def _samples_by_slot(reel: Reel, slots: Sequence[Slot]) -> Iterator[tuple[Slot, list[Sample]]]:
    """Judge the proxy's pictures and hand them out slot by slot, while reading on."""
    pending = iter(slots)
    slot = next(pending, None)
    samples: list[Sample] = []
    before: Luma | None = None
    for picture in reel.pictures():
        if slot is not None and picture.t >= slot.t_end and samples:
            yield slot, samples
            slot, samples = next(pending, None), []
        if slot is None:
            return
        luma = picture.luma()
        samples.append(_judge(picture.t, luma, before))
        before = luma
    if slot is not None and samples:
        yield slot, samples


def _judge(t: float, luma: Luma, before: Luma | None) -> Sample:
    moved = 0.0 if before is None else float(changed_blocks(before, luma).mean())
    contrast = float(cv2.meanStdDev(luma)[1][0, 0])
    return Sample(t=t, sharpness=_sharpness(luma), contrast=contrast, moved=moved)


def _sharpness(luma: Luma) -> float:
    """Variance of the Laplacian, the usual measure of focus (Pech-Pacheco et al., ICPR 2000)."""
    deviation = float(cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))[1][0, 0])
    return deviation * deviation


def _sharpest(pictures: Sequence[Picture], video: Path) -> tuple[Picture, float]:
    if not pictures:
        raise UnsupportedMediaError(
            f"{video.name} is shorter than its proxy: normalize the source again."
        )
    judged = [(picture, _sharpness(picture.luma())) for picture in pictures]
    return max(judged, key=lambda pair: pair[1])


def _frame(index: int, scene: int, picture: Picture, jpeg: bytes, sharpness: float) -> Frame:
    grey = Image.fromarray(picture.luma())
    return Frame(
        index=index,
        scene_index=scene,
        t=picture.t,
        phash=str(imagehash.phash(grey)),
        sha256=sha256_of_bytes(jpeg),
        width=picture.frame.width,
        height=picture.frame.height,
        sharpness=sharpness,
    )


def _original(
    frame: Frame, earlier: Sequence[Frame], out_dir: Path, params: FrameParams
) -> int | None:
    """Return the index of the first earlier frame with the same picture.

    Perceptual hashes only shortlist: slides with one layout and different words share a hash, so
    equal pictures must agree in every small block as well.
    """
    alike = [
        other.index
        for other in earlier
        if other.duplicate_of is None
        and (int(other.phash, 16) ^ int(frame.phash, 16)).bit_count() <= params.duplicate_distance
    ]
    if not alike:
        return None
    mine = _small_grey(frame_path(out_dir, frame.index))
    for index in alike:
        theirs = _small_grey(frame_path(out_dir, index))
        if not changed_blocks(theirs, mine, params.duplicate_difference).any():
            return index
    return None


def _small_grey(path: Path) -> Luma:
    """Read a JPEG at half its size, where a block of 8 pixels holds one or two letters."""
    pixels = np.frombuffer(path.read_bytes(), np.uint8)
    return np.asarray(cv2.imdecode(pixels, cv2.IMREAD_REDUCED_GRAYSCALE_2), np.uint8)


def _encode(pixels: NDArray[np.uint8], quality: int) -> bytes:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise unwritable(path, path.parent, error) from error
