"""Submission without a server: who may change what, and when a job is queued."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from reelworks.domain.artifact_keys import upload_key
from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.access import LOCAL
from reelworks.errors import (
    ConflictError,
    ForbiddenError,
    StoreUnavailableError,
    UnknownVideoError,
)
from reelworks.operations.jobs import control as job_control
from reelworks.operations.services import Services
from reelworks.operations.submit import Submission, submit_video
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims
from reelworks.store.jobs.job_sources import source_of
from reelworks.store.jobs.jobs import get_job, list_jobs
from reelworks.store.library.video_metadata import metadata_key
from reelworks.store.library.video_reads import get_summary
from reelworks.store.library.video_writes import NewVideo
from tests.support.submissions import ANN, BOB, TALK, URL


def uploaded(library: Services, video_id: str, content: bytes) -> Submission:
    key = upload_key(video_id, "talk.mp4")
    source = f"s3://{library.settings.s3.bucket}/{key}"
    video = NewVideo(
        video_id,
        source,
        "The talk",
        upload_path=key,
        sha256=sha256_of_bytes(content),
        added_by="ann",
    )
    return Submission(video, source)


def set_status(library: Services, video_id: str, status: str) -> None:
    with transaction(library.engine) as connection:
        connection.execute(
            text("UPDATE videos SET status = :status WHERE id = :id"),
            {"status": status, "id": video_id},
        )


def test_a_new_video_gets_a_row_a_document_and_a_job(library):
    done = submit_video(library, ANN, TALK)

    assert (done.video.id, done.video.status, done.new) == ("talk", "pending", True)
    assert json.loads(library.store.get_bytes(metadata_key("talk")) or b"{}")["id"] == "talk"
    assert done.job is not None
    job = get_job(library.engine, done.job.id)
    assert (job.video_id, job.params, job.requested_by) == ("talk", {"source": URL}, "ann")
    assert job.status is JobStatus.QUEUED


def test_the_same_video_again_has_the_same_job(library):
    first, second = submit_video(library, ANN, TALK), submit_video(library, BOB, TALK)

    assert (second.new, second.job) == (False, first.job)
    assert len(list_jobs(library.engine, JobSelection(video_id="talk"), limit=9)) == 1


def test_a_video_can_be_added_without_a_job(library):
    done = submit_video(library, ANN, replace(TALK, index=False))

    assert (done.new, done.job) == (True, None)


def test_always_index_queues_a_job_although_one_is_open(library):
    first = submit_video(library, LOCAL, TALK)
    second = submit_video(library, LOCAL, replace(TALK, always_index=True, pool="gpu"))

    assert first.job is not None and second.job is not None
    assert second.job.id != first.job.id
    assert (second.job.pool, second.job.params["source"]) == ("gpu", URL)


def test_options_of_the_video_are_those_of_the_job(library):
    video = replace(TALK.video, library="talks", language="de")

    done = submit_video(library, ANN, replace(TALK, video=video))

    assert done.job is not None
    assert done.job.params == {"source": URL, "library": "talks", "language": "de"}


def test_another_caller_may_not_change_a_video_and_an_admin_may(library):
    submit_video(library, ANN, TALK)
    changed = replace(TALK, video=replace(TALK.video, language="de", added_by="bob"))

    with pytest.raises(ForbiddenError, match="language"):
        submit_video(library, BOB, changed)
    assert submit_video(library, LOCAL, changed).new is False


def test_another_caller_s_library_is_joined_and_the_first_one_keeps_the_video(library):
    submit_video(library, ANN, TALK)

    done = submit_video(library, BOB, replace(TALK, video=replace(TALK.video, library="mine")))

    assert done.video.libraries == ("default", "mine")
    assert (done.video.library, done.video.added_by) == ("default", "ann")
    assert done.notes == ("The video is in the library mine now; it stays in default, too.",)


def test_a_refused_request_records_nothing(library):
    submit_video(library, ANN, TALK)
    changed = replace(TALK.video, library="mine", language="de")

    with pytest.raises(ForbiddenError):
        submit_video(library, BOB, replace(TALK, video=changed))

    assert get_summary(library.engine, "talk").libraries == ("default",)


def test_a_language_of_a_ready_video_is_indexed_with(library):
    content = secrets.token_bytes(50)
    first = uploaded(library, "talk", content)
    job = submit_video(library, ANN, first, lambda _: True).job
    assert job is not None
    job_control.cancel_jobs(library.engine, ANN, JobSelection(ids=(job.id,)))
    set_status(library, "talk", "ready")
    german = replace(first, video=replace(first.video, language="de"))

    done = submit_video(library, ANN, german, lambda _: False)

    assert done.job is not None
    assert done.job.params["language"] == "de"
    job_control.cancel_jobs(library.engine, ANN, JobSelection(ids=(done.job.id,)))
    noted = submit_video(library, ANN, replace(german, index=False), lambda _: False)
    assert "language that is given is not used" in " ".join(noted.notes)


def test_a_webhook_of_a_known_video_is_added_to_its_open_job_or_mentioned(library):
    settings = library.settings.with_values(webhook_secret=SecretStr("s"))
    services = replace(library, settings=settings)
    first = submit_video(services, ANN, TALK)
    assert first.job is not None
    url = "https://93.184.215.14/second"

    for _ in range(2):
        assert submit_video(services, ANN, replace(TALK, webhook_url=url)).job == first.job

    with transaction(library.engine) as connection:
        called = connection.scalars(text("SELECT url FROM webhook_deliveries")).all()
    assert called == [url]
    alone = replace(TALK, video=replace(TALK.video, id="other"), index=False, webhook_url=url)
    assert "webhook_url is not called" in " ".join(submit_video(services, ANN, alone).notes)


@pytest.mark.parametrize("begun", [False, True])
def test_bytes_of_known_content_replace_a_source_that_is_gone(library, begun):
    """A job that looks for a file elsewhere takes the bytes, or another job does."""
    content = secrets.token_bytes(50)
    sha256 = sha256_of_bytes(content)
    gone = Submission(NewVideo("talk", "/gone/talk.mp4", "Talk", sha256=sha256), "/gone/talk.mp4")
    dead = submit_video(library, LOCAL, gone).job
    assert dead is not None
    if begun:
        claims.claim(library.engine, "dispatcher", 60, limit=1)

    def store_file(key: str) -> bool:
        library.store.put_bytes(key, content, "video/mp4")
        return True

    done = submit_video(library, LOCAL, uploaded(library, "copy", content), store_file)

    assert (done.video.id, done.new) == ("talk", False)
    assert done.job is not None
    assert (done.job.id == dead.id) is not begun
    source = source_of(library.engine, done.job, library.settings.s3.bucket)
    assert "source" not in done.job.params
    assert source is not None
    assert library.store.get_bytes(source.removeprefix(f"s3://{library.store.bucket}/")) == content


def test_an_id_of_another_source_is_forbidden_or_a_conflict(library):
    submit_video(library, ANN, TALK)
    other = "https://93.184.215.14/other.mp4"
    taken = Submission(replace(TALK.video, original_path=other), other)

    with pytest.raises(ForbiddenError, match="source"):
        submit_video(library, BOB, taken)
    with pytest.raises(ConflictError):
        submit_video(library, ANN, taken)


def test_a_file_that_cannot_be_stored_removes_the_new_row(library):
    def fail(key: str) -> bool:
        raise StoreUnavailableError(f"The store does not take {key}.")

    with pytest.raises(StoreUnavailableError):
        submit_video(library, ANN, uploaded(library, "talk", b"abc"), fail)

    with pytest.raises(UnknownVideoError):
        get_summary(library.engine, "talk")


def test_a_ready_video_is_indexed_again_only_when_its_file_was_repaired(library):
    content = secrets.token_bytes(50)
    submission = uploaded(library, "talk", content)
    stored: list[str] = []

    def store_file(key: str, *, missing: bool = True) -> bool:
        library.store.put_bytes(key, content, "video/mp4")
        stored.append(key)
        return missing

    first = submit_video(library, ANN, submission, store_file)
    assert first.job is not None
    job_control.cancel_jobs(library.engine, ANN, JobSelection(ids=(first.job.id,)))
    set_status(library, "talk", "ready")

    intact = submit_video(library, ANN, submission, lambda key: store_file(key, missing=False))
    assert (intact.new, intact.job) == (False, None)

    repaired = submit_video(library, ANN, submission, store_file)
    assert repaired.job is not None
    assert "source" not in repaired.job.params, "the library has the file"
    assert stored == [submission.video.upload_path] * 3


def test_a_webhook_is_noted_with_its_job(library):
    settings = library.settings.with_values(
        webhook_secret=SecretStr("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    )
    url = "https://93.184.215.14/h"

    done = submit_video(replace(library, settings=settings), ANN, replace(TALK, webhook_url=url))

    assert done.job is not None
    with transaction(library.engine) as connection:
        query = text("SELECT url FROM webhook_deliveries WHERE job_id = :id")
        assert connection.scalar(query, {"id": done.job.id}) == url
