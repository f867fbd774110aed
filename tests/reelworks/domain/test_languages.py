"""Languages that can be transcribed."""

from __future__ import annotations

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from reelworks.domain.languages import LANGUAGES, check_language


def test_the_languages_are_those_of_the_transcriber() -> None:
    assert set(_LANGUAGE_CODES) == LANGUAGES


@pytest.mark.parametrize("code", ["en", "de", "zh", "haw", "yue"])
def test_a_language_is_taken_as_stated(code: str) -> None:
    assert check_language(code) == code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en-US", "give 'en'"),
        ("pt_BR", "give 'pt'"),
        ("zh-Hant-TW", "give 'zh'"),
        ("EN", "give 'en'"),
        ("xx", "not a language that can be transcribed"),
        ("deu", "not a language that can be transcribed"),
        ("xx-US", "not a language that can be transcribed"),
        ("english", "not a language that can be transcribed"),
        ("", "not a language that can be transcribed"),
        ("en\n", "not a language that can be transcribed"),
    ],
)
def test_what_cannot_be_transcribed_is_refused_with_a_way_out(code: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_language(code)
