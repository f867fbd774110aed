"""Whose an upload's key is: ``uploads/{id}_{name}`` has two readings, as both may have a ``_``.

A key is the video's whose row names it. While a file is being stored for a video whose row does
not name it yet, the key's lock is held.

All raise the errors of ``store.db.error_mapping``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, Engine, exists, func, select, update

from reelworks.errors import BusyError, ConflictError
from reelworks.store.db.advisory_locks import advisory_lock, lock_number
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text, video_locked
from reelworks.store.library.video_reads import VIDEOS


class _TakenError(Exception):
    """Another process holds the lock."""


@contextmanager
def storing_upload(
    engine: Engine, video_id: str, key: str, *, should_stop: Callable[[], None]
) -> Iterator[None]:
    """Hold a video's key while its file is stored and its row comes to name it.

    Waits while another process holds it and calls ``should_stop`` meanwhile. Raises
    ``ConflictError`` when the key is another video's.
    """
    with advisory_lock(_url(engine), _lock_of(key), should_stop=should_stop):
        with transaction(engine) as connection:
            _check_free(connection, video_id, key)
        yield


@contextmanager
def trying_upload(engine: Engine, key: str) -> Iterator[bool]:
    """Hold a key unless another process does; return whether it is held now."""

    def leave() -> None:
        raise _TakenError

    with ExitStack() as stack:
        try:
            stack.enter_context(advisory_lock(_url(engine), _lock_of(key), should_stop=leave))
            mine = True
        except _TakenError:
            mine = False
        yield mine


def claim_upload(connection: Connection, video_id: str, key: str) -> None:
    """Check, in the transaction in which a row comes to name a key, that it is free.

    Raises ``ConflictError`` when it is another video's, and ``BusyError`` when a run stores a file
    there at this moment.
    """
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(lock_number(_lock_of(key))))):
        raise BusyError(f"A run is storing {key} at this moment; try again when it is done.")
    _check_free(connection, video_id, key)


def own_upload(engine: Engine, video_id: str, key: str) -> str:
    """Return the key that a video's row names; a row that names none comes to name ``key``.

    Raises ``UnknownVideoError`` and what ``claim_upload`` raises.
    """
    with video_locked(engine, video_id) as connection:
        query = select(VIDEOS.c.upload_path).where(VIDEOS.c.id == video_id)
        named: str | None = connection.scalar(query)
        if named is None:
            claim_upload(connection, video_id, key)
            row = update(VIDEOS).where(VIDEOS.c.id == video_id)
            connection.execute(
                row.values(upload_path=sanitize_text(key), ingested_path=VIDEOS.c.original_path)
            )
    return named or key


def is_named(engine: Engine, key: str, *, sha256: str | None = None) -> bool:
    """Tell whether a row names this key, and this digest of the source where one is given."""
    named = VIDEOS.c.upload_path == sanitize_text(key)
    if sha256 is not None:
        named &= VIDEOS.c.digests["source"].astext == sha256
    with transaction(engine) as connection:
        return bool(connection.scalar(select(exists().where(named))))


def _check_free(connection: Connection, video_id: str, key: str) -> None:
    named = (VIDEOS.c.upload_path == sanitize_text(key)) & (VIDEOS.c.id != video_id)
    other = connection.scalar(select(VIDEOS.c.id).where(named).limit(1))
    if other is not None:
        raise ConflictError(
            f"The file {key} is the source of the video {other}; choose another id or another "
            "name for the file."
        )


def _lock_of(key: str) -> str:
    return f"upload {key}"


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)
