"""Embed all texts of the library with another model, beside the one that search uses."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.capabilities import Embedder
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.library.library import VideoView
from reelworks.errors import UnknownVideoError
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.video_vectors import Texts, Vectors, embed_and_publish, searchable
from reelworks.store.library.video_contents import get_video
from reelworks.store.search.embedding_models import missing_videos
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors


def reembed(ctx: RunContext, embedder: Embedder, progress: Progress) -> int:
    """Embed every video that lacks vectors of the embedder's model; return their number.

    One video at a time: a run that was stopped continues where it was.
    Videos that are indexed meanwhile come at the end. ``progress`` counts videos. Raises
    what the embedder raises, store and database errors.
    """
    model = str(embedder.model)
    seen: set[str] = set()
    while left := [one for one in missing_videos(ctx.engine, model) if one not in seen]:
        total = len(seen) + len(left)
        for video_id in left:
            progress(len(seen), total)
            _embed_video(ctx, embedder, video_id)
            seen.add(video_id)
        progress(total, total)
    return len(seen)


def _embed_video(ctx: RunContext, embedder: Embedder, video_id: str) -> None:
    try:
        view = get_video(ctx.engine, video_id)
        for texts in _texts_of(view):
            embed_and_publish(texts, [embedder], ctx, _unwatched)
    except UnknownVideoError:  # deleted meanwhile
        return


def _texts_of(view: VideoView) -> list[Texts]:
    """Return the texts as the indexing run has them, so that its cache entries are hits."""
    video_id = view.summary.id
    shown = [
        (one.frame.index, searchable(one.description)) for one in view.frames if one.description
    ]

    def publish(engine: Engine, video_id: str, vectors: Vectors, model: str) -> None:
        by_frame = {index: vector for (index, _), vector in zip(shown, vectors, strict=True)}
        publish_caption_vectors(engine, video_id, by_frame, model)

    said = [one.segment.text for one in view.segments]
    return [
        Texts("embed_speech", video_id, said, publish_segment_vectors),
        Texts("embed_picture", video_id, [text for _, text in shown], publish),
    ]


def _unwatched(done: float, total: float) -> None:
    """Ignore the progress inside one video."""
