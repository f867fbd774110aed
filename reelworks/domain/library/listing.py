"""Keyset pagination of lists that grow meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of a list ends, newest first: the next page begins after this entry.

    Unlike a count of entries, it stays where it is when new ones come.
    """

    created_at: datetime
    id: str
