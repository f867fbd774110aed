"""``index --pool`` and ``--detach``: who gets the work."""

from __future__ import annotations

import asyncio

import pytest

from reelworks.store.db.database import create_database_engine
from reelworks.store.jobs.jobs import get_job
from reelworks.store.library.video_reads import get_summary

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("models_dir"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


async def test_a_pool_gets_the_work_and_the_file_through_the_store(
    prefect_api, reelworks, clean_settings, media
):
    from flows.index import index
    from reelworks.store.objects.artifacts import ArtifactStore
    from tests.support.fleet import pool_with

    source = str(media / "odd" / "audio_only.m4a")
    async with pool_with(index) as pool:
        said = await asyncio.to_thread(
            reelworks,
            *("index", source, "--id", "clip", "--pool", pool.name, "--json"),
            PREFECT_API_URL=prefect_api,
        )
        assert said.code == 0, said.err

    (submitted,) = said.json
    engine = create_database_engine(clean_settings)
    try:
        job = get_job(engine, submitted["job_id"])
        assert get_summary(engine, "clip").status == "pending"
    finally:
        engine.dispose()
    assert submitted == {
        "source": source,
        "pool": pool.name,
        "video_id": "clip",
        "job_id": job.id,
        "notes": [],
    }
    assert f"No live worker in the pool {pool.name}" in said.err
    assert "Until then the jobs wait." in said.err
    assert "No dispatcher is running" in said.err
    assert (job.kind, job.video_id, job.pool) == ("index", "clip", pool.name)
    bucket, _, key = job.params["source"].removeprefix("s3://").partition("/")
    assert bucket == clean_settings.s3.bucket
    assert key.endswith("/audio_only.m4a")
    stored = ArtifactStore.open(clean_settings).get_bytes(key)
    assert stored == (media / "odd" / "audio_only.m4a").read_bytes()


def test_a_pool_to_which_nothing_is_deployed_is_named(prefect_api, reelworks, media):
    said = reelworks(
        *("index", str(media / "odd" / "audio_only.m4a"), "--pool", "nowhere", "--json"),
        PREFECT_API_URL=prefect_api,
    )

    assert said.code == 4
    assert "not deployed to the pool nowhere" in said.json["error"]["message"]
    assert "reelworks deploy" in said.json["error"]["message"]


def test_no_server_is_one_sentence(reelworks, media):
    said = reelworks(
        *("index", str(media / "odd" / "audio_only.m4a"), "--pool", "cpu"),
        PREFECT_API_URL="http://127.0.0.1:9/api",
        PREFECT_CLIENT_MAX_RETRIES="0",
    )

    assert said.code == 6
    assert "The Prefect server does not answer" in said.err
    assert "Traceback" not in said.err
