"""New videos: the row of a video that is added, from its source and what its caller states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import video_id_for
from reelworks.domain.library.access import Caller
from reelworks.domain.locators import title_of
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.library.video_writes import NewVideo


@dataclass(frozen=True, slots=True)
class VideoFields:
    """What a caller may state of a video to add; None: not stated."""

    id: str | None = None
    title: str | None = None
    library: str | None = None
    language: str | None = None
    audio_track: int | None = None


def new_video(
    name: str, location: str, stated: VideoFields, caller: Caller, *, sha256: str | None = None
) -> NewVideo:
    """Return the row of a video to add.

    ``name`` is the file's own name: id and title are made of it unless stated. ``location`` is an
    address, ``s3://bucket/key`` or a path; the row gets it without passwords and signatures.
    ``sha256`` is the source's digest. None: it was not read, and its location goes into the id.
    """
    stem = PurePosixPath(name).stem or name or "video"
    return NewVideo(
        id=stated.id or video_id_for(stem, sha256 or sha256_of_bytes(location.encode())),
        original_path=without_secrets(location),
        title=stated.title or title_of(name) or stem,
        library=stated.library,
        sha256=sha256,
        language=stated.language,
        audio_track=stated.audio_track,
        added_by=caller.name or None,
        is_id_stated=stated.id is not None,
        is_title_stated=stated.title is not None,
    )
