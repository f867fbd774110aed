"""The graceful worker on a real server: a run has a process, and ends with its worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.infra.workers.conftest import ROOT, Warm, until

pytestmark = pytest.mark.slow


class Graceful(Warm):
    """A pool of the type ``graceful-process``."""

    TYPE = "graceful-process"

    def start_worker(self, *_: object, **__: object) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PREFECT_API_URL": self._api,
            "PREFECT_WORKER_QUERY_SECONDS": "0.5",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.data_dir),
        }
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "prefect", "worker", "start", "--pool", self.pool],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._workers.append(worker)
        return worker


@pytest.fixture
def pool(prefect_api: str, tmp_path: Path):
    (tmp_path / "record").touch()
    made = Graceful(prefect_api, tmp_path / "data", tmp_path / "record", {})
    yield made
    made.close()


def test_a_stopped_worker_ends_its_run_and_leaves_none_behind(pool: Graceful) -> None:
    worker = pool.start_worker()
    run_id = pool.begun("sleep", seconds=60)
    pid = pool.said()[-1]["pid"]
    assert pid != worker.pid

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(60) == 0
    assert pool.read(run_id).state.is_crashed(), "its caller starts it again"
    until(lambda: not psutil.pid_exists(pid))


def test_a_run_ends_as_in_prefect_s_own_worker(pool: Graceful) -> None:
    pool.start_worker()
    run_id = pool.begin("trivial")

    assert pool.ended(run_id) == "Completed"
    assert asyncio.run(_infrastructure(run_id)), "its process is noted"


async def _infrastructure(run_id: object) -> str | None:
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        return (await client.read_flow_run(run_id)).infrastructure_pid  # type: ignore[arg-type]
