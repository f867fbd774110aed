"""Stage calls that a run would make, by the settings: plans look them up in the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reelworks.domain.capabilities import Capability, Embedder, FrameDescriber, Transcriber
from reelworks.domain.digest import ModelRef
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.pipeline import cache_keys
from reelworks.pipeline.capabilities import (
    make_describer,
    make_embedder,
    make_shot_detector,
    make_transcriber,
)
from reelworks.pipeline.spec import Stage, spec_of
from reelworks.pipeline.stage_cache import StageCall, StageResult
from reelworks.pipeline.video_vectors import searchable
from reelworks.settings import Settings
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.frames.scenes import SceneParams
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.source.revised_sources import audio_params, video_params
from reelworks.stages.speech.transcribe import TranscribeParams

Results = Mapping[Stage, StageResult[Any]]


@dataclass(frozen=True, slots=True)
class VideoSource:
    """A video's source by its content, with what its library and language decide."""

    video_id: str
    sha256: str
    language: str | None = None
    """As stated; None: detected."""
    library: str | None = None
    audio_track: int | None = None
    """Number of the audio track, as stated; None: chosen by speech."""


@dataclass(frozen=True)
class ConfiguredModels:
    """The models that the settings name; made once for a whole plan."""

    settings: Settings
    transcriber: Transcriber
    describer: FrameDescriber
    embedder: Embedder

    @classmethod
    def of(cls, settings: Settings) -> ConfiguredModels:
        """Make them; no weights are loaded and no request is sent."""
        return cls(
            settings, make_transcriber(settings), make_describer(settings), make_embedder(settings)
        )

    @property
    def by_capability(self) -> dict[Capability, ModelRef]:
        """The models that serve every library alike."""
        return {
            Capability.TRANSCRIBE: self.transcriber.model,
            Capability.VISION: self.describer.model,
            Capability.EMBED: self.embedder.model,
        }

    def model_of(self, stage: Stage) -> ModelRef | None:
        """Return the model that computes a stage; None: no model, or one by library."""
        capability = spec_of(stage).capability
        return self.by_capability.get(capability) if capability else None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a stage's call is made of."""

    source: VideoSource
    models: ConfiguredModels
    results: Results
    """Of the stages that it needs, at least."""

    @property
    def video_id(self) -> str:
        """The video's id."""
        return self.source.video_id


def planned_call(stage: Stage, up: Upstream) -> StageCall[Any]:
    """Return the call that a run would make for ``stage`` of a video.

    Raises what making a shot detector raises.
    """
    if stage in _RULES:
        return _RULES[stage](up)
    inputs = {need.value: _digest_of(need, up) for need in spec_of(stage).needs}
    model = up.models.model_of(stage)
    return cache_keys.stage_call(stage, up.video_id, inputs, model=model)


def _digest_of(need: Stage, up: Upstream) -> str:
    return up.source.sha256 if need is Stage.INGEST else up.results[need].digest


def _normalize(up: Upstream) -> StageCall[Any]:
    params = NormalizeParams(encoder=up.models.settings.video.encoder)
    revised = video_params(up.results[Stage.INGEST].result, params, up.source.audio_track)
    return cache_keys.normalize_call(up.video_id, up.source.sha256, params, revised)


def _extract_audio(up: Upstream) -> StageCall[Any]:
    choice = audio_params(up.results[Stage.INGEST].result, up.source.audio_track)
    return cache_keys.audio_call(up.video_id, up.source.sha256, choice)


def _transcribe(up: Upstream) -> StageCall[Any]:
    params, model = TranscribeParams(language=up.source.language), up.models.transcriber.model
    return cache_keys.transcript_call(up.video_id, up.results[Stage.EXTRACT_AUDIO], params, model)


def _scenes(up: Upstream) -> StageCall[Any]:
    settings = up.models.settings
    params = SceneParams(profile=settings.scenes.profile)
    film = params.profile != "screencast"
    library = up.source.library or DEFAULT_LIBRARY
    detector = make_shot_detector(settings, library) if film else None
    model = detector.model if detector else None
    return cache_keys.scenes_call(up.video_id, up.results[Stage.NORMALIZE], params, model)


def _frames(up: Upstream) -> StageCall[Any]:
    normalized, scenes = up.results[Stage.NORMALIZE], up.results[Stage.SCENES]
    return cache_keys.frames_call(up.video_id, normalized, scenes, FrameParams())


def _vision(up: Upstream) -> StageCall[Any]:
    model = up.models.describer.model
    return cache_keys.vision_call(up.video_id, up.results[Stage.FRAMES], model)


def _embed_speech(up: Upstream) -> StageCall[Any]:
    texts = [segment.text for segment in up.results[Stage.TRANSCRIBE].result.segments]
    model = up.models.embedder.model
    return cache_keys.vectors_call(Stage.EMBED_SPEECH, up.video_id, texts, model)


def _embed_picture(up: Upstream) -> StageCall[Any]:
    described = up.results[Stage.VISION].result.described
    texts = [searchable(one.description) for one in described]
    model = up.models.embedder.model
    return cache_keys.vectors_call(Stage.EMBED_PICTURE, up.video_id, texts, model)


_RULES: dict[Stage, Callable[[Upstream], StageCall[Any]]] = {
    Stage.INGEST: lambda up: cache_keys.probe_call(up.source.sha256, ""),
    Stage.EXTRACT_AUDIO: _extract_audio,
    Stage.NORMALIZE: _normalize,
    Stage.TRANSCRIBE: _transcribe,
    Stage.SCENES: _scenes,
    Stage.FRAMES: _frames,
    Stage.VISION: _vision,
    Stage.EMBED_SPEECH: _embed_speech,
    Stage.EMBED_PICTURE: _embed_picture,
}
"""Stages that are not keyed by the whole results that they need alone: they read parameters, parts
of results, or the source."""
