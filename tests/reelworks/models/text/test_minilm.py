"""Local text embeddings with the real weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelworks.domain.digest import ModelRef
from reelworks.errors import SettingsError
from reelworks.models.text.minilm import MiniLmEmbedder


@pytest.fixture(scope="module")
def embedder(models_dir: Path) -> MiniLmEmbedder:
    return MiniLmEmbedder("minilm-l6-v2-int8", models_dir, threads=2)


@pytest.mark.parametrize(
    ("question", "near", "far"),
    [
        ("A man plays the guitar.", "Someone is playing a guitar.", "The man cooks dinner."),
        ("How do I reset my password?", "I forgot my login.", "The weather is fine today."),
        ("Shares fell on Wall Street.", "The stock market dropped.", "He fell off the wall."),
        ("a rocket is launched", "liftoff of the space shuttle", "a cat sleeps on a sofa"),
        ("button Save, field Name", "a form with a text box and a save button", "a green forest"),
        ("telescope in a clean room", "optical instruments for astronomy", "a bowl of soup"),
    ],
)
def test_texts_of_one_meaning_are_nearer(
    embedder: MiniLmEmbedder, question: str, near: str, far: str
) -> None:
    q, n, f = np.array(embedder.embed([question, near, far]))
    assert q @ n > q @ f + 0.1


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("a red car", True),
        ("Die Katze schläft", True),
        ("iPhone の使い方", True),
        ("🎬", False),
        ("圓", False),
        ("Кошка спит", False),
        ("42", False),
        ("", False),
    ],
)
def test_it_reads_latin_letters(embedder: MiniLmEmbedder, text: str, reads: bool) -> None:
    assert embedder.reads(text) == reads


def test_what_it_cannot_read_looks_alike_to_it(embedder: MiniLmEmbedder) -> None:
    film, yen, budget, cat = np.array(
        embedder.embed(["🎬", "圓", "Сегодня мы обсудим бюджет компании.", "Кошка спит на диване."])
    )
    assert film @ yen > 0.99
    assert budget @ cat > 0.5


def test_vectors_have_unit_length_and_the_stated_size(embedder: MiniLmEmbedder) -> None:
    vectors = np.array(embedder.embed(["one", "two words", "", "文字", "word " * 3000]))
    assert vectors.shape == (5, embedder.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)


def test_only_the_first_256_tokens_count(embedder: MiniLmEmbedder) -> None:
    short, long = embedder.embed(["word " * 254, "word " * 254 + "other text"])
    assert short == long


def test_a_vector_does_not_depend_on_its_batch(embedder: MiniLmEmbedder) -> None:
    texts = ["a red car", "a blue sea", "my old dog", "a much longer line about a red car"] * 9
    alone = [embedder.embed([text])[0] for text in texts[:4]]
    together = embedder.embed(texts)
    assert np.array(together[:4]) == pytest.approx(np.array(alone), abs=1e-6)
    assert together == embedder.embed(texts)


def test_no_texts_give_no_vectors(embedder: MiniLmEmbedder) -> None:
    assert embedder.embed([]) == []


def test_the_model_names_its_weights(embedder: MiniLmEmbedder) -> None:
    assert embedder.model == ModelRef("local", "minilm-l6-v2-int8", "8199be6f699a")


def test_a_model_for_speech_cannot_embed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose minilm-l6-v2-int8"):
        MiniLmEmbedder("whisper-base", tmp_path)
