"""Vector tables of each embedding model, and their HNSW indexes.

A model's vectors are in the rows themselves, or in side tables of their own; see
``docs/decisions/0015-embedding-switch.md``. One index for each model, table and size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import BindParameter, Connection, Engine, bindparam, text

from reelworks.store.db.advisory_locks import advisory_lock
from reelworks.store.db.error_mapping import database_errors
from reelworks.store.db.schema.search import SIDE_TABLES

Location = Literal["rows", "side_table"]
TABLES = tuple(SIDE_TABLES)
MAX_VECTOR = 2000
"""Dimensions that an HNSW index takes as 32-bit floats (pgvector README, HNSW)."""
MAX_HALF = 4000
"""The same as 16-bit floats; larger vectors have no index and are compared one by one."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors that one model made of one table's rows."""

    table: str
    location: Location

    @property
    def vector_table(self) -> str:
        """The table that holds them."""
        return self.table if self.location == "rows" else SIDE_TABLES[self.table]

    @property
    def model_column(self) -> str:
        """The column that names the model."""
        return "embedding_model" if self.location == "rows" else "model"

    @property
    def source(self) -> str:
        """What to select from: the row is ``r``, and ``vector_row`` has its vector."""
        if self.location == "rows":
            return f"{self.table} r"
        return f"{self.vector_table} e JOIN {self.table} r ON r.id = e.row_id"

    @property
    def vector_row(self) -> str:
        """The alias in ``source`` of what has the vector."""
        return "r" if self.location == "rows" else "e"

    @property
    def has_vector(self) -> str:
        """SQL that tells whether the row ``r`` has a vector of the model ``:model``."""
        if self.location == "rows":
            return "(r.embedding_model IS NOT DISTINCT FROM :model)"
        mine = "h.row_id = r.id AND h.model = :model"
        return f"(EXISTS (SELECT FROM {self.vector_table} h WHERE {mine}))"


def vector_type(size: int) -> str:
    """Return the type that vectors of this size are indexed and compared as."""
    return f"{'vector' if size <= MAX_VECTOR or size > MAX_HALF else 'halfvec'}({int(size)})"


def vector_text(vector: Sequence[float]) -> str:
    """Return a vector in pgvector's text form."""
    return f"[{','.join(map(repr, map(float, vector)))}]"


def of_model(vectors: Vectors, size: int, alias: str = "") -> str:
    """Return the SQL condition for the vectors of one model (parameter ``model``) and size.

    Search and index must state it alike, and with the model's name as a literal: only then does
    the planner see that the partial index holds all rows asked for.
    """
    dot = f"{alias}." if alias else ""
    return f"{dot}{vectors.model_column} = :model AND vector_dims({dot}embedding) = {int(size)}"


def model_literal(model: str) -> BindParameter[str]:
    """Return the parameter ``model``, written into the statement as a quoted literal."""
    return bindparam("model", model, literal_execute=True)


def index_name(table: str, model: str, size: int) -> str:
    """Return the name of the index of one table, model and size."""
    digest = hashlib.sha256(f"{model}\n{size}".encode()).hexdigest()[:16]
    return f"ix_{table}_hnsw_{digest}"


def ensure_vector_index(engine: Engine, model: str, size: int, location: Location = "rows") -> None:
    """Make the HNSW indexes for vectors of ``model`` with ``size`` dimensions if they are missing.

    Tables stay writable meanwhile. Several callers at once make each index once; what a killed
    caller left half made is made again.
    """
    if size > MAX_HALF:
        return
    url = engine.url.render_as_string(hide_password=False)
    with database_errors(engine.url), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for vectors in (Vectors(table, location) for table in TABLES):
            name = index_name(vectors.vector_table, model, size)
            if _is_valid(connection, name):
                continue
            # CREATE INDEX CONCURRENTLY waits for every open snapshot: two of them deadlock, so one
            # lock for all; and it is polled, as a session inside pg_advisory_lock has a snapshot.
            with advisory_lock(url, "reelworks vector indexes", poll=0.05):
                if not _is_valid(connection, name):
                    _make(connection, vectors, model, size)


def drop_vector_indexes(engine: Engine, model: str, location: Location) -> None:
    """Remove a model's indexes, of every size; searches that use them end first."""
    url = engine.url.render_as_string(hide_password=False)
    with database_errors(engine.url), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        with advisory_lock(url, "reelworks vector indexes", poll=0.05):
            for name in _names(connection, model, location):
                connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))


def _names(connection: Connection, model: str, location: Location) -> list[str]:
    names = []
    for vectors in (Vectors(table, location) for table in TABLES):
        prefix = f"ix_{vectors.vector_table}_hnsw_"
        found = text(
            "SELECT indexname, (regexp_match(indexdef, '(vector|halfvec)\\((\\d+)\\)'))[2] AS size"
            " FROM pg_indexes WHERE tablename = :table AND starts_with(indexname, :prefix)"
        )
        rows = connection.execute(found, {"table": vectors.vector_table, "prefix": prefix}).all()
        names += [
            row.indexname
            for row in rows
            if row.size and row.indexname == index_name(vectors.vector_table, model, int(row.size))
        ]
    return names


def _is_valid(connection: Connection, name: str) -> bool:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return connection.scalar(query, {"name": name}) is True


def _make(connection: Connection, vectors: Vectors, model: str, size: int) -> None:
    name, kind = index_name(vectors.vector_table, model, size), vector_type(size)
    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    family = kind.partition("(")[0]
    statement = (
        f"CREATE INDEX CONCURRENTLY {name} ON {vectors.vector_table} USING hnsw "
        f"((embedding::{kind}) {family}_cosine_ops) WHERE {of_model(vectors, size)}"
    )
    connection.execute(text(statement).bindparams(model_literal(model)))
