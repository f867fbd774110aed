"""Work history: mean durations and usage of the library's earlier jobs, for estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select, text

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.usage import Usage, add_up, usage_by_model
from reelworks.domain.library.selection import ALL_VIDEOS, VideoSelection
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_rows import JOBS, VIDEOS
from reelworks.store.library.video_locations import OTHER_LIBRARIES, libraries_of
from reelworks.store.library.video_reads import CAPTIONS, FRAMES, SEGMENTS
from reelworks.store.library.video_writes import where_clause

_LATEST = 500
"""Jobs that are looked at: the newest ones, as machines and models change."""
_STAGE_SECONDS = text(
    "SELECT p.key AS stage, sum((p.value->>'seconds')::float) AS seconds,"
    " sum(v.duration_sec) AS length"
    " FROM (SELECT video_id, progress FROM jobs WHERE status = 'done'"
    "       ORDER BY ended_at DESC NULLS LAST LIMIT :latest) AS j"
    " JOIN videos AS v ON v.id = j.video_id, jsonb_each(j.progress) AS p"
    " WHERE p.value->>'state' IN ('done', 'retried') AND v.duration_sec > 0"
    " GROUP BY p.key"
)


@dataclass(frozen=True, slots=True)
class History:
    """Means over what was done before; empty for an empty library."""

    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds of work for an hour of video, by stage, where it was computed."""
    frames_per_hour: float | None = None
    """Unique frames of an hour of video."""
    segments_per_hour: float | None = None
    per_call: Mapping[str, Usage] = field(default_factory=dict)
    """Mean usage of a hundred calls, by hosted model."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a plan needs to know of a video's row."""

    video_id: str
    library: str
    status: str
    was_ready: bool
    source: str
    sha256: str | None
    seconds: float | None
    language: str | None
    stated_language: str | None = None
    """As a caller stated it; None: it was detected."""
    stated_audio_track: int | None = None
    """As a caller stated it; None: chosen by speech."""
    libraries: tuple[str, ...] = ()
    """All libraries that it is in, its own first."""


def read_history(engine: Engine) -> History:
    """Return what the past tells."""
    with transaction(engine) as connection:
        rows = connection.execute(_STAGE_SECONDS, {"latest": _LATEST}).all()
        hours = (connection.scalar(select(func.sum(VIDEOS.c.duration_sec))) or 0.0) / 3600
        unique = select(func.count()).where(FRAMES.c.duplicate_of.is_(None))
        frames = connection.scalar(unique) or 0
        segments = connection.scalar(select(func.count()).select_from(SEGMENTS)) or 0
        used = select(JOBS.c.usage).where(JOBS.c.usage != {}).order_by(JOBS.c.created_at.desc())
        usages = [usage_by_model(one) for one in connection.scalars(used.limit(_LATEST))]
    total = add_up(*({model: one.usage for model, one in billed.items()} for billed in usages))
    return History(
        stage_seconds={
            row.stage: 3600 * row.seconds / row.length for row in rows if row.seconds is not None
        },
        frames_per_hour=frames / hours if hours and frames else None,
        segments_per_hour=segments / hours if hours and segments else None,
        per_call={
            model: usage.times(100 / usage.calls) for model, usage in total.items() if usage.calls
        },
    )


def video_facts(engine: Engine, which: VideoSelection = ALL_VIDEOS) -> list[VideoFacts]:
    """Return these videos, the oldest first; raises what ``where_clause`` raises."""
    columns = [
        *(VIDEOS.c.id, VIDEOS.c.library, VIDEOS.c.status, VIDEOS.c.ready_at),
        *(VIDEOS.c.original_path, VIDEOS.c.digests, VIDEOS.c.duration_sec, VIDEOS.c.language),
        VIDEOS.c.stated_language,
        VIDEOS.c.stated_audio_track,
        OTHER_LIBRARIES,
    ]
    query = select(*columns).where(where_clause(which)).order_by(VIDEOS.c.created_at, VIDEOS.c.id)
    with transaction(engine) as connection:
        return [
            VideoFacts(
                video_id=row.id,
                library=row.library,
                status=row.status,
                was_ready=row.ready_at is not None,
                source=row.original_path,
                sha256=row.digests.get("source"),
                seconds=row.duration_sec,
                language=row.language,
                stated_language=row.stated_language,
                stated_audio_track=row.stated_audio_track,
                libraries=libraries_of(row.library, row.other_libraries),
            )
            for row in connection.execute(query)
        ]


def with_outdated_models(engine: Engine, models: Mapping[str, ModelRef]) -> set[str]:
    """Return the videos with rows that another model made than the one named for the stage.

    ``models`` names those of ``transcribe``, ``vision`` and ``embed``.
    """
    found: set[str] = set()
    with transaction(engine) as connection:
        for stage, table in (("transcribe", SEGMENTS), ("vision", CAPTIONS)):
            ours = models[stage]
            other = (table.c.model != f"{ours.provider}/{ours.name}") | (
                table.c.revision != ours.revision
            )
            found |= set(connection.scalars(select(table.c.video_id).where(other).distinct()))
        for table in (SEGMENTS, CAPTIONS):
            moved = table.c.embedding_model != str(models["embed"])
            found |= set(connection.scalars(select(table.c.video_id).where(moved).distinct()))
    return found
