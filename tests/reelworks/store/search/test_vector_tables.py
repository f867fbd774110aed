"""Where a model's vectors lie, and the SQL by which search and index agree."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from reelworks.store.search.vector_tables import (
    MAX_HALF,
    MAX_VECTOR,
    Vectors,
    index_name,
    model_literal,
    of_model,
    vector_text,
    vector_type,
)

ROWS = Vectors("transcript_segments", "rows")
SIDE = Vectors("transcript_segments", "side_table")


def test_vectors_lie_in_the_rows_or_in_the_side_table() -> None:
    assert (ROWS.vector_table, ROWS.model_column, ROWS.vector_row) == (
        "transcript_segments",
        "embedding_model",
        "r",
    )
    assert ROWS.source == "transcript_segments r"
    assert SIDE.vector_table != "transcript_segments"
    assert (SIDE.model_column, SIDE.vector_row) == ("model", "e")
    assert SIDE.source == f"{SIDE.vector_table} e JOIN transcript_segments r ON r.id = e.row_id"


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        (384, "vector(384)"),
        (MAX_VECTOR, "vector(2000)"),
        (MAX_VECTOR + 1, "halfvec(2001)"),
        (MAX_HALF, "halfvec(4000)"),
        (MAX_HALF + 1, "vector(4001)"),
    ],
)
def test_long_vectors_are_compared_as_half_floats_where_that_can_be_indexed(
    size: int, kind: str
) -> None:
    assert vector_type(size) == kind


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1))
def test_a_vector_s_text_loses_nothing(vector: list[float]) -> None:
    read = [float(one) for one in vector_text(vector).strip("[]").split(",")]
    assert all(math.isclose(a, b, rel_tol=0, abs_tol=0) for a, b in zip(read, vector, strict=True))


def test_a_condition_names_model_and_size_and_the_model_is_quoted() -> None:
    assert of_model(SIDE, 384, "e") == "e.model = :model AND vector_dims(e.embedding) = 384"
    assert of_model(ROWS, 384) == "embedding_model = :model AND vector_dims(embedding) = 384"
    statement = text(f"SELECT {of_model(ROWS, 384)}").bindparams(model_literal("it's @1"))
    compiled = str(statement.compile(compile_kwargs={"render_postcompile": True}))
    assert "'it''s @1'" in compiled


def test_an_index_has_one_name_for_each_table_model_and_size() -> None:
    names = {
        index_name(table, model, size)
        for table in ("transcript_segments", "frame_captions")
        for model in ("local/a", "local/b")
        for size in (384, 1536)
    }
    assert len(names) == 8
    assert all(len(name) <= 63 for name in names), "PostgreSQL cuts longer names"
