"""Vector indexes: one for each model and size, made when its first vectors come."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import BindParameter, Connection, Engine, bindparam, text

from reelworks.store.faults import database_errors
from reelworks.store.locks import held

TABLES = ("transcript_segments", "frame_captions")
MAX_VECTOR = 2000
"""Dimensions that an HNSW index takes as 32-bit floats (pgvector README, HNSW)."""
MAX_HALF = 4000
"""The same as 16-bit floats; larger vectors have no index and are compared one by one."""


def vector_type(size: int) -> str:
    """Return the type that vectors of this size are indexed and compared as."""
    return f"{'vector' if size <= MAX_VECTOR or size > MAX_HALF else 'halfvec'}({int(size)})"


def vector_text(vector: Sequence[float]) -> str:
    """Return a vector in pgvector's text form."""
    return f"[{','.join(map(repr, map(float, vector)))}]"


def of_model(size: int) -> str:
    """Return the SQL condition for the rows of one model (parameter ``model``) and size.

    Search and index must state it alike, and with the model's name as a literal: only then does
    the planner see that the partial index holds all rows asked for.
    """
    return f"embedding_model = :model AND vector_dims(embedding) = {int(size)}"


def model_literal(model: str) -> BindParameter[str]:
    """Return the parameter ``model``, written into the statement as a quoted literal."""
    return bindparam("model", model, literal_execute=True)


def index_name(table: str, model: str, size: int) -> str:
    """Return the name of the index of one table, model and size."""
    digest = hashlib.sha256(f"{model}\n{size}".encode()).hexdigest()[:16]
    return f"ix_{table}_hnsw_{digest}"


def ensure_vector_index(engine: Engine, model: str, size: int) -> None:
    """Make the HNSW indexes for vectors of ``model`` with ``size`` dimensions if they are missing.

    Tables stay writable meanwhile. Several callers at once make each index once; what a killed
    caller left half made is made anew.
    """
    if size > MAX_HALF:
        return
    url = engine.url.render_as_string(hide_password=False)
    with database_errors(engine.url), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for table in TABLES:
            name = index_name(table, model, size)
            if _is_valid(connection, name):
                continue
            # CREATE INDEX CONCURRENTLY waits for every open snapshot: two of them deadlock, so one
            # lock for all; and it is polled, as a session inside pg_advisory_lock has a snapshot.
            with held(url, "reelworks vector indexes", poll=0.05):
                if not _is_valid(connection, name):
                    _make(connection, table, model, size)


def _is_valid(connection: Connection, name: str) -> bool:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return connection.scalar(query, {"name": name}) is True


def _make(connection: Connection, table: str, model: str, size: int) -> None:
    name, kind = index_name(table, model, size), vector_type(size)
    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    family = kind.partition("(")[0]
    statement = (
        f"CREATE INDEX CONCURRENTLY {name} ON {table} USING hnsw "
        f"((embedding::{kind}) {family}_cosine_ops) WHERE {of_model(size)}"
    )
    connection.execute(text(statement).bindparams(model_literal(model)))
