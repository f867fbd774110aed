"""Result of creating or updating one object on the Prefect server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What was done to bring an object on the server to its wanted state."""

    MADE = "made"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the report of ``reelworks deploy``."""

    kind: str
    name: str
    outcome: Outcome
    note: str = ""
