"""The vectors of one video's texts: computed once, stored as an artifact, published as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from reelworks.domain.artifact_keys import VECTORS
from reelworks.domain.capabilities import Embedder
from reelworks.domain.jobs.cancellation import never_cancelled
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.vision import FrameDescription
from reelworks.pipeline.cache_keys import vectors_call
from reelworks.pipeline.capabilities import make_embedder
from reelworks.pipeline.embedders import embedder_of
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import (
    CacheMode,
    StageOutput,
    StageResult,
    get_or_compute,
    item_cache,
    use_cache_mode,
)
from reelworks.settings import Settings
from reelworks.stages.text.embed import NullItemCache, embed_texts
from reelworks.store.library.publish import seen_words
from reelworks.store.search.embedding_models import live_model

Vectors = list[list[float] | None]
Publish = Callable[[Engine, str, Vectors, str], None]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one stage of one video, and who takes their vectors."""

    stage: str
    """``embed_speech`` or ``embed_picture``."""
    video_id: str
    texts: Sequence[str]
    publish: Publish


def embed_and_publish(
    texts: Texts,
    embedders: Sequence[Embedder],
    ctx: RunContext,
    progress: Progress,
    check_cancelled: Callable[[], None] = never_cancelled,
) -> StageResult[int]:
    """Give each text its vector by every embedder, and publish them; return the first's result.

    The present ``CacheMode`` is for the first one's call only: the others' vectors are computed
    in this process when they are not cached. They are published first, so that search finds what
    is new by the live model at once.

    Raises what the embedders raise, store and database errors, and ``UnknownVideoError``.
    """
    first, *others = embedders
    result = _vectors_by(first, texts, ctx, progress, check_cancelled)
    with use_cache_mode(CacheMode()):
        results = [(one, _vectors_by(one, texts, ctx, progress, check_cancelled)) for one in others]
    for embedder, stored in (*results, (first, result)):
        vectors = unpack(np.load(ctx.fetch(stored.artifacts[VECTORS])))
        texts.publish(ctx.engine, texts.video_id, vectors, str(embedder.model))
    return result


def embedders_for(settings: Settings, engine: Engine) -> list[Embedder]:
    """Return the configured embedder and, while it is to follow another, the live model's.

    When this installation cannot run the live model, search asks both until the switch. Raises
    what making the configured embedder raises.
    """
    configured = make_embedder(settings)
    live = live_model(engine)
    if live in (None, str(configured.model)):
        return [configured]
    other = embedder_of(settings, str(live))
    return [configured] if other is None else [configured, other]


def _vectors_by(
    embedder: Embedder,
    texts: Texts,
    ctx: RunContext,
    progress: Progress,
    check_cancelled: Callable[[], None],
) -> StageResult[int]:
    call = vectors_call(texts.stage, texts.video_id, texts.texts, embedder.model)

    def compute(room: Path) -> StageOutput[int]:
        local = embedder.model.provider == "local"
        items = NullItemCache() if local else item_cache("embed", ctx, texts.video_id)
        vectors = embed_texts(texts.texts, embedder, items, progress)
        np.save(room / VECTORS, pack(vectors, embedder.dimensions))
        return StageOutput(len(texts.texts), {VECTORS: room / VECTORS})

    return get_or_compute(call, compute, ctx, check_cancelled=check_cancelled)


def searchable(description: FrameDescription) -> str:
    """Return all that search by meaning may know of a frame."""
    read = " ".join(line.text for line in description.text)
    return "\n".join(part for part in (seen_words(description), read) if part)


def pack(vectors: Vectors, dimensions: int) -> np.ndarray:
    """Return an NxD float32 array; a text without a vector becomes a row of NaN."""
    empty = [float("nan")] * dimensions
    rows = [vector or empty for vector in vectors]
    return np.array(rows, dtype=np.float32).reshape(len(rows), dimensions)


def unpack(array: np.ndarray) -> Vectors:
    """Reverse ``pack``."""
    return [None if np.isnan(row[0]) else row.tolist() for row in array]
