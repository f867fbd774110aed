"""Cache keys are stored: they stay the same from release to release, or a version is raised.

A renamed field of a params type or of a result, or another spelling of a model, would make every
library compute everything again. The digests below were written down in November 2026, before
the names of the code were changed; a new one needs a raised ``VERSION``. Since then ``vision`` and
``transcribe`` are at version 2 and ``extract_audio`` is at 3 (decisions 31 to 33); what hosted
models heard in a chunk keeps version 1 and is not paid for again.
"""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter

from reelworks.domain.digest import ModelRef, cache_key, sha256_of_bytes
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.domain.video.video import (
    AudioTrack,
    NormalizedAudio,
    NormalizedVideo,
    Probe,
    VideoTrack,
)
from reelworks.domain.video.vision import (
    Box,
    Control,
    ControlKind,
    Described,
    FrameDescription,
    ScreenText,
    Undescribed,
    VisionResult,
)
from reelworks.models.runtime.catalog import catalog
from reelworks.models.shots.transnet import TransNetShotDetector
from reelworks.models.speech.whisper import WhisperTranscriber
from reelworks.models.text.minilm import MiniLmEmbedder
from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber
from reelworks.models.vision.vision_language import VisionLanguageDescriber
from reelworks.pipeline import cache_keys
from reelworks.pipeline.stage_cache import StageResult
from reelworks.providers.openai.audio import OpenAiTranscriber
from reelworks.providers.openai.embeddings import OpenAiEmbedder
from reelworks.providers.openai.vision import OpenAiDescriber
from reelworks.settings import Settings
from reelworks.stages.frames import scenes, vision
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.source import normalize
from reelworks.stages.speech import transcribe
from reelworks.stages.speech import transcribe_chunks as transcribe_pieces
from reelworks.stages.text import embed

SOURCE = "0" * 64
MODEL = ModelRef("local", "some-model", "0123456789ab")
HOSTED = ModelRef("openai", "some-model", "0123456789ab")


def result(result: Any = None) -> StageResult[Any]:
    return StageResult(result, {}, "f" * 64, None, cached=True)


STAGE_KEYS = {
    "ingest": (
        lambda: cache_key("ingest", 2, inputs={"source": SOURCE}, params={}),
        "1d46a39e8df5623808b10d12401c8b255c6b1981524f3a0fa54d4420ed392ea9",
    ),
    "extract_audio": (
        lambda: cache_key("extract_audio", 3, inputs={"source": SOURCE}, params={}),
        "80d21a07cbe49f9c77e301f1558b14beb4073abf79d4c8e661cee4c934ab25e2",
    ),
    "normalize": (
        lambda: cache_key(
            "normalize",
            3,
            inputs={"source": SOURCE},
            params=asdict(normalize.NormalizeParams()),
        ),
        "7d79c00e9cdb10f9ca5a47ee26d703de5ad1bbedf592ba30fc8cf0e2e40be867",
    ),
    "transcribe": (
        lambda: cache_key(
            "transcribe",
            2,
            inputs={"audio": ""},
            params=asdict(transcribe.TranscribeParams()),
            model=MODEL,
        ),
        "8e36c6abbf928cab68182e22f850d21ad35cfb22adf5d3783523b70fd86a76b9",
    ),
    "scenes": (
        lambda: cache_key("scenes", 1, inputs={"proxy": ""}, params=asdict(scenes.SceneParams())),
        "97cd5500f204f6328808a173c9c007c9ebe4e6e62459dfbf2e64ed56eec86b5f",
    ),
    "frames": (
        lambda: cache_key(
            "frames",
            1,
            inputs={"video": "f" * 64, "scenes": "f" * 64},
            params=asdict(FrameParams()),
        ),
        "5904cada089c07f0cdf4118a728981cd52ae444e51e5ac0ce63df1b4a54eb937",
    ),
    "vision": (
        lambda: cache_key("vision", 2, inputs={"frames": "f" * 64}, params={}, model=MODEL),
        "69e7fe71f5a6df514cc5f7ce10cb906aca0e74161a1a87f894780a55e6c3f6ff",
    ),
}


@pytest.mark.parametrize("stage", STAGE_KEYS)
def test_a_stage_with_default_parameters_has_the_key_that_it_had(stage: str) -> None:
    key, known = STAGE_KEYS[stage]
    assert key() == known


def test_the_pipeline_makes_the_same_keys() -> None:
    made = {
        "ingest": cache_keys.probe_call(SOURCE, "uploads/x"),
        "extract_audio": cache_keys.audio_call("v", SOURCE),
        "normalize": cache_keys.normalize_call("v", SOURCE, normalize.NormalizeParams()),
        "transcribe": cache_keys.transcript_call(
            "v", result(), transcribe.TranscribeParams(), MODEL
        ),
        "scenes": cache_keys.scenes_call("v", result(), scenes.SceneParams(), None),
        "frames": cache_keys.frames_call("v", result(), result(), FrameParams()),
        "vision": cache_keys.vision_call("v", result(), MODEL),
    }
    assert {stage: call.key for stage, call in made.items()} == {
        stage: known for stage, (_, known) in STAGE_KEYS.items()
    }


class _Embedder:
    """An embedder's name and vector length, which is all that a key needs of one."""

    model = MODEL
    dimensions = 384


def test_single_items_have_the_keys_that_they_had() -> None:
    frame = Frame(0, 0, 0.0, "0" * 16, "1" * 64, 2, 2, 1.0)
    assert (
        vision.description_key(frame, MODEL)
        == "94c6c75728f7192ea48b2d0f59c65a121991eee9d1c6e6ffb2ebeb4ae17cf7ad"
    )
    assert (
        transcribe_pieces.chunk_key("2" * 64, "en", HOSTED)
        == "aa75e71cde11c9a86473a31fe8fc830189a882cb0b2446a65eae4defcc68993c"
    )
    assert (
        transcribe_pieces.chunk_key("2" * 64, "en", MODEL)
        == "ab3119cd6e1e9ec9bd74ba17c948290dd76626f72d0d446cb93983da19aef7a5"
    )
    assert (
        embed.text_key("a text", _Embedder())
        == "8eb8714990b4ca025f42c00e1355b925a907ee3dff0ac3d2316d78c54f81346e"
    )  # type: ignore[arg-type]


TRACK = VideoTrack(0, "h264", 1280, 720, frame_rate=30.0, pixel_format="yuv420p", duration=3.0)
SOUND = AudioTrack(1, "aac", 48_000, 2, "en", 0.0, True, 3.0)
BOX = Box(0.1, 0.2, 0.3, 0.4)
DESCRIPTION = FrameDescription(
    "A page.",
    ("page",),
    (Control(ControlKind.BUTTON, "Save", BOX, 0.9),),
    (ScreenText("Save", BOX, 0.95),),
)
RESULTS: dict[str, tuple[Any, Any, str]] = {
    "ingest": (
        Probe,
        Probe("mov,mp4", 3.0, (TRACK,), (SOUND,), TRACK, SOUND, "T"),
        "d723940fcd46fdc38c387b6a63a202901f4634279041f86e06a0476c90f79225",
    ),
    "extract_audio": (
        NormalizedAudio | None,
        NormalizedAudio(3.0, SOUND, ("A warning.",)),
        "6cb90811588099181b5f09308693ec53917f8b49359cea80a7da9d78563903f3",
    ),
    "normalize": (
        NormalizedVideo | None,
        NormalizedVideo(3.0, 1280, 720, 90, True, ("A warning.",)),
        "5ea4ff55aa0a39b2a385d382fbd0d54436abc256e1943addeb70993e6d74d7aa",
    ),
    "transcribe": (
        Transcript,
        Transcript("en", (Segment(0.0, 1.0, "Hi", (Word("Hi", 0.0, 1.0, 0.9),), "en", "A"),)),
        "909a5c44ef9003e12b9b02151e3c3b72ae89e2c4a162c8425110124aaf95d65c",
    ),
    "scenes": (
        tuple[Scene, ...],
        (Scene(0, 0.0, 3.0),),
        "7c2856013b52e7a7bb3d6953ee1cadff3133eb03bcc092c19c82f0f7a1e72424",
    ),
    "frames": (
        tuple[Frame, ...],
        (Frame(0, 0, 1.5, "0" * 16, "1" * 64, 1280, 720, 12.5, None),),
        "3b6a42c66cf12ce3a19c5fd513c1a7b61ad8c20fc3b056cfd0ad0218a77c226a",
    ),
    "vision": (
        VisionResult,
        VisionResult((Described(0, DESCRIPTION),), (Undescribed(1, "refused"),)),
        "b955d5a0f686de3be38a806c5970dae9d016035a0ed9d1778b0d0f7e065e66aa",
    ),
}


@pytest.mark.parametrize("stage", RESULTS)
def test_a_stored_result_has_the_form_that_it_had(stage: str) -> None:
    """Later stages put this digest into their keys, but for those of ``ingest`` (the source's own)
    and ``extract_audio`` (the wav's): these two may get new fields with a default."""
    kind, value, known = RESULTS[stage]
    assert sha256_of_bytes(TypeAdapter(kind).dump_json(value)) == known


def test_models_have_the_names_that_they_had(tmp_path: Path) -> None:
    hosted = Settings(_env_file=None, openai_api_key=SecretStr("sk-x"))
    names = {name: entry.capability for name, entry in catalog().items()}
    local = [
        *(WhisperTranscriber(n, tmp_path) for n, c in names.items() if c == "transcribe"),
        *(MiniLmEmbedder(n, tmp_path) for n, c in names.items() if c == "embed"),
        *(VisionLanguageDescriber(n, tmp_path) for n, c in names.items() if c == "vision"),
        TransNetShotDetector(tmp_path),
        OcrFrameDescriber(),
    ]
    reader = f"{version('rapidocr')}-read2-controls2"
    assert [str(one.model) for one in local] == [
        "local/whisper-base@d01c3014881c",
        "local/whisper-tiny-en@1a5afae06a4d",
        "local/whisper-small@3e305921506d",
        "local/whisper-large-v3-turbo@e76620f83d5f",
        "local/minilm-l6-v2-int8@8199be6f699a",
        f"local/smolvlm2-500m@b9bfd456c947-prompt1-rapidocr{reader}",
        "local/transnetv2@a313d0b3bebf",
        f"local/rapidocr@{reader}",
    ]
    assert str(OpenAiTranscriber(hosted, "whisper-1").model) == "openai/whisper-1"
    assert str(OpenAiDescriber(hosted, "gpt-5-mini").model) == "openai/gpt-5-mini@prompt-1"
    assert str(OpenAiEmbedder(hosted, "text-embedding-3-small").model) == (
        "openai/text-embedding-3-small@1536d"
    )
