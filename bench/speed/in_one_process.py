"""Index a clip in one process: cold, warm (another empty cache) and unchanged.

Prints a line for each: seconds by the clock, seconds of processors.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time


async def index_once(clip: str, bucket: str) -> tuple[float, float]:
    """Return the seconds and processor seconds of one run of the flow into ``bucket``."""
    from flows.index import IndexParams, index

    os.environ["S3_BUCKET"] = bucket
    started, before = time.monotonic(), os.times()
    await index(IndexParams(source=clip))
    return time.monotonic() - started, sum(os.times()[:4]) - sum(before[:4])


if __name__ == "__main__":
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    clip, first, second = sys.argv[1:]
    for bucket in (first, second, second):
        print(*asyncio.run(index_once(clip, bucket)))
