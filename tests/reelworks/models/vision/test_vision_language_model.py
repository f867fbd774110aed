"""SmolVLM in transformers, with a tiny random model of the real class: tiny-random-smolvlm."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from reelworks.errors import ModelUnavailableError, UnsupportedMediaError
from reelworks.models.vision import vision_language_model
from reelworks.models.vision.vision_language_model import VisionLanguageModel

torch = pytest.importorskip("torch", reason="the extra cuda is not installed")
pytest.importorskip("transformers", reason="the extra cuda is not installed")
from tests.support import tiny_vision_language  # noqa: E402 - it needs the extra

pytestmark = pytest.mark.slow
"""Importing torch and transformers alone takes seconds."""

TINY = "tiny-random-smolvlm"


def jpeg(colour: str, size: tuple[int, int] = (320, 180)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG")
    return stream.getvalue()


PICTURES = [jpeg("red"), jpeg("blue"), jpeg("green", (100, 200)), jpeg("white", (64, 64))]


@pytest.fixture(autouse=True)
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_language_model, "MAX_NEW_TOKENS", 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)  # more would only wait for one another over so small a model
    return tiny_vision_language.write(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tiny(folder: Path) -> VisionLanguageModel:
    return VisionLanguageModel.load(TINY, folder)


def test_a_picture_gets_the_same_answer_alone_and_in_a_batch(tiny: VisionLanguageModel) -> None:
    together = tiny.generate(PICTURES, "What is this?", "{")
    assert together == [tiny.generate([picture], "What is this?", "{")[0] for picture in PICTURES]
    assert all(answer.startswith("{") and len(answer) > 1 for answer in together)


@pytest.mark.parametrize(("rows", "cols"), [(0, 0), (1, 2), (3, 2)])
def test_a_picture_stands_in_the_prompt_as_transformers_puts_it(
    tiny: VisionLanguageModel, rows: int, cols: int
) -> None:
    from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

    marks = "<fake_token_around_image>", "<image>", "<global-img>"
    theirs = get_image_prompt_string(rows, cols, tiny._tokens_per_tile, *marks)
    assert tiny._tiles(rows, cols) == theirs


def test_the_answer_depends_on_the_picture(tiny: VisionLanguageModel) -> None:
    red, blue = tiny.generate(PICTURES[:2], "What is this?")
    assert red != blue


def test_an_answer_ends_where_its_room_ends(tiny: VisionLanguageModel) -> None:
    assert len(tiny.generate([PICTURES[0]], "What?")[0]) <= 12 * 4


def test_what_is_no_image_is_an_error(tiny: VisionLanguageModel) -> None:
    with pytest.raises(UnsupportedMediaError, match="4 bytes cannot be read as an image"):
        tiny.generate([b"text"], "What is this?")


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=f"{TINY} in .* could not be loaded"):
        VisionLanguageModel.load(TINY, tmp_path)
