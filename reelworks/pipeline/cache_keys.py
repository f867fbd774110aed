"""What each stage of indexing is asked: the one place that says what an answer depends on.

A task asks them to have them answered, a plan to see what is answered already.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from reelworks.domain.artifact_keys import AUDIO, PROXY, frame_key, processed_key, subtitles_key
from reelworks.domain.digest import ModelRef
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio, NormalizedVideo, Probe
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.stage_cache import StageCall, StageResult
from reelworks.stages.frames import frames, scenes, vision
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.source import extract_audio, normalize
from reelworks.stages.speech import transcribe


def probe_question(sha256: str, upload_key: str, video_id: str | None = None) -> StageCall[Probe]:
    """Return the question what the source with this digest is."""
    return StageCall[Probe](
        stage="ingest",
        version=2,
        result_type=Probe,
        artifact_key=lambda _: upload_key,
        inputs={"source": sha256},
        video_id=video_id,
    )


def audio_question(video_id: str, sha256: str) -> StageCall[NormalizedAudio | None]:
    """Return the question for the sound of the source with this digest."""
    return StageCall[NormalizedAudio | None](
        stage="extract_audio",
        version=extract_audio.VERSION,
        result_type=NormalizedAudio | None,
        artifact_key=lambda name: processed_key(video_id, name),
        inputs={"source": sha256},
        video_id=video_id,
    )


def normalize_question(
    video_id: str, sha256: str, params: normalize.NormalizeParams
) -> StageCall[NormalizedVideo | None]:
    """Return the question for the picture of the source with this digest."""
    return StageCall[NormalizedVideo | None](
        stage="normalize",
        version=normalize.VERSION,
        result_type=NormalizedVideo | None,
        artifact_key=lambda name: processed_key(video_id, name),
        inputs={"source": sha256},
        params=asdict(params),
        video_id=video_id,
    )


def transcript_question(
    video_id: str,
    audio: StageResult[NormalizedAudio | None],
    params: transcribe.TranscribeParams,
    model: ModelRef,
) -> StageCall[Transcript]:
    """Return the question what is said in a sound."""
    wav = audio.artifacts.get(AUDIO)
    return StageCall[Transcript](
        stage="transcribe",
        version=transcribe.VERSION,
        result_type=Transcript,
        artifact_key=lambda name: subtitles_key(video_id, Path(name).suffix),
        inputs={"audio": wav.sha256 if wav else ""},
        params=asdict(params),
        model=model,
        video_id=video_id,
    )


def scenes_question(
    video_id: str,
    normalized: StageResult[NormalizedVideo | None],
    params: scenes.SceneParams,
    model: ModelRef | None,
) -> StageCall[tuple[Scene, ...]]:
    """Return the question where a picture cuts."""
    proxy = normalized.artifacts.get(PROXY)
    return StageCall[tuple[Scene, ...]](
        stage="scenes",
        version=scenes.VERSION,
        result_type=tuple[Scene, ...],
        artifact_key=lambda name: processed_key(video_id, name),
        inputs={"proxy": proxy.sha256 if proxy else ""},
        params=asdict(params),
        model=model,
        video_id=video_id,
    )


def frames_question(
    video_id: str,
    normalized: StageResult[NormalizedVideo | None],
    shots: StageResult[tuple[Scene, ...]],
    params: FrameParams,
) -> StageCall[tuple[Frame, ...]]:
    """Return the question which pictures stand for a video's scenes."""
    return StageCall[tuple[Frame, ...]](
        stage="frames",
        version=frames.VERSION,
        result_type=tuple[Frame, ...],
        artifact_key=lambda name: frame_key(video_id, name),
        inputs={"video": normalized.digest, "scenes": shots.digest},
        params=asdict(params),
        video_id=video_id,
    )


def vision_question(
    video_id: str, stills: StageResult[tuple[Frame, ...]], model: ModelRef
) -> StageCall[VisionResult]:
    """Return the question what a video's frames show."""
    return StageCall[VisionResult](
        stage="vision",
        version=vision.VERSION,
        result_type=VisionResult,
        artifact_key=lambda name: frame_key(video_id, name),
        inputs={"frames": stills.digest},
        model=model,
        video_id=video_id,
    )
