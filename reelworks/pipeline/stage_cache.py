"""Ask a stage a question once: the cache, the lock and the artifacts around a pure verb."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from reelworks.domain.capabilities import ItemCache
from reelworks.domain.digest import ModelRef, cache_key, sha256_of_bytes
from reelworks.errors import CacheMissError, SourceChangedError, StageCallMismatchError
from reelworks.pipeline.run_context import RunContext
from reelworks.store.db.advisory_locks import advisory_lock
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from reelworks.store.objects.cache_entries import Manifest, StageCache, StoredItems

log = logging.getLogger(__name__)
Result = TypeVar("Result")

CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".wav": "audio/wav",
    ".jpg": "image/jpeg",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
}
ANY_CONTENT = "application/octet-stream"
"""Of a file with another suffix: an upload may be called anything."""

_UPLOADS_AT_ONCE = 4
"""A frame is small: its upload is mostly waiting."""


@dataclass(frozen=True)
class StageCall(Generic[Result]):
    """Everything that a stage's answer depends on, and where its files belong."""

    stage: str
    version: int
    """Raise it when the verb's code changes what comes out."""
    result_type: type[Result] | Any
    artifact_key: Callable[[str], str]
    """Store key of each file, by the file's name."""
    inputs: Mapping[str, str]
    """Content digest of each input, by name."""
    params: Mapping[str, Any] = field(default_factory=dict)
    model: ModelRef | None = None
    video_id: str | None = None
    """For whom it is asked: what is kept then goes with that video. No part of the key."""

    @property
    def key(self) -> str:
        """The cache key: equal questions have equal keys on any machine."""
        return cache_key(
            self.stage, self.version, inputs=self.inputs, params=self.params, model=self.model
        )


@dataclass(frozen=True)
class StageOutput(Generic[Result]):
    """What a verb made: its result and its files, by name."""

    result: Result
    files: Mapping[str, Path] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 that a file had when it was last looked at, by name, where somebody else owns it."""
    final: bool = True
    """False when a part is missing that another try could bring: such an answer is not kept."""


@dataclass(frozen=True)
class StageResult(Generic[Result]):
    """A stage's result with its artifacts in the store."""

    result: Result
    artifacts: Mapping[str, Artifact]
    digest: str
    """Of the result and of every artifact's content: what later stages put into their keys."""
    model: str | None
    cached: bool


@dataclass(frozen=True)
class CacheMode:
    """Under which terms questions are answered."""

    cached_only: bool = False
    """True: an answer that is not kept is not computed."""
    expected_key: str | None = None
    """The one question that may be asked, by its key. None: any."""
    force: bool = False
    """True: what is kept is computed again and replaced."""


_terms: ContextVar[CacheMode] = ContextVar("reelworks_terms")


@contextmanager
def answering(terms: CacheMode) -> Iterator[None]:
    """Answer what is asked inside under ``terms``."""
    token = _terms.set(terms)
    try:
        yield
    finally:
        _terms.reset(token)


@contextmanager
def force_recompute(wanted: bool = True) -> Iterator[None]:
    """Compute what is asked inside although it is kept, when that is ``wanted``."""
    with answering(replace(_terms.get(CacheMode()), force=wanted)):
        yield


class WriteOnlyItemCache:
    """A cache in which every item is a miss: all are computed again and replaced."""

    def __init__(self, items: ItemCache) -> None:
        self._items = items

    def get(self, key: str) -> None:
        """Return None: nothing counts as cached."""
        del key

    def put(self, key: str, value: bytes) -> None:
        """Keep a new value."""
        self._items.put(key, value)


def items_of(stage: str, ctx: RunContext, video_id: str | None = None) -> ItemCache:
    """Return where a stage keeps its answers to single items, for a video."""
    kept = StoredItems(ctx.store, stage, video_id)
    return WriteOnlyItemCache(kept) if _terms.get(CacheMode()).force else kept


def get_or_compute(
    question: StageCall[Result],
    compute: Callable[[Path], StageOutput[Result]],
    ctx: RunContext,
    *,
    go_on: Callable[[], None],
) -> StageResult[Result]:
    """Return the kept answer, or compute, keep and return it.

    Of several runs that ask the same at once, one computes and the others wait for it, each
    calling ``go_on`` meanwhile, which raises when its own run is stopped. ``compute`` gets an
    empty folder to work in. Raises what ``compute`` raises, and store or database errors; by its
    ``Terms`` also ``NotKeptError`` or ``OtherQuestionError``.
    """
    terms = _terms.get(CacheMode())
    if terms.expected_key not in (None, question.key):
        raise StageCallMismatchError(
            f"This worker would answer another {question.stage} question than asked: "
            "give it the same version of Reelworks and the same models as the asker."
        )
    cache = StageCache(ctx.store)
    known = None if terms.force else _kept(question, cache)
    if known is not None:
        return known
    if terms.cached_only:
        raise CacheMissError(question.key)
    database_url = ctx.engine.url.render_as_string(hide_password=False)
    with advisory_lock(database_url, question.key, should_stop=go_on):
        known = None if terms.force else _kept(question, cache)
        if known is not None:
            return known
        if question.video_id is not None:  # before anything is kept: a crash leaves a trail
            cache.add_reference(question.stage, question.key, question.video_id)
        produced = compute(ctx.new_work_dir(question.stage))
        manifest = _upload(question, produced, ctx)
        if produced.final:
            cache.save(manifest)
    return _answer(question, manifest, cached=False)


def _kept(question: StageCall[Result], cache: StageCache) -> StageResult[Result] | None:
    manifest = cache.find(question.key, question.artifact_key, stage=question.stage)
    if manifest is None:
        return None
    if question.video_id is not None:
        cache.add_reference(question.stage, question.key, question.video_id)
    try:
        return _answer(question, manifest, cached=True)
    except ValidationError:
        log.warning("The kept answer %s has another form: computing again.", question.key)
        return None


def peek(question: StageCall[Result], store: ArtifactStore) -> StageResult[Result] | None:
    """Return what is kept as the answer, without a look at its files; None when nothing is.

    For plans: nothing is copied or computed, so a file may still turn out to be gone.
    """
    manifest = StageCache(store).manifest(question.key, stage=question.stage)
    if manifest is None:
        return None
    try:
        return _answer(question, manifest, cached=True)
    except ValidationError:
        return None


def _upload(
    question: StageCall[Result], produced: StageOutput[Result], ctx: RunContext
) -> Manifest:
    def send(name: str) -> Artifact:
        path = produced.files[name]
        content_type = CONTENT_TYPES.get(path.suffix.lower(), ANY_CONTENT)
        artifact = ctx.store.put_file(question.artifact_key(name), path, content_type)
        if produced.digests.get(name, artifact.sha256) != artifact.sha256:
            raise SourceChangedError(
                f"{path} was changed while it was being read; index it again once it is complete."
            )
        ctx.register_local_file(path, artifact.sha256)
        return artifact

    names = sorted(produced.files)
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE, thread_name_prefix="upload") as senders:
        artifacts = dict(zip(names, senders.map(send, names), strict=True))
    return Manifest(
        stage=question.stage,
        key=question.key,
        model=str(question.model) if question.model else None,
        created_at=datetime.now(UTC),
        result=TypeAdapter(question.result_type).dump_python(produced.result, mode="json"),
        artifacts=artifacts,
    )


def _answer(
    question: StageCall[Result], manifest: Manifest, *, cached: bool
) -> StageResult[Result]:
    adapter: TypeAdapter[Result] = TypeAdapter(question.result_type)
    result = adapter.validate_python(manifest.result, strict=False)
    contents = "".join(f"{name}:{a.sha256};" for name, a in sorted(manifest.artifacts.items()))
    digest = sha256_of_bytes(adapter.dump_json(result) + contents.encode())
    return StageResult(result, manifest.artifacts, digest, manifest.model, cached)
