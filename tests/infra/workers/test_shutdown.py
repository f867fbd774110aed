"""Shutdown of a worker: how its runs end, and where they go."""

from __future__ import annotations

import asyncio
import signal
import sys
import time

import pytest

from infra.workers.shutdown import requeue_run, stop

OBEYS = "import time; print('ready', flush=True); time.sleep(60)"
IGNORES = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEYS}"


class ProcessAttempt:
    """A run attempt that is a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> None:
        await self._process.wait()

    def terminate(self) -> None:
        if self.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        if self.returncode is None:
            self._process.kill()


@pytest.mark.parametrize(
    ("program", "number"), [(OBEYS, signal.SIGTERM), (IGNORES, signal.SIGKILL)]
)
async def test_a_run_that_does_not_end_in_time_is_killed(program, number):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    began = time.monotonic()

    await stop(ProcessAttempt(process), 10.0 if number is signal.SIGTERM else 0.3)

    assert process.returncode == -number
    assert time.monotonic() - began < 10
    process._transport.close()  # type: ignore[attr-defined] - its pipe


@pytest.mark.parametrize(
    ("state", "requeued", "after"),
    [
        ("Running", True, "AwaitingRetry"),
        ("Pending", True, "AwaitingRetry"),
        ("Cancelling", False, "Cancelled"),
        ("Completed", False, "Completed"),
    ],
)
async def test_a_run_goes_back_to_its_queue_unless_it_is_over_or_cancelled(
    prefect_api, state, requeued, after
):
    from prefect import states
    from prefect.client.orchestration import get_client

    from tests.support.warm_flows import trivial

    async with get_client() as client:
        made = await client.create_flow_run(
            trivial, parameters={"record": "none"}, state=states.Pending()
        )
        await client.set_flow_run_state(made.id, getattr(states, state)(), force=True)

        assert await requeue_run(made.id, "worker-1") is requeued

        found = (await client.read_flow_run(made.id)).state
        await client.delete_flow_run(made.id)
    assert found is not None
    assert found.name == after
    if after != state:
        assert found.message == "The worker worker-1 was stopped."
