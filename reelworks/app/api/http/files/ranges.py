"""Byte ranges and validators of RFC 9110; one range a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER = 18
"""Digits; a larger number is no byte of any file."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from ``start`` to before ``end``."""

    start: int
    end: int


class UnsatisfiableRangeError(ValueError):
    """The range begins after the end. The answer is 416."""


def span_of(header: str | None, size: int) -> ByteRange | None:
    """Return the bytes of a ``Range`` header, None for all of them.

    An invalid header or several ranges mean all: a server may ignore the header. Raises
    ``UnsatisfiableRangeError``.
    """
    found = _RANGE.fullmatch(header) if header else None
    if found is None:
        return None
    first, last = found.groups()
    if (not first and not last) or max(len(first), len(last)) > _LONGEST_NUMBER:
        return None
    if not first:
        if int(last) == 0 or size == 0:
            raise UnsatisfiableRangeError
        return ByteRange(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise UnsatisfiableRangeError
    return ByteRange(int(first), min(size, int(last) + 1) if last else size)


def is_unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """True when the client has these bytes already (``If-None-Match``)."""
    known = headers.get("if-none-match")
    if known is None:
        return False
    return known.strip() == "*" or etag in {
        one.strip().removeprefix("W/") for one in known.split(",")
    }


def wants_range(headers: Mapping[str, str], etag: str) -> bool:
    """False when ``If-Range`` names other bytes than those that are there."""
    condition = headers.get("if-range")
    return condition is None or condition.strip() == etag
