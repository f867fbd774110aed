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


IGNORED_FOLDERS = frozenset(
    (
        *("@eadir", "@recycle", "@recycled", "@recently-snapshot", "@tmp", "@sharesnap"),
        *("@__thumb", "#recycle", "#snapshot"),
        *("$recycle.bin", "recycler", "system volume information", "lost+found"),
        *("network trash folder", "temporary items", "__macosx"),
    )
)
"""Thumbnails, snapshots and trash of Synology, QNAP, Windows, Linux and macOS, in lower case."""


def has_media_suffix(name: str) -> bool:
    """Tell whether a file's name ends like one of a video or sound."""
    return PurePath(name).suffix.lower() in MEDIA_SUFFIXES


def is_hidden(name: str) -> bool:
    """Tell whether a file is hidden: macOS keeps a small ``._clip.mp4`` beside each clip.mp4."""
    return PurePath(name).name.startswith(".")


def is_passed_over(folder: str) -> bool:
    """Tell whether a folder of this name is no part of a library: hidden, trash or a NAS's own."""
    return folder.startswith(".") or folder.casefold() in IGNORED_FOLDERS
