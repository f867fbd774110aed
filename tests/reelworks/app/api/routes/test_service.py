"""The service itself: health, numbers, how it describes itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from decimal import Decimal

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from reelworks.domain.jobs.job import Failure
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import BilledUsage, Usage
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.jobs import get_job
from reelworks.store.jobs.leases import Heartbeat
from tests.reelworks.app.api.conftest import serving
from tests.support.flows.runs import as_environment


def test_all_is_well(api, dispatcher):
    answer = api.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "status": "healthy"})


def test_a_missing_dispatcher_is_reported(module_settings):
    with serving(module_settings) as server:
        body = server.get("/healthz").json()

    assert set(body["reasons"]) == {"dispatcher"}
    assert "reelworks.app.dispatcher" in body["reasons"]["dispatcher"]


def test_a_part_that_is_down_is_named(module_settings, dispatcher):
    broken = module_settings.with_values(
        s3_bucket="no-such-bucket", prefect_api_url="http://127.0.0.1:9/api"
    )
    with serving(broken) as server:
        answer = server.get("/healthz")

    body = answer.json()
    assert answer.status_code == 503
    assert (body["ok"], body["status"]) == (False, "unhealthy")
    assert set(body["reasons"]) == {"store", "prefect"}
    assert "no-such-bucket" in body["reasons"]["store"]


@pytest.fixture(scope="module")
def worked(api) -> None:
    """A job queue with some history."""
    with transaction(api.engine) as connection:
        connection.execute(
            text("INSERT INTO videos (id, original_path, duration_sec) VALUES ('w', '/w', 7200)")
        )
    ids = [api.post("/jobs", json={"video_id": "w"}).json()["id"] for _ in range(3)]
    claims.claim(api.engine, "test", 60, limit=2)
    done, failed = (Attempt(one, get_job(api.engine, one).attempts) for one in ids[:2])
    leases.begin(api.engine, done, "run-1", 60)
    progress = {
        "vision": StageProgress("done", seconds=4.0),
        "frames": StageProgress("done", seconds=0.25),
        "scenes": StageProgress("running", done=3),
    }
    usage = {"openai/gpt-6-luna": BilledUsage(Usage(12, 900), Decimal("0.25"))}
    body = Heartbeat(progress, usage, Decimal("0.25"))
    leases.finish(api.engine, done, "run-1", body, JobResult())
    leases.begin(api.engine, failed, "run-2", 60)
    failure = Failure("The provider is busy.", "rate_limited", "vision")
    leases.fail(api.engine, failed, "run-2", failure, most_attempts=1)


def test_numbers_for_people(api, worked):
    body = api.get("/stats").json()

    assert body["jobs"] | {"oldest_waiting_seconds": 0} == {
        "queued": 1,
        "running": 0,
        "done": 1,
        "failed": 1,
        "cancelled": 0,
        "total": 3,
        "oldest_waiting_seconds": 0,
        "failed_by_code": {"rate_limited": 1},
        "cost": 0.25,
    }
    assert body["videos"]["total"] == 1
    assert body["videos"]["hours"] == 2.0
    assert (body["processing"]["jobs"], body["processing"]["paused"]) == (0, False)
    assert body["processing"]["stage_seconds"]["vision"] == {"count": 1, "mean": 4.0}


def test_numbers_for_prometheus(api, worked):
    answer = api.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }
    assert samples[("reelworks_jobs", ("status", "queued"))] == 1
    assert samples[("reelworks_jobs_failed", ("code", "rate_limited"))] == 1
    assert samples[("reelworks_oldest_waiting_seconds",)] > 0
    seconds = "reelworks_stage_seconds_bucket"
    assert samples[(seconds, ("le", "2.5"), ("stage", "vision"))] == 0
    assert samples[(seconds, ("le", "5.0"), ("stage", "vision"))] == 1
    assert samples[("reelworks_stage_seconds_sum", ("stage", "frames"))] == 0.25
    model = ("model", "openai/gpt-6-luna")
    assert samples[("reelworks_model_calls_total", model)] == 12
    assert samples[("reelworks_model_cost_usd_total", model)] == 0.25


def test_it_describes_itself(api):
    body = api.get("/openapi.json").json()

    promised = {
        ("/videos", "post"),
        ("/videos", "get"),
        ("/videos/{video_id}", "get"),
        ("/videos/{video_id}", "delete"),
        ("/videos/{video_id}/subtitles.srt", "get"),
        ("/videos/{video_id}/subtitles.vtt", "get"),
        ("/search", "get"),
        ("/jobs", "post"),
        ("/jobs/{job_id}", "get"),
        ("/jobs/{job_id}", "delete"),
        ("/jobs/{job_id}/events", "get"),
        ("/status/{job_id}", "get"),
        ("/result/{job_id}", "get"),
        ("/healthz", "get"),
        ("/jobs/peek", "get"),
        ("/stats", "get"),
        ("/metrics", "get"),
    }
    there = {(path, verb) for path, verbs in body["paths"].items() for verb in verbs}
    assert promised <= there
    assert all(one["summary"] and one["description"] for verbs in body["paths"].values()
               for one in verbs.values())  # fmt: skip


@pytest.mark.slow
def test_the_process_ends_cleanly_although_somebody_listens(module_settings, video):
    command = [sys.executable, "-m", "reelworks.app", "--port", "0"]
    environment = os.environ | as_environment(module_settings)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stdout.readline()
        url = said.rsplit(" ", 1)[-1].strip()
        job = httpx.post(f"{url}/jobs", json={"video_id": video()}).json()
        heard = threading.Event()

        def listen() -> None:
            with httpx.stream("GET", f"{url}/jobs/{job['id']}/events") as answer:
                for line in answer.iter_lines():
                    if line.startswith("data"):
                        json.loads(line.partition(": ")[2])
                        heard.set()

        listener = threading.Thread(target=listen)
        listener.start()
        assert heard.wait(10)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=4)
        listener.join(10)

    assert process.returncode == 0, errors
    assert not listener.is_alive()
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_taken_port_is_one_sentence(module_settings, api):
    command = [sys.executable, "-m", "reelworks.app", "--port", str(api.port)]
    done = subprocess.run(
        command, env=os.environ | as_environment(module_settings), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 6
    assert done.stderr.startswith("Error: The API cannot listen at 127.0.0.1:")
    assert "Traceback" not in done.stderr
