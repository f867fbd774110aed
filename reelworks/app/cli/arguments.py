"""Options that several commands share, and the checks of their values."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from reelworks.domain.ids import VIDEO_ID_RULE
from reelworks.domain.languages import check_language as check_known_language
from reelworks.operations.parameters import (
    IN_FLIGHT_MAX,
    BackfillId,
    Library,
    VideoId,
)


def check_video_id(text: str | None) -> str | None:
    """Refuse what cannot be the id of a video. Raises ``typer.BadParameter``, as all checks do."""
    return _checked(text, VideoId, VIDEO_ID_RULE)


def check_library(text: str | None) -> str | None:
    """Refuse what cannot be the name of a library."""
    return _checked(text, Library, "use a-z, 0-9, - and _, at most 63 characters")


def check_language(text: str | None) -> str | None:
    """Refuse what is not the code of a language that can be transcribed."""
    if text is None:
        return None
    try:
        return check_known_language(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def check_backfill_id(text: str | None) -> str | None:
    """Refuse what cannot be the id of a backfill."""
    return _checked(text, BackfillId, "use a-z, 0-9 and -, at most 40 characters")


def _checked(text: str | None, kind: Any, hint: str) -> str | None:
    try:
        TypeAdapter(kind | None).validate_python(text)
    except ValidationError:
        raise typer.BadParameter(hint) from None
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


InFlight = Annotated[int, typer.Option(min=1, max=IN_FLIGHT_MAX, help="Runs at the same time.")]
PerHour = Annotated[int | None, typer.Option(min=1, help="Maximum runs started in an hour.")]
Budget = Annotated[
    str | None, typer.Option(metavar="USD", help="Stop before the cost exceeds this amount.")
]
CallsPerMinute = Annotated[
    int | None, typer.Option(min=1, help="Maximum calls a minute to each provider.")
]
