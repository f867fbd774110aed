"""What people state about a video, stored beside its artifacts: one JSON document.

Titles, libraries and stated languages come from no stage, so no cache can give them back. With
this document a library is restored from the bucket alone (``reelworks.operations.restore``).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from reelworks.domain.artifact_keys import METADATA, metadata_key
from reelworks.domain.ids import is_video_id
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.library.video_locations import locations_of
from reelworks.store.library.video_reads import VIDEOS
from reelworks.store.objects.artifacts import ArtifactStore

log = logging.getLogger(__name__)
_VERSION = 1
_LOCATION_FIELDS = ("library", "location", "title", "added_by")


@dataclass(frozen=True, slots=True)
class VideoMetadata:
    """What people say of a video, and where its source is."""

    id: str
    title: str | None
    library: str
    language: str | None
    """As a caller stated it; None: detected."""
    original_path: str
    """Without passwords and signatures."""
    upload_path: str | None
    """Store key of the source; None until it is there."""
    sha256: str | None
    """Of the source."""
    added_by: str | None
    """Name of the token; None: added without a token."""
    created_at: datetime
    audio_track: int | None = None
    """Number from 1, as a caller stated it; None: chosen by speech."""
    locations: tuple[Mapping[str, str | None], ...] = ()
    """Further locations: ``library``, ``location``, ``title`` and ``added_by`` of each."""

    def to_json(self) -> bytes:
        """Return the document."""
        content = {"version": _VERSION} | asdict(self)
        content |= {"created_at": self.created_at.isoformat()}
        if not self.locations:
            del content["locations"]
        return json.dumps(content, ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> VideoMetadata:
        """Reverse ``to_json``; what a later version adds is left out.

        Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is no such document.
        """
        content: dict[str, Any] = json.loads(data)
        content.setdefault("audio_track", None)  # documents of earlier versions lack it
        content = {"locations": ()} | content
        known = {name: content[name] for name in cls.__dataclass_fields__}
        known["locations"] = tuple(
            {name: one[name] for name in _LOCATION_FIELDS} for one in known["locations"]
        )
        known["created_at"] = datetime.fromisoformat(known["created_at"])
        texts = [known[name] for name in ("id", "library", "original_path")]
        if not all(isinstance(one, str) for one in texts) or not is_video_id(known["id"]):
            raise ValueError("no video's metadata")
        return cls(**known)


def write_metadata(engine: Engine, store: ArtifactStore, video_id: str) -> None:
    """Write a video's document as its row is now; call it after each change of those columns.

    Nothing is written when it is there already, and nothing is locked meanwhile. After each look
    the row is read again: of several writers at once the last one leaves what the row says, and a
    video that is removed meanwhile leaves no document. Raises ``UnknownVideoError``, store and
    database errors.
    """
    key = metadata_key(video_id)
    wanted = _document(engine, video_id)
    while True:
        if store.get_intact(key) != wanted:
            store.put_bytes(key, wanted, "application/json")
        try:
            now = _document(engine, video_id)
        except UnknownVideoError:
            store.delete(key)
            now = _document(engine, video_id)  # of a new video under the same id
            wanted = b""
        if now == wanted:
            return
        wanted = now


def _document(engine: Engine, video_id: str) -> bytes:
    query = select(VIDEOS).where(VIDEOS.c.id == video_id)
    with transaction(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownVideoError(f"No video has the id {video_id}.")
    found = VideoMetadata(
        id=row.id,
        title=row.title,
        library=row.library,
        language=row.stated_language,
        audio_track=row.stated_audio_track,
        original_path=row.original_path,
        upload_path=row.upload_path,
        sha256=row.digests.get("source"),
        added_by=row.added_by,
        created_at=row.created_at,
        locations=tuple(
            {name: getattr(one, name) for name in _LOCATION_FIELDS}
            for one in locations_of(engine, video_id)
        ),
    )
    return found.to_json()


def read_metadata(store: ArtifactStore) -> Iterator[VideoMetadata]:
    """Yield the documents of all videos; one that is damaged is logged and left out."""
    for key in store.keys(METADATA):
        data = store.get_intact(key)
        if data is None:
            if store.head(key) is not None:  # else it was removed since it was listed
                log.warning(
                    "The document %s is damaged in the store and ignored: the video's title, "
                    "library and language are lost.",
                    key,
                )
            continue
        try:
            found = VideoMetadata.from_json(data)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("The document %s is damaged (%s) and ignored.", key, error)
            continue
        if key == metadata_key(found.id):
            yield found
        else:
            log.warning(
                "The document %s belongs to another video, %s, and is ignored.", key, found.id
            )
