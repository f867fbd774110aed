"""Known ends of hosted models."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from reelworks.providers.openai.shutdowns import announced_shutdown


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("whisper-1", date(2027, 2, 26)),
        ("gpt-5-mini", date(2026, 12, 11)),
        ("openai/gpt-4o-mini", date(2027, 1, 14)),
        ("models/Gemini-2.5-Pro", date(2026, 12, 1)),
        ("gemini-2.5-flash-lite", None),
        ("text-embedding-3-small", None),
        ("unheard-of", None),
    ],
)
def test_the_day_is_known_by_the_models_name(model: str, day: date | None) -> None:
    assert announced_shutdown(model) == day


def test_no_model_is_listed_twice() -> None:
    text = (
        files("reelworks.providers.openai").joinpath("shutdowns.toml").read_text(encoding="utf-8")
    )
    names = [line.strip(' ",') for line in text.splitlines() if line.startswith('  "')]
    assert len(names) > 40
    assert len(names) == len(set(names))
