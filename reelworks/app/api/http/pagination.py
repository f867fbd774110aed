"""Pagination cursors: where a page of a list ends, as text for the next request."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from reelworks.domain.library.listing import PageKey
from reelworks.errors import InputError


class _Entry(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> datetime: ...


Entry = TypeVar("Entry", bound=_Entry)


def page_of(found: Sequence[Entry], limit: int) -> tuple[Sequence[Entry], str | None]:
    """Return the first ``limit`` entries and the cursor of the next page, None on the last one.

    ``found`` has one entry more than the page when there is a next page.
    """
    shown = found[:limit]
    more = len(found) > limit
    return shown, cursor_of(PageKey(shown[-1].created_at, shown[-1].id)) if more else None


def cursor_of(key: PageKey) -> str:
    """Return a page key as text."""
    values = json.dumps([key.created_at.isoformat(), key.id])
    return base64.urlsafe_b64encode(values.encode()).decode().rstrip("=")


def page_key_of(cursor: str | None) -> PageKey | None:
    """Reverse ``cursor_of``; None is the first page. Raises ``InputError``."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, entry_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        created_at = datetime.fromisoformat(moment)
        if not isinstance(entry_id, str) or created_at.tzinfo is None:
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise InputError("Invalid cursor. Start again from the first page.") from None
    return PageKey(created_at, entry_id)
