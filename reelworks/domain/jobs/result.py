"""Job results: the ids of what a job's flow made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class JobResult:
    """Result of a job that is done: the value of ``jobs.result``. Nothing is set until then."""

    video_id: str | None = None
    """The video that was indexed."""
    backfill_id: str | None = None
    """The backfill that was started, continued or reported."""

    def to_json(self) -> dict[str, str]:
        """Return the stored form; what is not set is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Reverse ``to_json``. Keys of a later release are ignored; so are values of no id."""
        if not isinstance(value, Mapping):
            return cls()
        ids = {name: value.get(name) for name in cls.__dataclass_fields__}
        return cls(**{name: one for name, one in ids.items() if isinstance(one, str)})
