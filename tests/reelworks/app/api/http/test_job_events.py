"""Progress as server-sent events, heard by LISTEN."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import text

from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.jobs import get_job
from reelworks.store.jobs.leases import Heartbeat


def body(lines: Iterator[str]) -> Iterator[tuple[str, dict]]:
    """The events of a stream: name and content."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


@pytest.fixture
def job_id(api, video) -> str:
    return api.post("/jobs", json={"video_id": video()}).json()["id"]


def begin(api, job_id: str) -> Attempt:
    claims.claim(api.engine, "test", 60, limit=100)
    attempt = Attempt(job_id, get_job(api.engine, job_id).attempts)
    leases.begin(api.engine, attempt, "run", 60)
    return attempt


def test_the_state_comes_first_then_each_change_until_the_end(api, job_id):
    with api.client.stream("GET", f"/jobs/{job_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = body(answer.iter_lines())
        first = next(events)
        attempt = begin(api, job_id)
        second = next(events)
        beat = Heartbeat({"vision": StageProgress("running", 3, 9)}, {}, Decimal(0))
        leases.beat(api.engine, attempt, "run", 60, beat)
        third = next(events)
        leases.finish(api.engine, attempt, "run", Heartbeat({}, {}, Decimal(0)), JobResult("v"))
        rest = list(events)

    assert (first[0], first[1]["status"]) == ("job", "queued")
    assert second[1]["status"] == "running"
    assert third[1]["progress"]["vision"]["done"] == 3
    assert [name for name, _ in rest] == ["job", "end"]
    assert rest[0][1]["status"] == "done"


def test_a_job_that_is_over_is_sent_at_once(api, job_id):
    api.delete(f"/jobs/{job_id}")

    answer = api.get(f"/jobs/{job_id}/events")

    assert [name for name, _ in body(iter(answer.text.splitlines()))] == ["job", "end"]


def test_a_browser_that_comes_back_after_the_end_gets_204(api, job_id):
    api.delete(f"/jobs/{job_id}")

    answer = api.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": "over"})

    assert answer.status_code == 204
    odd = api.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": "nonsense 7"})
    assert odd.status_code == 200


def test_silence_is_filled_with_comments(api, job_id, monkeypatch):
    monkeypatch.setattr("reelworks.app.api.routes.events.KEEP_ALIVE", 0.1)
    with api.client.stream("GET", f"/jobs/{job_id}/events") as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith(":"))


def test_a_job_that_is_deleted_ends_the_stream(api, job_id):
    with api.client.stream("GET", f"/jobs/{job_id}/events") as answer:
        events = body(answer.iter_lines())
        next(events)
        video_id = get_job(api.engine, job_id).video_id
        api.delete(f"/videos/{video_id}")
        name, content = list(events)[-1]

    assert name == "end"
    assert "status" in content or "reason" in content


def test_many_listen_over_one_connection(api, job_id):
    ready = threading.Barrier(31)

    def listen(_: int) -> list[str]:
        with (
            httpx.Client(base_url=api.url, timeout=30) as client,
            client.stream("GET", f"/jobs/{job_id}/events") as answer,
        ):
            events = body(answer.iter_lines())
            seen = [next(events)[1]["status"]]
            ready.wait(30)
            return [*seen, *(content.get("status", "") for _, content in events)]

    with ThreadPoolExecutor(30) as listeners:
        futures = [listeners.submit(listen, number) for number in range(30)]
        ready.wait(30)
        with transaction(api.engine) as connection:
            connections = connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
                    " AND datname = current_database()"
                )
            )
        api.delete(f"/jobs/{job_id}")
        heard = [future.result(30) for future in futures]

    assert connections == 1
    assert all(one == ["queued", "cancelled", "cancelled"] for one in heard)


def test_a_change_is_sent_in_a_fraction_of_a_second_also_after_a_lost_connection(api, job_id):
    with api.client.stream("GET", f"/jobs/{job_id}/events") as answer:
        events = body(answer.iter_lines())
        next(events)
        with transaction(api.engine) as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                )
            )
        started = time.monotonic()
        api.delete(f"/jobs/{job_id}")
        name, content = next(events)

    assert (name, content["status"]) == ("job", "cancelled")
    assert time.monotonic() - started < 10
