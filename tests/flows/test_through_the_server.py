"""A job's run on the embedded Prefect server: its logs and tasks arrive, and it can be stopped.

Logs, task runs and the wish to cancel take three ways (HTTP and two event streams), each of which
has to send the secret.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.whole_house import WholeHouse

pytestmark = pytest.mark.slow


@pytest.fixture
def prefect(house_up: WholeHouse) -> Callable[..., Any]:
    """Ask Prefect's API as its owner."""
    client = httpx.Client(
        base_url=house_up.urls["PREFECT_API_URL"],
        auth=tuple(house_up.password.split(":")),
        timeout=30,
    )  # type: ignore[arg-type]

    def ask(path: str, run_id: str | None = None) -> Any:
        if run_id is None:
            answer = client.get(path)
        elif path == "/logs/filter":
            answer = client.post(path, json={"logs": {"flow_run_id": {"any_": [run_id]}}})
        else:
            answer = client.post(path, json={"flow_runs": {"id": {"any_": [run_id]}}})
        assert answer.is_success, answer.text
        return answer.json()

    return ask


def until(what: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait for something true and return it."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.5)
    return found


def job_of(house: WholeHouse, source: Path, video_id: str) -> Callable[[], dict[str, Any]]:
    (sent,) = house.json("index", "--detach", str(source), "--id", video_id)
    api = house.addresses["api"]

    def look() -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{api}/jobs/{sent['job_id']}", timeout=30).json()
        return found

    return look


def test_logs_and_tasks_of_a_run_arrive(
    house_up: WholeHouse, prefect: Callable[..., Any], media: Path
) -> None:
    job = job_of(house_up, media / "odd" / "no_audio.mp4", "arrives")
    done = until(lambda: (one := job())["status"] in ("done", "failed") and one)
    assert done["status"] == "done", done

    run_id = done["flow_run_id"]
    stages = {"ingest", "normalize", "scenes", "frames", "vision", "finish"}
    until(lambda: prefect("/logs/filter", run_id), 20)
    until(
        lambda: (
            stages
            <= {one["name"].rpartition("-")[0] for one in prefect("/task_runs/filter", run_id)}
        ),
        20,
    )


def test_a_cancelled_job_stops_its_run(
    house_up: WholeHouse, prefect: Callable[..., Any], media: Path
) -> None:
    job = job_of(house_up, media / "video" / "sintel-trailer-30s.mp4", "stopped")
    running = until(lambda: (one := job())["progress"] and one)
    run_id = running["flow_run_id"]
    assert prefect(f"/flow_runs/{run_id}")["state"]["type"] == "RUNNING"

    house_up.json("jobs", "cancel", running["id"])

    assert job()["status"] == "cancelled"
    until(lambda: prefect(f"/flow_runs/{run_id}")["state"]["type"] == "CANCELLED", 60)
