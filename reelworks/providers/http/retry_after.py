"""Retry-After headers: how long a server asks to wait."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks to wait, or None when it does not say.

    Reads ``retry-after-ms`` and ``Retry-After`` as seconds or as an HTTP date (RFC 9110, 10.2.3).
    A date counts from the answer's own ``Date``, so that our own clock may be wrong.
    """
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return seconds / divisor if seconds > 0 else None
    until = _date(headers.get("retry-after"))
    if until is None:
        return None
    wait = (until - (_date(headers.get("date")) or now)).total_seconds()
    return wait if wait > 0 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text is not None else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
