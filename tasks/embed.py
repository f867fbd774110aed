"""Embed: texts become vectors, for search by meaning."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from prefect import task
from prefect.client.schemas.objects import State
from sqlalchemy import Engine

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.progress import Progress
from reelworks.domain.transcript import Transcript
from reelworks.domain.vision import FrameDescription, VisionResult
from reelworks.settings import Provider
from reelworks.stages import embed as verb
from reelworks.stages.cached import Answer, Produced, Question, ask
from reelworks.stages.capabilities import make_embedder
from reelworks.store.cache import StoredItems
from reelworks.store.publish import seen_words
from reelworks.store.publish_vectors import publish_caption_vectors, publish_segment_vectors
from tasks.context import here
from tasks.stage import answered, stage_task

log = logging.getLogger("video_worker")
Vectors = list[list[float] | None]
Publish = Callable[[Engine, str, Vectors, str], None]


@task(**stage_task("embed_speech", runs_on="gpu", minutes=60))
async def embed_speech(video_id: str, transcript: Answer[Transcript]) -> State[Answer[int]]:
    """Give each transcript segment its vector."""
    texts = [segment.text for segment in transcript.result.segments]
    return await _embed("embed_speech", video_id, texts, publish_segment_vectors)


@task(**stage_task("embed_picture", runs_on="gpu", minutes=60))
async def embed_picture(video_id: str, seen: Answer[VisionResult]) -> State[Answer[int]]:
    """Give each frame's description its vector."""
    texts = [_searchable(described.description) for described in seen.result.described]

    def publish(engine: Engine, video_id: str, vectors: Vectors, model: str) -> None:
        indexes = [described.frame_index for described in seen.result.described]
        by_frame = dict(zip(indexes, vectors, strict=True))
        publish_caption_vectors(engine, video_id, by_frame, model)

    return await _embed("embed_picture", video_id, texts, publish)


def _searchable(description: FrameDescription) -> str:
    """Return all that search by meaning may know of a frame."""
    read = " ".join(line.text for line in description.text)
    return "\n".join(part for part in (seen_words(description), read) if part)


async def _embed(
    stage: str, video_id: str, texts: Sequence[str], publish: Publish
) -> State[Answer[int]]:
    place = here().place

    def work(progress: Progress) -> Answer[int]:
        embedder = make_embedder(place.settings)
        question = Question[int](
            stage="embed",
            version=verb.VERSION,
            result_type=int,
            place_of=lambda name: f"embeddings/{video_id}/{stage}-{name}",
            inputs={"texts": sha256_of_bytes(json.dumps(list(texts)).encode())},
            model=embedder.model,
        )

        def compute(room: Path) -> Produced[int]:
            local = place.settings.embed_provider is Provider.LOCAL
            items = verb.NothingKept() if local else StoredItems(place.store, "embed")
            vectors = verb.embed_texts(texts, embedder, items, progress)
            np.save(room / "vectors.npy", pack(vectors, embedder.dimensions))
            return Produced(len(texts), {"vectors.npy": room / "vectors.npy"})

        answer = ask(question, compute, place, go_on=lambda: progress(0, 1))
        vectors = unpack(np.load(place.fetch(answer.artifacts["vectors.npy"])))
        publish(place.engine, video_id, vectors, str(embedder.model))
        log.info("EMBEDDINGS %s: %d texts (%s)", video_id, len(texts), stage)
        return answer

    return await answered(stage, work, count=int, unit="texts")


def pack(vectors: Vectors, dimensions: int) -> np.ndarray:
    """Return an NxD float32 array; a text without a vector becomes a row of NaN."""
    empty = [float("nan")] * dimensions
    rows = [vector or empty for vector in vectors]
    return np.array(rows, dtype=np.float32).reshape(len(rows), dimensions)


def unpack(array: np.ndarray) -> Vectors:
    """Reverse ``pack``."""
    return [None if np.isnan(row[0]) else row.tolist() for row in array]
