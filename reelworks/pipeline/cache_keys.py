"""What each stage of indexing is asked: the one place that says what an answer depends on.

A task asks them to have them answered, a plan to see what is answered already.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from reelworks.domain.digest import ModelRef
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio, NormalizedVideo, Probe
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.stage_cache import Answer, Question
from reelworks.stages.frames import frames, scenes, vision
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.source import extract_audio, normalize
from reelworks.stages.speech import transcribe


def probe_question(sha256: str, upload_key: str, video_id: str | None = None) -> Question[Probe]:
    """Return the question what the source with this digest is."""
    return Question[Probe](
        stage="ingest",
        version=2,
        result_type=Probe,
        place_of=lambda _: upload_key,
        inputs={"source": sha256},
        video_id=video_id,
    )


def audio_question(video_id: str, sha256: str) -> Question[NormalizedAudio | None]:
    """Return the question for the sound of the source with this digest."""
    return Question[NormalizedAudio | None](
        stage="extract_audio",
        version=extract_audio.VERSION,
        result_type=NormalizedAudio | None,
        place_of=lambda name: f"processed/{video_id}/{name}",
        inputs={"source": sha256},
        video_id=video_id,
    )


def normalize_question(
    video_id: str, sha256: str, params: normalize.NormalizeParams
) -> Question[NormalizedVideo | None]:
    """Return the question for the picture of the source with this digest."""
    return Question[NormalizedVideo | None](
        stage="normalize",
        version=normalize.VERSION,
        result_type=NormalizedVideo | None,
        place_of=lambda name: f"processed/{video_id}/{name}",
        inputs={"source": sha256},
        params=asdict(params),
        video_id=video_id,
    )


def transcript_question(
    video_id: str,
    audio: Answer[NormalizedAudio | None],
    params: transcribe.TranscribeParams,
    model: ModelRef,
) -> Question[Transcript]:
    """Return the question what is said in a sound."""
    wav = audio.artifacts.get("audio.wav")
    return Question[Transcript](
        stage="transcribe",
        version=transcribe.VERSION,
        result_type=Transcript,
        place_of=lambda name: f"subs/{video_id}{Path(name).suffix}",
        inputs={"audio": wav.sha256 if wav else ""},
        params=asdict(params),
        model=model,
        video_id=video_id,
    )


def scenes_question(
    video_id: str,
    normalized: Answer[NormalizedVideo | None],
    params: scenes.SceneParams,
    model: ModelRef | None,
) -> Question[tuple[Scene, ...]]:
    """Return the question where a picture cuts."""
    proxy = normalized.artifacts.get("proxy.mp4")
    return Question[tuple[Scene, ...]](
        stage="scenes",
        version=scenes.VERSION,
        result_type=tuple[Scene, ...],
        place_of=lambda name: f"processed/{video_id}/{name}",
        inputs={"proxy": proxy.sha256 if proxy else ""},
        params=asdict(params),
        model=model,
        video_id=video_id,
    )


def frames_question(
    video_id: str,
    normalized: Answer[NormalizedVideo | None],
    shots: Answer[tuple[Scene, ...]],
    params: FrameParams,
) -> Question[tuple[Frame, ...]]:
    """Return the question which pictures stand for a video's scenes."""
    return Question[tuple[Frame, ...]](
        stage="frames",
        version=frames.VERSION,
        result_type=tuple[Frame, ...],
        place_of=lambda name: f"frames/{video_id}/{name}",
        inputs={"video": normalized.digest, "scenes": shots.digest},
        params=asdict(params),
        video_id=video_id,
    )


def vision_question(
    video_id: str, stills: Answer[tuple[Frame, ...]], model: ModelRef
) -> Question[VisionResult]:
    """Return the question what a video's frames show."""
    return Question[VisionResult](
        stage="vision",
        version=vision.VERSION,
        result_type=VisionResult,
        place_of=lambda name: f"frames/{video_id}/{name}",
        inputs={"frames": stills.digest},
        model=model,
        video_id=video_id,
    )
