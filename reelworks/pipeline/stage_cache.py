"""The stage cache: lookup, lock, upload and manifest around a pure verb."""

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
    """A call of a stage: all that its result depends on, and the store keys of its files."""

    stage: str
    version: int
    """Raise it when the verb's code changes what comes out."""
    result_type: type[Result] | Any
    artifact_key: Callable[[str], str]
    """Store key of each file, by the artifact's name."""
    inputs: Mapping[str, str]
    """Content digest of each input, by name."""
    params: Mapping[str, Any] = field(default_factory=dict)
    model: ModelRef | None = None
    video_id: str | None = None
    """The video that references the cache entry, which goes with it. No part of the key."""

    @property
    def key(self) -> str:
        """The cache key: equal calls have equal keys on any machine."""
        return cache_key(
            self.stage, self.version, inputs=self.inputs, params=self.params, model=self.model
        )


@dataclass(frozen=True)
class StageOutput(Generic[Result]):
    """What a verb computed: its result and its local files, by name."""

    result: Result
    files: Mapping[str, Path] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    """Expected SHA-256 of a file that something else may still write to, by name."""
    final: bool = True
    """False when a part is missing that another attempt could bring: it is not cached."""

    @classmethod
    def of_files(cls, result: Result, *paths: Path | None) -> StageOutput[Result]:
        """Return a result and its files, which are named as they lie there; None is no file."""
        return cls(result, {path.name: path for path in paths if path is not None})


@dataclass(frozen=True)
class StageResult(Generic[Result]):
    """A stage's result with its artifacts in the store."""

    result: Result
    artifacts: Mapping[str, Artifact]
    digest: str
    """Of the result and of every artifact's content: what later stages put into their keys."""
    model: str | None
    cached: bool

    def key_of(self, name: str) -> str | None:
        """Return the store key of an artifact; None when there is none of that name."""
        return self.artifacts[name].key if name in self.artifacts else None


@dataclass(frozen=True)
class CacheMode:
    """How the calls of a context use the cache."""

    cached_only: bool = False
    """True: a miss is an error, and nothing is computed."""
    expected_key: str | None = None
    """The one cache key that a call may have. None: any."""
    force: bool = False
    """True: a cached result is computed again and replaced."""


_mode: ContextVar[CacheMode] = ContextVar("reelworks_cache_mode")


@contextmanager
def use_cache_mode(mode: CacheMode) -> Iterator[None]:
    """Use the cache in this mode for every call inside."""
    token = _mode.set(mode)
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def force_recompute(wanted: bool = True) -> Iterator[None]:
    """Compute the calls inside although their results are cached, when that is ``wanted``."""
    with use_cache_mode(replace(_mode.get(CacheMode()), force=wanted)):
        yield


class WriteOnlyItemCache:
    """An item cache in which every item is a miss: all are computed again and replaced."""

    def __init__(self, items: ItemCache) -> None:
        self._items = items

    def get(self, key: str) -> None:
        """Return None: nothing counts as cached."""
        del key

    def put(self, key: str, value: bytes) -> None:
        """Store a new value."""
        self._items.put(key, value)


def item_cache(stage: str, ctx: RunContext, video_id: str | None = None) -> ItemCache:
    """Return the cache of a stage's single items, for a video."""
    items = StoredItems(ctx.store, stage, video_id)
    return WriteOnlyItemCache(items) if _mode.get(CacheMode()).force else items


def get_or_compute(
    call: StageCall[Result],
    compute: Callable[[Path], StageOutput[Result]],
    ctx: RunContext,
    *,
    check_cancelled: Callable[[], None],
) -> StageResult[Result]:
    """Return the cached result, or compute, upload and cache it.

    Of several runs that make the same call at once, one computes and the others wait for it, each
    calling ``check_cancelled`` meanwhile, which raises when its own run is stopped. ``compute``
    gets an empty folder to work in. Raises what ``compute`` raises, and store or database errors;
    by the ``CacheMode`` also ``CacheMissError`` or ``StageCallMismatchError``.
    """
    mode = _mode.get(CacheMode())
    if mode.expected_key not in (None, call.key):
        raise StageCallMismatchError(
            f"Worker and caller disagree on {call.stage}'s version or model; "
            "deploy the same version of Reelworks with the same models on both."
        )
    cache = StageCache(ctx.store)
    cached = None if mode.force else _cached_result(call, cache)
    if cached is not None:
        return cached
    if mode.cached_only:
        raise CacheMissError(call.key)
    database_url = ctx.engine.url.render_as_string(hide_password=False)
    with advisory_lock(database_url, call.key, should_stop=check_cancelled):
        cached = None if mode.force else _cached_result(call, cache)
        if cached is not None:
            return cached
        if call.video_id is not None:  # before anything is stored: a crash leaves a trail
            cache.add_reference(call.stage, call.key, call.video_id)
        output = compute(ctx.new_work_dir(call.stage))
        manifest = _upload(call, output, ctx)
        if output.final:
            cache.save(manifest)
    return _result_of(call, manifest, cached=False)


def peek(call: StageCall[Result], store: ArtifactStore) -> StageResult[Result] | None:
    """Return the cached result without a look at its files; None for a miss.

    For plans: nothing is copied or computed, so a file may still turn out to be gone.
    """
    manifest = StageCache(store).manifest(call.key, stage=call.stage)
    if manifest is None:
        return None
    try:
        return _result_of(call, manifest, cached=True)
    except ValidationError:
        return None


def _cached_result(call: StageCall[Result], cache: StageCache) -> StageResult[Result] | None:
    manifest = cache.find(call.key, call.artifact_key, stage=call.stage)
    if manifest is None:
        return None
    if call.video_id is not None:
        cache.add_reference(call.stage, call.key, call.video_id)
    try:
        return _result_of(call, manifest, cached=True)
    except ValidationError:
        log.warning("The cached result %s has an unknown format; recomputing it.", call.key)
        return None


def _upload(call: StageCall[Result], output: StageOutput[Result], ctx: RunContext) -> Manifest:
    def send(name: str) -> Artifact:
        path = output.files[name]
        content_type = CONTENT_TYPES.get(path.suffix.lower(), ANY_CONTENT)
        artifact = ctx.store.put_file(call.artifact_key(name), path, content_type)
        if output.digests.get(name, artifact.sha256) != artifact.sha256:
            raise SourceChangedError(
                f"{path} was changed while it was being read; index it again once it is complete."
            )
        ctx.register_local_file(path, artifact.sha256)
        return artifact

    names = sorted(output.files)
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE, thread_name_prefix="upload") as senders:
        artifacts = dict(zip(names, senders.map(send, names), strict=True))
    return Manifest(
        stage=call.stage,
        key=call.key,
        model=str(call.model) if call.model else None,
        created_at=datetime.now(UTC),
        result=TypeAdapter(call.result_type).dump_python(output.result, mode="json"),
        artifacts=artifacts,
    )


def _result_of(call: StageCall[Result], manifest: Manifest, *, cached: bool) -> StageResult[Result]:
    adapter: TypeAdapter[Result] = TypeAdapter(call.result_type)
    result = adapter.validate_python(manifest.result, strict=False)
    contents = "".join(f"{name}:{a.sha256};" for name, a in sorted(manifest.artifacts.items()))
    digest = sha256_of_bytes(adapter.dump_json(result) + contents.encode())
    return StageResult(result, manifest.artifacts, digest, manifest.model, cached)
