"""The table of indexing stages: each one's name, version, needs, label and typical cost.

Cache keys, planner, estimates, labels, progress shares, GPU routing, tasks and forms read it; a
test compares it with the graph of ``flows/index.py``. A new stage is a name and a row here, a verb
in ``reelworks.stages``, a task and its call in a flow (CONTRIBUTING.md, "Adding a stage").

Importing this module loads no model, no codec and no database driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Literal, TypeVar

from reelworks.domain import artifact_keys
from reelworks.domain.capabilities import Capability
from reelworks.domain.digest import ModelRef, sha256_of_bytes
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio, NormalizedVideo, Probe
from reelworks.domain.video.vision import VisionResult

_ID = "{video_id}"


Value = TypeVar("Value")


class Stage(StrEnum):
    """Name of an indexing stage."""

    INGEST = "ingest"
    EXTRACT_AUDIO = "extract_audio"
    NORMALIZE = "normalize"
    TRANSCRIBE = "transcribe"
    SCENES = "scenes"
    FRAMES = "frames"
    VISION = "vision"
    EMBED_SPEECH = "embed_speech"
    EMBED_PICTURE = "embed_picture"


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One row of the table."""

    name: Stage
    version: int
    """Part of the cache key: raise it when the same inputs and parameters give another result."""
    label: str
    """For people."""
    task: str
    """Importable name of its Prefect task."""
    result: Any
    """Type of its result, as pydantic reads it."""
    seconds_per_hour: float
    """Typical seconds of work per hour of video: local models on two cores, measured on the 60 s
    clip of ``make bench``, times 60. A library's own past goes before it."""
    timeout_minutes: int
    """Limit of one attempt."""
    needs: tuple[Stage, ...] = ()
    """Stages whose results it reads."""
    runs_on: Literal["cpu", "gpu"] = "cpu"
    """``gpu``: runs in ``GPU_POOL`` where the configured capability benefits from one."""
    capability: Capability | None = None
    """What computes the result; None: no model."""
    hosted_items: Literal["audio", "frames", "segments"] | None = None
    """What a hosted model of its capability is sent and paid for."""
    files: str = artifact_keys.processed_key(_ID, "{name}")
    """Store key of each file that it writes. ``{name}`` is the file's name in the stage's result,
    ``{stem}`` and ``{suffix}`` its parts, ``{model}`` eight digits that identify the model."""
    cached_as: str | None = None
    """Name in its cache keys, where that is not ``name``."""

    @property
    def cache_name(self) -> str:
        """The stage's name in cache keys."""
        return self.cached_as or self.name.value

    def artifact_key(self, video_id: str, name: str, model: ModelRef | None = None) -> str:
        """Return the store key of the file ``name`` (``captions.srt``) of a video."""
        path = PurePosixPath(name)
        return self.files.format(
            video_id=video_id,
            name=name,
            stem=path.stem,
            suffix=path.suffix,
            model=sha256_of_bytes(str(model).encode())[:8],
        )


STAGES: tuple[StageSpec, ...] = (
    StageSpec(
        name=Stage.INGEST,
        version=2,
        label="Import the source",
        task="tasks.source.ingest.ingest",
        result=Probe,
        seconds_per_hour=15.0,
        timeout_minutes=240,
        files=artifact_keys.upload_key(_ID, "{name}"),
    ),
    StageSpec(
        name=Stage.EXTRACT_AUDIO,
        version=3,
        label="Extract the audio",
        task="tasks.source.extract_audio.extract_audio",
        result=NormalizedAudio | None,
        seconds_per_hour=25.0,
        timeout_minutes=60,
        needs=(Stage.INGEST,),
    ),
    StageSpec(
        name=Stage.NORMALIZE,
        version=3,
        label="Normalize the video",
        task="tasks.source.normalize.normalize",
        result=NormalizedVideo | None,
        seconds_per_hour=740.0,
        timeout_minutes=600,
        needs=(Stage.INGEST,),
        runs_on="gpu",
        capability=Capability.ENCODE,
    ),
    StageSpec(
        name=Stage.TRANSCRIBE,
        version=2,
        label="Transcribe speech",
        task="tasks.speech.transcribe.transcribe",
        result=Transcript,
        seconds_per_hour=280.0,
        timeout_minutes=360,
        needs=(Stage.EXTRACT_AUDIO,),
        runs_on="gpu",
        capability=Capability.TRANSCRIBE,
        hosted_items="audio",
        files=artifact_keys.subtitles_key(_ID, "{suffix}"),
    ),
    StageSpec(
        name=Stage.SCENES,
        version=1,
        label="Find scenes",
        task="tasks.frames.scenes.scenes",
        result=tuple[Scene, ...],
        seconds_per_hour=120.0,
        timeout_minutes=120,
        needs=(Stage.NORMALIZE,),
        runs_on="gpu",
        capability=Capability.SHOTS,
    ),
    StageSpec(
        name=Stage.FRAMES,
        version=1,
        label="Choose frames",
        task="tasks.frames.frames.frames",
        result=tuple[Frame, ...],
        seconds_per_hour=110.0,
        timeout_minutes=120,
        needs=(Stage.NORMALIZE, Stage.SCENES),
        files=artifact_keys.frame_key(_ID, "{name}"),
    ),
    StageSpec(
        name=Stage.VISION,
        version=2,
        label="Read and describe frames",
        task="tasks.frames.vision.vision",
        result=VisionResult,
        seconds_per_hour=250.0,
        timeout_minutes=360,
        needs=(Stage.FRAMES,),
        runs_on="gpu",
        capability=Capability.VISION,
        hosted_items="frames",
        files=artifact_keys.frame_key(_ID, "{name}"),
    ),
    StageSpec(
        name=Stage.EMBED_SPEECH,
        version=1,
        label="Embed speech",
        task="tasks.text.embed.embed_speech",
        result=int,
        seconds_per_hour=8.0,
        timeout_minutes=60,
        needs=(Stage.TRANSCRIBE,),
        runs_on="gpu",
        capability=Capability.EMBED,
        hosted_items="segments",
        files=artifact_keys.embeddings_key(_ID, "embed_speech-{stem}-{model}.npy"),
        cached_as="embed",
    ),
    StageSpec(
        name=Stage.EMBED_PICTURE,
        version=1,
        label="Embed frame descriptions",
        task="tasks.text.embed.embed_picture",
        result=int,
        seconds_per_hour=6.0,
        timeout_minutes=60,
        needs=(Stage.VISION,),
        runs_on="gpu",
        capability=Capability.EMBED,
        hosted_items="frames",
        files=artifact_keys.embeddings_key(_ID, "embed_picture-{stem}-{model}.npy"),
        cached_as="embed",
    ),
)
"""The stages, each after those that it needs."""

_BY_NAME = {spec.name: spec for spec in STAGES}


def spec_of(stage: str) -> StageSpec:
    """Return a stage's row. Raises ``ValueError`` when no stage has the name ``stage``."""
    return _BY_NAME[Stage(stage)]


def dependants_of(stages: Iterable[str]) -> tuple[Stage, ...]:
    """Return the stages that read, directly or through others, what ``stages`` compute.

    ``stages`` themselves are not in it. In the order of the table. Raises ``ValueError`` for a
    name of no stage.
    """
    named = {Stage(stage) for stage in stages}
    changed = set(named)
    for spec in STAGES:
        if changed.intersection(spec.needs):
            changed.add(spec.name)
    return tuple(spec.name for spec in STAGES if spec.name in changed - named)


def in_order(stages: Mapping[str, Value]) -> dict[str, Value]:
    """Return values by stage in the order of the table; stages of other flows follow by name."""
    order = {one.name.value: number for number, one in enumerate(STAGES)}
    names = sorted(stages, key=lambda name: (order.get(name, len(order)), name))
    return {name: stages[name] for name in names}
