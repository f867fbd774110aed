"""Requests with an ``Idempotency-Key``: the second one gets the first one's answer.

All raise the errors of ``reelworks.store.db.error_mapping``.
"""

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
KEPT = timedelta(hours=24)
"""A key means the same request for so long."""
WORKED_ON = timedelta(seconds=60)
"""A request that has no answer after this died; the next one with its key does it again."""


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
    """An answer that was given before."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """The request is ours to do."""

    since: datetime
    """When the key was first used: a request that is done again after a crash has the same."""


def claim_key(engine: Engine, asked: KeyedRequest) -> StoredResponse | ClaimedKey:
    """Return the answer that was given before, or take the request up.

    Raises ``OtherRequestError`` when the key belongs to another request, and ``BusyError`` while
    the first one is being worked on.
    """
    mine = _of(asked)
    row = insert(KEYS).values(
        caller=asked.caller, key=sanitize_text(asked.key), fingerprint=asked.fingerprint
    )
    # An answer's row that is too old is a new one; one without an answer goes on from the same
    # moment, so that what was half done is done under the same names.
    expired = KEYS.c.created_at < func.now() - KEPT
    with transaction(engine) as connection:
        connection.execute(delete(KEYS).where(mine, expired))
        taken = connection.scalar(row.on_conflict_do_nothing().returning(KEYS.c.created_at))
        if taken is not None:
            return ClaimedKey(taken)
        known = connection.execute(select(KEYS).where(mine).with_for_update()).one_or_none()
        if known is None:
            raise BusyError("The same request just ended; ask again.")
        if known.fingerprint != asked.fingerprint:
            raise IdempotencyKeyReusedError(
                "The Idempotency-Key was used for another request before; take a new one."
            )
        if known.status is not None:
            return StoredResponse(known.status, known.response)
        stalled = select(known.created_at + WORKED_ON < func.now())
        if connection.scalar(stalled):
            return ClaimedKey(known.created_at)
    raise BusyError("The same request is being worked on; ask again in a moment.")


def store_response(engine: Engine, asked: KeyedRequest, status: int, answer: Mapping[str, Any]) -> None:
    """Keep the answer for those who ask again."""
    values = {"status": status, "response": sanitize_text(answer)}
    with transaction(engine) as connection:
        connection.execute(update(KEYS).where(_of(asked)).values(**values))


def release_key(engine: Engine, asked: KeyedRequest) -> None:
    """Forget a request that was refused: the next one is looked at anew."""
    open_ = KEYS.c.status.is_(None)
    with transaction(engine) as connection:
        connection.execute(delete(KEYS).where(_of(asked), open_))


def delete_expired_keys(engine: Engine) -> int:
    """Remove the requests whose keys mean nothing any more; return how many there were."""
    old = KEYS.c.created_at < func.now() - KEPT
    with transaction(engine) as connection:
        return connection.execute(delete(KEYS).where(old)).rowcount


def _of(asked: KeyedRequest) -> ColumnElement[bool]:
    return and_(KEYS.c.caller == asked.caller, KEYS.c.key == sanitize_text(asked.key))
