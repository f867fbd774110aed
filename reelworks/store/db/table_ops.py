"""Operations on tables: replace rows, page through them, check that they exist."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    case,
    delete,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.library.listing import PageKey
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import Base, Video
from reelworks.store.db.schema.search import SIDE_TABLES

Row = Mapping[str, Any]
_BATCH = 500
"""Rows in one statement; PostgreSQL takes 65,535 parameters."""
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\n\t"}
_UNSTORABLE = _CONTROLS | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
"""PostgreSQL keeps no NUL and no lone surrogate; other control characters mark hits in search."""


def table_of(kind: type[Base]) -> Table:
    """Return the table of a mapped class."""
    table = kind.__table__
    assert isinstance(table, Table)  # noqa: S101 - narrows SQLAlchemy's FromClause for the types
    return table


def page_after(
    query: Select[Any], table: Table, *, limit: int, after: PageKey | None
) -> Select[Any]:
    """Return the query of one page of a list, newest first.

    New rows never move what follows ``after``. The table has ``created_at`` and ``id``.
    """
    columns = (table.c.created_at, table.c.id)
    if after is not None:
        last = tuple_(literal(after.created_at), literal(after.id))
        query = query.where(tuple_(*columns) < last)
    return query.order_by(*(column.desc() for column in columns)).limit(limit)


@contextmanager
def video_locked(engine: Engine, video_id: str) -> Iterator[Connection]:
    """Run the body in one transaction that holds the video's row.

    Publishers of one video take turns, so they never deadlock. Raises ``UnknownVideoError``.
    """
    with transaction(engine) as connection:
        found = select(Video.id).where(Video.id == video_id).with_for_update()
        if connection.scalar(found) is None:
            raise UnknownVideoError(f"No video has the id {video_id}.")
        yield connection


def check_known(connection: Connection, video_ids: Sequence[str]) -> None:
    """Raise ``UnknownVideoError`` for the first of these ids that no video has."""
    if not video_ids:
        return
    missing = connection.scalar(
        text(
            "SELECT id FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS one (id, number)"
            " WHERE NOT EXISTS (SELECT FROM videos v WHERE v.id = one.id) ORDER BY number LIMIT 1"
        ),
        {"ids": sanitize_text(list(video_ids))},
    )
    if missing is not None:
        raise UnknownVideoError(f"No video has the id {missing}.")


def replace_rows(
    connection: Connection,
    table: Table,
    video_id: str,
    rows: Sequence[Row],
    embedded: Sequence[str] = (),
) -> None:
    """Make ``rows`` the only rows of a video in ``table``.

    A row that is there already with the same values is not written. A row whose ``embedded``
    columns change loses its vectors, which were made from them.
    """
    ids = [row["id"] for row in rows]
    connection.execute(delete(table).where(table.c.video_id == video_id, table.c.id.not_in(ids)))
    for start in range(0, len(rows), _BATCH):
        _upsert(connection, table, rows[start : start + _BATCH], embedded)


def _upsert(
    connection: Connection, table: Table, rows: Sequence[Row], embedded: Sequence[str]
) -> None:
    statement = insert(table).values([sanitize_text(row) for row in rows])
    new = statement.excluded
    changes: dict[str, Any] = {name: new[name] for name in rows[0] if name != "id"}
    changed = or_(*(table.c[name].is_distinct_from(new[name]) for name in changes))
    if embedded:
        reworded = or_(*(table.c[name].is_distinct_from(new[name]) for name in embedded))
        for name in ("embedding", "embedding_model"):
            changes[name] = case((reworded, None), else_=table.c[name])
        _delete_side_vectors(connection, table, rows, embedded)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=changed)
    )


def _delete_side_vectors(
    connection: Connection, table: Table, rows: Sequence[Row], embedded: Sequence[str]
) -> None:
    """Remove the vectors in side tables of rows whose ``embedded`` columns are about to change."""
    new = {row["id"]: tuple(sanitize_text(row[name]) for name in embedded) for row in rows}
    columns = [table.c[name] for name in embedded]
    known = connection.execute(select(table.c.id, *columns).where(table.c.id.in_(new)))
    reworded = [row.id for row in known if tuple(row)[1:] != new[row.id]]
    if reworded:
        side_table = table.metadata.tables[SIDE_TABLES[table.name]]
        connection.execute(delete(side_table).where(side_table.c.row_id.in_(reworded)))


def sanitize_text(value: Any) -> Any:
    """Return ``value`` with every text in it cleaned of what PostgreSQL cannot keep."""
    return _in_texts(value, lambda text: text.translate(_UNSTORABLE))


def composed(value: Any) -> Any:
    """Return ``value`` with every text in it in Unicode's composed form (NFC).

    For words that are searched; names of files and what a user gave stay as they came.
    """
    return _in_texts(value, lambda text: unicodedata.normalize("NFC", text))


def _in_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_in_texts(name, change): _in_texts(one, change) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_in_texts(one, change) for one in value]
    return value
