"""The index flow against real services and real local models: results, cache, truth."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.report import StageState
from reelworks.domain.library.search import Reason, SearchRequest
from reelworks.models.runtime.pool import pool
from reelworks.pipeline.capabilities import make_embedder
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.search.search import search
from tests.support.flows.library import TABLES, counts, execute, rows, video
from tests.support.flows.runs import STAGES, Run, as_environment, run_index


@pytest.fixture(scope="module")
def source(media: Path) -> Path:
    """Eleven seconds of talk over a screen recording with cuts."""
    return media / "video" / "voicestudio-en.mp4"


@pytest.fixture(scope="module")
def first_run(shared: Settings, source: Path) -> Run:
    """The first run of the video ``voice`` in the module's library."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in as_environment(shared).items():
            patch.setenv(name, value)
        return asyncio.run(run_index(source, "voice"))


def test_a_video_becomes_searchable(first_run, shared):
    assert first_run.error is None
    assert set(first_run.states) == STAGES
    assert set(first_run.states.values()) == {StageState.DONE}
    found = video(shared, "voice")
    assert found.summary.status == "ready"
    assert found.summary.duration == pytest.approx(11.4, abs=0.05)
    assert found.normalized_path == "processed/voice/normalized.mp4"
    assert found.segments
    assert found.scenes[0].scene.t_start == 0.0
    assert found.scenes[-1].scene.t_end == pytest.approx(11.4, abs=0.05)
    engine = create_database_engine(shared)
    embedder = make_embedder(shared)
    word = found.segments[0].segment.text.split()[0].strip(".,!?")
    by_meaning = {str(embedder.model): lambda query: embedder.embed([query])[0]}
    (moment, *_) = search(engine, SearchRequest(word), by_meaning).moments
    engine.dispose()
    assert moment.video_id == "voice"
    assert Reason.WORDS in {placing.reason for placing in moment.reasons}


def test_every_produced_row_says_which_model_made_it(first_run, shared):
    found = video(shared, "voice")

    assert all(one.model for one in (*found.scenes, *found.frames, *found.segments))
    assert {one.embedding_model for one in found.segments} == {str(make_embedder(shared).model)}
    described = [frame for frame in found.frames if frame.description]
    assert described
    assert all(frame.description_model for frame in described)
    assert all(
        frame.embedding_model
        for frame in described
        if frame.description.text or frame.description.controls or frame.description.objects
    )


def test_the_artifacts_lie_where_the_rows_say(first_run, shared):
    store = ArtifactStore.open(shared)
    keys = set(store.keys(""))

    assert {
        "uploads/voice_voicestudio-en.mp4",
        "processed/voice/normalized.mp4",
        "processed/voice/audio.wav",
        "subs/voice.srt",
        "subs/voice.vtt",
        "frames/voice/scene_000.jpg",
    } <= keys
    assert {frame.path for frame in video(shared, "voice").frames} <= keys
    assert b"-->" in (store.get_bytes("subs/voice.srt") or b"")


def test_progress_moves_within_the_long_stages(first_run):
    for stage in ("normalize", "scenes"):
        moves = first_run.recorder.progress[stage]
        assert len({move for move in moves if 0 < move < 1}) >= 2, stage
        assert moves[-1] == pytest.approx(1.0, abs=0.05), stage


def test_speech_and_picture_run_side_by_side(first_run):
    began = {stage: times[0] for stage, times in first_run.recorder.started_at.items()}

    assert abs(began["extract_audio"] - began["normalize"]) < 1.0
    assert began["transcribe"] < began["vision"]


def test_the_worker_log_has_the_markers_in_its_format(first_run, shared):
    lines = (shared.data_dir / "worker" / "log.log").read_text().splitlines()
    mine = [line for line in lines if " voice" in line]

    for marker in (
        *("CLAIMED", "NORMALIZED", "TRANSCRIBED", "SCENES"),
        *("FRAMES", "VISION", "EMBEDDINGS", "READY"),
    ):
        assert any(f"] - {marker} " in line for line in mine), marker
    pattern = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - video_worker - INFO - \[\w+\.py:\d+\] - "
    assert all(re.match(pattern, line) for line in mine)


async def test_an_unchanged_rerun_computes_nothing(first_run, index_shared, shared, source):
    before = rows(shared)
    pool.clear()

    again = await index_shared(source, "voice")

    assert set(again.states) == STAGES
    assert again.worked == set()
    assert pool.loaded() == ()
    assert rows(shared) == before


@pytest.mark.parametrize(
    ("artifact", "stage"),
    [
        ("uploads/voice_voicestudio-en.mp4", "ingest"),
        ("processed/voice/audio.wav", "extract_audio"),
        ("processed/voice/normalized.mp4", "normalize"),
        ("processed/voice/proxy.mp4", "normalize"),
        ("frames/voice/scene_000.jpg", "frames"),
        ("subs/voice.vtt", "transcribe"),
        ("embeddings/voice/embed_speech-vectors-MODEL.npy", "embed_speech"),
        ("embeddings/voice/embed_picture-vectors-MODEL.npy", "embed_picture"),
    ],
)
async def test_a_deleted_artifact_redoes_its_stage_alone(
    first_run, index_shared, shared, source, artifact, stage
):
    store = ArtifactStore.open(shared)
    model = str(make_embedder(shared).model)
    artifact = artifact.replace("MODEL", sha256_of_bytes(model.encode())[:8])
    before = store.head(artifact)
    store.delete(artifact)

    again = await index_shared(source, "voice")

    assert again.worked == {stage}
    after = store.head(artifact)
    assert before is not None
    assert after is not None
    assert after.sha256 == before.sha256


async def test_an_altered_artifact_redoes_its_stage(first_run, index_shared, shared, source):
    store = ArtifactStore.open(shared)
    store.put_bytes("frames/voice/scene_000.jpg", b"something else", "image/jpeg")

    again = await index_shared(source, "voice")

    assert again.worked == {"frames"}


async def test_dropped_tables_come_back_without_computing(first_run, index_shared, shared, source):
    before = {table: found for table, found in rows(shared).items() if table in TABLES}
    execute(shared, *(f"DROP TABLE {table} CASCADE" for table in (*TABLES, "jobs")))

    again = await index_shared(source, "voice")

    assert again.worked == set()
    assert rows(shared) == before


async def test_the_same_content_under_another_id_is_not_computed_again(
    first_run, index_shared, shared, source
):
    second = await index_shared(source, "second")

    assert second.worked == set()
    assert ArtifactStore.open(shared).head("processed/second/normalized.mp4") is not None
    texts = [
        [one.segment.text for one in video(shared, name).segments] for name in ("voice", "second")
    ]
    assert texts[0] == texts[1]


async def test_two_runs_at_once_do_the_work_once(index, environment, media):
    source = media / "odd" / "no_audio.mp4"

    one, two = await asyncio.gather(index(source, "clip"), index(source, "clip"))

    assert one.error is None
    assert two.error is None
    for stage in STAGES:
        states = sorted([one.states[stage].value, two.states[stage].value])
        assert states == ["cached", "done"], stage
    assert counts(environment)["videos"] == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("odd/empty.mp4", "unsupported_media"),
        ("odd/text.mp4", "unsupported_media"),
        ("hostile/hls_local_file.mp4", "unsafe_media"),
        ("hostile/concat_script.mp4", "unsafe_media"),
    ],
)
async def test_bad_input_fails_at_once_with_one_sentence(index_shared, shared, media, name, code):
    bad = f"bad-{Path(name).stem}"

    run = await index_shared(media / name, bad)

    assert run.error is not None
    assert run.error.code == code
    assert Path(name).name in str(run.error)
    assert "\n" not in str(run.error)
    (report,) = run.recorder.reports
    assert (report.stage, report.state) == ("ingest", StageState.FAILED)
    assert report.reason == str(run.error)
    assert run.tries("ingest") == 1
    found = video(shared, bad)
    assert found.summary.status == "failed"
    assert found.summary.error == str(run.error)
    assert found.scenes == ()
    assert found.segments == ()


async def test_a_missing_file_leaves_no_row(index_shared, shared, tmp_path):
    before = rows(shared)["videos"]

    run = await index_shared(tmp_path / "gone.mp4")

    assert run.error is not None
    assert run.error.code == "source_not_found"
    assert rows(shared)["videos"] == before
