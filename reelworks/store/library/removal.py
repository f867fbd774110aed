"""Remove a video: its rows, its files, and what the stage cache keeps of it.

Each result in the stage cache has a note of every video that uses it, and each video one of
every result (``StageCache.add_reference``). So what belongs to one video alone is found
without reading the whole cache, and what two videos share stays until the second one goes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import Engine, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.artifact_keys import (
    SUBTITLE_SUFFIXES,
    VIDEO_FOLDERS,
    metadata_key,
    subtitles_key,
    upload_prefix,
)
from reelworks.domain.jobs.job import JobSelection
from reelworks.errors import StoreRefusedError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import PendingRemovalRow
from reelworks.store.db.table_ops import table_of
from reelworks.store.jobs.jobs import cancel_jobs
from reelworks.store.library.upload_keys import is_named, trying_upload
from reelworks.store.library.video_reads import VIDEOS
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.cache_entries import release_references

log = logging.getLogger(__name__)

PENDING = table_of(PendingRemovalRow)


def remove_video(engine: Engine, store: ArtifactStore, video_id: str) -> bool:
    """Cancel a video's jobs and remove all that is stored of it; False when nothing was there.

    Rows go first: a run that is still at work finds its video gone and stops. What it wrote
    meanwhile goes when it calls ``remove_files`` at its end. The same transaction notes that the
    files are to go: where the store fails, ``finish_removals`` or the next call removes them.
    Raises store and database errors.
    """
    cancel_jobs(engine, JobSelection(video_id=video_id), reason="Its video was deleted.")
    with transaction(engine) as connection:
        gone = delete(VIDEOS).where(VIDEOS.c.id == video_id).returning(VIDEOS.c.upload_path)
        row = connection.execute(gone).one_or_none()
        if row is not None:
            noted = insert(PENDING).values(video_id=video_id, upload_path=row.upload_path)
            again = {"upload_path": noted.excluded.upload_path}
            connection.execute(noted.on_conflict_do_update(index_elements=["video_id"], set_=again))
        query = select(PENDING.c.upload_path).where(PENDING.c.video_id == video_id)
        upload = connection.scalar(query)
    removed = remove_files(engine, store, video_id, upload=upload)
    _forget(engine, video_id)
    return removed > 0 or row is not None


def finish_removals(engine: Engine, store: ArtifactStore) -> int:
    """Remove the files of removed videos that were left; return how many objects went.

    A video that was added again owns its files. What the store refuses stays noted, and is logged.
    Raises ``StoreUnavailableError`` and database errors.
    """
    again = exists().where(VIDEOS.c.id == PENDING.c.video_id)
    with transaction(engine) as connection:
        connection.execute(delete(PENDING).where(again))
        left = connection.execute(select(PENDING.c.video_id, PENDING.c.upload_path)).all()
    removed = 0
    for video_id, upload in left:
        try:
            removed += remove_files(engine, store, video_id, upload=upload)
        except StoreRefusedError as error:
            log.warning("Files of the removed video %s are still stored: %s", video_id, error)
        else:
            _forget(engine, video_id)
    return removed


def _forget(engine: Engine, video_id: str) -> None:
    with transaction(engine) as connection:
        connection.execute(delete(PENDING).where(PENDING.c.video_id == video_id))


def remove_files(
    engine: Engine, store: ArtifactStore, video_id: str, *, upload: str | None = None
) -> int:
    """Remove a video's files and what the cache keeps of it alone; return how many objects.

    ``upload`` is the key that the video's row named, where that is known.
    """
    removed = _remove_metadata(store, video_id)  # first: a restore must not bring back the rest
    removed += sum(store.delete_prefix(f"{folder}{video_id}/") for folder in VIDEO_FOLDERS)
    for key in list(_uploads(engine, store, video_id, upload)):
        removed += _remove_upload(engine, store, key)
    for key in _subtitles(store, video_id):
        store.delete(key)
        removed += 1
    return removed + release_references(store, video_id)


def _remove_metadata(store: ArtifactStore, video_id: str) -> int:
    key = metadata_key(video_id)
    if store.head(key) is None:
        return 0
    store.delete(key)
    return 1


def _uploads(engine: Engine, store: ArtifactStore, video_id: str, own: str | None) -> Iterator[str]:
    """Yield a video's uploads, as far as keys tell: ``talk_2_a.mp4`` may be of ``talk_2``, too."""
    longer = VIDEOS.c.id.startswith(f"{video_id}_", autoescape=True)
    with transaction(engine) as connection:
        others = [
            upload_prefix(one) for one in connection.scalars(select(VIDEOS.c.id).where(longer))
        ]
    for key in store.keys(upload_prefix(video_id)):
        if key == own or not key.startswith(tuple(others)):
            yield key


def _remove_upload(engine: Engine, store: ArtifactStore, key: str) -> int:
    """Remove an upload, unless it is another video's or a run stores it at this moment.

    That run, if it is one of the removed video, removes it at its end.
    """
    with trying_upload(engine, key) as locked:
        if not locked or is_named(engine, key):
            return 0
        store.delete(key)
    return 1


def _subtitles(store: ArtifactStore, video_id: str) -> Iterator[str]:
    for suffix in SUBTITLE_SUFFIXES:
        key = subtitles_key(video_id, suffix)
        if store.head(key) is not None:
            yield key
