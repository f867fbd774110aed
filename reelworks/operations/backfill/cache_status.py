"""Which stages of a video are answered already. Nothing is computed, copied or loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from reelworks.domain.capabilities import Embedder, FrameDescriber, Transcriber
from reelworks.domain.digest import ModelRef
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.pipeline import cache_keys as ask
from reelworks.pipeline.capabilities import (
    make_describer,
    make_embedder,
    make_shot_detector,
    make_transcriber,
)
from reelworks.pipeline.stage_cache import StageCall, StageResult, peek
from reelworks.pipeline.video_vectors import searchable
from reelworks.settings import Settings
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.frames.scenes import SceneParams
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.speech.transcribe import TranscribeParams
from reelworks.store.objects.artifacts import ArtifactStore

Result = TypeVar("Result")


@dataclass(frozen=True)
class ConfiguredModels:
    """Who would be asked, by the settings; made once for a whole plan."""

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

    def model_of(self, stage: str) -> ModelRef | None:
        """Return the model that answers a stage; None where there is none."""
        models = {
            "transcribe": self.transcriber.model,
            "vision": self.describer.model,
            "embed_speech": self.embedder.model,
            "embed_picture": self.embedder.model,
        }
        return models.get(stage)


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What a look at the cache tells of a video."""

    stages: frozenset[str] = frozenset()
    """Stages whose answers are kept."""
    items: Mapping[str, int] | None = None
    """How many things the kept answers give to the next stage: ``frames``, ``segments``."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source as the cache knows it: by its content."""

    video_id: str
    sha256: str
    language: str | None = None
    library: str | None = None


def known_of(source: Source, askers: ConfiguredModels, store: ArtifactStore) -> CacheStatus:
    """Follow the chain of questions as far as answers are kept. Raises store errors."""
    look = _Probe(store)
    probed = look.at("ingest", ask.probe_call(source.sha256, ""))
    if probed is None:
        return CacheStatus()
    _speech(source, askers, look)
    _picture(source, askers, look)
    return CacheStatus(frozenset(look.found), look.items)


def _speech(source: Source, askers: ConfiguredModels, look: _Probe) -> None:
    audio = look.at("extract_audio", ask.audio_call(source.video_id, source.sha256))
    if audio is None:
        return
    params, model = TranscribeParams(language=source.language), askers.transcriber.model
    question = ask.transcript_call(source.video_id, audio, params, model)
    transcript = look.at("transcribe", question)
    if transcript is None:
        if audio.result is None:
            look.items["sound"] = 0
        return
    texts = [segment.text for segment in transcript.result.segments]
    look.items["segments"] = len(texts)
    look.at(
        "embed_speech",
        ask.vectors_call("embed_speech", source.video_id, texts, askers.embedder.model),
    )


def _picture(source: Source, askers: ConfiguredModels, look: _Probe) -> None:
    settings, video_id = askers.settings, source.video_id
    params = NormalizeParams(encoder=settings.video_encoder)
    normalized = look.at("normalize", ask.normalize_call(video_id, source.sha256, params))
    if normalized is None:
        return
    how = SceneParams(profile=settings.scene_profile)
    library = source.library or DEFAULT_LIBRARY
    film = how.profile != "screencast"
    detector = make_shot_detector(settings, library) if film else None
    model = detector.model if detector else None
    shots = look.at("scenes", ask.scenes_call(video_id, normalized, how, model))
    if shots is None:
        return
    stills = look.at("frames", ask.frames_call(video_id, normalized, shots, FrameParams()))
    if stills is None:
        return
    look.items["frames"] = sum(frame.duplicate_of is None for frame in stills.result)
    seen = look.at("vision", ask.vision_call(video_id, stills, askers.describer.model))
    if seen is None:
        return
    texts = [searchable(described.description) for described in seen.result.described]
    look.at(
        "embed_picture", ask.vectors_call("embed_picture", video_id, texts, askers.embedder.model)
    )


class _Probe:
    """Notes what is found on the way."""

    def __init__(self, store: ArtifactStore) -> None:
        self.found: list[str] = []
        self.items: dict[str, Any] = {}
        self._store = store

    def at(self, stage: str, question: StageCall[Result]) -> StageResult[Result] | None:
        """Return the kept answer to a stage's question, and note that it is kept."""
        answer = peek(question, self._store)
        if answer is not None:
            self.found.append(stage)
        return answer
