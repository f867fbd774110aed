"""The calls that a plan looks up are those that a run makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reelworks.domain.capabilities import Capability
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.video import AudioTrack, Probe, VideoTrack
from reelworks.domain.video.vision import Described, FrameDescription, VisionResult
from reelworks.pipeline import cache_keys
from reelworks.pipeline.planned_calls import ConfiguredModels, Upstream, VideoSource, planned_call
from reelworks.pipeline.spec import STAGES, Stage
from reelworks.pipeline.stage_cache import StageResult
from reelworks.settings import Provider, Settings
from reelworks.stages.frames.scenes import SceneParams
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.speech.transcribe import TranscribeParams


def result(value: Any = None, digit: str = "a") -> StageResult[Any]:
    return StageResult(value, {}, digit * 64, None, True)


FILM = VideoTrack(0, "h264", 1280, 720, duration=3.0)
SOUND = AudioTrack(1, "aac", 48_000, 2, duration=3.0)
RESULTS = {
    Stage.INGEST: result(Probe("mov,mp4", 3.0, (FILM,), (SOUND,), FILM, SOUND), "0"),
    Stage.EXTRACT_AUDIO: result(digit="1"),
    Stage.NORMALIZE: result(digit="2"),
    Stage.TRANSCRIBE: result(Transcript("en", (Segment(0, 1, "Hello."), Segment(1, 2, "You.")))),
    Stage.SCENES: result((), "4"),
    Stage.FRAMES: result((), "5"),
    Stage.VISION: result(VisionResult((Described(0, FrameDescription("A dog.")),))),
}


def upstream(library: str | None = None, language: str | None = None, **values: Any) -> Upstream:
    settings = Settings(_env_file=None, **values)
    source = VideoSource("v", "f" * 64, language, library)
    return Upstream(source, ConfiguredModels.of(settings), RESULTS)


def test_every_stage_can_be_looked_up() -> None:
    for spec in STAGES:
        call = planned_call(spec.name, upstream())
        assert (call.stage, call.version) == (spec.cache_name, spec.version)


def test_the_track_that_somebody_stated_is_in_the_keys_of_audio_and_video() -> None:
    two = Probe("matroska,webm", 3.0, (FILM,), (SOUND, replace(SOUND, index=2)), FILM, SOUND)
    keys = {}
    for track in (None, 1, 2):
        source = VideoSource("v", "f" * 64, audio_track=track)
        models = ConfiguredModels.of(Settings(_env_file=None))
        up = Upstream(source, models, RESULTS | {Stage.INGEST: result(two, "0")})
        for stage in (Stage.EXTRACT_AUDIO, Stage.NORMALIZE):
            keys[planned_call(stage, up).key] = (stage, track)
    assert len(keys) == 6


def test_settings_and_language_are_in_the_keys() -> None:
    up = upstream(language="de", video_encoder="nvenc")
    model = up.models.transcriber.model
    german = cache_keys.transcript_call(
        "v", RESULTS[Stage.EXTRACT_AUDIO], TranscribeParams(language="de"), model
    )
    nvenc = cache_keys.normalize_call("v", "f" * 64, NormalizeParams(encoder="nvenc"))

    assert planned_call(Stage.TRANSCRIBE, up).key == german.key
    assert planned_call(Stage.NORMALIZE, up).key == nvenc.key
    assert planned_call(Stage.NORMALIZE, upstream()).key != nvenc.key


@pytest.mark.parametrize(
    ("library", "values", "has_model"),
    [
        (None, {}, False),
        ("films", {"library_shot_detectors": "films=transnetv2"}, True),
        ("news", {"library_shot_detectors": "films=transnetv2"}, False),
        (None, {"shot_detector": "transnetv2"}, True),
        (None, {"shot_detector": "transnetv2", "scene_profile": "screencast"}, False),
    ],
)
def test_the_shot_detector_is_that_of_the_library_and_for_film(
    library: str | None, values: dict[str, Any], has_model: bool
) -> None:
    call = planned_call(Stage.SCENES, upstream(library, **values))
    profile = values.get("scene_profile", "auto")

    assert (call.model is not None) == has_model
    assert call.params["profile"] == SceneParams(profile=profile).profile


def test_texts_are_embedded_as_the_tasks_do() -> None:
    up = upstream()
    model = up.models.embedder.model
    speech = cache_keys.vectors_call("embed_speech", "v", ["Hello.", "You."], model)
    picture = cache_keys.vectors_call("embed_picture", "v", ["A dog."], model)

    assert planned_call(Stage.EMBED_SPEECH, up).key == speech.key
    assert planned_call(Stage.EMBED_PICTURE, up).key == picture.key


def test_models_follow_capabilities() -> None:
    models = upstream(openai_api_key="k", embed_provider=Provider.OPENAI).models

    assert models.model_of(Stage.EMBED_SPEECH) == models.embedder.model
    assert models.model_of(Stage.EMBED_PICTURE) == models.embedder.model
    assert models.model_of(Stage.VISION) == models.describer.model
    assert models.model_of(Stage.INGEST) is None
    assert models.model_of(Stage.SCENES) is None, "it is chosen by library"
    assert set(models.by_capability) == {
        Capability.TRANSCRIBE,
        Capability.VISION,
        Capability.EMBED,
    }
