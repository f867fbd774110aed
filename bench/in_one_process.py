"""Index a clip in one process: cold, warm (another empty cache) and unchanged; print seconds."""

from __future__ import annotations

import asyncio
import os
import sys
import time


async def index_once(clip: str, bucket: str) -> float:
    """Return the seconds of one run of the flow into a bucket of its own."""
    from flows.index import IndexParams, index

    os.environ["S3_BUCKET"] = bucket
    started = time.monotonic()
    await index(IndexParams(source=clip))
    return time.monotonic() - started


if __name__ == "__main__":
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    clip, first, second = sys.argv[1:]
    print(*[asyncio.run(index_once(clip, bucket)) for bucket in (first, second, second)])
