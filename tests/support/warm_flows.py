"""Flows for the tests of the warm worker. They record what they saw as a line in a file."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from prefect import flow


def note(record: str, **facts: object) -> None:
    with Path(record).open("a") as stream:
        stream.write(json.dumps({"pid": os.getpid(), **facts}) + "\n")


@flow
async def trivial(record: str) -> None:
    note(record)


@flow
async def embed(record: str, models_dir: str) -> None:
    """Use a real model through the pool of this process."""
    from reelworks.models.runtime.pool import pool
    from reelworks.models.text.minilm import MiniLmEmbedder

    vector = MiniLmEmbedder("minilm-l6-v2-int8", Path(models_dir), threads=1).embed(["A cat."])[0]
    (use,) = pool.snapshot().models
    note(record, length=len(vector), loads=use.loads, hits=use.hits)


@flow
async def sleep(record: str, seconds: float = 60) -> None:
    note(record)
    await asyncio.sleep(seconds)


@flow
def sleep_in_thread_of_its_own(record: str, seconds: float = 60) -> None:
    note(record)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.05)


@flow
async def make_a_mess(record: str) -> None:
    os.environ["LEFT_BEHIND"] = "1"
    os.environ.pop("HOME", None)
    os.chdir("/")
    sys.path.insert(0, "/nowhere")
    note(record)


@flow
async def look_around(record: str) -> None:
    note(
        record,
        left_behind=os.environ.get("LEFT_BEHIND"),
        home=os.environ.get("HOME"),
        folder=str(Path.cwd()),
        path=sys.path,
        run=os.environ.get("PREFECT__FLOW_RUN_ID"),
    )


@flow(timeout_seconds=1)
async def too_slow(record: str) -> None:
    note(record)
    await asyncio.sleep(60)


@flow
async def grow(record: str, megabytes: int) -> None:
    """Keep memory that no model explains."""
    globals().setdefault("_kept", []).append(b"x" * (megabytes * 1_000_000))
    note(record)


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
