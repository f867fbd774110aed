"""Services, keys, folders and disks that fail: one sentence, the right status, nothing lost."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from infra.services.supervision.state import Service
from reelworks.domain.jobs.report import StageState
from reelworks.media.inspect.probe import probe
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.cache_entries import Manifest, StageCache
from tests.support.flows.library import counts, rows, video
from tests.support.flows.runs import STAGES, Ended, Recorder, Run, reelworks, run_index, wait_for
from tests.support.openai_server import CHAT

pytestmark = pytest.mark.slow

BEFORE_VISION = {"ingest", "extract_audio", "normalize", "transcribe", "scenes", "frames"}


def is_one_sentence(message: str) -> bool:
    """One line that ends like a sentence, without Python or passwords in it."""
    wrong = re.search(r"Traceback|Error\b|Exception|\n|password=|:[^/@\s]+@", message)
    return wrong is None and message.endswith((".", "?"))


@pytest.fixture
def clip(media: Path) -> Path:
    """Five seconds of one frame without sound."""
    return media / "odd" / "no_audio.mp4"


@pytest.mark.slow
async def test_lost_database_connections_are_made_again_and_no_call_is_repeated(
    index, hosted, environment, clip
):
    hosted.delay[CHAT] = 1.0
    run = asyncio.create_task(index(clip, "clip"))
    await wait_for(lambda: hosted.count(CHAT) == 1, run)
    with psycopg.connect(environment.database.url.get_secret_value(), autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    found = await run

    assert ended
    assert found.error is None
    assert found.tries("vision") <= 2
    assert hosted.count(CHAT) == 1, "the frame's own answer was cached"
    assert video(environment, "clip").summary.status == "ready"


@pytest.fixture
def in_vision(hosted, house, clip, monkeypatch):
    """Start a run and wait until it asks about its only frame, whose answer takes a second."""

    async def start(attempts: int) -> asyncio.Task[Run]:
        monkeypatch.setenv("WORKER_MAX_ATTEMPTS", str(attempts))
        hosted.delay[CHAT] = 1.0
        run = asyncio.create_task(run_index(clip, "clip"))
        await wait_for(lambda: hosted.count(CHAT) == 1, run)
        return run

    return start


async def test_database_down_in_mid_run(in_vision, hosted, house, clip):
    run = await in_vision(attempts=2)
    house.stop(Service.POSTGRES)
    failed = await run

    assert failed.error is not None
    assert failed.error.code == "database_unavailable"
    assert "PostgreSQL" in str(failed.error)
    assert is_one_sentence(str(failed.error))
    assert failed.tries("vision") == 2
    assert failed.states["vision"] is StageState.FAILED
    with house.again(Service.POSTGRES):
        half = counts(house.settings)
        again = await run_index(clip, "clip")
        whole = counts(house.settings)
        status = video(house.settings, "clip").summary.status
    assert again.error is None
    assert {stage for stage in BEFORE_VISION if again.states[stage] is StageState.DONE} == set()
    assert hosted.count(CHAT) == 1, "the frame's own answer was cached"
    assert status == "ready"
    assert half["frame_captions"] == 0
    assert whole["frame_captions"] == 1


@pytest.mark.slow
async def test_store_down_in_mid_run(in_vision, hosted, house, clip):
    run = await in_vision(attempts=1)
    house.stop(Service.STORE)
    failed = await run

    assert failed.error is not None
    assert failed.error.code == "store_unavailable"
    assert "store" in str(failed.error)
    found = video(house.settings, "clip").summary
    assert found.status == "failed"
    assert found.error == str(failed.error)
    assert counts(house.settings)["frame_captions"] == 0
    with house.again(Service.STORE):
        again = await run_index(clip, "clip")
    assert again.error is None
    assert again.worked == {"vision", "embed_picture"}
    assert hosted.count(CHAT) == 2, "the answer that could not be stored is requested once more"
    assert video(house.settings, "clip").summary.status == "ready"


@pytest.mark.slow
async def test_store_that_comes_back_in_time_costs_a_retry(in_vision, hosted, house):
    run = await in_vision(attempts=5)
    house.stop(Service.STORE)
    await asyncio.sleep(1.0)
    with house.again(Service.STORE):
        found = await run

        assert found.error is None
        assert set(found.states) == STAGES
        assert hosted.count(CHAT) <= 2
        assert video(house.settings, "clip").summary.status == "ready"


async def test_store_down_before_the_run(index, environment, clip, monkeypatch):
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")

    run = await index(clip, "clip")

    assert run.error is not None
    assert run.error.code == "store_unavailable"
    assert "127.0.0.1:9" in str(run.error)
    assert run.states == {}


async def test_a_wrong_store_key_is_refused_once(index, environment, clip, monkeypatch):
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "not-the-secret")

    run = await index(clip, "clip")

    assert run.error is not None
    assert run.error.code == "store_refused"
    assert "S3_SECRET_ACCESS_KEY" in str(run.error)
    assert "not-the-secret" not in str(run.error)
    assert run.recorder.started_at == {}


async def test_a_database_that_is_not_there_is_named_without_its_password(
    index, environment, clip, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:my-secret@127.0.0.1:9/reelworks")

    run = await index(clip, "clip")

    assert run.error is not None
    assert run.error.code == "database_unavailable"
    assert "127.0.0.1:9" in str(run.error)
    assert "my-secret" not in str(run.error)


@pytest.fixture
def unreadable(tmp_path: Path) -> Path:
    """A file that this process may not read, be it root's."""
    for_root = Path("/proc/sys/vm/compact_memory")  # write only, for root too
    if os.geteuid() == 0:
        return for_root
    mine = tmp_path / "locked.mp4"
    mine.write_bytes(b"0")
    mine.chmod(0)
    return mine


async def test_no_permission_on_the_source(index, environment, unreadable):
    run = await index(unreadable, "clip")

    assert run.error is not None
    assert run.error.code == "source_unreadable"
    assert str(run.error) == f"{unreadable} may not be read: permission denied."
    assert run.tries("ingest") == 1
    assert rows(environment)["videos"] == []


async def test_a_data_folder_that_cannot_be_written(
    index, environment, clip, tmp_path, monkeypatch
):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "below"))

    run = await index(clip, "clip")

    assert run.error is not None
    assert run.error.code == "permission_denied"
    assert str(tmp_path / "file" / "below") in str(run.error)
    assert "DATA_DIR" in str(run.error)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_no_space_for_the_scratch_folder(index, environment, media, tiny_disk, monkeypatch):
    source = media / "video" / "counter.mp4"
    monkeypatch.setenv("DATA_DIR", str(tiny_disk))
    (tiny_disk / "filler").write_bytes(bytes(180 << 10))

    full = await index(source, "clip")

    assert full.error is not None
    assert full.error.code == "no_space"
    assert full.tries("normalize") == 1, "waiting makes no room"
    assert video(environment, "clip").summary.status == "failed"
    assert counts(environment)["scenes"] == 0
    monkeypatch.setenv("DATA_DIR", str(environment.data_dir))
    again = await index(source, "clip")
    assert again.error is None
    assert again.states["ingest"] is StageState.CACHED
    assert video(environment, "clip").summary.status == "ready"


CASES = {
    "source_unreadable": (3, {}),
    "bad_settings": (4, {"VISION_PROVIDER": "openai", "OPENAI_API_KEY": ""}),
    "store_refused": (6, {"S3_SECRET_ACCESS_KEY": "not-the-secret"}),
    "permission_denied": (6, {"DATA_DIR": "/proc/nowhere"}),
}


async def test_the_command_ends_with_one_sentence_and_its_exit_code(environment, clip, unreadable):
    async def ended(code: str) -> Ended:
        source = unreadable if code == "source_unreadable" else clip
        return await reelworks(CASES[code][1], "index", source)

    for code, one in zip(CASES, await asyncio.gather(*map(ended, CASES)), strict=True):
        assert one.code == CASES[code][0], one.text
        assert one.err.count("Error:") == 1, one.err
        assert "Traceback" not in one.text
        assert "not-the-secret" not in one.text
        if code != "bad_settings":
            assert (unreadable if code == "source_unreadable" else clip).name in one.err


async def test_a_program_gets_the_error_as_json(environment, media):
    one = await reelworks({}, "index", media / "odd" / "text.mp4", "--json")

    assert one.code == 3
    assert one.err == ""
    assert one.error["code"] == "unsupported_media"
    assert one.error["retryable"] is False
    assert is_one_sentence(one.error["message"])


async def test_one_bad_source_costs_the_others_nothing(environment, media, clip):
    ended = await reelworks({}, "index", media / "odd" / "text.mp4", clip, clip.parent / "gone.mp4")

    assert ended.code == 7, ended.text
    assert "Traceback" not in ended.text
    assert "text.mp4" in ended.err
    assert "gone.mp4" in ended.err
    assert "Ready:" in ended.out
    assert counts(environment)["videos"] == 2


@pytest.fixture
def overwritten(index, media, tmp_path):
    """Index a file that another program writes over while it is being encoded."""

    async def start() -> tuple[Run, Path]:
        path = tmp_path / "talk.mp4"
        path.write_bytes((media / "video" / "testvideo.mp4").read_bytes())
        recorder = Recorder()
        run = asyncio.create_task(index(path, "talk", recorder))
        await wait_for(lambda: recorder.progress.get("normalize"), run)
        path.write_bytes((media / "video" / "counter.mp4").read_bytes())
        return await run, path

    return start


async def test_a_source_overwritten_in_mid_run_is_never_cached_as_the_old_one(
    overwritten, index, environment, media, monkeypatch
):
    monkeypatch.setenv("WORKER_MAX_ATTEMPTS", "1")
    failed, path = await overwritten()

    assert failed.error is not None
    assert failed.error.code == "source_changed"
    assert "talk.mp4 was changed while it was being read" in str(failed.error)
    assert failed.states["normalize"] is StageState.FAILED
    assert video(environment, "talk").summary.status == "failed"
    path.write_bytes((media / "video" / "testvideo.mp4").read_bytes())
    again = await index(path, "talk")
    assert again.error is None
    assert again.states["ingest"] is StageState.CACHED
    assert again.states["normalize"] is StageState.DONE
    assert video(environment, "talk").summary.duration == pytest.approx(24.0, abs=0.1)


@pytest.mark.slow
async def test_the_next_try_of_an_overwritten_source_reads_its_upload(overwritten, environment):
    run, _ = await overwritten()

    assert run.error is None
    assert run.states["normalize"] is StageState.RETRIED
    assert video(environment, "talk").summary.duration == pytest.approx(24.0, abs=0.1)


@pytest.fixture
def cursed(environment: Settings, media: Path, tmp_path: Path) -> Path:
    """A video whose stored probe was altered to what no probe says, so that a stage trips."""
    from reelworks.pipeline.cache_keys import probe_call

    path = tmp_path / "cursed.mp4"
    path.write_bytes((media / "odd" / "single_frame.mp4").read_bytes() + b"\0\0\0\x08free")
    store = ArtifactStore.open(environment)
    store.ensure_bucket()
    found = replace(probe(path), video=replace(probe(path).video, pixel_aspect="wide"))
    upload = store.put_file("uploads/cursed_cursed.mp4", path, "video/mp4")
    call = probe_call(upload.sha256, upload.key)
    StageCache(store).save(
        Manifest(
            stage="ingest",
            key=call.key,
            model=None,
            created_at=datetime.now(UTC),
            result=asdict(found),
            artifacts={"source": upload},
        )
    )
    return path


async def test_a_fault_that_nobody_foresaw_costs_its_own_source_only(environment, cursed, clip):
    ended = await reelworks({}, "index", cursed, clip)

    assert ended.code == 7, ended.text
    assert "Traceback" not in ended.text
    assert ended.err.count("Error:") == 1
    assert "cursed.mp4: normalize failed: Unexpected internal error" in ended.err
    assert re.search(r"^normalize +failed ", ended.out, re.MULTILINE), ended.out
    assert ended.out.count("Ready:") == 1
    log = environment.data_dir / "logs" / "fault.log"
    assert str(log) in ended.err
    assert log.read_text().count("Traceback (most recent call last)") >= 1
    assert "ValueError: invalid literal for int()" in log.read_text()


@pytest.mark.slow
async def test_a_failed_stage_is_in_the_json_output_with_its_reason(environment, cursed):
    ended = await reelworks({}, "index", cursed, "--id", "cursed", "--json")

    assert ended.code == 1
    assert ended.error["code"] == "internal"
    (printed,) = json.loads(ended.out)
    states = {stage["stage"]: stage["state"] for stage in printed["stages"]}
    assert (states["ingest"], states["normalize"]) == ("cached", "failed")
    (reason,) = [stage["reason"] for stage in printed["stages"] if stage["state"] == "failed"]
    assert is_one_sentence(reason.replace("(ValueError)", ""))
    assert video(environment, "cursed").summary.error == reason
