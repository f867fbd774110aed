"""What all local models share: their name, their load, and their entry in the pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.domain.digest import ModelRef
from reelworks.errors import SettingsError
from reelworks.models.runtime.catalog import find_model
from reelworks.models.runtime.local_model import LocalModel
from reelworks.models.runtime.memory import MB, Memory
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.shots.transnet import TransNetShotDetector
from reelworks.models.speech.whisper import WhisperTranscriber
from reelworks.models.text.minilm import MiniLmEmbedder
from reelworks.models.vision.vision_language import VisionLanguageDescriber

NAME = "minilm-l6-v2-int8"


class Letters(LocalModel[list[str]]):
    """A model whose weights are letters; it counts its loads."""

    loads = 0

    def _load_weights(self) -> list[str]:
        self.loads += 1
        return list("abc")

    def first(self) -> str:
        with self._use() as weights:
            return weights[0]


def letters(pool: ModelPool, threads: int = 2) -> Letters:
    return Letters(NAME, "embed", Path("nowhere"), threads=threads, pool=pool)


def test_a_model_is_named_by_its_catalog_entry() -> None:
    entry = find_model(NAME)
    assert letters(ModelPool()).model == ModelRef("local", NAME, entry.revision)


def test_weights_are_loaded_once_and_counted_as_the_catalog_says() -> None:
    pool = ModelPool()
    model = letters(pool)
    assert pool.loaded() == ()
    model.load()
    assert (model.first(), model.loads) == ("a", 1)
    snapshot = pool.snapshot()
    assert pool.loaded() == (f"{NAME}/2",)
    assert snapshot.used == Memory(host=find_model(NAME).memory_mb * MB)


def test_instances_share_weights_for_the_same_number_of_threads() -> None:
    pool = ModelPool()
    first, second, other = letters(pool), letters(pool), letters(pool, threads=3)
    for model in (first, second, other):
        model.load()
    assert (first.loads, second.loads, other.loads) == (1, 0, 1)


def test_another_capability_has_other_models() -> None:
    with pytest.raises(SettingsError, match="No local model for transcribe"):
        Letters(NAME, "transcribe", Path("nowhere"))


def test_every_local_model_stands_in_the_pool_under_the_name_that_it_had(tmp_path: Path) -> None:
    models: list[LocalModel[object]] = [
        WhisperTranscriber("whisper-base", tmp_path, threads=2),
        MiniLmEmbedder(NAME, tmp_path, threads=2),
        TransNetShotDetector(tmp_path, threads=2),
        VisionLanguageDescriber("smolvlm2-500m", tmp_path, threads=2),
    ]
    assert [model._pool_key for model in models] == [
        "whisper-base/2",
        f"{NAME}/2",
        "transnetv2/2",
        "smolvlm2-500m",
    ]
