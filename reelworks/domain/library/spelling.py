"""Scripts: words are put together with or without spaces; which script a text is in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_UNSPACED = (
    "CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "MYANMAR", "KHMER", "IDEOGRAPHIC", "FULLWIDTH",
    "LEFT CORNER", "RIGHT CORNER",
)  # fmt: skip
"""How the Unicode names of letters and marks begin that stand without spaces."""


def join_words(words: Sequence[str]) -> str:
    """Join words with spaces, but without where the script has none (Chinese, Japanese, Thai)."""
    text = ""
    for word in words:
        if text and word and not (_is_unspaced(text[-1]) or _is_unspaced(word[0])):
            text += " "
        text += word
    return text


def split_words(text: str) -> list[str]:
    """Split text at its spaces, and between the letters of scripts that have none."""
    words: list[str] = []
    for token in text.split():
        begun = False
        for letter in token:
            if begun and not _is_unspaced(letter) and not _is_unspaced(words[-1][-1]):
                words[-1] += letter
            else:
                words.append(letter)
            begun = True
    return words


def mostly_in_script(text: str, script: str) -> bool:
    """Tell whether more than half of a text's letters are of a script; False without letters.

    ``script`` is how the Unicode names of its letters begin: ``LATIN``, ``CYRILLIC``.
    """
    letters = [letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha()]
    of_script = sum(unicodedata.name(letter, "").startswith(script) for letter in letters)
    return 2 * of_script > len(letters)


def _is_unspaced(letter: str) -> bool:
    return not letter.isascii() and unicodedata.name(letter, "").startswith(_UNSPACED)
