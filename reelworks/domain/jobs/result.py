"""Job results: the ids of what a job's flow made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

_IDS = ("video_id", "backfill_id")


@dataclass(frozen=True, slots=True)
class JobResult:
    """Result of a job that is done: the value of ``jobs.result``. Nothing is set until then."""

    video_id: str | None = None
    """The video that was indexed."""
    backfill_id: str | None = None
    """The backfill that was started, continued or reported."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """JSON values by other names: of a flow of your own, or of a later release."""

    def to_json(self) -> dict[str, Any]:
        """Return the stored form; what is not set is left out."""
        ids = {name: getattr(self, name) for name in _IDS}
        return {**self.extra, **{name: one for name, one in ids.items() if one is not None}}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Reverse ``to_json``; what is not an object, or no text as an id, is nothing."""
        stored = value if isinstance(value, Mapping) else {}
        ids = {name: stored[name] for name in _IDS if isinstance(stored.get(name), str)}
        extra = {name: one for name, one in stored.items() if name not in _IDS}
        return cls(**ids, extra=extra)
