"""Serve the flows' deployments from this machine: what ``reelworks up`` keeps running."""

from __future__ import annotations

import asyncio
import os
import sys

from infra.startup import STOPPED, begin, stop_at_once, stop_by_raising

if __name__ == "__main__":
    begin()

from prefect import aserve
from prefect.types.entrypoint import EntrypointType

from flows.backfill import backfill
from flows.index import index
from flows.sync import sync

RUNS_AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""A run keeps about two cores busy."""


TAGS = ["reelworks", "taken-back-when-lost"]
"""As in ``deployments.yaml``: the server's rules look after runs with these tags."""


async def serve() -> None:
    """Register the deployments and run what is asked of them until stopped."""
    deployments = [
        await flow.ato_deployment(flow.name, tags=TAGS, entrypoint_type=EntrypointType.MODULE_PATH)
        for flow in (index, backfill, sync)
    ]
    await aserve(*deployments, limit=RUNS_AT_ONCE, print_starting_message=False)


def main() -> int:
    """Serve, and return the exit code."""
    try:
        stop_by_raising()
        asyncio.run(serve())
        stop_at_once()
    except KeyboardInterrupt:
        stop_at_once()
        print("Stopped.", file=sys.stderr)
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
