"""The index flow with hosted models over the real wire format: faults, retries, kills."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reelworks.domain.report import StageState
from reelworks.store.database import create_database_engine
from reelworks.store.library import get_video
from tests.flows.conftest import as_environment
from tests.openai_server import CHAT, OpenAiServer, broken, rate_limited


@pytest.fixture
def hosted(environment, openai_server: OpenAiServer, monkeypatch) -> OpenAiServer:
    """Describe frames by the hosted model of this test's own server."""
    monkeypatch.setenv("VISION_PROVIDER", "openai")
    monkeypatch.setenv("VISION_MODEL", "first-model")
    monkeypatch.setenv("OPENAI_API_KEY", openai_server.key)
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.base_url)
    return openai_server


async def test_another_caption_model_redoes_vision_and_its_vectors_only(
    index, hosted, media, monkeypatch
):
    source = media / "video" / "nasa_13013.mp4"
    first = await index(source, "clip")
    asked = hosted.count(CHAT)
    monkeypatch.setenv("VISION_MODEL", "second-model")

    second = await index(source, "clip")

    assert first.error is None
    assert second.worked == {"vision", "embed_picture"}
    assert hosted.count(CHAT) == 2 * asked


async def test_an_unchanged_rerun_makes_no_call(index, hosted, media):
    await index(media / "video" / "nasa_13013.mp4", "clip")
    asked = hosted.count(CHAT)

    again = await index(media / "video" / "nasa_13013.mp4", "clip")

    assert again.worked == set()
    assert hosted.count(CHAT) == asked


async def test_a_passing_fault_is_tried_again_and_reported(index, hosted, media):
    hosted.fault(CHAT, broken(500), times=8)

    run = await index(media / "odd" / "no_audio.mp4", "clip")

    assert run.error is None
    assert run.states["vision"] is StageState.RETRIED


async def test_retry_after_is_kept_to(index, hosted, media):
    hosted.fault(CHAT, rate_limited(retry_after=2))

    run = await index(media / "odd" / "no_audio.mp4", "clip")

    assert run.error is None
    first, second = (seen.at for seen in hosted.seen(CHAT)[:2])
    assert second - first >= 2.0


async def test_a_wrong_key_is_not_tried_again_and_never_shown(
    index, hosted, environment, media, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-the-right-one")

    run = await index(media / "video" / "voicestudio-en.mp4", "clip")

    assert run.error is not None
    assert run.error.code == "provider_auth"
    assert "sk-not" not in str(run.error)
    assert "sk-not" not in (environment.data_dir / "worker" / "log.log").read_text()
    assert hosted.count(CHAT) <= 5  # one for each worker at most
    engine = create_database_engine(environment)
    found = get_video(engine, "clip")
    engine.dispose()
    assert found.summary.status == "failed"
    assert found.segments, "the side that did not fail is kept and searchable"


def start_index(environment, source: Path) -> subprocess.Popen[bytes]:
    """Index in a process of its own, as ``reelworks index`` does."""
    return subprocess.Popen(
        [sys.executable, "-m", "reelworks.app.cli", "index", str(source), "--id", "clip", "--json"],
        env=os.environ | as_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def wait_for(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.05)


async def test_a_run_killed_in_vision_leaves_only_the_missing_frames_to_do(
    index, hosted, environment, media, monkeypatch
):
    monkeypatch.setenv("VISION_MAX_CONCURRENT", "1")
    hosted.delay[CHAT] = 0.7
    source = media / "video" / "sintel-trailer-30s.mp4"
    victim = start_index(environment, source)
    await wait_for(lambda: len(hosted.images(answered=True)) >= 3)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    done = set(hosted.images(answered=True))
    hosted.delay[CHAT] = 0.0
    before = hosted.count(CHAT)

    run = await index(source, "clip")

    assert run.error is None
    again = [seen.image for seen in hosted.seen(CHAT)[before:]]
    repeated = [image for image in again if image in done]
    assert len(repeated) <= 1  # the answer that was on its way when the run died
    assert len(again) == len(set(again))
    assert run.states["normalize"] is StageState.CACHED


async def test_two_processes_at_once_ask_for_each_frame_once(hosted, environment, media):
    source = media / "video" / "nasa_13013.mp4"
    runs = [start_index(environment, source) for _ in range(2)]
    outputs = [await asyncio.to_thread(run.communicate) for run in runs]

    assert [run.returncode for run in runs] == [0, 0], outputs
    images = hosted.images()
    assert len(images) == len(set(images))
