"""Ids of rows: one rule for each id, so that a rerun writes the same rows."""

from __future__ import annotations

import re
import unicodedata

VIDEO_ID_MAX = 128
_SLUG_MAX = 63
"""Characters of an id that is made from a file's name."""
_VIDEO_ID = rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{VIDEO_ID_MAX - 1}}}"
VIDEO_ID_RULE = (
    f"use A-Z, a-z, 0-9, '.', '_' and '-', at most {VIDEO_ID_MAX} characters, "
    "and begin with a letter or digit"
)
"""For messages. The table refuses other ids: see ``store.db.schema.library``."""
VIDEO_ID_PATTERN = f"^{_VIDEO_ID}$"
FRAME_ID_PATTERN = f"^{_VIDEO_ID}_frame_[0-9]{{3,6}}$"
JOB_ID_PATTERN = r"^[^\x00-\x1f\x7f]+$"
JOB_ID_MAX = 200
LIBRARY_PATTERN = "^[a-z0-9_-]{1,63}$"
LANGUAGE_PATTERN = "^[a-z]{2,3}$"
"""The form of a language's code; ``domain.languages`` knows which there are."""
AUDIO_TRACK_MAX = 1000
"""The highest number of an audio track that anyone may name."""
BACKFILL_ID_PATTERN = "^[a-z0-9][a-z0-9-]{0,39}$"
WORD_PATTERN = "^[a-z0-9_]{1,100}$"
"""A kind of job, a stage or an error's code."""

TITLE_SUFFIX = "_title"
"""A hit in a video's title or file name has the video's id and this."""


def is_video_id(text: str) -> bool:
    """True when ``text`` can be a video id: see ``VIDEO_ID_RULE``."""
    return re.fullmatch(_VIDEO_ID, text) is not None


def video_id_for(stem: str, sha256: str) -> str:
    """Make the id that a source gets when the user names none.

    The file's own name keeps it readable; eight hex digits of the content's SHA-256 keep it
    unique and equal for the same bytes wherever they lie.
    """
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_stem.lower()).strip("-")[: _SLUG_MAX - 9].strip("-")
    return f"{slug or 'video'}-{sha256[:8]}"


def scene_id(video_id: str, index: int) -> str:
    """Return the id of the ``index``-th scene, counted from 0."""
    return f"{video_id}_scene_{index:03d}"


def frame_id(video_id: str, index: int) -> str:
    """Return the id of the ``index``-th representative frame, counted from 0."""
    return f"{video_id}_frame_{index:03d}"


def segment_id(video_id: str, index: int) -> str:
    """Return the id of the ``index``-th transcript segment, counted from 0."""
    return f"{video_id}_segment_{index:03d}"


def caption_id(video_id: str, index: int) -> str:
    """Return the id of the caption of the ``index``-th frame."""
    return f"{frame_id(video_id, index)}_caption"
