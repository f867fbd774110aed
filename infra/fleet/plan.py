"""The pools of a fleet and their queues."""

from __future__ import annotations

from dataclasses import dataclass

HEARTBEAT_SECONDS = 30
"""Prefect's lowest. Every process that runs flows needs it, or `infra.fleet.rules` calls healthy
runs dead."""
HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
RUN_TAG = "reelworks"
"""Tag of the flow runs that send heartbeats often enough to be judged by them."""
RESTART_ON_CRASH = "restart-on-crash"
"""Tag of the runs that start again by themselves; a stage in a pool is retried by its caller."""
STOPPED = "Reelworks was stopped; this run's job returns to the queue."
"""Message of a run that ended with its runner: its job was not cancelled. As 0.1 wrote it."""
DOCKER = "docker"


@dataclass(frozen=True, slots=True)
class Queue:
    """One way into a pool; the lower its priority number, the sooner its runs start."""

    name: str
    priority: int
    description: str
    limit: int | None = None
    """Runs at once. Set on a new queue only: an operator may change it."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Workers of one kind."""

    name: str
    type: str
    description: str
    queues: tuple[Queue, ...]


def _queues(backfill_limit: int) -> tuple[Queue, ...]:
    return (
        Queue("interactive", 1, "What a user waits for. Runs before everything else."),
        Queue(
            "backfill",
            100,
            "Whole libraries, overnight. The limit leaves room for what a user waits for.",
            backfill_limit,
        ),
    )


POOLS = (
    Pool("cpu", "graceful-process", "Whole videos on bare hosts.", _queues(8)),
    Pool("gpu", "warm-process", "Single stages on GPU hosts; models stay loaded.", _queues(8)),
    Pool("cpu-docker", DOCKER, "Whole videos, a container for each.", _queues(8)),
    Pool("gpu-docker", DOCKER, "Single stages, a container with a GPU for each.", _queues(2)),
)
DEFAULT_POOL = POOLS[0].name
"""Of jobs that name none."""
