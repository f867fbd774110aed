"""A child without a server: how it starts, ends and is recognised."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from uuid import uuid4

import psutil
import pytest

from infra.workers.child.interpreter import ChildSpec, child_environment, start_child
from infra.workers.child.messages import RunRequest
from reelworks.errors import ServiceError
from tests.infra.workers.conftest import ROOT

pytestmark = pytest.mark.slow

ENVIRONMENT = child_environment(os.environ | {"PYTHONPATH": str(ROOT)})
NO_SERVER = "http://127.0.0.1:9/api"
SPEC = ChildSpec(ENVIRONMENT, "r1", streams=False)


def order() -> RunRequest:
    return RunRequest(run_id=uuid4(), environment={"PREFECT_API_URL": NO_SERVER}, folder=str(ROOT))


async def test_a_fault_while_loading_ahead_is_reported_and_ends_nothing():
    child = await start_child(
        ChildSpec(ENVIRONMENT, "r", ("no.such.module:f", "json:nothing"), streams=False),
        lambda: None,
    )

    assert len(child.ready.faults) == 2
    assert child.ready.faults[0].startswith("no.such.module:f could not be preloaded")
    assert child.alive
    await child.end()


async def test_a_model_loaded_ahead_is_let_go_when_nobody_uses_it():
    heard = asyncio.Event()
    environment = child_environment(dict(ENVIRONMENT) | {"MODEL_IDLE_SECONDS": "1"})
    spec = ChildSpec(environment, "r", ("reelworks.models.vision.ocr:text_reader",), streams=False)
    child = await start_child(spec, heard.set)
    assert [(m.loads, m.loaded) for m in child.ready.models.models] == [(1, True)]

    await asyncio.wait_for(heard.wait(), 60)

    assert [m.loaded for m in child.models.models] == [False]
    assert child.models.evictions == 1
    await child.end()


async def test_a_child_that_is_killed_ends_its_run_with_that_signal():
    heard = asyncio.Event()
    child = await start_child(SPEC, heard.set)
    run = child.begin(order())

    os.kill(child.pid, signal.SIGKILL)
    await asyncio.wait_for(run.wait(), 20)

    assert run.returncode == -signal.SIGKILL
    await asyncio.wait_for(heard.wait(), 20)
    assert not child.alive
    again = child.begin(order())
    assert again.returncode == -signal.SIGKILL


async def test_a_run_that_cannot_be_loaded_fails_and_its_child_goes_on(monkeypatch):
    spec = ChildSpec(
        child_environment(dict(ENVIRONMENT) | {"PREFECT_API_URL": NO_SERVER}), "r", streams=False
    )
    child = await start_child(spec, lambda: None)
    run = child.begin(order())

    await asyncio.wait_for(run.wait(), 120)

    assert run.returncode == 1
    assert child.alive
    await child.end()


async def test_an_environment_in_which_nothing_starts_is_reported():
    broken = ChildSpec(
        child_environment(dict(ENVIRONMENT) | {"PYTHONHOME": "/nowhere"}), "r", streams=False
    )

    with pytest.raises(ServiceError, match="exited during startup"):
        await start_child(broken, lambda: None)


async def test_a_child_ends_with_its_worker():
    program = (
        "import asyncio, os, sys\n"
        "from infra.workers.child.interpreter import ChildSpec, child_environment, start_child\n"
        "async def main():\n"
        "    child = await start_child(ChildSpec(child_environment(os.environ), 'r'), print)\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=dict(ENVIRONMENT), stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    child = psutil.Process(int(await worker.stdout.readline()))

    worker.kill()
    await worker.wait()

    async with asyncio.timeout(20):
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.05)
