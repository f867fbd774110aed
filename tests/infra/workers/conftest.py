"""Real workers on a real Prefect server, each with a pool of its own."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[3]
PATIENCE = 90.0
"""Seconds for anything: the machine may be busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:  # what Prefect's client leaves for the collector to close
            for kind in ("socket.socket", "event loop", "transport"):
                item.add_marker(
                    pytest.mark.filterwarnings(f"ignore:unclosed.*{kind}:ResourceWarning")
                )


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Collect once a module: with all that is imported it takes a quarter of a second."""
    yield
    gc.collect()


def until(true: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Wait for something to become true and return it."""
    deadline = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.05)
    return found


def children_of(pid: int) -> list[psutil.Process]:
    """The interpreters of a worker."""
    found = psutil.Process(pid).children()
    return [one for one in found if "infra.workers.child.program" in " ".join(one.cmdline())]


class Warm:
    """One pool and the workers that a test starts on it."""

    TYPE = "warm-process"

    def __init__(self, api: str, folder: Path, record: Path, variables: dict[str, Any]) -> None:
        self.pool = f"warm-{secrets.token_hex(4)}"
        self.data_dir = folder
        self.log = folder.with_name("worker.log")
        self.record = record
        self._api = api
        self._workers: list[subprocess.Popen[bytes]] = []
        asyncio.run(self._make_pool(variables))

    async def _make_pool(self, variables: dict[str, Any]) -> None:
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.actions import WorkPoolCreate
        from prefect.types.entrypoint import EntrypointType
        from prefect.workers.base import BaseWorker

        from tests.support.warm_flows import FLOWS

        worker = BaseWorker.get_worker_class_from_type(self.TYPE)
        assert worker is not None
        template = worker.get_default_base_job_template()
        for name, value in variables.items():
            template["variables"]["properties"][name]["default"] = value
        async with get_client() as client:
            await client.create_work_pool(
                WorkPoolCreate(name=self.pool, type=self.TYPE, base_job_template=template)
            )
            for flow in FLOWS:
                deployment = await flow.ato_deployment(
                    self.pool,
                    work_pool_name=self.pool,
                    entrypoint_type=EntrypointType.MODULE_PATH,
                )
                await deployment.apply()

    def start_worker(
        self,
        prefect: Sequence[str] = (sys.executable, "-m", "prefect"),
        *,
        has_children: bool = True,
    ) -> subprocess.Popen[bytes]:
        """Start a worker as a user would, and wait until its child is ready."""
        environment = os.environ | {
            "PREFECT_API_URL": self._api,
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.data_dir),
        }
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [*prefect, "worker", "start", "--pool", self.pool],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._workers.append(worker)
        until(lambda: self.facts() and self.facts()[0].process.pid == worker.pid)
        if has_children:
            until(lambda: self.facts()[0].children)
        return worker

    def facts(self) -> Any:
        from infra.workers.status.worker_status import read_statuses

        return read_statuses(self.data_dir)

    def begin(self, flow: str, **parameters: Any) -> Any:
        """Ask for a run and return its id."""

        async def create() -> Any:
            from prefect.client.orchestration import get_client

            async with get_client() as client:
                name = flow.replace("_", "-")
                deployment = await client.read_deployment_by_name(f"{name}/{self.pool}")
                made = await client.create_flow_run_from_deployment(
                    deployment.id, parameters={"record": str(self.record), **parameters}
                )
                return made.id

        return asyncio.run(create())

    def read(self, run_id: Any) -> Any:
        async def read() -> Any:
            from prefect.client.orchestration import get_client

            async with get_client() as client:
                return await client.read_flow_run(run_id)

        return asyncio.run(read())

    def logs(self, run_id: Any) -> str:
        async def read() -> Any:
            from prefect.client.orchestration import get_client
            from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

            async with get_client() as client:
                wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
                return await client.read_logs(wanted)

        return "\n".join(line.message for line in asyncio.run(read()))

    def is_over(self, run_id: Any) -> bool:
        return bool(self.read(run_id).state.is_final())

    def ended(self, run_id: Any) -> str:
        """Wait for a run's end and return the name of its state."""
        until(lambda: self.is_over(run_id))
        return str(self.read(run_id).state.name)

    def said(self) -> list[dict[str, Any]]:
        """What the flows recorded."""
        return [json.loads(line) for line in self.record.read_text().splitlines()]

    def run(self, flow: str, **parameters: Any) -> dict[str, Any]:
        """Run a flow to its good end and return what it recorded."""
        run_id = self.begin(flow, **parameters)
        assert self.ended(run_id) == "Completed", self.logs(run_id)
        return self.said()[-1]

    def begun(self, flow: str, **parameters: Any) -> Any:
        """Ask for a run and wait until it runs."""
        before = len(self.said())
        run_id = self.begin(flow, **parameters)
        until(lambda: len(self.said()) > before)
        return run_id

    def close(self) -> None:
        for worker in self._workers:
            if worker.poll() is None:
                interpreters = children_of(worker.pid)
                worker.send_signal(signal.SIGKILL)
                for one in interpreters:
                    if one.is_running():
                        one.kill()
            worker.wait()


@pytest.fixture(scope="session")
def make_warm(
    prefect_api: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Warm]]:
    """Make a pool; a keyword is a job variable's default."""
    made: list[Warm] = []

    def make(**variables: Any) -> Warm:
        folder = tmp_path_factory.mktemp("warm")
        (folder / "record").touch()
        made.append(Warm(prefect_api, folder / "data", folder / "record", variables))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def warm(make_warm: Callable[..., Warm]) -> Warm:
    """A pool with a worker, for all tests that leave it as it was."""
    shared = make_warm()
    shared.start_worker()
    return shared
