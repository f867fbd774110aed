"""Artifact names and store keys: where each file and cache entry lies in the bucket.

An artifact's name is what its stage calls the file; its key is where the store keeps it. Keys are
part of what a library on disk looks like: a changed one needs a migration.
"""

from __future__ import annotations

from typing import Final

NORMALIZED: Final = "normalized.mp4"
PROXY: Final = "proxy.mp4"
AUDIO: Final = "audio.wav"
AUDIO_CHANNELS: Final = ("audio_left.wav", "audio_right.wav")
"""Present where left and right carry different speakers."""
SUBTITLES: Final = ("captions.srt", "captions.vtt")
SUBTITLE_SUFFIXES: Final = (".srt", ".vtt")
VECTORS: Final = "vectors.npy"

INCOMING: Final = "incoming/"
"""Uploads that no video owns yet."""
UPLOADS: Final = "uploads/"
"""Sources; everything else can be computed from them."""
PROCESSED: Final = "processed/"
SUBS: Final = "subs/"
FRAMES: Final = "frames/"
EMBEDDINGS: Final = "embeddings/"
METADATA: Final = "videos/"
REPORTS: Final = "reports/"
CACHE: Final = "cache/"
DOUBTS: Final = "cache/doubts/"
REFERENCES: Final = "cache/uses/"
CALLS: Final = "cache/calls/"

VIDEO_FOLDERS: Final = (PROCESSED, FRAMES, EMBEDDINGS)
"""Each has a folder of every video, which goes with the video."""

CALL_KEY_PATTERN: Final = f"^{CALLS}[0-9a-f]{{64}}[.]json$"


def upload_key(video_id: str, name: str) -> str:
    """Return the store key of a video's source; ``name`` must be fit for one."""
    return f"{upload_prefix(video_id)}{name}"


def upload_prefix(video_id: str) -> str:
    """Return what the keys of a video's sources begin with; those of ``{video_id}_x`` do, too."""
    return f"{UPLOADS}{video_id}_"


def processed_key(video_id: str, name: str) -> str:
    """Return the key of a file that was made of a video's source, by the artifact's name."""
    return f"{PROCESSED}{video_id}/{name}"


def audio_key(video_id: str) -> str:
    """Return the key of the normalized audio."""
    return processed_key(video_id, AUDIO)


def subtitles_key(video_id: str, suffix: str) -> str:
    """Return the key of a video's subtitles; ``suffix`` is one of ``SUBTITLE_SUFFIXES``."""
    return f"{SUBS}{video_id}{suffix}"


def frame_name(index: int) -> str:
    """Return the artifact name of a scene's frame."""
    return f"scene_{index:03d}.jpg"


def frame_key(video_id: str, name: str) -> str:
    """Return the key of a frame, by the artifact's name."""
    return f"{FRAMES}{video_id}/{name}"


def embeddings_key(video_id: str, name: str) -> str:
    """Return the key of a file of vectors."""
    return f"{EMBEDDINGS}{video_id}/{name}"


def metadata_key(video_id: str) -> str:
    """Return the key of a video's metadata document."""
    return f"{METADATA}{video_id}.json"


def report_key(backfill_id: str) -> str:
    """Return the key of a backfill's report."""
    return f"{REPORTS}{backfill_id}.json"


def call_key(digest: str) -> str:
    """Return the key of a remote stage's arguments, by the SHA-256 of their JSON."""
    return f"{CALLS}{digest}.json"


def manifest_key(stage: str, key: str) -> str:
    """Return the key of the manifest that the stage cache keeps under a cache key."""
    return f"cache/stages/{stage}/{key}.json"


def item_key(stage: str, key: str) -> str:
    """Return the key of one item of a stage's item cache."""
    return f"cache/items/{stage}/{key[:2]}/{key}"


def reference_by_video(video_id: str, stage: str, key: str) -> str:
    """Return the key of the note that a video references a cache entry, listed by video."""
    return f"{REFERENCES}{video_id}/{stage}/{key}"


def reference_by_entry(stage: str, key: str, video_id: str) -> str:
    """Return the key of the same note, listed by cache entry; an empty id gives its prefix."""
    return f"cache/stages/{stage}/{key}.uses/{video_id}"
