"""What belongs to a library or a video stays with it in every later run."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.report import StageState
from reelworks.settings import Settings
from tests.support.flows.library import video

pytestmark = pytest.mark.slow


def models_of(settings: Settings, video_id: str) -> set[str]:
    return {one.model for one in video(settings, video_id).scenes}


@pytest.mark.slow
async def test_each_library_is_cut_by_its_own_detector(index, environment, media, monkeypatch):
    pytest.importorskip("torch", reason="the extra cuda is not installed")
    monkeypatch.setenv("LIBRARY_SHOT_DETECTORS", "films=transnetv2")
    source = media / "video" / "counter.mp4"

    film = await index(source, "film", library="films")
    assert film.error is None
    assert video(environment, "film").summary.library == "films"
    assert models_of(environment, "film") == {"local/transnetv2@a313d0b3bebf"}
    assert len(video(environment, "film").scenes) == 3

    other = await index(source, "other")
    assert other.states["normalize"] is StageState.CACHED
    assert other.states["scenes"] is StageState.DONE
    assert video(environment, "other").summary.library == "default"
    assert models_of(environment, "other") == {"local/adaptive-detector"}

    again = await index(source, "film")
    assert again.worked == set()
    assert models_of(environment, "film") == {"local/transnetv2@a313d0b3bebf"}


async def test_a_stated_language_is_remembered_for_later_runs(index_shared, shared, media):
    source = media / "video" / "voicestudio-en.mp4"

    stated = await index_shared(source, "said", language="en")
    later = await index_shared(source, "said", recompute=["embed_speech"])

    assert stated.states["transcribe"] is StageState.DONE
    assert later.states["transcribe"] is StageState.CACHED
    assert later.worked == {"embed_speech"}
    assert video(shared, "said").summary.language == "en"
