"""Announced shutdown dates of hosted models, so that a run need not fail to show one.

The dates are in ``shutdowns.toml``, each with its source. A date that the server states
itself (``HostedApi.announced_shutdown``) goes first.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files


def announced_shutdown(model: str) -> date | None:
    """Return the day from which ``model`` answers no more, or None when none is known.

    A maker's prefix (``openai/gpt-4o``, ``models/gemini-2.5-pro``) does not matter.
    """
    return _dates().get(model.strip().lower().rsplit("/", 1)[-1])


@cache
def _dates() -> dict[str, date]:
    text = (
        files("reelworks.providers.openai").joinpath("shutdowns.toml").read_text(encoding="utf-8")
    )
    return {
        model: group["date"]
        for group in tomllib.loads(text)["shutdown"]
        for model in group["models"]
    }
