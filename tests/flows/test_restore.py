"""A library comes back from the bucket alone: rows, what people said of its videos, searches."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from reelworks.domain.artifact_keys import metadata_key
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.search import Filters, Kind, SearchRequest
from reelworks.operations.restore import restore_library
from reelworks.operations.search import find
from reelworks.store.db.database import ensure_schema, transaction
from reelworks.store.jobs.jobs import get_job, list_jobs
from reelworks.store.library.removal import remove_video
from reelworks.store.library.video_writes import NewVideo, add_video
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.jobs import do_the_jobs
from tests.support.flows.library import rows

pytestmark = pytest.mark.slow


@pytest.fixture
def store(environment):
    return ArtifactStore.open(environment)


@pytest.fixture
def engine(environment, clean_engine):
    return clean_engine


def lose_the_database(engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    ensure_schema(engine)


def found(engine, environment, words: str) -> list[tuple[object, ...]]:
    request = SearchRequest(words, frozenset(Kind), Filters(libraries=("talks",)), 10)
    answer, _ = find(engine, environment, request)
    return [(one.video_id, one.title, one.t_start, one.t_end) for one in answer.moments]


async def test_a_library_comes_back_from_the_bucket_without_one_model_call(
    environment, engine, store, index, media
):
    talk, silent = media / "video" / "voicestudio-en.mp4", media / "odd" / "no_audio.mp4"
    noted = NewVideo(
        "talk", str(talk), "Zoë's talk", "talks", language="en", added_by="the newsroom"
    )
    add_video(engine, noted)
    add_video(engine, NewVideo("silent", str(silent), "Nothing said", "films"))
    assert (await index(talk, "talk")).error is None
    assert (await index(silent, "silent")).error is None
    before, hits = rows(environment), found(engine, environment, "voice")
    assert hits

    lose_the_database(engine)
    assert found(engine, environment, "voice") == []
    done = restore_library(engine, store)
    recorder = await do_the_jobs(engine, store.bucket)

    assert sorted(done.videos) == ["silent", "talk"]
    assert {one.state.value for one in recorder.reports} == {"cached"}
    assert {get_job(engine, one).status for one in done.jobs} == {JobStatus.DONE}
    assert rows(environment) == before
    assert found(engine, environment, "voice") == hits


async def test_a_restore_that_is_repeated_asks_for_nothing_twice(engine, store, index, media):
    assert (await index(media / "odd" / "no_audio.mp4", "clip")).error is None
    lose_the_database(engine)

    first = restore_library(engine, store)
    second = restore_library(engine, store)

    assert (first.videos, first.known) == (("clip",), 0)
    assert (second.videos, second.jobs, second.known) == ((), (), 1)
    assert len(list_jobs(engine, JobSelection(), limit=10)) == 1


async def test_an_answer_that_is_gone_is_said_and_not_computed(engine, store, index, media):
    assert (await index(media / "odd" / "no_audio.mp4", "clip")).error is None
    store.delete_prefix("cache/stages/vision/")
    lose_the_database(engine)

    done = restore_library(engine, store)
    recorder = await do_the_jobs(engine, store.bucket)

    job = get_job(engine, done.jobs[0])
    assert (job.status, job.error_code, job.error_stage) == (
        JobStatus.FAILED,
        "not_cached",
        "vision",
    )
    assert "done" not in {one.state.value for one in recorder.reports}


async def test_what_was_removed_does_not_come_back(engine, store, index, media):
    assert (await index(media / "odd" / "no_audio.mp4", "clip")).error is None
    assert store.head(metadata_key("clip")) is not None
    remove_video(engine, store, "clip")
    lose_the_database(engine)

    assert restore_library(engine, store).videos == ()


async def test_a_video_without_a_document_comes_back_under_its_id(engine, store, index, media):
    for name in ("clip", "clip_2"):
        assert (await index(media / "odd" / "no_audio.mp4", name)).error is None
    store.delete(metadata_key("clip_2"))
    store.put_bytes(metadata_key("clip"), b"{", "application/json")
    lose_the_database(engine)

    done = restore_library(engine, store)
    await do_the_jobs(engine, store.bucket)

    assert sorted(done.without_document) == ["clip", "clip_2"]
    document = json.loads(store.get_bytes(metadata_key("clip_2")) or b"")
    assert (document["title"], document["upload_path"]) == (
        "no_audio",
        "uploads/clip_2_no_audio.mp4",
    )
