"""Options that several commands share, and the checks of their values."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from reelworks.domain.ids import (
    BACKFILL_ID_PATTERN,
    LANGUAGE_PATTERN,
    LIBRARY_PATTERN,
    VIDEO_ID_MAX,
    is_video_id,
)


def check_video_id(text: str | None) -> str | None:
    """Refuse what cannot be the id of a video. Raises ``typer.BadParameter``, as all checks do."""
    if text is not None and not is_video_id(text):
        raise typer.BadParameter(f"use a-z, 0-9, - and _, at most {VIDEO_ID_MAX} characters")
    return text


def check_library(text: str | None) -> str | None:
    """Refuse what cannot be the name of a library."""
    if text is not None and not re.fullmatch(LIBRARY_PATTERN, text):
        raise typer.BadParameter("use a-z, 0-9, - and _, at most 63 characters")
    return text


def check_language(text: str | None) -> str | None:
    """Refuse what cannot be the code of a language."""
    if text is not None and not re.fullmatch(LANGUAGE_PATTERN, text):
        raise typer.BadParameter("use a code of two letters, for example en")
    return text


def check_backfill_id(text: str | None) -> str | None:
    """Refuse what cannot be the id of a backfill."""
    if text is not None and not re.fullmatch(BACKFILL_ID_PATTERN, text):
        raise typer.BadParameter("use a-z, 0-9 and -, at most 40 characters")
    return text


def parse_money(text: str | None) -> Decimal | None:
    """Return an amount of US dollars, typed with or without ``$``."""
    if text is None:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(
            f"Invalid amount: {text}. Give US dollars, for example 12.50", param_hint="--budget"
        )
    return amount


InFlight = Annotated[int, typer.Option(min=1, max=1000, help="Runs at the same time.")]
PerHour = Annotated[int | None, typer.Option(min=1, help="Maximum runs started in an hour.")]
Budget = Annotated[
    str | None, typer.Option(metavar="USD", help="Stop before the cost exceeds this amount.")
]
CallsPerMinute = Annotated[
    int | None, typer.Option(min=1, help="Maximum calls a minute to each provider.")
]
