"""Flow runs of a real runner on a real Prefect server: each is a fork, and a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

pytestmark = pytest.mark.slow

PATIENCE = 90.0


class Runs:
    """A runner and the runs that a test starts on it."""

    def __init__(self, runner: Any, record: Path) -> None:
        self.runner = runner
        self.record = record
        self.ended = 0

    async def begin(self, flow: Any, **parameters: Any) -> UUID:
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            deployment = await client.read_deployment_by_name(f"{flow.name}/forked")
            made = await client.create_flow_run_from_deployment(
                deployment.id, parameters={"record": str(self.record), **parameters}
            )
        await self.runner.poll_now()
        return made.id

    async def state(self, run_id: UUID) -> Any:
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            return (await client.read_flow_run(run_id)).state

    async def end_of(self, run_id: UUID) -> str:
        async with asyncio.timeout(PATIENCE):
            while not (state := await self.state(run_id)).is_final():
                await asyncio.sleep(0.05)
        return str(state.name)

    def noted(self) -> list[dict[str, Any]]:
        text = self.record.read_text() if self.record.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    async def until(self, true: Callable[[], Any]) -> Any:
        async with asyncio.timeout(PATIENCE):
            while not (found := true()):
                await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Runs]:
    from prefect.types.entrypoint import EntrypointType

    from infra.workers.forked_runs import forked_runs
    from infra.workers.prefect_private import GracefulRunner
    from tests.support.warm_flows import FLOWS

    runner = GracefulRunner(limit=2, query_seconds=60, pause_on_shutdown=False)
    runs = Runs(runner, folder / "record")

    def count() -> None:
        runs.ended += 1

    with forked_runs(["tests.support.warm_flows"], ended=count):
        for flow in FLOWS:
            await runner.aadd_deployment(
                await flow.ato_deployment("forked", entrypoint_type=EntrypointType.MODULE_PATH)
            )
        serving = asyncio.create_task(runner.start())
        await runs.until(lambda: runner.last_polled)
        try:
            yield runs
        finally:
            await runner.astop()
            await serving


async def test_each_run_has_a_process_of_its_own_with_nothing_of_the_one_before(
    prefect_api: str, tmp_path: Path
) -> None:
    from tests.support.warm_flows import look_around, make_a_mess

    async with serving(tmp_path) as runs:
        assert await runs.end_of(await runs.begin(make_a_mess)) == "Completed"
        second = await runs.begin(look_around)
        assert await runs.end_of(second) == "Completed"
        await runs.until(lambda: runs.ended == 2)

        mess, seen = runs.noted()
    assert len({mess["pid"], seen["pid"], os.getpid()}) == 3
    assert seen["left_behind"] is None
    assert seen["home"] == os.environ.get("HOME")
    assert seen["folder"] == str(Path.cwd())
    assert "/nowhere" not in seen["path"]
    assert seen["run"] == str(second)


async def test_a_run_is_forked_and_not_started(prefect_api: str, tmp_path: Path) -> None:
    from tests.support.warm_flows import sleep

    async with serving(tmp_path) as runs:
        run = await runs.begin(sleep, seconds=30)
        (seen,) = await runs.until(runs.noted)
        process = psutil.Process(seen["pid"])
        assert "multiprocessing.forkserver" in " ".join(process.parent().cmdline())
        assert process.parent().ppid() == os.getpid()

        process.terminate()
        await runs.end_of(run)
        await runs.until(lambda: runs.ended == 1)
        assert runs.runner.has_slots_available()


async def test_a_run_that_dies_costs_only_itself(prefect_api: str, tmp_path: Path) -> None:
    from tests.support.warm_flows import sleep, trivial

    async with serving(tmp_path) as runs:
        dies = await runs.begin(sleep, seconds=60)
        (seen,) = await runs.until(runs.noted)
        os.kill(seen["pid"], signal.SIGKILL)

        assert await runs.end_of(dies) == "Crashed"
        assert await runs.end_of(await runs.begin(trivial)) == "Completed"


async def test_a_cancelled_run_ends(prefect_api: str, tmp_path: Path) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    from tests.support.warm_flows import sleep

    async with serving(tmp_path) as runs:
        run = await runs.begin(sleep, seconds=60)
        (seen,) = await runs.until(runs.noted)
        async with get_client() as client:
            await client.set_flow_run_state(run, Cancelling())

        assert await runs.end_of(run) == "Cancelled"
        await runs.until(lambda: not psutil.pid_exists(seen["pid"]))


async def test_changed_code_is_run_by_an_interpreter_that_imports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from prefect.utilities.processutils import run_process

    from infra.workers import forked_runs

    server = forked_runs.ForkServer([], run_process)
    monkeypatch.setattr(forked_runs, "code_revision", lambda: "another")
    environment = os.environ | {"PREFECT__FLOW_RUN_ID": "", "PREFECT_API_URL": ""}
    pids: list[int] = []

    class Status:
        def started(self, pid: int) -> None:
            pids.append(pid)
            assert "prefect.engine" in psutil.Process(pid).cmdline()

    process = await server.run_process(
        [sys.executable, "-m", "prefect.engine"], task_status=Status(), env=environment
    )  # type: ignore[arg-type]

    assert len(pids) == 1
    assert process.returncode != 0  # it was given no run
    assert "reelworks down, then reelworks up" in caplog.text


async def test_another_command_is_started_as_it_is(tmp_path: Path) -> None:
    from prefect.utilities.processutils import run_process

    from infra.workers.forked_runs import ForkServer

    ended = []
    server = ForkServer([], run_process, lambda: ended.append(True))

    process = await server.run_process([sys.executable, "-c", "raise SystemExit(7)"])

    assert process.returncode == 7
    assert ended == [True]
