"""Transcription of audio chunks, several at once, each answer cached."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reelworks.domain.capabilities import ItemCache, Transcriber
from reelworks.domain.digest import ModelRef, cache_key
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.transcript import Transcript
from reelworks.errors import CancelledError, ReelworksError
from reelworks.models.speech.waveform import SAMPLE_RATE, read_pcm, write_wav
from reelworks.stages.speech.audio_chunks import AudioChunk

VERSION = 1
"""Raise when the request to a hosted model changes: every chunk is paid for again."""
LOCAL_VERSION = 2
"""Raise when the decoding of a local model changes."""

_BLOCK = 60 * SAMPLE_RATE
_REPORT_EVERY = 0.2
_ANSWER = TypeAdapter(Transcript)


def chunk_key(audio: str, language: str | None, model: ModelRef) -> str:
    """Return the cache key of one chunk's answer; ``audio`` is the SHA-256 of its samples."""
    return cache_key(
        "transcribe",
        LOCAL_VERSION if model.provider == "local" else VERSION,
        inputs={"sound": audio},
        params={"language": language},
        model=model,
    )


@dataclass
class ChunkTranscription:
    """One file's chunks on their way through the cache and the model."""

    wav: Path
    total: int
    transcriber: Transcriber
    language: str | None
    cache: ItemCache
    work_dir: Path
    stop: threading.Event = field(default_factory=threading.Event)
    seconds: dict[int, float] = field(default_factory=dict)
    """How far each chunk is, by its first sample."""

    def transcribe_all(self, chunks: Sequence[AudioChunk], progress: Progress) -> list[Transcript]:
        """Return each chunk's answer, in order."""
        length = self.total / SAMPLE_RATE
        if len(chunks) == 1:  # in this thread, so that progress may stop it at any time
            offset = chunks[0].t_start
            return [self._answer(chunks[0], lambda done, _: progress(offset + done, length))]
        with ThreadPoolExecutor(max(1, self.transcriber.limits.parallel)) as workers:
            futures = [workers.submit(self._in_thread, chunk) for chunk in chunks]
            try:
                while wait(futures, timeout=_REPORT_EVERY).not_done:
                    progress(min(sum(list(self.seconds.values())), length), length)
            except BaseException:
                self.stop.set()
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        _raise_first(futures)
        return [future.result() for future in futures]

    def _in_thread(self, chunk: AudioChunk) -> Transcript:
        def note(done: float, total: float) -> None:
            del total
            if self.stop.is_set():
                raise CancelledError("The transcription was stopped.")
            self.seconds[chunk.start] = done

        note(0.0, 0.0)
        answer = self._answer(chunk, note)
        self.seconds[chunk.start] = chunk.t_end - chunk.t_start
        return answer

    def _answer(self, chunk: AudioChunk, progress: Progress) -> Transcript:
        key = chunk_key(_audio_digest(self.wav, chunk), self.language, self.transcriber.model)
        cached = _read_answer(self.cache.get(key))
        if cached is not None:
            return cached
        with _ChunkFile(self.wav, chunk, self.total, self.work_dir) as path:
            answer = self.transcriber.transcribe(path, language=self.language, progress=progress)
        self.cache.put(key, _ANSWER.dump_json(answer))
        return answer


class _ChunkFile:
    """A chunk as a wav file of its own while it is needed; the whole file is itself."""

    def __init__(self, wav: Path, chunk: AudioChunk, total: int, work_dir: Path) -> None:
        self._whole = (chunk.start, chunk.stop) == (0, total)
        self._wav, self._piece = wav, chunk
        self._path = wav if self._whole else work_dir / f"{wav.stem}_{chunk.start}.wav"

    def __enter__(self) -> Path:
        if not self._whole:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(self._path, read_pcm(self._wav, self._piece.start, self._piece.stop))
        return self._path

    def __exit__(self, *_: object) -> None:
        if not self._whole:
            self._path.unlink(missing_ok=True)


def _audio_digest(wav: Path, chunk: AudioChunk) -> str:
    digest = hashlib.sha256()
    for start in range(chunk.start, chunk.stop, _BLOCK):
        digest.update(read_pcm(wav, start, min(start + _BLOCK, chunk.stop)))
    return digest.hexdigest()


def _read_answer(cached: bytes | None) -> Transcript | None:
    try:
        return None if cached is None else _ANSWER.validate_json(cached)
    except ValidationError:
        # The answer was truncated while it was stored: request it again.
        return None


def _raise_first(futures: Iterable[Future[Transcript]]) -> None:
    """Raise the first error; a permanent one goes before a transient one."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, ReelworksError) and error.retryable)
