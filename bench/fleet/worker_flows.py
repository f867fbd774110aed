"""The flows that ``bench.fleet.workers`` runs on both kinds of worker."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from prefect import flow
from prefect.deployments import arun_deployment


@flow(persist_result=False)
async def nothing() -> None:
    """Do nothing."""


@flow(persist_result=False)
async def embed(log_file: str) -> None:
    """Embed one sentence with the local model, as an embedding stage does."""
    from reelworks.models.runtime.pool import pool
    from reelworks.models.text.minilm import MiniLmEmbedder
    from reelworks.settings import load_settings

    settings = load_settings()
    embedder = MiniLmEmbedder("minilm-l6-v2-int8", settings.models_dir)
    embedder.load()
    computing = time.time()
    embedder.embed(["A cat sits on the mat."])
    (use,) = pool.snapshot().models
    record = {"computing": computing, "pid": os.getpid(), "loads": use.loads}
    with Path(log_file).open("a") as stream:
        stream.write(json.dumps(record) + "\n")


@flow(persist_result=False)
async def call(deployment: str, log_file: str) -> tuple[float, float]:
    """Call the embedding from a flow; return when it was called and when its end was known."""
    called = time.time()
    run = await arun_deployment(deployment, parameters={"log_file": log_file}, poll_interval=0.25)
    if run.state is None or not run.state.is_completed():
        raise RuntimeError(f"{deployment} ended as {run.state}")
    return called, time.time()
