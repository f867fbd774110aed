"""API tokens; only their digests are stored."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.library.access import Scope, Token
from reelworks.errors import ConflictError, InputError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import TokenRow
from reelworks.store.db.table_ops import table_of

TOKENS = table_of(TokenRow)
PREFIX = "rw_"
"""Lets people and scanners for leaked secrets tell what it is."""
_RANDOM_BYTES = 32
_USED_EVERY = timedelta(minutes=1)
"""A token's last use is written down at most so often."""


def create_token(
    engine: Engine, name: str, scopes: Sequence[Scope], *, lifetime: timedelta | None = None
) -> str:
    """Make a token and return it; it cannot be shown again.

    Raises ``InputError`` for an empty name or no scope, ``ConflictError`` when the name is taken.
    """
    if not name.strip() or not name.isprintable() or not scopes:
        raise InputError("A token needs a name and a scope: read, submit or admin.")
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    made = insert(TOKENS).values(
        name=name,
        sha256=_digest(token),
        scopes=sorted({scope.value for scope in scopes}),
        expires_at=None if lifetime is None else func.now() + lifetime,
    )
    with transaction(engine) as connection:
        unique = made.on_conflict_do_nothing(index_elements=["name"]).returning(TOKENS.c.name)
        added = connection.scalar(unique)
    if added is None:
        raise ConflictError(f"A token named {name} was made before; choose another name.")
    return token


def find_token(engine: Engine, token: str) -> Token | None:
    """Return the token that is valid now and has this secret, and note that it was used."""
    digest = _digest(token)
    due = or_(TOKENS.c.used_at.is_(None), TOKENS.c.used_at < func.now() - _USED_EVERY)
    with transaction(engine) as connection:
        row = connection.execute(select(TOKENS).where(TOKENS.c.sha256 == digest)).one_or_none()
        if row is None or not hmac.compare_digest(row.sha256, digest):
            return None
        found = _token(row)
        if not found.is_valid(datetime.now(UTC)):
            return None
        connection.execute(
            update(TOKENS).where(TOKENS.c.name == row.name, due).values(used_at=func.now())
        )
    return found


def list_tokens(engine: Engine) -> list[Token]:
    """Return all tokens by name."""
    with transaction(engine) as connection:
        return [_token(row) for row in connection.execute(select(TOKENS).order_by(TOKENS.c.name))]


def any_token(engine: Engine) -> bool:
    """True when at least one token is valid now."""
    now = datetime.now(UTC)
    return any(token.is_valid(now) for token in list_tokens(engine))


def revoke_token(engine: Engine, name: str) -> None:
    """Let a token be valid no more; one that is revoked stays so. Raises ``InputError``."""
    revoked = func.coalesce(TOKENS.c.revoked_at, func.now())
    with transaction(engine) as connection:
        done = connection.execute(
            update(TOKENS).where(TOKENS.c.name == name).values(revoked_at=revoked)
        )
    if done.rowcount == 0:
        raise InputError(f"No token is named {name}; see `reelworks token list`.")


def _digest(token: str) -> str:
    return sha256_of_bytes(token.encode(errors="replace"))


def _token(row: Row[Any]) -> Token:
    return Token(
        name=row.name,
        scopes=tuple(Scope(one) for one in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )
