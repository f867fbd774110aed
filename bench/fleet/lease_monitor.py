"""Counts of ``bench.fleet.kills``, and its look at leases that have expired."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, text

from reelworks.store.db.database import transaction
from reelworks.store.jobs.dispatchers import has_dispatcher

POLL_SECONDS = 0.2


@dataclass
class Count:
    """Results of the experiment."""

    kills: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    done: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    restarted: int = 0
    """Jobs that needed more than one attempt."""
    naps: int = 0
    """Completed naps, also those of runs that were killed before they could report them."""
    longest_silence: float = 0.0
    """Longest time, in seconds, that an expired lease was not taken over."""
    longest_while_up: float = 0.0
    """The same, counting only the time in which the dispatcher and the servers were running."""
    seconds: float = 0.0


@dataclass
class LeaseMonitor:
    """Looks for jobs whose lease has expired."""

    engine: Engine
    count: Count
    up_since: datetime | None = None
    """When the dispatcher and the servers were running again, by the database's clock."""

    def outage(self) -> None:
        """Record that a process was killed."""
        self.up_since = None

    def look_for(self, seconds: float) -> None:
        """Look repeatedly for so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Look once; the servers must be running."""
        has_one = has_dispatcher(self.engine)
        query = text(
            "SELECT now() AS now, max(extract(epoch FROM now() - expires_at)) AS overdue,"
            " max(extract(epoch FROM now() - greatest(expires_at, CAST(:up AS timestamptz))))"
            " AS while_up"
            " FROM jobs WHERE status = 'processing'"
        )
        with transaction(self.engine) as connection:
            row = connection.execute(query, {"up": self.up_since}).one()
        self.count.longest_silence = max(self.count.longest_silence, float(row.overdue or 0.0))
        if self.up_since is not None:
            self.count.longest_while_up = max(self.count.longest_while_up, float(row.while_up or 0))
        elif has_one:
            self.up_since = row.now
