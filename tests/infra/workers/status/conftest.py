"""A worker with one child and one model, as its status file says."""

from __future__ import annotations

import socket
import time

from infra.services.process import current
from infra.workers.child.messages import ModelPoolStatus, ModelStatus
from infra.workers.status.worker_status import ChildStatus, WorkerStatus

MODEL = ModelStatus(
    key='minilm/"2"',
    loaded=True,
    loads=1,
    hits=41,
    load_seconds=0.75,
    host_bytes=123_456_789,
    gpu_bytes=0,
)


def facts(**changes) -> WorkerStatus:
    now = time.time()
    child = ChildStatus(
        gpu="GPU-1",
        pid=7,
        run="stage",
        runs=42,
        memory=200_000_000,
        revision="abc",
        models=ModelPoolStatus(models=[MODEL], host_bytes=123_456_789, evictions=2),
    )
    made = WorkerStatus(
        name="w",
        pool="gpu",
        host=socket.gethostname(),
        process=current(),
        release="0.1.0",
        revision="abc",
        started=now,
        updated=now,
        runs=42,
        crashes=1,
        children=[child],
    )
    return made.model_copy(update=changes)
