"""A library written by the commit before the rename (schema 0007) works on after the migration.

``v0007/database.sql`` is the dump of a database that the code of commit f280fdc filled, and
``v0007/cache_keys.json`` the keys that its stages had.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Engine, text

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.domain.jobs.lease import LeaseKind
from reelworks.domain.library.search import SearchRequest
from reelworks.domain.video.video import NormalizedAudio, NormalizedVideo
from reelworks.pipeline import cache_keys
from reelworks.pipeline.stage_cache import StageResult
from reelworks.settings import Settings
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.frames.scenes import SceneParams
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.speech.transcribe import TranscribeParams
from reelworks.store.access.idempotency_keys import KeyedRequest, StoredResponse, claim_key
from reelworks.store.db.database import (
    MIGRATIONS,
    create_database_engine,
    ensure_schema,
    transaction,
)
from reelworks.store.jobs import claims
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.backfill.backfills import get_backfill
from reelworks.store.jobs.backfill.report import report_of
from reelworks.store.jobs.backfill.slots import claim_of_backfills
from reelworks.store.jobs.dispatchers import is_paused, resume_dispatcher
from reelworks.store.jobs.handover import Openings
from reelworks.store.jobs.job_stats import job_stats
from reelworks.store.jobs.jobs import add_jobs, events_of, get_job, list_jobs, retry_jobs
from reelworks.store.jobs.leases import begin
from reelworks.store.jobs.rate_limits import reserve
from reelworks.store.jobs.webhook_deliveries import take_due
from reelworks.store.library.source_entries import sources_of
from reelworks.store.library.video_contents import get_video
from reelworks.store.library.video_reads import count_all
from reelworks.store.objects.artifacts import Artifact
from reelworks.store.search.embedding_models import model_states, switch
from reelworks.store.search.search import search
from tests.reelworks.store.db.migrations.test_v0003_search import rows

BEFORE = Path(__file__).parent / "v0007"
TODAY = b"""
UPDATE public.requests SET created_at = now();
UPDATE public.paces SET next_at = now() - interval '1 second';
UPDATE public.deliveries SET next_at = now();
"""
"""What expires is as old as the test and not as the dump."""
EVERY = JobSelection()
LONG = 60.0


def load(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute((BEFORE / "database.sql").read_bytes())
        connection.execute(TODAY)


@pytest.fixture
def old(settings: Settings, empty_database: SecretStr) -> Iterator[Engine]:
    """An engine on the database as the release before left it."""
    load(empty_database.get_secret_value())
    made = create_database_engine(settings.with_values(database_url=empty_database))
    yield made
    made.dispose()


@pytest.fixture
def engine(old: Engine) -> Engine:
    """An engine on that database, migrated."""
    ensure_schema(old)
    return old


def test_every_job_is_read_with_its_names_of_now(engine: Engine) -> None:
    jobs = {job.id: job for job in list_jobs(engine, EVERY, limit=100)}
    assert len(jobs) == 12
    assert jobs["job-done"].params == {"recompute": ["vision"], "language": "en"}
    assert jobs["job-plan"].params == {"recompute": ["vision"], "selection": {"source": "/videos"}}
    assert jobs["job-undeployed"].params == {}
    assert {name: job.error_code for name, job in jobs.items() if job.error_code} == {
        "job-refused": "invalid_job_parameters",
        "job-undeployed": "deployment_not_found",
        "job-mismatch": "stage_call_mismatch",
        "job-cancelled": "cancelled",
        "summer-a": "invalid_job_parameters",
    }
    leases = {name: job.lease.kind for name, job in jobs.items() if job.lease}
    assert leases == {
        "job-running": LeaseKind.RUN,
        "job-queued": LeaseKind.QUEUED,
        "job-claimed": LeaseKind.DISPATCHER,
        "job-cancelled": LeaseKind.CANCEL_PENDING,
    }
    assert [event.status for event in events_of(engine, "job-done")] == [
        JobStatus.QUEUED,
        JobStatus.RUNNING,
        JobStatus.DONE,
    ]


@pytest.mark.parametrize("code", ["job_refused", "invalid_job_parameters"])
def test_failed_jobs_are_retried_by_the_old_code_and_by_the_new(engine: Engine, code: str) -> None:
    assert retry_jobs(engine, JobSelection(error_code=code)) == ["job-refused", "summer-a"]
    job = get_job(engine, "job-refused")
    assert (job.status, job.error_code) == (JobStatus.QUEUED, None)
    assert job.params == {"recompute": ["scenes", "frames"]}


def test_a_retried_job_is_claimed_and_begun(engine: Engine) -> None:
    retry_jobs(engine, JobSelection(ids=("job-refused",)))
    resume_dispatcher(engine)
    claimed = {job.id: job for job in claims.claim(engine, "dispatcher", LONG, limit=9)}
    assert set(claimed) == {"job-refused", "job-plan", "job-waiting"}
    attempt = attempt_of(claimed["job-refused"])
    assert (attempt.number, attempt.tries) == (2, 1)
    assert begin(engine, attempt, "run", LONG).status is JobStatus.RUNNING


def test_jobs_in_the_hands_of_the_release_before_are_taken_over(engine: Engine) -> None:
    taken = claims.claim_expired(engine, "dispatcher", LONG, limit=9)
    assert {job.id for job in taken} == {"job-running", "job-queued", "job-claimed"}
    (cancelled,) = claims.cancelled_runs(engine, limit=9)
    assert (cancelled.id, cancelled.flow_run_id) == ("job-cancelled", "run-cancelled")


def test_a_backfill_goes_on_and_reports(engine: Engine) -> None:
    backfill = get_backfill(engine, "summer")
    assert (backfill.plan["skipped"], backfill.limits.budget) == (7, Decimal(5))
    assert "passed_over" not in backfill.plan
    report = report_of(engine, "summer")
    assert [(one.video_id, one.code) for one in report.failures] == [
        ("a", "invalid_job_parameters")
    ]
    assert report.stage_seconds == {"ingest": 0.01, "transcribe": 2.5, "vision": 4.25}
    assert report.computed == {"ingest": 0, "transcribe": 1, "vision": 1}
    assert report.usage["openai/gpt-5"].input_tokens == 2400
    assert report.unpriced == ("openai/unknown",)
    resume_dispatcher(engine)
    (job,) = claim_of_backfills(engine, "dispatcher", LONG, Openings(9))
    assert (job.id, job.params["recompute"]) == ("summer-b", ["vision"])


def test_what_is_beside_the_jobs_is_kept(engine: Engine) -> None:
    assert is_paused(engine)
    stored = claim_key(engine, KeyedRequest("newsroom", "key-1", "f" * 64))
    # A reply to a repeated request stays as it was given; keys are forgotten after a day.
    assert stored == StoredResponse(202, {"id": "job-done", "params": {"again": ["vision"]}})
    (delivery,) = take_due(engine, limit=9)
    assert (delivery.url, delivery.attempt) == ("https://example.org/hook", 2)
    assert reserve(engine, "openai", 60) == 0.0
    assert sources_of(engine, "films")["/videos/a.mp4"].video_id == "a"
    numbers = job_stats(engine)
    assert numbers.failures["invalid_job_parameters"] == 2
    assert numbers.usage["openai/gpt-5"]["calls"] == 4


def test_the_library_is_found_and_shown(engine: Engine) -> None:
    view = get_video(engine, "talk")
    assert [one.segment.text for one in view.segments] == [
        "The lighthouse stands on a cliff.",
        "Ships see it from afar.",
    ]
    assert count_all(engine).embeddings == {
        "local/minilm@1": 4,
        "openai/text-embedding-3-small": 4,
    }
    embed = {"local/minilm@1": lambda _: [1.0, 0.0, 0.25]}
    (moment,) = search(engine, SearchRequest("lighthouse"), embed).moments
    assert (moment.video_id, moment.best.id) == ("talk", "talk_segment_000")
    switch(engine, "openai/text-embedding-3-small")
    other = {"openai/text-embedding-3-small": lambda _: [1.0, 1.0, 0.25, 0.25]}
    (moment,) = search(engine, SearchRequest("vessels"), other).moments
    assert {one.model for one in moment.reasons} == set(other)
    assert [one.missing for one in model_states(engine)] == [0, 0]


def test_what_a_process_of_the_release_before_writes_meanwhile_is_read(engine: Engine) -> None:
    add_jobs(engine, [NewJob("late", "talk", params={"again": ["frames"], "language": "en"})])
    with transaction(engine) as connection:
        connection.execute(
            text(
                "UPDATE jobs SET status = 'failed', error_code = 'nothing_deployed'"
                " WHERE id = 'late'"
            )
        )
        connection.execute(
            text("UPDATE backfills SET plan = plan - 'skipped' || '{\"passed_over\": 7}'")
        )
    late = get_job(engine, "late")
    assert late.params == {"recompute": ["frames"], "language": "en"}
    assert late.error_code == "deployment_not_found"
    assert job_stats(engine).failures["deployment_not_found"] == 2
    assert get_backfill(engine, "summer").plan["skipped"] == 7
    assert "late" in retry_jobs(engine, JobSelection(error_code="deployment_not_found"))


def downgrade(engine: Engine, target: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    names = rows(
        engine, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )
    return {
        str(name): sorted(rows(engine, f"SELECT to_jsonb(whole)::text FROM {name} AS whole"))
        for (name,) in names
    }


def test_one_can_go_back_and_forth_and_run_it_twice(old: Engine) -> None:
    before = everything(old)
    ensure_schema(old)
    after = everything(old)
    with transaction(old) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))
    ensure_schema(old)
    assert everything(old) == after
    downgrade(old, "0007")
    assert everything(old) == before


def test_a_job_that_already_has_the_new_parameter_keeps_it(old: Engine) -> None:
    with transaction(old) as connection:
        connection.execute(
            text(
                "INSERT INTO jobs (id, video_id, params) VALUES"
                ' (\'both\', \'talk\', \'{"again": ["vision"], "recompute": ["frames"]}\')'
            )
        )
        connection.execute(
            text("INSERT INTO jobs (id, kind, params) VALUES ('own', 'mine', '{\"again\": 1}')")
        )
    ensure_schema(old)
    assert get_job(old, "both").params == {"recompute": ["frames"]}
    stored = rows(old, "SELECT params::text FROM jobs WHERE id = 'own'")
    assert stored == [('{"again": 1}',)], "the parameter of another project's flow"
    assert get_job(old, "own").params == {"again": 1}


def test_a_lost_version_row_has_all_revisions_run_again_without_loss(engine: Engine) -> None:
    with transaction(engine) as connection:  # as 0007 would fill it in, were it run once more
        connection.execute(text("UPDATE videos SET added_by = 'newsroom' WHERE id = 'talk'"))
    before = everything(engine)
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    ensure_schema(engine)
    assert everything(engine) == before


def test_stages_ask_for_the_keys_that_the_cache_has() -> None:
    def result(value: object, digest: str = "d", **files: str) -> StageResult:
        artifacts = {
            name.replace("_", "."): Artifact(f"processed/talk/{name}", sha * 64, 1, "tag")
            for name, sha in files.items()
        }
        return StageResult(value, artifacts, digest * 64, None, False)

    model = ModelRef("local", "whisper-base", "ebe41f70")
    audio = result(NormalizedAudio(5.9, None), audio_wav="a")
    video = result(NormalizedVideo(6.0, 1280, 720, 180, True, ()), proxy_mp4="b")
    calls = {
        "ingest": cache_keys.probe_call("5" * 64, "uploads/talk.mp4", "talk"),
        "extract_audio": cache_keys.audio_call("talk", "5" * 64),
        "normalize": cache_keys.normalize_call("talk", "5" * 64, NormalizeParams()),
        "transcribe": cache_keys.transcript_call("talk", audio, TranscribeParams(), model),
        "scenes": cache_keys.scenes_call("talk", video, SceneParams(), None),
        "frames": cache_keys.frames_call("talk", video, result((), "e"), FrameParams()),
        "vision": cache_keys.vision_call("talk", result(()), model),
    }
    expected = json.loads((BEFORE / "cache_keys.json").read_text())
    revised = {"extract_audio", "transcribe", "vision"}  # by decisions 31 to 33
    assert {name for name, call in calls.items() if call.key != expected[name]} == revised
