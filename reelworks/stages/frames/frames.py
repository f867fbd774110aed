"""Representative frame of each scene."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelworks.domain.artifact_keys import frame_name
from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.scene import Frame, Scene
from reelworks.errors import UnsupportedMediaError
from reelworks.media.output_folder import output_folder, write_error
from reelworks.media.screen_cuts import changed_blocks
from reelworks.media.video_reader import DecodedFrame, Luma, VideoReader, open_video
from reelworks.stages.frames.frame_selection import (
    FrameParams,
    FrameSlot,
    Sample,
    shortlist,
    split_scenes,
)

__all__ = ["FrameParams", "frame_path", "pick_frames"]


def pick_frames(
    video: Path,
    proxy: Path,
    scenes: Sequence[Scene],
    params: FrameParams,
    out_dir: Path,
    progress: Progress,
) -> tuple[Frame, ...]:
    """Write the representative frame of each scene to ``out_dir/scene_{index:03d}.jpg``.

    ``index`` is the frame's, counted over the video. Frames are compared on the proxy, which has
    the same frames as the normalized ``video``; only the chosen ones are decoded from that. Equal
    frames are marked with ``duplicate_of``. ``progress`` counts seconds of video.

    Raises ``UnsupportedMediaError`` when a file cannot be read or the two do not belong together,
    ``NoSpaceError`` and ``PermissionDeniedError`` when the frames cannot be written.
    """
    frames: list[Frame] = []
    slots = split_scenes(scenes, params)

    def extract(large: VideoReader, index: int, times: list[float]) -> Frame:
        frame, sharpness = _sharpest(large.frames_at(times), video)
        jpeg = _encode(frame.bgr(), params.jpeg_quality)
        _write(frame_path(out_dir, index), jpeg)
        return _frame(index, slots[index].scene_index, frame, jpeg, sharpness)

    with (
        output_folder(out_dir, ()),
        open_video(proxy) as small,
        open_video(video) as large,
        _decoder_thread() as worker,
    ):
        keyframes = large.keyframe_times()
        jobs = (
            worker.submit(extract, large, index, shortlist(slot, samples, keyframes, params))
            for index, (slot, samples) in enumerate(_samples_by_slot(small, slots))
        )
        for frame in _as_finished(jobs):
            frames.append(replace(frame, duplicate_of=_original(frame, frames, out_dir, params)))
            progress(slots[frame.index].t_end, slots[-1].t_end)
    return tuple(frames)


def _as_finished(jobs: Iterable[Future[Frame]]) -> Iterator[Frame]:
    """Yield the results in order, each as soon as it is there, while more jobs are begun."""
    waiting: deque[Future[Frame]] = deque()
    for job in jobs:
        waiting.append(job)
        while waiting and waiting[0].done():
            yield waiting.popleft().result()
    for job in waiting:
        yield job.result()


@contextmanager
def _decoder_thread() -> Iterator[ThreadPoolExecutor]:
    """Yield a thread that decodes chosen frames while the proxy is still being read."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="frames")
    try:
        yield worker
    finally:
        worker.shutdown(wait=True, cancel_futures=True)


def frame_path(out_dir: Path, index: int) -> Path:
    """Return the path of the ``index``-th frame's JPEG."""
    return out_dir / frame_name(index)


def _samples_by_slot(
    video: VideoReader, slots: Sequence[FrameSlot]
) -> Iterator[tuple[FrameSlot, list[Sample]]]:
    """Measure the proxy's frames and yield them slot by slot, while reading on."""
    pending = iter(slots)
    slot = next(pending, None)
    samples: list[Sample] = []
    before: Luma | None = None
    for decoded in video.frames():
        if slot is not None and decoded.t >= slot.t_end and samples:
            yield slot, samples
            slot, samples = next(pending, None), []
        if slot is None:
            return
        luma = decoded.luma()
        samples.append(_measure(decoded.t, luma, before))
        before = luma
    if slot is not None and samples:
        yield slot, samples


def _measure(t: float, luma: Luma, before: Luma | None) -> Sample:
    moved = 0.0 if before is None else float(changed_blocks(before, luma).mean())
    contrast = float(cv2.meanStdDev(luma)[1][0, 0])
    return Sample(t=t, sharpness=_sharpness(luma), contrast=contrast, moved=moved)


def _sharpness(luma: Luma) -> float:
    """Variance of the Laplacian, the usual measure of focus (Pech-Pacheco et al., ICPR 2000)."""
    deviation = float(cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))[1][0, 0])
    return deviation * deviation


def _sharpest(frames: Sequence[DecodedFrame], video: Path) -> tuple[DecodedFrame, float]:
    if not frames:
        raise UnsupportedMediaError(
            f"{video.name} is shorter than its proxy; normalize the source again."
        )
    measured = [(frame, _sharpness(frame.luma())) for frame in frames]
    return max(measured, key=lambda pair: pair[1])


def _frame(index: int, scene: int, decoded: DecodedFrame, jpeg: bytes, sharpness: float) -> Frame:
    grey = Image.fromarray(decoded.luma())
    return Frame(
        index=index,
        scene_index=scene,
        t=decoded.t,
        phash=str(imagehash.phash(grey)),
        sha256=sha256_of_bytes(jpeg),
        width=decoded.av_frame.width,
        height=decoded.av_frame.height,
        sharpness=sharpness,
    )


def _original(
    frame: Frame, earlier: Sequence[Frame], out_dir: Path, params: FrameParams
) -> int | None:
    """Return the index of the first earlier frame that shows the same.

    Perceptual hashes only shortlist: slides with one layout and different words share a hash, so
    equal frames must agree in every small block as well.
    """
    alike = [
        other.index
        for other in earlier
        if other.duplicate_of is None
        and (int(other.phash, 16) ^ int(frame.phash, 16)).bit_count() <= params.duplicate_distance
    ]
    if not alike:
        return None
    mine = _half_size_grey(frame_path(out_dir, frame.index))
    for index in alike:
        theirs = _half_size_grey(frame_path(out_dir, index))
        if not changed_blocks(theirs, mine, params.duplicate_difference).any():
            return index
    return None


def _half_size_grey(path: Path) -> Luma:
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
        raise write_error(path, path.parent, error) from error
