"""Frame describer with a small vision-language model, and OCR for text and controls.

The model says what the image shows; text on screen and controls come from OCR,
which reads them better and knows where they are.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from reelworks.domain.digest import ModelRef
from reelworks.domain.video.vision import FrameDescription
from reelworks.errors import GpuMemoryError, ProviderRejectedError
from reelworks.models.runtime.batching import Batcher
from reelworks.models.runtime.local_model import LocalModel
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool import pool as shared_pool
from reelworks.models.runtime.torch_runtime import on_gpu
from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber
from reelworks.models.vision.vision_language_model import VisionLanguageModel

log = logging.getLogger(__name__)

PROMPT_VERSION = 1
"""Raise with every change of a prompt or of what is made of an answer: part of the cache key."""

BATCH = 8
"""Images per batch on a GPU; halved where its memory is too small."""

QUESTION = (
    "Describe this frame of a video for people who search it or cannot see it. Answer in JSON: "
    '"caption" is one or two plain sentences on people, actions and place; '
    '"objects" is a list of the visible things as short lower-case nouns. '
    "State only what is visible."
)
OPENING = '{"caption": "'
"""The answer is begun for the model, since a small one may not take to JSON by itself."""
PLAIN_QUESTION = "Describe this picture in one plain sentence."

_MOST_OBJECTS = 40
_REPEATS = 2.4
"""Text that deflates better than this repeats itself (the limit that Whisper uses for speech)."""

CaptionText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=8, max_length=600, pattern=r"\w")
]
Noun = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=60)
]


class CaptionAnswer(BaseModel):
    """The answer that the model is to give; the rest of a description comes from OCR."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caption: CaptionText
    objects: list[Noun] = []


@dataclass(frozen=True, slots=True)
class _Caption:
    caption: str
    objects: tuple[str, ...] = ()


class VisionLanguageDescriber(LocalModel[VisionLanguageModel]):
    """Implements ``FrameDescriber``; concurrent frames are described in one batch."""

    def __init__(
        self,
        name: str,
        models_dir: Path,
        *,
        threads: int | None = None,
        pool: ModelPool = shared_pool,
        load: Callable[[], VisionLanguageModel] | None = None,
    ) -> None:
        """Choose the catalog's model ``name``; weights are fetched and loaded when first needed.

        ``threads`` is the number of frames whose text is read at once. ``load`` loads another
        model instead of the catalog's. Raises ``SettingsError`` when the catalog has no such model.
        """
        super().__init__(name, "vision", models_dir, threads=threads, pool=pool)
        self._load = load or self._from_catalog
        self._reader = OcrFrameDescriber(threads)
        self._batch = BATCH
        self._batcher = Batcher(self._caption_batch, BATCH)

    @property
    def model(self) -> ModelRef:
        """The weights, the prompts' version, and the OCR model."""
        reader = self._reader.model
        revision = f"{self._entry.revision}-prompt{PROMPT_VERSION}-{reader.name}{reader.revision}"
        return ModelRef("local", self._entry.name, revision)

    @property
    def parallel(self) -> int:
        """Calls that may run at once: two batches, so that OCR runs while the GPU works."""
        return 2 * BATCH

    def load(self) -> None:
        """Fetch and load the weights now.

        Raises ``ModelUnavailableError``, also when the extra is missing, ``NoSpaceError``,
        ``PermissionDeniedError`` and ``GpuMemoryError``.
        """
        with self._use():
            self._reader.load()

    def describe(self, jpeg: bytes) -> FrameDescription:
        """Describe one JPEG image.

        Raises ``UnsupportedMediaError`` when it cannot be decoded, ``ProviderRejectedError`` when
        the model finds no words for it, ``GpuMemoryError`` when not even one image fits, and
        what ``load`` raises.
        """
        read = self._reader.describe(jpeg)
        answer = self._batcher.call(jpeg)
        return replace(read, caption=answer.caption, objects=answer.objects)

    @property
    def _pool_key(self) -> str:
        return self._entry.name  # one for all: threads are the text reader's

    def _runs_on_gpu(self) -> bool:
        return on_gpu()

    def _load_weights(self) -> VisionLanguageModel:
        return self._load()

    def _from_catalog(self) -> VisionLanguageModel:
        return VisionLanguageModel.load(self._entry.name, self._weights_folder())

    def _caption_batch(self, jpegs: Sequence[bytes]) -> list[_Caption | Exception]:
        """Caption up to a batch of images; an unstructured answer gets a plain question."""
        with self._use() as model:
            if not model.on_gpu:
                self._batch = 1  # a CPU is as busy with one: several would only wait longer
            answers = self._generate(model, jpegs, QUESTION, OPENING)
            sights: list[_Caption | Exception] = [_structured(answer) for answer in answers]
            unclear = [i for i, sight in enumerate(sights) if isinstance(sight, Exception)]
            if unclear:
                again = self._generate(model, [jpegs[i] for i in unclear], PLAIN_QUESTION, "")
                for i, answer in zip(unclear, again, strict=True):
                    sights[i] = _plain(answer, self._entry.name)
            return sights

    def _generate(
        self, model: VisionLanguageModel, jpegs: Sequence[bytes], question: str, opening: str
    ) -> list[str]:
        """Generate in parts that fit the GPU; a part that does not fit is halved, permanently."""
        answers: list[str] = []
        while len(answers) < len(jpegs):
            part = jpegs[len(answers) : len(answers) + self._batch]
            try:
                answers += model.generate(part, question, opening)
            except GpuMemoryError:
                model.free()
                if len(part) == 1:
                    raise
                self._batch = len(part) // 2
                log.warning(
                    "The GPU is short of memory: %s takes %d images at once now.",
                    model.name,
                    self._batch,
                )
        return answers


def _structured(answer: str) -> _Caption | ProviderRejectedError:
    """Read the JSON object that an answer begins with."""
    found = re.match(r"\{.*?\}", answer, re.DOTALL)
    try:
        seen = CaptionAnswer.model_validate_json(found.group() if found else answer)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"]
        return ProviderRejectedError(f"no description in JSON ({reason})")
    if _repeats(seen.caption):
        return ProviderRejectedError("a caption that repeats itself")
    objects = tuple(dict.fromkeys(seen.objects))
    return _Caption(seen.caption, objects[:_MOST_OBJECTS])


def _plain(answer: str, model: str) -> _Caption | ProviderRejectedError:
    try:
        seen = CaptionAnswer(caption=" ".join(answer.split()))
    except ValidationError:
        seen = None
    if seen is None or _repeats(seen.caption):
        return ProviderRejectedError(
            f"{model} found no words for this frame; choose another VISION_MODEL."
        )
    return _Caption(seen.caption)


def _repeats(text: str) -> bool:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) > _REPEATS
