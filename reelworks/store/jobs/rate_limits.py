"""Rate limits of hosted models, shared by all processes and hosts.

A leaky bucket: one row says when the next call may be made, each caller moves it on by one gap and
waits for its own turn. Times are those of the database's clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, func
from sqlalchemy.dialects.postgresql import insert

from reelworks.errors import CancelledError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import RateLimitRow
from reelworks.store.db.table_ops import table_of

RATE_LIMITS = table_of(RateLimitRow)
Rate = Callable[[str], int | None]
"""Calls a minute that a provider may get; None: as many as it takes."""


class SharedRateLimiter:
    """A ``RateLimiter`` that many processes share."""

    def __init__(self, engine: Engine, rate: Rate, *, of: str = "") -> None:
        """``of`` names whose rate it is, so that each backfill may have one of its own."""
        self._engine = engine
        self._rate = rate
        self._of = of
        self._closed = threading.Event()

    def wait(self, provider: str) -> None:
        """Return when the next call to ``provider`` may be made.

        Raises ``CancelledError`` once ``close`` was called, and database errors.
        """
        rate = self._rate(provider)
        if rate is None:
            return
        if self._closed.wait(reserve(self._engine, f"{self._of}{provider}", rate)):
            raise CancelledError(f"The run that waited to call {provider} has ended.")

    def close(self) -> None:
        """Let no more calls through: what still waits was stopped and must not be charged."""
        self._closed.set()


def reserve(engine: Engine, name: str, per_minute: int) -> float:
    """Take the next turn at ``per_minute`` turns a minute; return the seconds until it comes."""
    gap = timedelta(seconds=60 / per_minute)
    now: Any = func.clock_timestamp()
    first = insert(RATE_LIMITS).values(name=name, next_at=now + gap)
    mine = func.greatest(RATE_LIMITS.c.next_at, now) + gap
    taken = first.on_conflict_do_update(index_elements=["name"], set_={"next_at": mine})
    with transaction(engine) as connection:
        left: timedelta = connection.execute(
            taken.returning(RATE_LIMITS.c.next_at - gap - now)
        ).scalar_one()
    return max(0.0, left.total_seconds())
