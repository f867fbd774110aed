"""What putting one thing on the server did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a thing on the server came to be as it shall be."""

    MADE = "made"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what ``reelworks deploy`` tells."""

    kind: str
    name: str
    outcome: Outcome
    note: str = ""
