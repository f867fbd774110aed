"""``reelworks jobs``: the job queue from the command line."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.app.api.schemas.jobs import JobDetail, JobOut
from reelworks.domain.jobs.job import Failure, JobStatus, NewJob
from reelworks.domain.library.access import LOCAL
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.jobs import add_jobs, get_job


@pytest.fixture
def engine(clean_engine: Engine) -> Engine:
    with transaction(clean_engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path, library)"
                " VALUES ('talk', '/talk.mp4', 'lectures'), ('film', '/film.mp4', 'films')"
            )
        )
    return clean_engine


def failed(engine: Engine, job_id: str, video_id: str, stage: str) -> None:
    add_jobs(engine, [NewJob(job_id, video_id)])
    (job,) = claims.claim(engine, "dispatcher", 60, limit=1)
    leases.begin(engine, attempt_of(job), "run", 60)
    why = Failure(f"{video_id}.mp4 has no end.", "unsupported_media", stage)
    leases.fail(engine, attempt_of(job), "run", why, most_attempts=3)


def test_failures_are_listed_with_stage_and_reason_and_retried_by_stage(reelworks, engine):
    failed(engine, "one", "talk", "ingest")
    failed(engine, "two", "film", "vision")

    listed = reelworks("jobs", "list", "--status", "failed")
    all_jobs = reelworks("jobs", "list", "--json").json
    retried = reelworks("jobs", "retry", "--stage", "vision", "--json").json

    assert "talk.mp4 has no end." in listed.out
    assert "2 failed" in listed.out
    assert all_jobs["counts"]["failed"] == 2
    assert {job["error"]["stage"] for job in all_jobs["jobs"]} == {"ingest", "vision"}
    assert all_jobs["next"] is None
    assert retried == {"count": 1, "job_ids": ["two"]}
    assert get_job(engine, "one").status is JobStatus.FAILED


@pytest.mark.slow
def test_a_job_is_shown_with_its_history(reelworks, engine):
    failed(engine, "one", "talk", "ingest")

    shown = reelworks("jobs", "show", "one")

    assert shown.code == 0, shown.err
    assert all(word in shown.out for word in ("queued", "running", "failed", "attempt 1"))
    assert reelworks("jobs", "show", "none").code == 3


LONG = "a-talk-whose-id-is-as-long-as-ids-of-videos-may-be-00-3fa2c1d0"


def test_no_id_is_broken_at_80_columns_and_json_is_the_api_s(reelworks, engine):
    with transaction(engine) as connection:
        connection.execute(text("UPDATE videos SET id = :id WHERE id = 'talk'"), {"id": LONG})
    failed(engine, "job-6f3c5b1f3f9a2c70", LONG, "extract_audio")

    narrow = reelworks("jobs", "list", COLUMNS="80")
    (row,) = reelworks("jobs", "list", "--json").json["jobs"]
    shown = reelworks("jobs", "show", row["id"], "--json").json

    assert all(one in narrow.out for one in ("job-6f3c5b1f3f9a2c70", LONG, "extract_audio"))
    assert narrow.out.splitlines()[1].strip() == LONG
    assert LONG in reelworks("list", COLUMNS="80").out
    assert row == JobOut.of(get_job(engine, row["id"]), LOCAL).model_dump(mode="json")
    assert set(shown) == set(JobDetail.model_fields)
    assert [event["status"] for event in shown["events"]] == ["queued", "running", "failed"]


def test_a_command_that_changes_nothing_says_so_and_fails(reelworks, engine):
    add_jobs(engine, [NewJob("one", "talk")])

    for command in (
        ("retry", "one"),
        ("cancel", "none"),
        ("priority", "7", "--library", "no-such"),
        ("rerun", "vision", "--library", "no-such"),
        ("resume",),
    ):
        said = reelworks("jobs", *command)
        assert (said.code, said.out[:21]) == (8, "Nothing was changed: "), command
    unchanged = reelworks("jobs", "cancel", "none", "--json")
    assert (unchanged.code, unchanged.json) == (8, {"count": 0, "job_ids": []})


@pytest.mark.slow
def test_nothing_named_is_a_mistake_and_not_everything(reelworks, engine):
    for verb in ("retry", "cancel"):
        said = reelworks("jobs", verb)
        assert said.code == 2
        assert "--all" in said.err


@pytest.mark.slow
def test_a_stage_is_run_again_over_a_library(reelworks, engine):
    queued = reelworks("jobs", "rerun", "vision", "--library", "lectures", "--json").json

    (job_id,) = queued["job_ids"]
    job = get_job(engine, job_id)
    assert (job.video_id, job.params) == ("talk", {"recompute": ["vision"]})
    assert reelworks("jobs", "rerun", "smell", "--all").code == 2


@pytest.mark.slow
def test_jobs_are_prioritized_cancelled_and_paused(reelworks, engine):
    add_jobs(engine, [NewJob("one", "talk"), NewJob("two", "film")])

    assert reelworks("jobs", "priority", "7", "two", "--json").json["job_ids"] == ["two"]
    cancelled = reelworks("jobs", "cancel", "--library", "lectures", "--json").json
    assert cancelled == {"count": 1, "job_ids": ["one"]}
    assert reelworks("jobs", "pause", "--note", "new disk", "--json").json == {"paused": True}

    assert get_job(engine, "two").priority == 7
    assert get_job(engine, "one").status is JobStatus.CANCELLED
    assert claims.claim(engine, "dispatcher", 60, limit=5) == []
    assert "paused" in reelworks("jobs", "list").err
    reelworks("jobs", "resume")
    assert [job.id for job in claims.claim(engine, "dispatcher", 60, limit=5)] == ["two"]
