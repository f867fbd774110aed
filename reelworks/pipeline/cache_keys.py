"""Cache keys of the stages: what each stage's result depends on.

A task computes or reads the result of such a call; a plan looks whether it is cached. Name,
version, result type and store keys come from the table of stages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from reelworks.domain.artifact_keys import AUDIO, AUDIO_CHANNELS, PROXY
from reelworks.domain.digest import ModelRef, sha256_of_bytes
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio, NormalizedVideo, Probe
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.spec import Stage, spec_of
from reelworks.pipeline.stage_cache import StageCall, StageResult
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.frames.scenes import SceneParams
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.speech.transcribe import TranscribeParams


def stage_call(
    stage: Stage,
    video_id: str,
    inputs: Mapping[str, str],
    *,
    params: Mapping[str, Any] | None = None,
    model: ModelRef | None = None,
) -> StageCall[Any]:
    """Return a stage's call on ``inputs``: content digests by name.

    A stage that reads the whole results of the stages that it needs, and no settings but its
    model, names each input like the stage that it comes from: the planner expects it so.
    """
    spec = spec_of(stage)
    return StageCall[Any](
        stage=spec.cache_name,
        version=spec.version,
        result_type=spec.result,
        artifact_key=lambda name: spec.artifact_key(video_id, name, model),
        inputs=inputs,
        params=params or {},
        model=model,
        video_id=video_id,
    )


def probe_call(sha256: str, upload_key: str, video_id: str | None = None) -> StageCall[Probe]:
    """Return the call that probes the source with this digest."""
    spec = spec_of(Stage.INGEST)
    return StageCall[Probe](
        stage=spec.cache_name,
        version=spec.version,
        result_type=spec.result,
        artifact_key=lambda _: upload_key,
        inputs={"source": sha256},
        video_id=video_id,
    )


def audio_choice_call(
    sha256: str, upload_key: str, choice: Mapping[str, Any], video_id: str | None = None
) -> StageCall[Probe]:
    """Return the call that chooses the audio of a source with several tracks or many channels.

    ``choice`` is of ``audio_params``.
    """
    return replace(probe_call(sha256, upload_key, video_id), params=choice)


def audio_call(
    video_id: str, sha256: str, choice: Mapping[str, Any] | None = None
) -> StageCall[NormalizedAudio | None]:
    """Return the call that extracts the audio of the source with this digest.

    ``choice`` is of ``audio_params``.
    """
    return stage_call(Stage.EXTRACT_AUDIO, video_id, {"source": sha256}, params=choice)


def normalize_call(
    video_id: str, sha256: str, params: NormalizeParams, revised: Mapping[str, Any] | None = None
) -> StageCall[NormalizedVideo | None]:
    """Return the call that normalizes the video track of the source with this digest.

    ``revised`` is of ``video_params``.
    """
    every = asdict(params) | dict(revised or {})
    return stage_call(Stage.NORMALIZE, video_id, {"source": sha256}, params=every)


def transcript_call(
    video_id: str,
    audio: StageResult[NormalizedAudio | None],
    params: TranscribeParams,
    model: ModelRef,
) -> StageCall[Transcript]:
    """Return the call that transcribes extracted audio."""
    wav = audio.artifacts.get(AUDIO)
    inputs = {"audio": wav.sha256 if wav else ""}
    inputs |= {name: audio.artifacts[name].sha256 for name in separate_channels(audio)}
    return stage_call(Stage.TRANSCRIBE, video_id, inputs, params=asdict(params), model=model)


def separate_channels(audio: StageResult[NormalizedAudio | None]) -> tuple[str, ...]:
    """Return the artifacts to transcribe one by one, where left and right are two speakers."""
    return tuple(name for name in AUDIO_CHANNELS if name in audio.artifacts)


def scenes_call(
    video_id: str,
    normalized: StageResult[NormalizedVideo | None],
    params: SceneParams,
    model: ModelRef | None,
) -> StageCall[tuple[Scene, ...]]:
    """Return the call that finds the scenes of a normalized video."""
    proxy = normalized.artifacts.get(PROXY)
    inputs = {"proxy": proxy.sha256 if proxy else ""}
    return stage_call(Stage.SCENES, video_id, inputs, params=asdict(params), model=model)


def frames_call(
    video_id: str,
    normalized: StageResult[NormalizedVideo | None],
    scenes: StageResult[tuple[Scene, ...]],
    params: FrameParams,
) -> StageCall[tuple[Frame, ...]]:
    """Return the call that picks the frames of a video's scenes."""
    inputs = {"video": normalized.digest, "scenes": scenes.digest}
    return stage_call(Stage.FRAMES, video_id, inputs, params=asdict(params))


def vision_call(
    video_id: str, frames: StageResult[tuple[Frame, ...]], model: ModelRef
) -> StageCall[VisionResult]:
    """Return the call that describes a video's frames."""
    return stage_call(Stage.VISION, video_id, {"frames": frames.digest}, model=model)


def vectors_call(
    stage: str, video_id: str, texts: Sequence[str], model: ModelRef
) -> StageCall[int]:
    """Return the call that embeds a video's texts; ``stage`` is one of the two that embed."""
    inputs = {"texts": sha256_of_bytes(json.dumps(list(texts)).encode())}
    return stage_call(Stage(stage), video_id, inputs, model=model)
