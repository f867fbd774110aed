"""Text embeddings: each text once, cached, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import silent
from reelworks.errors import ProviderAnswerError, ProviderUnavailableError
from reelworks.models.text.minilm import MiniLmEmbedder
from reelworks.stages.text.embed import NullItemCache, embed_texts

TEXTS = ["a red car", "", "a blue sea", "a red car", "  \n", "my old dog"]


@dataclass
class Counting:
    """The real model, with small batches, that records its batches."""

    inner: MiniLmEmbedder
    batch_size: int = 2
    model: ModelRef = field(default_factory=lambda: ModelRef("local", "minilm"))
    dimensions: int = 384
    batches: list[list[str]] = field(default_factory=list)
    fail_from: int = 1_000
    cut: int = 0

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if len(self.batches) >= self.fail_from:
            raise ProviderUnavailableError("Down.")
        self.batches.append(list(texts))
        return self.inner.embed(texts)[self.cut :]


@pytest.fixture
def embedder(models_dir: Path) -> Counting:
    return Counting(MiniLmEmbedder("minilm-l6-v2-int8", models_dir, threads=2))


def test_each_text_is_embedded_once_and_empty_ones_never(embedder: Counting, items: Any) -> None:
    seen: list[tuple[float, float]] = []
    vectors = embed_texts(TEXTS, embedder, items, lambda *at: seen.append(at))
    assert embedder.batches == [["a red car", "a blue sea"], ["my old dog"]]
    assert vectors[1] is vectors[4] is None
    assert vectors[0] == vectors[3] != vectors[2]
    (alone,) = embedder.inner.embed(["my old dog"])
    assert vectors[5] == pytest.approx(alone, abs=1e-6)
    assert seen == [(2, 6), (5, 6), (6, 6)]


def test_a_second_run_asks_nothing_and_gives_the_same(embedder: Counting, items: Any) -> None:
    first = embed_texts(TEXTS, embedder, items, silent)
    embedder.batches.clear()
    assert embed_texts(TEXTS, embedder, items, silent) == first
    assert embedder.batches == []
    embed_texts(["something new", *TEXTS], embedder, items, silent)
    assert embedder.batches == [["something new"]]


def test_another_model_or_length_asks_again(embedder: Counting, items: Any) -> None:
    embed_texts(TEXTS, embedder, items, silent)
    embedder.model = ModelRef("local", "minilm", "2")
    embed_texts(TEXTS, embedder, items, silent)
    assert len(embedder.batches) == 4


def test_what_was_done_before_a_failure_is_cached(embedder: Counting, items: Any) -> None:
    embedder.fail_from = 1
    with pytest.raises(ProviderUnavailableError):
        embed_texts(TEXTS, embedder, items, silent)
    embedder.fail_from = 1_000
    embed_texts(TEXTS, embedder, items, silent)
    assert embedder.batches == [["a red car", "a blue sea"], ["my old dog"]]


def test_too_few_vectors_are_an_error_and_nothing_is_cached(embedder: Counting, items: Any) -> None:
    embedder.cut = 1
    with pytest.raises(ProviderAnswerError, match="2 vectors of 384"):
        embed_texts(TEXTS, embedder, items, silent)
    assert len(items) == 0


def test_no_texts_need_no_model(embedder: Counting, items: Any) -> None:
    assert embed_texts([], embedder, items, silent) == []
    assert embedder.batches == []


def test_without_a_cache_each_run_asks_and_gives_the_same(embedder: Counting, items: Any) -> None:
    stored = embed_texts(TEXTS, embedder, items, silent)
    for _ in range(2):
        assert embed_texts(TEXTS, embedder, NullItemCache(), silent) == stored
    assert len(embedder.batches) == 6
