"""The describer that sees, with a tiny random model of the real class: tiny-random-smolvlm."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from reelworks.domain.video.vision import FrameDescription
from reelworks.errors import (
    GpuMemoryError,
    ProviderRejectedError,
    SettingsError,
)
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.vision import vision_language, vision_language_model
from reelworks.models.vision.vision_language import VisionLanguageDescriber
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


class ShortOfMemory(VisionLanguageModel):
    """A real model on a GPU that holds no more than ``room`` images at once."""

    room = 1
    on_gpu = True  # type: ignore[assignment]

    def _continued(self, words, seen):  # type: ignore[no-untyped-def]
        self.batches = [*getattr(self, "batches", []), len(words["input_ids"])]
        if self.batches[-1] > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super()._continued(words, seen)

    def free(self) -> None:
        """There is no real GPU to free."""


class Answering(VisionLanguageModel):
    """A real model whose words are replaced, since random weights never find the right ones."""

    answers: Sequence[str] = ()

    def ask(self, jpegs: Sequence[bytes], question: str, opening: str = "") -> list[str]:
        assert len(super().generate(jpegs, question, opening)) == len(jpegs)
        self.answers, mine = self.answers[len(jpegs) :], self.answers[: len(jpegs)]
        return [opening + answer if opening else answer for answer in mine]


def describer(model: VisionLanguageModel, folder: Path) -> VisionLanguageDescriber:
    return VisionLanguageDescriber(
        "smolvlm2-500m", folder, threads=1, pool=ModelPool(), load=lambda: model
    )


def answering(folder: Path, *answers: str) -> VisionLanguageDescriber:
    model = Answering.load(TINY, folder)
    model.answers = answers  # type: ignore[attr-defined]
    return describer(model, folder)


def test_a_structured_answer_becomes_a_description(folder: Path) -> None:
    see = answering(folder, 'A red wall in the sun.", "objects": ["Wall", "wall", "sun"]} and more')
    assert see.describe(PICTURES[0]) == FrameDescription(
        caption="A red wall in the sun.", objects=("wall", "sun")
    )


def test_text_and_controls_are_read_beside_it(folder: Path, media: Path) -> None:
    see = answering(folder, 'A form to log in with.", "objects": ["form"]}')
    page = see.describe((media / "pages" / "login_flat.png").read_bytes())
    assert page.caption == "A form to log in with."
    assert page.text
    assert page.controls


@pytest.mark.parametrize(
    "broken",
    [
        "A wall",
        'A wall in the sun.", "objects": "wall"}',
        'A wall in the sun.", "objects": ["wall"], "mood": "calm"}',
        '", "objects": []}',
        'the the the the the the the the the the the the the the the", "objects": []}',
    ],
)
def test_an_answer_that_breaks_the_schema_is_requested_in_words(folder: Path, broken: str) -> None:
    see = answering(folder, broken, " A red wall.\n")
    assert see.describe(PICTURES[0]) == FrameDescription(caption="A red wall.")


def test_no_words_at_all_is_a_refusal_of_this_frame(folder: Path) -> None:
    see = answering(folder, "{{{", "...")
    with pytest.raises(ProviderRejectedError, match="smolvlm2-500m found no words") as caught:
        see.describe(PICTURES[0])
    assert not caught.value.retryable


def test_random_weights_give_a_description_or_a_refusal(
    tiny: VisionLanguageModel, folder: Path
) -> None:
    try:
        found = describer(tiny, folder).describe(PICTURES[0])
        assert found.caption
    except ProviderRejectedError as error:
        assert "choose another VISION_MODEL" in str(error)


def test_frames_that_come_together_are_answered_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ShortOfMemory.load(TINY, folder)
    model.room = 8  # type: ignore[attr-defined]
    see = describer(model, folder)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda picture: _outcome(see, picture), PICTURES))
    assert max(model.batches) > 1  # type: ignore[attr-defined]


def test_too_little_gpu_memory_halves_the_batch_for_good(folder: Path) -> None:
    model = ShortOfMemory.load(TINY, folder)
    model.room = 2  # type: ignore[attr-defined]
    see = describer(model, folder)
    answers = see._generate(model, PICTURES * 2, "What is this?", "")
    assert len(answers) == 8
    assert model.batches[:3] == [8, 4, 2]  # type: ignore[attr-defined]
    assert max(model.batches[3:]) == 2  # type: ignore[attr-defined]
    assert see._batch == 2


def test_too_little_memory_for_one_picture_is_a_clear_permanent_error(folder: Path) -> None:
    model = ShortOfMemory.load(TINY, folder)
    model.room = 0  # type: ignore[attr-defined]
    with pytest.raises(GpuMemoryError, match=f"too little free memory .* {TINY}") as caught:
        describer(model, folder).describe(PICTURES[0])
    assert not caught.value.retryable


def test_the_model_names_weights_prompt_and_reader(folder: Path) -> None:
    see = VisionLanguageDescriber("smolvlm2-500m", folder)
    assert str(see.model).startswith(
        f"local/smolvlm2-500m@b9bfd456c947-prompt{vision_language.PROMPT_VERSION}-rapidocr"
    )


def test_a_wrong_name_is_answered_with_the_right_one(folder: Path) -> None:
    with pytest.raises(SettingsError, match="choose smolvlm2-500m"):
        VisionLanguageDescriber("gpt", folder)


def _outcome(see: VisionLanguageDescriber, picture: bytes) -> object:
    try:
        return see.describe(picture)
    except ProviderRejectedError as error:
        return error
