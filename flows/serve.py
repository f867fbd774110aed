"""Serve the flows' deployments from this machine: what ``reelworks up`` keeps running."""

from __future__ import annotations

import asyncio
import os

from prefect import aserve
from prefect.types.entrypoint import EntrypointType

from flows.index import index

RUNS_AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""A run keeps about two cores busy."""


async def serve() -> None:
    """Register the deployments and run what is asked of them until stopped."""
    deployment = await index.ato_deployment(
        "index", tags=["reelworks"], entrypoint_type=EntrypointType.MODULE_PATH
    )
    await aserve(deployment, limit=RUNS_AT_ONCE, print_starting_message=False)


if __name__ == "__main__":
    asyncio.run(serve())
