"""The index flow against real services and real local models: results, cache, truth."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.report import StageState
from reelworks.domain.search import Reason, SearchRequest
from reelworks.models.pool import pool
from reelworks.settings import Settings
from reelworks.stages.capabilities import make_embedder
from reelworks.store.artifacts import ArtifactStore
from reelworks.store.database import create_database_engine
from reelworks.store.library import get_video
from reelworks.store.search import search

STAGES = {
    "ingest",
    "extract_audio",
    "normalize",
    "transcribe",
    "scenes",
    "frames",
    "vision",
    "embed_speech",
    "embed_picture",
}
TABLES = ("videos", "scenes", "frames", "transcript_segments", "frame_captions")


def rows(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but for the times at which it was written."""
    engine = create_database_engine(settings)
    found = {}
    with engine.connect() as connection:
        for table in TABLES:
            columns = connection.execute(
                text(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = :t"
                    " AND column_name NOT IN ('created_at', 'updated_at') ORDER BY 1"
                ),
                {"t": table},
            ).scalars()
            names = ", ".join(f'"{name}"::text' for name in columns)
            found[table] = [
                tuple(row) for row in connection.execute(text(f"SELECT {names} FROM {table}"))
            ]
            found[table].sort(key=str)
    engine.dispose()
    return found


async def test_a_video_becomes_searchable(index, environment, media):
    run = await index(media / "video" / "voicestudio-en.mp4", "voice")

    assert run.error is None
    assert set(run.states) == STAGES
    assert set(run.states.values()) == {StageState.DONE}
    engine = create_database_engine(environment)
    embedder = make_embedder(environment)
    found = get_video(engine, "voice")
    assert found.summary.status == "ready"
    assert found.summary.duration == pytest.approx(11.4, abs=0.05)
    assert found.normalized_path == "processed/voice/normalized.mp4"
    assert found.segments
    assert found.scenes[0].scene.t_start == 0.0
    assert found.scenes[-1].scene.t_end == pytest.approx(11.4, abs=0.05)
    word = found.segments[0].segment.text.split()[0].strip(".,!?")
    hits = search(engine, SearchRequest(word), {str(embedder.model): lambda q: embedder.embed([q])[0]})
    engine.dispose()
    assert hits[0].video_id == "voice"
    assert Reason.WORDS in {placing.reason for placing in hits[0].reasons}
    store = ArtifactStore.open(environment)
    keys = set(store.keys(""))
    assert {
        "uploads/voice_voicestudio-en.mp4",
        "processed/voice/normalized.mp4",
        "processed/voice/audio.wav",
        "subs/voice.srt",
        "subs/voice.vtt",
        "frames/voice/scene_000.jpg",
    } <= keys
    assert b"-->" in (store.get_bytes("subs/voice.srt") or b"")


async def test_progress_moves_within_the_long_stages(index, media):
    run = await index(media / "video" / "testvideo.mp4")

    for stage in ("normalize", "scenes"):
        moves = run.recorder.progress[stage]
        assert len({move for move in moves if 0 < move < 1}) >= 2, stage
        assert moves[-1] == pytest.approx(1.0, abs=0.05), stage


async def test_an_unchanged_rerun_computes_nothing(index, environment, media):
    source = media / "video" / "voicestudio-en.mp4"
    await index(source, "voice")
    before = rows(environment)
    pool.clear()

    again = await index(source, "voice")

    assert set(again.states) == STAGES
    assert again.worked == set()
    assert pool.loaded() == ()
    assert rows(environment) == before


@pytest.mark.parametrize(
    ("artifact", "stage"),
    [
        ("uploads/clip_sound.m4a", "ingest"),
        ("processed/clip/audio.wav", "extract_audio"),
        ("subs/clip.vtt", "transcribe"),
        ("embeddings/clip/embed_speech-vectors.npy", "embed_speech"),
    ],
)
async def test_a_deleted_artifact_of_sound_redoes_its_stage_alone(
    index, environment, media, tmp_path, artifact, stage
):
    source = tmp_path / "sound.m4a"
    source.write_bytes((media / "odd" / "audio_only.m4a").read_bytes())
    await index(source, "clip")
    store = ArtifactStore.open(environment)
    assert store.head(artifact) is not None
    store.delete(artifact)

    again = await index(source, "clip")

    assert again.worked == {stage}
    assert store.head(artifact) is not None


@pytest.mark.parametrize(
    ("artifact", "stage"),
    [
        ("processed/clip/normalized.mp4", "normalize"),
        ("processed/clip/proxy.mp4", "normalize"),
        ("frames/clip/scene_000.jpg", "frames"),
    ],
)
async def test_a_deleted_artifact_of_the_picture_redoes_its_stage_alone(
    index, environment, media, artifact, stage
):
    source = media / "video" / "nasa_13013.mp4"
    await index(source, "clip")
    store = ArtifactStore.open(environment)
    before = store.head(artifact)
    store.delete(artifact)

    again = await index(source, "clip")

    assert again.worked == {stage}
    after = store.head(artifact)
    assert before is not None
    assert after is not None
    assert after.sha256 == before.sha256


async def test_an_altered_artifact_redoes_its_stage(index, environment, media):
    source = media / "odd" / "no_audio.mp4"
    await index(source, "clip")
    store = ArtifactStore.open(environment)
    store.put_bytes("processed/clip/proxy.mp4", b"something else", "video/mp4")

    again = await index(source, "clip")

    assert again.worked == {"normalize"}


async def test_dropped_tables_come_back_without_computing(index, environment, media):
    source = media / "video" / "voicestudio-en.mp4"
    await index(source, "voice")
    before = rows(environment)
    engine = create_database_engine(environment)
    with engine.begin() as connection:
        for table in (*TABLES, "jobs"):
            connection.execute(text(f"DROP TABLE {table} CASCADE"))
    engine.dispose()

    again = await index(source, "voice")

    assert again.worked == set()
    assert rows(environment) == before


async def test_the_same_content_under_another_id_is_not_computed_again(index, environment, media):
    await index(media / "odd" / "no_audio.mp4", "first")

    second = await index(media / "odd" / "no_audio.mp4", "second")

    assert second.worked == set()
    assert ArtifactStore.open(environment).head("processed/second/normalized.mp4") is not None


async def test_two_runs_at_once_do_the_work_once(index, environment, media):
    source = media / "video" / "nasa_13013.mp4"

    one, two = await asyncio.gather(index(source, "clip"), index(source, "clip"))

    assert one.error is None
    assert two.error is None
    for stage in STAGES:
        states = sorted([one.states[stage].value, two.states[stage].value])
        assert states == ["cached", "done"], stage
    assert len(rows(environment)["videos"]) == 1


VALID = ["audio_late_1500ms.mp4", "audio_only.m4a", "no_audio.mp4", "rot90.mp4", "single_frame.mp4"]


@pytest.mark.parametrize("name", VALID)
async def test_valid_oddities_become_ready(index, environment, media, name):
    run = await index(media / "odd" / name, "odd")

    assert run.error is None
    engine = create_database_engine(environment)
    assert get_video(engine, "odd").summary.status == "ready"
    engine.dispose()


async def test_a_cut_off_file_is_indexed_as_far_as_it_goes_and_says_so(index, media):
    run = await index(media / "odd" / "truncated_faststart_50pct.mp4")

    assert run.error is None
    normalized = next(r for r in run.recorder.reports if r.stage == "normalize")
    assert normalized.warnings


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("odd/empty.mp4", "unsupported_media"),
        ("odd/text.mp4", "unsupported_media"),
        ("hostile/hls_local_file.mp4", "unsafe_media"),
        ("hostile/concat_script.mp4", "unsafe_media"),
    ],
)
async def test_bad_input_fails_at_once_with_one_sentence(index, environment, media, name, code):
    run = await index(media / name, "bad")

    assert run.error is not None
    assert run.error.code == code
    assert Path(name).name in str(run.error)
    assert "\n" not in str(run.error)
    assert run.states == {}
    engine = create_database_engine(environment)
    found = get_video(engine, "bad")
    engine.dispose()
    assert found.summary.status == "failed"
    assert found.summary.error == str(run.error)
    assert found.scenes == ()
    assert found.segments == ()


async def test_a_missing_file_leaves_no_row(index, environment, tmp_path):
    run = await index(tmp_path / "gone.mp4")

    assert run.error is not None
    assert run.error.code == "source_not_found"
    assert rows(environment)["videos"] == []


async def test_the_worker_log_has_the_markers_in_its_format(index, environment, media):
    await index(media / "odd" / "no_audio.mp4", "clip")

    lines = (environment.data_dir / "worker" / "log.log").read_text().splitlines()
    mine = [line for line in lines if " clip" in line]
    for marker in (
        *("CLAIMED", "NORMALIZED", "TRANSCRIBED", "SCENES"),
        *("FRAMES", "VISION", "EMBEDDINGS", "READY"),
    ):
        assert any(f"] - {marker} " in line for line in mine), marker
    pattern = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - video_worker - INFO - \[\w+\.py:\d+\] - "
    assert all(re.match(pattern, line) for line in mine)
