"""Word error rates are counted alike for both, and no language is worse than the plain model."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.quality.word_errors import LIMIT, compare, plain_words, samples


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Press 1, or press One!", "en", "press 1 or press 1"),
        ("Contraseña: él marcó dos.", "es", "contraseña el marco 2"),
        ("Groß? Größe.", "de", "gross grösse"),
        ("l’été, l'hiver", "fr", "l été l hiver"),  # noqa: RUF001 - the mark is meant
    ],
)
def test_marks_and_spellings_are_no_errors(text: str, language: str, words: str) -> None:
    assert plain_words(text, language) == words


def test_every_sample_has_its_text() -> None:
    found = list(samples())
    assert {sample.language for sample in found} == {"de", "en", "es"}
    assert all(len(sample.text.split()) > 20 for sample in found)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "en", "es"])
def test_no_language_is_worse_than_the_plain_model(models_dir: Path, language: str) -> None:
    plain, ours = compare("whisper-base", [language])[language]
    assert plain.words > 100
    assert ours.rate <= plain.rate + LIMIT
