"""Types of parameters that API and pages read: ids, names, languages, texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from reelworks.domain.ids import (
    AUDIO_TRACK_MAX,
    FRAME_ID_PATTERN,
    JOB_ID_MAX,
    JOB_ID_PATTERN,
    LANGUAGE_PATTERN,
    LIBRARY_PATTERN,
    VIDEO_ID_PATTERN,
    WORD_PATTERN,
)

VideoId = Annotated[str, StringConstraints(pattern=VIDEO_ID_PATTERN)]
FrameId = Annotated[str, StringConstraints(pattern=FRAME_ID_PATTERN)]
JobId = Annotated[
    str, StringConstraints(min_length=1, max_length=JOB_ID_MAX, pattern=JOB_ID_PATTERN)
]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
AudioTrackNumber = Annotated[int, Field(ge=1, le=AUDIO_TRACK_MAX)]
Library = Annotated[str, StringConstraints(pattern=LIBRARY_PATTERN)]
Word = Annotated[str, StringConstraints(pattern=WORD_PATTERN)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
"""A URL, ``s3://bucket/key`` or a path."""
Note = Annotated[str, StringConstraints(max_length=500)]
"""A sentence of the user, for example why jobs were cancelled."""
PRIORITY_MAX = 1000
"""The highest priority and, negated, the lowest."""
Priority = Annotated[int, Field(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Speaker = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PartOfTitle = Annotated[str, StringConstraints(min_length=1, max_length=200)]
QueryText = Annotated[str, StringConstraints(max_length=1000)]
Cursor = Annotated[str, StringConstraints(max_length=1000)]
