"""Idempotency keys: a repeated request gets the response to the first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.errors import BusyError, IdempotencyKeyReusedError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import IdempotencyKeyRow
from reelworks.store.db.table_ops import sanitize_text, table_of

KEYS = table_of(IdempotencyKeyRow)
LIFETIME = timedelta(hours=24)
"""How long a key identifies the same request."""
TIME_LIMIT = timedelta(seconds=60)
"""A request without a response after so long has died; the next one with its key runs again."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with a key."""

    caller: str
    """Name of the token, or empty."""
    key: str
    fingerprint: str
    """Digest of method, path and content."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to an earlier request with the same key."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """The caller is the one to process the request."""

    since: datetime
    """When the key was first used: a request that is done again after a crash has the same."""


def claim_key(engine: Engine, request: KeyedRequest) -> StoredResponse | ClaimedKey:
    """Return the stored response, or claim the key for this request.

    Raises ``IdempotencyKeyReusedError`` when the key belongs to another request, and ``BusyError``
    while the first one is being processed.
    """
    mine = _of(request)
    row = insert(KEYS).values(
        caller=request.caller, key=sanitize_text(request.key), fingerprint=request.fingerprint
    )
    # A response that is too old is dropped; a request without a response continues from the same
    # moment, so that what was half done is done under the same names.
    expired = KEYS.c.created_at < func.now() - LIFETIME
    with transaction(engine) as connection:
        connection.execute(delete(KEYS).where(mine, expired))
        taken = connection.scalar(row.on_conflict_do_nothing().returning(KEYS.c.created_at))
        if taken is not None:
            return ClaimedKey(taken)
        known = connection.execute(select(KEYS).where(mine).with_for_update()).one_or_none()
        if known is None:
            raise BusyError("The same request just ended; try again.")
        if known.fingerprint != request.fingerprint:
            raise IdempotencyKeyReusedError(
                "The Idempotency-Key was used for another request; use a new key."
            )
        if known.status is not None:
            return StoredResponse(known.status, known.response)
        stalled = select(known.created_at + TIME_LIMIT < func.now())
        if connection.scalar(stalled):
            return ClaimedKey(known.created_at)
    raise BusyError("The same request is being processed; try again in a moment.")


def store_response(
    engine: Engine, request: KeyedRequest, status: int, body: Mapping[str, Any]
) -> None:
    """Store the response for repeated requests."""
    values = {"status": status, "response": sanitize_text(body)}
    with transaction(engine) as connection:
        connection.execute(update(KEYS).where(_of(request)).values(**values))


def release_key(engine: Engine, request: KeyedRequest) -> None:
    """Delete the key of a request that was refused, so that it can be used again."""
    open_ = KEYS.c.status.is_(None)
    with transaction(engine) as connection:
        connection.execute(delete(KEYS).where(_of(request), open_))


def delete_expired_keys(engine: Engine) -> int:
    """Delete expired keys; return how many."""
    old = KEYS.c.created_at < func.now() - LIFETIME
    with transaction(engine) as connection:
        return connection.execute(delete(KEYS).where(old)).rowcount


def _of(request: KeyedRequest) -> ColumnElement[bool]:
    return and_(KEYS.c.caller == request.caller, KEYS.c.key == sanitize_text(request.key))
