"""Languages that can be transcribed, and the check of a stated one."""

from __future__ import annotations

import re
from typing import Final

_CODES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es
et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja
jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt
my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq
sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh
"""
LANGUAGES: Final = frozenset(_CODES.split())
"""Codes of the languages that Whisper was trained on: the keys of ``LANGUAGES`` in the tokenizer of
openai/whisper. Hosted transcribers take the same codes. ``jw`` is Whisper's own code of Javanese.
"""
_TAG = re.compile("([A-Za-z]{2,3})([-_][A-Za-z0-9]{2,8})+")
"""A BCP 47 tag with more than the language."""


def check_language(code: str) -> str:
    """Return the code of a language that can be transcribed.

    Raises ``ValueError`` with one clause that says what to give instead.
    """
    if code in LANGUAGES:
        return code
    tag = _TAG.fullmatch(code)
    short = (tag[1] if tag else code).lower()
    if short in LANGUAGES:
        raise ValueError(f"{code!r} is more than a language, give {short!r}")
    raise ValueError(
        f"{code!r} is not a language that can be transcribed, give a code such as 'en'"
    )
