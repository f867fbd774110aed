"""What Prefect's client still holds back when a run is over: its last logs and task states."""

from __future__ import annotations

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

SECONDS = 5.0


def deliver() -> None:
    """Hand it to the server, for ``SECONDS`` each at most: process or server may end next."""
    APILogWorker.drain_all(timeout=SECONDS)
    EventsWorker.drain_all(timeout=SECONDS)
