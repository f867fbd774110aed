"""Frame descriptions: each unique frame of a video, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from reelworks.domain.capabilities import FrameDescriber, ItemCache
from reelworks.domain.digest import ModelRef, cache_key
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.scene import Frame
from reelworks.domain.video.vision import Described, FrameDescription, Undescribed, VisionResult
from reelworks.errors import ProviderError, ProviderRejectedError, RateLimitedError

ITEM_VERSION = 1
"""Version of one frame's cached description. Raise it, and the stage's version in the table of
stages, when ``FrameDescription`` or what is done with a model's reply changes."""

GIVE_UP_AFTER = 10
"""Frames that fail with no answer between them, after which a describer counts as down."""

GRACE = 30.0
"""Seconds that a stopped stage waits for answers under way, which are paid for and so cached."""

_DESCRIPTION = TypeAdapter(FrameDescription)


def describe_frames(
    frames: Sequence[Frame],
    read_jpeg: Callable[[Frame], bytes],
    describer: FrameDescriber,
    cache: ItemCache,
    progress: Progress,
) -> VisionResult:
    """Describe the frames that repeat no other, at most ``describer.parallel`` at once.

    Each answer goes into ``cache`` at once, so that a rerun requests only what is missing.
    ``progress`` counts frames, cached ones included. A frame that the model refuses is listed as
    undescribed, and the others continue. Raises the first transient ``ProviderError`` after the
    other frames were tried, ``ProviderRejectedError`` when every frame is refused, and at once
    whatever concerns all frames: a refused key, an unreachable cache, ``CancelledError``.
    """
    unique = sorted((f for f in frames if f.duplicate_of is None), key=lambda f: f.index)
    tally = _Tally(total=len(unique))
    work = _FrameDescription(read_jpeg, describer, cache)
    pool = ThreadPoolExecutor(max(1, describer.parallel), thread_name_prefix="vision")
    futures = {pool.submit(work.describe, frame): frame for frame in unique}
    try:
        for future in as_completed(futures):
            tally.add(futures[future], future)
            progress(tally.done, tally.total)
            if tally.is_hopeless():
                work.stop.set()
    finally:
        work.stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        wait([future for future in futures if not future.cancelled()], timeout=GRACE)
    return tally.result()


def description_key(frame: Frame, model: ModelRef) -> str:
    """Return the cache key of one frame's description: the JPEG, the model and the schema."""
    return cache_key("vision", ITEM_VERSION, inputs={"frame": frame.sha256}, params={}, model=model)


@dataclass(frozen=True)
class _FrameDescription:
    """Description of single frames: from the cache, else from the describer. Runs in threads."""

    read_jpeg: Callable[[Frame], bytes]
    describer: FrameDescriber
    cache: ItemCache
    stop: threading.Event = field(default_factory=threading.Event)

    def describe(self, frame: Frame) -> FrameDescription | ProviderError | None:
        """Return the description, the error of this frame, or None once stopped."""
        if self.stop.is_set():
            return None
        try:
            return self._cached(frame) or self._describe_and_store(frame)
        except ProviderError as error:
            if error.retryable or isinstance(error, ProviderRejectedError):
                return error
            self.stop.set()
            raise
        except BaseException:
            self.stop.set()
            raise

    def _cached(self, frame: Frame) -> FrameDescription | None:
        answer = self.cache.get(description_key(frame, self.describer.model))
        if answer is None:
            return None
        try:
            return _DESCRIPTION.validate_json(answer)
        except ValidationError:
            # The answer was truncated while it was stored: request it again.
            return None

    def _describe_and_store(self, frame: Frame) -> FrameDescription:
        description = self.describer.describe(self.read_jpeg(frame))
        key = description_key(frame, self.describer.model)
        self.cache.put(key, _DESCRIPTION.dump_json(description))
        return description


@dataclass
class _Tally:
    """Outcomes of the frames so far. Used by one thread."""

    total: int
    described: list[Described] = field(default_factory=list)
    refused: list[tuple[int, ProviderRejectedError]] = field(default_factory=list)
    failed: list[tuple[int, ProviderError]] = field(default_factory=list)
    in_a_row: int = 0

    @property
    def done(self) -> int:
        return len(self.described) + len(self.refused) + len(self.failed)

    def add(self, frame: Frame, future: Future[FrameDescription | ProviderError | None]) -> None:
        outcome = future.result()
        if outcome is None:
            return
        if isinstance(outcome, FrameDescription):
            self.described.append(Described(frame.index, outcome))
            self.in_a_row = 0
            return
        self.in_a_row += 1
        if isinstance(outcome, ProviderRejectedError):
            self.refused.append((frame.index, outcome))
        else:
            self.failed.append((frame.index, outcome))

    def is_hopeless(self) -> bool:
        """True when more requests would only cost time or money.

        A server that named a time to wait gets no more requests. Refusals after an answer concern
        single frames.
        """
        rate_limited = any(
            isinstance(error, RateLimitedError) and error.retry_after is not None
            for _, error in self.failed
        )
        all_alike = bool(self.failed) or not self.described
        return rate_limited or (all_alike and self.in_a_row >= GIVE_UP_AFTER)

    def result(self) -> VisionResult:
        if self.failed:
            raise self._failure(min(self.failed, key=lambda item: item[0])[1])
        if self.refused and not self.described:
            first = min(self.refused, key=lambda item: item[0])[1]
            raise ProviderRejectedError(f"No frame could be described. {first}")
        return VisionResult(
            described=tuple(sorted(self.described, key=lambda item: item.frame_index)),
            undescribed=tuple(
                Undescribed(index, str(error))
                for index, error in sorted(self.refused, key=lambda item: item[0])
            ),
        )

    def _failure(self, first: ProviderError) -> ProviderError:
        untried = self.total - self.done
        skipped = f", {untried} were not tried" if untried else ""
        message = (
            f"{len(self.failed)} of {self.total} frames failed{skipped}; the "
            f"{len(self.described)} described so far are cached. {first}"
        )
        if isinstance(first, RateLimitedError):
            return RateLimitedError(message, retry_after=first.retry_after)
        return type(first)(message)
