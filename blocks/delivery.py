"""Flush of Prefect's client queues: the last logs and task states of a run."""

from __future__ import annotations

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

SECONDS = 5.0


def deliver() -> None:
    """Send both to the server, for ``SECONDS`` each at most: process or server may end next."""
    APILogWorker.drain_all(timeout=SECONDS)
    EventsWorker.drain_all(timeout=SECONDS)
