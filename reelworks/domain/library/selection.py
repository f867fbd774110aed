"""Selections of videos: of the library by their rows, and of backfills by source and kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from reelworks.domain.library.library import VideoStatus


class SelectionKind(StrEnum):
    """Which of the videos found are selected; of several kinds, those that any of them names."""

    NEW = "new"
    """New in the library, or with another content than the library has."""
    FAILED = "failed"
    """The last run failed."""
    MISSING = "missing"
    """A stage is not cached; ``VideoSelection.stages`` names the stages."""
    OLDER_MODEL = "older-model"
    """Rows were made by another model than the configured one."""


@dataclass(frozen=True, slots=True)
class VideoSelection:
    """Which videos; every condition given must hold, and without any all videos are selected.

    ``source``, ``only``, ``stages`` and ``limit`` depend on files and on the stage cache: a
    backfill's plan resolves them. The others are conditions on the videos' rows.
    """

    source: str | None = None
    """A folder or ``s3://bucket/prefix``; None: the library's own videos."""
    library: str | None = None
    """The library that is searched, or that new videos go to."""
    only: frozenset[SelectionKind] = frozenset()
    """Empty: all."""
    stages: tuple[str, ...] = ()
    """The stages of ``SelectionKind.MISSING``."""
    language: str | None = None
    """Spoken language, an ISO 639-1 code: of the files found in ``source``; of the library's own
    videos, those that have it."""
    limit: int | None = None
    """The most videos."""
    ids: tuple[str, ...] | None = None
    status: VideoStatus | None = None
    title: str | None = None
    """Part of the title or the id, in any case."""
    min_seconds: float | None = None
    max_seconds: float | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    """Before then."""

    @property
    def of_rows(self) -> Self:
        """The conditions on the videos' rows alone."""
        return replace(self, source=None, only=frozenset(), stages=(), limit=None)

    @property
    def row_conditions(self) -> tuple[str, ...]:
        """Names of the conditions given that only videos with a row can meet."""
        return tuple(name for name in _OF_ROWS if getattr(self, name) is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; conditions on rows are left out unless given."""
        known = asdict(self)
        rows = {name: _as_json(known.pop(name)) for name in _OF_ROWS}
        given = {name: value for name, value in rows.items() if value is not None}
        kinds = sorted(one.value for one in self.only)
        return known | {"only": kinds, "stages": list(self.stages)} | given

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Reverse ``to_dict``."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        typed = {
            name: read(known[name])
            for name, read in _READERS.items()
            if known.get(name) is not None
        }
        return cls(**known | typed)


_OF_ROWS = ("ids", "status", "title", "min_seconds", "max_seconds", "created_from", "created_to")
_READERS: Mapping[str, Any] = {
    "only": lambda kinds: frozenset(map(SelectionKind, kinds)),
    "stages": tuple,
    "ids": tuple,
    "status": VideoStatus,
    "created_from": datetime.fromisoformat,
    "created_to": datetime.fromisoformat,
}
ALL_VIDEOS = VideoSelection()


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
