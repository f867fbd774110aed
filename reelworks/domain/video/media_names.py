"""Media file names: which files of a folder or an S3 prefix are taken, by their suffix."""

from __future__ import annotations

from pathlib import PurePath

PICTURE_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".flv", ".ts", ".mts", ".m2ts"),
    *(".mpg", ".mpeg", ".ogv", ".3gp", ".mxf", ".gif"),
)
SOUND_SUFFIXES = (".mp3", ".m4a", ".aac", ".wav", ".flac", ".ogg", ".oga", ".opus", ".wma", ".amr")
MEDIA_SUFFIXES = frozenset((*PICTURE_SUFFIXES, *SOUND_SUFFIXES))
"""What is taken from a folder; a file named by itself is judged by its content alone."""


def looks_like_media(name: str) -> bool:
    """Tell whether a file of this name is taken.

    Hidden files are left out: macOS keeps a small ``._clip.mp4`` beside each clip.mp4.
    """
    path = PurePath(name)
    return not path.name.startswith(".") and path.suffix.lower() in MEDIA_SUFFIXES
