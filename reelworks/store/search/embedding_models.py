"""Embedding models of the library: which have vectors, and which search uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, Engine, text

from reelworks.errors import InputError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema.search import SIDE_TABLES
from reelworks.store.search.vector_tables import TABLES, Location, Vectors, drop_vector_indexes

_BATCH = 5000
"""Vectors removed in one transaction, so that publishers of their rows wait only briefly."""


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A model whose vectors are in the library."""

    model: str
    location: Location
    live: bool
    fills: bool
    """It has vectors of rows that the live model lacks, so search asks it for those."""


@dataclass(frozen=True, slots=True)
class ModelState:
    """How far a model is."""

    stored: EmbeddingModel
    rows: int
    """Rows with its vector."""
    missing: int
    """Rows that have a vector of another model but none of this."""

    @property
    def complete(self) -> float:
        """Share of the rows with vectors that have one of this model, 0 to 1."""
        return self.rows / (self.rows + self.missing) if self.rows + self.missing else 1.0


def stored_models(connection: Connection) -> list[EmbeddingModel]:
    """Return all models, the live one first."""
    rows = connection.execute(
        text("SELECT model, location, live, fills FROM embedding_models ORDER BY live DESC, model")
    )
    return [
        EmbeddingModel(one.model, cast(Location, one.location), one.live, one.fills) for one in rows
    ]


def live_model(engine: Engine) -> str | None:
    """Return the model that search asks; None before the first vectors."""
    with transaction(engine) as connection:
        live: str | None = connection.scalar(text("SELECT model FROM embedding_models WHERE live"))
    return live


def model_names(engine: Engine) -> list[str]:
    """Return the full names of all models, the live one first."""
    with transaction(engine) as connection:
        return [one.model for one in stored_models(connection)]


def register_model(connection: Connection, model: str) -> Location:
    """Make a model known and keep it from being switched or dropped until the transaction ends.

    The first model ever is live at once, and its vectors go into the rows; a later one's go to
    side tables, unless no model has its vectors in the rows any more. Returns where they go.
    """
    connection.execute(
        text(
            "INSERT INTO embedding_models (model, location, live, live_since)"
            " SELECT :model, CASE WHEN EXISTS"
            "  (SELECT FROM embedding_models WHERE location = 'rows')"
            "  THEN 'side_table' ELSE 'rows' END, first, CASE WHEN first THEN now() END"
            " FROM (SELECT NOT EXISTS (SELECT FROM embedding_models) AS first) AS known"
            " ON CONFLICT DO NOTHING"
        ),
        {"model": model},
    )
    location = connection.scalar(
        text("SELECT location FROM embedding_models WHERE model = :model FOR SHARE"),
        {"model": model},
    )
    if location is None:  # another first model came at the same moment and took the rows
        return register_model(connection, model)
    return cast(Location, location)


def model_states(engine: Engine) -> list[ModelState]:
    """Return how far each model is, the live one first; counts every row once."""
    with transaction(engine) as connection:
        return [_state(connection, one) for one in stored_models(connection)]


def switch(engine: Engine, model: str) -> None:
    """Make ``model`` the one that search asks, in one step; the old one's vectors stay.

    Publishers of vectors wait meanwhile, searches do not. Raises ``InputError`` when the library
    has no vectors of it, or not of all rows that have one.
    """
    with transaction(engine) as connection:
        connection.execute(text("SELECT FROM embedding_models FOR UPDATE"))
        stored = _find(connection, model)
        state = _state(connection, stored)
        if state.missing:
            raise InputError(
                f"{model} has no vectors of {state.missing} rows yet; "
                f"run: reelworks embeddings build {model}"
            )
        connection.execute(
            text("UPDATE embedding_models SET live = false, fills = false WHERE model <> :model"),
            {"model": model},
        )
        connection.execute(
            text(
                "UPDATE embedding_models SET live = true, fills = false,"
                " live_since = CASE WHEN live THEN live_since ELSE now() END WHERE model = :model"
            ),
            {"model": model},
        )


def drop(engine: Engine, model: str) -> int:
    """Remove a model's vectors and return how many; searches that began before still use them.

    Raises ``InputError`` for an unknown model, and for the live one while others are there.
    """
    with transaction(engine) as connection:
        connection.execute(text("SELECT FROM embedding_models FOR UPDATE"))
        stored = _find(connection, model)
        if stored.live and len(stored_models(connection)) > 1:
            raise InputError(
                f"{model} is the model that search uses; switch to another one first, then drop it."
            )
        connection.execute(
            text("UPDATE embedding_models SET live = false, fills = false WHERE model = :model"),
            {"model": model},
        )
    drop_vector_indexes(engine, model, stored.location)
    removed = 0
    for vectors in (Vectors(table, stored.location) for table in TABLES):
        count = _BATCH
        while count == _BATCH:
            with transaction(engine) as connection:
                count = _remove(
                    connection, vectors, model, f"LIMIT {_BATCH} FOR UPDATE SKIP LOCKED"
                )
            removed += count
    with transaction(engine) as connection:  # what was locked, or published meanwhile
        connection.execute(text("SELECT FROM embedding_models FOR UPDATE"))
        removed += sum(
            _remove(connection, Vectors(table, stored.location), model) for table in TABLES
        )
        connection.execute(
            text("DELETE FROM embedding_models WHERE model = :model"), {"model": model}
        )
    return removed


def _remove(connection: Connection, vectors: Vectors, model: str, some: str = "") -> int:
    if vectors.location == "rows":
        change, key = "UPDATE {} SET embedding = NULL, embedding_model = NULL", "id"
    else:
        change, key = "DELETE FROM {}", "row_id"
    of_model = f"{vectors.model_column} = :model"
    statement = (
        f"{change.format(vectors.vector_table)} WHERE {of_model} AND {key} IN"  # noqa: S608 - own names
        f" (SELECT {key} FROM {vectors.vector_table} WHERE {of_model} {some})"
    )
    return connection.execute(text(statement), {"model": model}).rowcount


def missing_videos(engine: Engine, model: str) -> list[str]:
    """Return the videos with texts that have no vector of ``model``, by id."""
    with transaction(engine) as connection:
        known = {one.model: one for one in stored_models(connection)}
        location: Location = known[model].location if model in known else "side_table"
        wanted = " UNION ".join(
            f"SELECT r.video_id FROM {table} r WHERE {has_text} AND NOT "  # noqa: S608 - own names
            + (Vectors(table, location).has_vector if model in known else "false")
            for table, has_text in _HAS_TEXT.items()
        )
        found = connection.scalars(text(f"{wanted} ORDER BY video_id"), {"model": model})
        return list(found)


def note_gaps(connection: Connection, video_id: str, model: str, table: str) -> None:
    """Let search ask ``model`` too when it has rows of a video that the live model lacks."""
    models = stored_models(connection)
    mine = next(one for one in models if one.model == model)
    live = next((one for one in models if one.live), None)
    if live is None or mine.live or mine.fills:
        return
    live_has_vector = Vectors(table, live.location).has_vector.replace(":model", ":live")
    statement = (
        "UPDATE embedding_models SET fills = true WHERE model = :model AND EXISTS ("  # noqa: S608 - own names
        f"SELECT FROM {table} r WHERE r.video_id = :video_id"
        f" AND {Vectors(table, mine.location).has_vector} AND NOT {live_has_vector})"
    )
    values = {"model": model, "live": live.model, "video_id": video_id}
    connection.execute(text(statement), values)


_HAS_TEXT = {
    "transcript_segments": r"r.text ~ '\S'",
    "frame_captions": r"(r.seen_text ~ '\S' OR r.screen_text ~ '\S')",
}


def _find(connection: Connection, model: str) -> EmbeddingModel:
    models = stored_models(connection)
    found = next((one for one in models if one.model == model), None)
    if found is None:
        known = ", ".join(one.model for one in models) or "none"
        raise InputError(f"The library has no vectors of {model}; it has: {known}.")
    return found


def _state(connection: Connection, stored: EmbeddingModel) -> ModelState:
    rows = missing = 0
    for table in TABLES:
        has_vector = Vectors(table, stored.location).has_vector
        any_aside = f"EXISTS (SELECT FROM {SIDE_TABLES[table]} a WHERE a.row_id = r.id)"
        counted = connection.execute(
            text(
                f"SELECT count(*) FILTER (WHERE has_vector) AS rows,"  # noqa: S608 - own names
                " count(*) FILTER (WHERE NOT has_vector AND has_any) AS missing FROM ("
                f" SELECT {has_vector} AS has_vector,"
                f" r.embedding_model IS NOT NULL OR {any_aside} AS has_any FROM {table} r) AS r"
            ),
            {"model": stored.model},
        ).one()
        rows += counted.rows
        missing += counted.missing
    return ModelState(stored, rows, missing)
