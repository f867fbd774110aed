"""Restore a library from the bucket alone: rows from the videos' documents, the rest by jobs.

A restore's jobs take every result from the stage cache and compute nothing: after a cache miss the
job fails and names it, and no model is called unless a user requests it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import PurePosixPath

from sqlalchemy import Engine

from reelworks.domain.artifact_keys import PROCESSED, UPLOADS
from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.job import BACKFILL, NewJob
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.domain.locators import title_of
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.library.restored import RestoredVideo, insert_videos
from reelworks.store.library.video_metadata import VideoMetadata, read_metadata
from reelworks.store.objects.artifacts import ArtifactStore

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Restored:
    """Result of a restore."""

    videos: tuple[str, ...]
    """Ids of the videos whose rows were made."""
    jobs: tuple[str, ...]
    """Ids of the jobs that index them from the cache."""
    known: int
    """Videos that the library had already."""
    without_source: tuple[str, ...]
    """Ids of those whose source is not in the bucket: rows were made, but they are not indexed."""
    without_document: tuple[str, ...]
    """Ids of those that have no document: their titles and libraries are lost."""


def restore_library(engine: Engine, store: ArtifactStore) -> Restored:
    """Restore every video of the bucket that the library lacks; a second call continues.

    Raises store and database errors.
    """
    done: list[RestoredVideo] = []
    documents, named = set[str](), set[str]()
    for batch in _batches(read_metadata(store)):
        documents |= {one.id for one in batch}
        named |= {one.upload_path for one in batch if one.upload_path is not None}
        done += _restore(engine, store, batch)
    bare = tuple(_without_document(store, documents, named))
    for batch in _batches(iter(bare)):
        done += _restore(engine, store, batch)
    due = [one for one in done if one.is_due and one.has_source]
    return Restored(
        videos=tuple(one.id for one in done if one.is_new),
        jobs=tuple(_job_id(one) for one in due),
        known=sum(not one.is_new for one in done),
        without_source=tuple(one.id for one in done if one.is_new and not one.has_source),
        without_document=tuple(one.id for one in bare),
    )


def _restore(
    engine: Engine, store: ArtifactStore, videos: Sequence[VideoMetadata]
) -> list[RestoredVideo]:
    """Make the rows of some videos, then queue their jobs: interrupted, the next call continues."""
    there = {
        one.id
        for one in videos
        if one.upload_path is not None and store.head(one.upload_path) is not None
    }
    rows = insert_videos(engine, videos, with_source=there)
    jobs = [
        NewJob(
            id=_job_id(one),
            video_id=one.id,
            params={"cached_only": True},
            priority=BACKFILL,
            requested_by="restore",
        )
        for one in rows
        if one.is_due and one.has_source
    ]
    add_jobs(engine, jobs)
    return rows


def _job_id(video: RestoredVideo) -> str:
    """Name the job by the row: after another loss the same video gets another job."""
    return f"restore-{sha256_of_bytes(f'{video.id} {video.made_at}'.encode())[:16]}"


def _without_document(
    store: ArtifactStore, documents: set[str], named: set[str]
) -> Iterator[VideoMetadata]:
    """Yield videos that have no document: the keys of their files contain their ids.

    A source that a document names is that video's, whatever its key looks like.
    """
    ids = {key.split("/")[1] for key in store.keys(PROCESSED) if key.count("/") > 1}
    lost = ids - documents
    for key in store.keys(UPLOADS) if lost else ():
        if key in named:
            continue
        name = PurePosixPath(key).name
        owners = [one for one in ids | documents if name.startswith(f"{one}_")]
        owner = max(owners, key=len, default=None)
        if owner in lost:
            lost.discard(owner)
            found = store.head(key)
            title = title_of(name.removeprefix(f"{owner}_"))
            yield VideoMetadata(
                id=owner,
                title=title,
                library=DEFAULT_LIBRARY,
                language=None,
                original_path=f"s3://{store.bucket}/{key}",
                upload_path=key,
                sha256=found.sha256 or None if found else None,
                added_by=None,
                created_at=datetime.now(UTC),
            )


def _batches(videos: Iterator[VideoMetadata]) -> Iterator[list[VideoMetadata]]:
    while batch := list(islice(videos, _BATCH)):
        yield batch
