"""Languages by whatever name a server gives them."""

from __future__ import annotations

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from reelworks.providers.openai.languages import iso_639_1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("english", "en"),
        ("German", "de"),
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("haitian creole", "ht"),
        ("cantonese", "zh"),
        ("jw", "jv"),
        ("hawaiian", None),
        ("klingon", None),
        ("", None),
        (None, None),
    ],
)
def test_names_codes_and_locales(name: str | None, code: str | None) -> None:
    assert iso_639_1(name) == code


def test_every_language_of_whisper_has_a_code_but_hawaiian() -> None:
    assert {code for code in _LANGUAGE_CODES if iso_639_1(code) is None} == {"haw"}
