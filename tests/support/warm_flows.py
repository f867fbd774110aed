"""Flows for the tests of the warm worker. They tell what they saw by a line in a file."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from prefect import flow


def tell(told: str, **facts: object) -> None:
    with Path(told).open("a") as stream:
        stream.write(json.dumps({"pid": os.getpid(), **facts}) + "\n")


@flow
async def trivial(told: str) -> None:
    tell(told)


@flow
async def embed(told: str, models_dir: str) -> None:
    """Use a real model through the pool of this process."""
    from reelworks.models.runtime.pool import pool
    from reelworks.models.text.minilm import MiniLmEmbedder

    vector = MiniLmEmbedder("minilm-l6-v2-int8", Path(models_dir), threads=1).embed(["A cat."])[0]
    (use,) = pool.snapshot().models
    tell(told, length=len(vector), loads=use.loads, hits=use.hits)


@flow
async def sleep(told: str, seconds: float = 60) -> None:
    tell(told)
    await asyncio.sleep(seconds)


@flow
def sleep_in_thread_of_its_own(told: str, seconds: float = 60) -> None:
    tell(told)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.05)


@flow
async def make_a_mess(told: str) -> None:
    os.environ["LEFT_BEHIND"] = "1"
    os.environ.pop("HOME", None)
    os.chdir("/")
    sys.path.insert(0, "/nowhere")
    tell(told)


@flow
async def look_around(told: str) -> None:
    tell(
        told,
        left_behind=os.environ.get("LEFT_BEHIND"),
        home=os.environ.get("HOME"),
        folder=str(Path.cwd()),
        path=sys.path,
        run=os.environ.get("PREFECT__FLOW_RUN_ID"),
    )


@flow(timeout_seconds=1)
async def too_slow(told: str) -> None:
    tell(told)
    await asyncio.sleep(60)


@flow
async def grow(told: str, megabytes: int) -> None:
    """Keep memory that no model explains."""
    globals().setdefault("_kept", []).append(b"x" * (megabytes * 1_000_000))
    tell(told)


FLOWS = (
    trivial,
    embed,
    sleep,
    sleep_in_thread_of_its_own,
    make_a_mess,
    look_around,
    too_slow,
    grow,
)
