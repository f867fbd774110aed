"""The step to 0003 keeps every vector and reads every text again, there and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Engine, text

from reelworks.domain.library.search import SearchRequest
from reelworks.settings import Settings
from reelworks.store.db.database import (
    MIGRATIONS,
    create_database_engine,
    ensure_schema,
    transaction,
)
from reelworks.store.search.search import search

BEFORE = """
INSERT INTO videos (id, original_path, status, language, ready_at)
VALUES ('v', '/in/v.mp4', 'ready', 'fr', now());
INSERT INTO transcript_segments
    (id, video_id, model, t_start, t_end, text, language, ts_config, embedding, embedding_model)
VALUES
    ('v_segment_000', 'v', 'm', 0, 1, 'Un café', 'fr', 'french', '[1,0]', 'local/old@1'),
    ('v_segment_001', 'v', 'm', 60, 61, 'Deux thés', 'fr', 'french', '[0,1]', 'local/old@1'),
    ('v_segment_002', 'v', 'm', 120, 121, '東京都', 'ja', 'simple', '[1,0,0]', 'hosted/other');
INSERT INTO scenes (id, video_id, model, t_start, t_end) VALUES ('v_scene_000', 'v', 'm', 0, 200);
INSERT INTO frames
    (id, video_id, model, scene_id, t, phash, path, sha256, width, height, sharpness)
VALUES ('v_frame_000', 'v', 'm', 'v_scene_000', 1, 'f00dface12345678', 'p', '', 1, 1, 1);
"""


def migrate(engine: Engine, target: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction(engine) as connection:
        for extension in ("vector", "pg_trgm", "unaccent"):
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        config.attributes["connection"] = connection
        move = command.downgrade if target == "0002" and ran(engine) else command.upgrade
        move(config, target)


def ran(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT to_regclass('search_pages')")) is not None


@pytest.fixture
def engine(settings: Settings, empty_database: SecretStr) -> Iterator[Engine]:
    made = create_database_engine(settings.with_values(database_url=empty_database))
    migrate(made, "0002")
    with made.begin() as connection:
        connection.execute(text(BEFORE))
    yield made
    made.dispose()


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def found(engine: Engine, query: str) -> list[str]:
    answer = search(engine, SearchRequest(query), {})
    return [hit.id for moment in answer.moments for hit in moment.hits]


def test_the_model_of_most_rows_is_live_and_the_other_fills_its_gaps(engine: Engine) -> None:
    ensure_schema(engine)
    assert rows(
        engine, "SELECT model, location, live, fills FROM embedding_models ORDER BY live DESC"
    ) == [("local/old@1", "rows", True, False), ("hosted/other", "side_table", False, True)]
    stored = "SELECT id, embedding::text FROM transcript_segments ORDER BY id"
    assert rows(engine, stored) == [
        ("v_segment_000", "[1,0]"),
        ("v_segment_001", "[0,1]"),
        ("v_segment_002", None),
    ]
    assert rows(engine, "SELECT row_id, model, embedding::text FROM segment_vectors") == [
        ("v_segment_002", "hosted/other", "[1,0,0]")
    ]


def test_texts_that_were_there_are_found_by_the_new_ways(engine: Engine) -> None:
    ensure_schema(engine)
    assert found(engine, "cafe") == ["v_segment_000"]
    assert found(engine, "東京") == ["v_segment_002"]
    assert rows(engine, "SELECT to_hex(phash_bits::bigint) FROM frames") == [("f00dface12345678",)]


def test_one_can_go_back_and_forth(engine: Engine) -> None:
    ensure_schema(engine)
    migrate(engine, "0002")
    assert rows(engine, "SELECT tsv @@ 'café' FROM transcript_segments WHERE id LIKE '%000'") == [
        (True,)
    ]
    ensure_schema(engine)
    assert found(engine, "cafe") == ["v_segment_000"]
