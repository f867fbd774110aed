"""The settings choose who answers, and say which stages a GPU would speed up."""

from __future__ import annotations

from typing import Any

import pytest

from reelworks.errors import SettingsError
from reelworks.models.shots.transnet import TransNetShotDetector
from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber
from reelworks.models.vision.vision_language import VisionLanguageDescriber
from reelworks.pipeline.capabilities import benefits_from_gpu, make_describer, make_shot_detector
from reelworks.settings import Provider, Settings

STAGES = ("normalize", "transcribe", "scenes", "frames", "vision", "embed_speech", "embed_picture")


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("values", "stages"),
    [
        ({}, {"transcribe", "embed_speech", "embed_picture"}),
        (
            {"shot_detector": "transnetv2"},
            {"transcribe", "embed_speech", "embed_picture", "scenes"},
        ),
        (
            {"library_shot_detectors": "films=transnetv2", "embed_provider": Provider.OPENAI},
            {"transcribe", "scenes"},
        ),
        (
            {"transcribe_provider": Provider.OPENAI, "vision_model": "smolvlm2-500m"},
            {"vision", "embed_speech", "embed_picture"},
        ),
        (
            {"vision_provider": Provider.OPENAI, "video_encoder": "nvenc"},
            {"normalize", "transcribe", "embed_speech", "embed_picture"},
        ),
    ],
)
def test_what_computes_here_and_faster_on_a_gpu_is_known(
    values: dict[str, Any], stages: set[str]
) -> None:
    chosen = settings(openai_api_key="k", **values)
    assert {stage for stage in STAGES if benefits_from_gpu(chosen, stage)} == stages


def test_the_local_describer_reads_unless_a_model_that_sees_is_named() -> None:
    assert isinstance(make_describer(settings()), OcrFrameDescriber)
    seeing = make_describer(settings(vision_model="smolvlm2-500m"))
    assert isinstance(seeing, VisionLanguageDescriber)
    with pytest.raises(SettingsError, match="choose smolvlm2-500m"):
        make_describer(settings(vision_model="llava"))


def test_each_library_has_its_detector() -> None:
    chosen = settings(shot_detector="transnetv2", library_shot_detectors="news=adaptive")
    assert make_shot_detector(chosen, "news") is None
    assert isinstance(make_shot_detector(chosen, "films"), TransNetShotDetector)
    assert make_shot_detector(settings(), "films") is None
