"""A library of the version before the field's names: only what changed is computed again.

``tests/media/earlier_library`` was written by commit f280fdc: a database at migration 0007 and the
objects of its bucket. One video is indexed, one job failed, two wait (one recomputes ``vision``),
and a backfill has one job left.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.library import VideoStatus
from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs.backfill.backfills import list_backfills
from reelworks.store.jobs.jobs import list_jobs, retry_jobs
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.library import rows, video


@pytest.fixture
def earlier(
    environment: Settings,
    empty_database: SecretStr,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """That library in a database and a bucket of this test's own, brought up to date."""
    folder = media / "earlier_library"
    environment = environment.with_values(database_url=empty_database)
    monkeypatch.setenv("DATABASE_URL", empty_database.get_secret_value())
    with psycopg.connect(empty_database.get_secret_value()) as connection:
        connection.execute((folder / "library.sql").read_bytes())
    store = ArtifactStore.open(environment)
    with tarfile.open(folder / "objects.tar.gz") as objects:
        for one in objects:
            stream = objects.extractfile(one)
            assert stream is not None
            artifact = store.put_bytes(one.name, stream.read(), one.pax_headers["reelworks.type"])
            assert one.pax_headers["reelworks.sha256"] in ("", artifact.sha256)
    engine = create_database_engine(environment)
    ensure_schema(engine)
    engine.dispose()
    return environment


async def test_its_video_is_a_cache_hit_in_every_stage_that_has_no_new_version(
    index, earlier, media
):
    """Audio (decision 31), transcripts (33) and vision (32) have new versions; for this file their
    words are the same.
    """
    before = rows(earlier)
    assert {table: len(found) for table, found in before.items()} == {
        "videos": 3,
        "scenes": 1,
        "frames": 1,
        "transcript_segments": 1,
        "frame_captions": 1,
    }

    run = await index(media / "odd" / "rot90.mp4", "rot90", library="films")

    assert run.error is None
    assert run.worked == {"extract_audio", "transcribe", "vision"}
    after = rows(earlier)
    del before["videos"], after["videos"]  # the file was indexed from another folder
    assert len(after.pop("transcript_segments")) == len(before.pop("transcript_segments"))
    (was,), (now,) = before.pop("frame_captions"), after.pop("frame_captions")
    revision = OcrFrameDescriber().model.revision
    assert [new for old, new in zip(was, now, strict=True) if old != new] == [revision]
    assert after == before
    assert video(earlier, "rot90").summary.status == VideoStatus.READY


def test_its_jobs_wait_by_the_names_of_today(earlier):
    engine = create_database_engine(earlier)

    waiting = list_jobs(engine, JobSelection(statuses=frozenset({JobStatus.QUEUED})), limit=9)
    (failed,) = list_jobs(engine, JobSelection(statuses=frozenset({JobStatus.FAILED})), limit=9)

    assert len(waiting) == 3
    assert [job.params for job in waiting if "source" not in job.params] == [
        {"recompute": ["vision"]}
    ]
    assert failed.error_code == "unsupported_media"
    assert retry_jobs(engine, JobSelection(ids=frozenset({failed.id}))) == [failed.id]
    (backfill,) = list_backfills(engine, limit=9)
    assert backfill.left == 1
    engine.dispose()
