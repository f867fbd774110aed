"""Types of parameters of API, pages, CLI and flows: ids, names, languages, limits, texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from reelworks.domain.artifact_keys import CALL_KEY_PATTERN
from reelworks.domain.ids import (
    AUDIO_TRACK_MAX,
    BACKFILL_ID_PATTERN,
    FRAME_ID_PATTERN,
    JOB_ID_MAX,
    JOB_ID_PATTERN,
    LANGUAGE_PATTERN,
    LIBRARY_PATTERN,
    VIDEO_ID_PATTERN,
    WORD_PATTERN,
)
from reelworks.domain.languages import check_language

VideoId = Annotated[str, StringConstraints(pattern=VIDEO_ID_PATTERN)]
FrameId = Annotated[str, StringConstraints(pattern=FRAME_ID_PATTERN)]
JobId = Annotated[
    str, StringConstraints(min_length=1, max_length=JOB_ID_MAX, pattern=JOB_ID_PATTERN)
]
BackfillId = Annotated[str, StringConstraints(pattern=BACKFILL_ID_PATTERN)]
Language = Annotated[
    str, AfterValidator(check_language), Field(json_schema_extra={"pattern": LANGUAGE_PATTERN})
]
"""A spoken language, as one of ``LANGUAGES``."""
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
IN_FLIGHT_MAX = 1000
InFlight = Annotated[int, Field(ge=1, le=IN_FLIGHT_MAX)]
"""Runs of a backfill at the same time."""
Count = Annotated[int, Field(ge=1)]
"""A limit of a number: of videos, of runs in an hour, of calls in a minute."""
Dollars = Annotated[Decimal, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Speaker = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PartOfTitle = Annotated[str, StringConstraints(min_length=1, max_length=200)]
QueryText = Annotated[str, StringConstraints(max_length=1000)]
Cursor = Annotated[str, StringConstraints(max_length=1000)]
CacheKey = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
"""Cache key of a stage's call: a SHA-256."""
ArgumentsKey = Annotated[str, StringConstraints(pattern=CALL_KEY_PATTERN)]
"""Store key of a remote stage's arguments."""
TaskName = Annotated[str, StringConstraints(pattern=r"^tasks(\.[a-z_][a-z0-9_]*)+$")]
"""Importable name of a stage's task."""
