"""The index flow does a job: it keeps the lease, reports its stages, and ends the job."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from sqlalchemy import text

from reelworks.app.dispatcher.runs import parameters_of
from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.domain.jobs.result import JobResult
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.job_sources import source_of
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, get_job
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.library import video
from tests.support.flows.runs import STAGES, Recorder, as_environment


@pytest.fixture
def engine(clean_engine, clean_settings, prefect_api, monkeypatch, models_dir):
    for name, value in as_environment(clean_settings).items():
        monkeypatch.setenv(name, value)
    return clean_engine


def claimed(engine, job_id: str, source, **params):
    """A job of the video ``clip`` that the dispatcher has just claimed."""
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path) VALUES ('clip', :path)"
                " ON CONFLICT DO NOTHING"
            ),
            {"path": str(source)},
        )
    add_jobs(engine, [NewJob(job_id, "clip", params=params)])
    (job,) = claims.claim(engine, "dispatcher", 60, limit=1)
    return job


async def work(job, source, recorder=None):
    """Run the flow as the dispatcher does; return its last state."""
    from flows.index import IndexParams, index
    from tasks.runtime.current_run import use_observer

    given = {"source": str(source), "video_id": "clip", **job.params}
    params = IndexParams(**given, job={"id": job.id, "attempt": job.attempts})
    with use_observer(recorder or Recorder()):
        return await index(params, return_state=True)


async def test_a_job_is_done_and_its_stages_are_reported(engine, clean_settings, media):
    source = media / "odd" / "no_audio.mp4"
    job = claimed(engine, "first", source)

    state = await work(job, source)

    done = get_job(engine, "first")
    assert state.is_completed(), state.message
    assert (done.status, done.result, done.lease) == (JobStatus.DONE, JobResult("clip"), None)
    assert set(done.progress) == STAGES
    assert {stage.state for stage in done.progress.values()} == {"done"}
    assert (done.progress["vision"].model or "").startswith("local/")

    again = claimed(engine, "again", source, recompute=["scenes"])
    recorder = Recorder()
    await work(again, source, recorder)

    states = {one.stage: one.state.value for one in recorder.reports}
    assert states["scenes"] == "done", "it was to be recomputed although its result is cached"
    assert {state for stage, state in states.items() if stage != "scenes"} == {"cached"}
    assert get_job(engine, "again").progress["scenes"].state == "done"


async def test_bad_input_fails_the_job_for_good_and_names_the_stage(engine, media):
    source = media / "odd" / "text.mp4"
    job = claimed(engine, "bad", source)

    state = await work(job, source)

    failed = get_job(engine, "bad")
    assert state.is_failed()
    assert (failed.status, failed.attempts) == (JobStatus.FAILED, 1)
    assert (failed.error_code, failed.error_stage) == ("unsupported_media", "ingest")
    assert "text.mp4" in failed.error


class Refusing(BaseHTTPRequestHandler):
    """A web server that has no time now."""

    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requests.append(self.path)
        self.send_response(503)
        self.send_header("Retry-After", "30")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *parts: object) -> None:
        """Say nothing."""


async def test_three_attempts_of_a_job_are_three_fetches(engine, monkeypatch):
    monkeypatch.setenv("FETCH_PRIVATE_ADDRESSES", "true")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    source = f"http://127.0.0.1:{server.server_port}/busy.mp4"
    try:
        job = claimed(engine, "busy", source)
        for attempt in (1, 2, 3):
            await work(job, source)
            failed = get_job(engine, "busy")
            assert (len(Refusing.requests), failed.attempts) == (attempt, attempt)
            with transaction(engine) as connection:
                waits = text("SELECT not_before > now() + interval '25 s' FROM jobs")
                assert connection.scalar(waits) is (True if attempt < 3 else None)
                connection.execute(text("UPDATE jobs SET not_before = NULL"))
            (job,) = claims.claim(engine, "dispatcher", 60, limit=1) or (job,)
    finally:
        server.shutdown()
        server.server_close()
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "source_unavailable")


@pytest.mark.slow
async def test_a_cancelled_job_stops_its_run_and_the_video_says_so(engine, clean_settings, media):
    source = media / "video" / "voicestudio-en.mp4"
    job = claimed(engine, "stop", source)

    class Canceller(Recorder):
        def finished(self, report):
            super().finished(report)
            if report.stage == "normalize":
                cancel_jobs(engine, JobSelection(ids=("stop",)), reason="No longer wanted.")

    recorder = Canceller()
    state = await work(job, source, recorder)

    assert state.is_cancelled(), state.message
    assert "No longer wanted" in state.message
    assert "embed_picture" not in {report.stage for report in recorder.reports}
    assert get_job(engine, "stop").status is JobStatus.CANCELLED
    assert video(clean_settings, "clip").summary.status == "failed"


@pytest.mark.slow
async def test_a_run_that_was_replaced_leaves_the_video_to_the_next_one(
    engine, clean_settings, media
):
    source = media / "video" / "voicestudio-en.mp4"
    job = claimed(engine, "slow", source)

    class Usurper(Recorder):
        def finished(self, report):
            super().finished(report)
            if report.stage == "normalize":
                with transaction(engine) as connection:
                    connection.exec_driver_sql(
                        "UPDATE jobs SET lease = 'dispatcher', status = 'processing',"
                        " attempts = attempts + 1"
                    )

    state = await work(job, source, Usurper())

    assert state.is_cancelled(), state.message
    assert "another run" in state.message
    assert video(clean_settings, "clip").summary.status == "processing"
    assert get_job(engine, "slow").attempts == attempt_of(job).number + 1


async def test_a_job_that_is_over_is_not_begun(engine, clean_settings, media):
    source = media / "odd" / "no_audio.mp4"
    job = claimed(engine, "late", source)
    cancel_jobs(engine, JobSelection(ids=("late",)))
    recorder = Recorder()

    state = await work(job, source, recorder)

    assert state.is_cancelled(), state.message
    assert recorder.reports == []


async def test_a_video_that_was_noted_and_whose_source_is_gone_says_so(engine, clean_settings):
    job = claimed(engine, "gone", "/nowhere/talk.mp4")

    await work(job, "/nowhere/talk.mp4")

    summary = video(clean_settings, "clip").summary
    assert (summary.status, get_job(engine, "gone").error_code) == ("failed", "source_not_found")
    assert "talk.mp4" in summary.error


@pytest.mark.parametrize("video_id", ["VID6", "video.with.dots"])
async def test_a_row_inserted_by_hand_is_indexed_and_keeps_what_it_says(
    engine, clean_settings, media, video_id
):
    """The ids that the table takes, and a source that is a key of the bucket."""
    given = f"uploads/{video_id}_clip.mp4"
    store = ArtifactStore.open(clean_settings)
    store.put_file(given, media / "odd" / "no_audio.mp4", "video/mp4")
    with transaction(engine) as connection:
        row = {"id": video_id, "path": given}
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES (:id, :path)"), row)
        for job in ("one", "two"):
            connection.execute(
                text("INSERT INTO jobs (id, video_id) VALUES (:job, :id)"), row | {"job": job}
            )
    for job in claims.claim(engine, "dispatcher", 60, limit=2):
        params = parameters_of(job, source_of(engine, job, store.bucket))["params"]
        state = await run_index(params)
        assert state.is_completed(), state.message

    with transaction(engine) as connection:
        found = connection.execute(text("SELECT status, original_path, upload_path FROM videos"))
        assert tuple(found.one()) == ("ready", given, given)
        assert connection.scalar(text("SELECT count(*) FROM video_locations")) == 0
    assert store.get_bytes(given) == (media / "odd" / "no_audio.mp4").read_bytes()


async def test_an_empty_source_says_so(engine):
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('clip', '')"))
    add_jobs(engine, [NewJob("empty", "clip")])
    (job,) = claims.claim(engine, "dispatcher", 60, limit=1)

    state = await run_index(parameters_of(job, source_of(engine, job, "b"))["params"])

    assert state.is_failed()
    assert "its original_path is empty" in (get_job(engine, "empty").error or "")


async def run_index(params):
    """Run the flow with the parameters that the dispatcher gives it; return its last state."""
    from flows.index import IndexParams, index
    from tasks.runtime.current_run import use_observer

    with use_observer(Recorder()):
        return await index(IndexParams(**params), return_state=True)
