"""The step to 0010 composes texts, reads them again and gathers their words, there and back."""

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
from reelworks.store.search.vector_tables import ensure_vector_index
from tests.reelworks.store.db.migrations.test_v0003_search import rows

ROWS = """
INSERT INTO videos (id, original_path, title, status, language, ready_at)
VALUES ('v', '/in/Budget 2026.mp4', 'Budget', 'ready', 'de', now());
INSERT INTO transcript_segments
    (id, video_id, model, t_start, t_end, text, language, ts_config, words, embedding,
     embedding_model)
VALUES ('v_segment_000', 'v', 'm', 0, 1, U&'Nach Mu\\0308nchen mit GPT-4', 'de', 'german',
        U&'[{"text": "Mu\\0308nchen"}]', '[1,0]', 'local/old@1');
INSERT INTO embedding_models (model, location, live) VALUES ('local/old@1', 'rows', true);
INSERT INTO scenes (id, video_id, model, t_start, t_end) VALUES ('v_scene_000', 'v', 'm', 50, 90);
INSERT INTO frames
    (id, video_id, model, scene_id, t, phash, path, sha256, width, height, sharpness)
VALUES ('v_frame_000', 'v', 'm', 'v_scene_000', 51, 'f00dface12345678', 'p', '', 1, 1, 1);
INSERT INTO frame_captions (id, video_id, model, frame_id, screen_text)
VALUES ('v_frame_000_caption', 'v', 'm', 'v_frame_000', U&'cafe\\0301 docs.example.com');
"""


def migrate(engine: Engine, target: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


@pytest.fixture
def engine(settings: Settings, empty_database: SecretStr) -> Iterator[Engine]:
    """A database of the release before, with a library."""
    made = create_database_engine(settings.with_values(database_url=empty_database))
    ensure_schema(made)
    migrate(made, "0009")
    with made.begin() as connection:
        connection.execute(text(ROWS))
    ensure_vector_index(made, "local/old@1", 2)
    yield made
    made.dispose()


def found(engine: Engine, query: str) -> list[str]:
    answer = search(engine, SearchRequest(query), {})
    return [hit.id for moment in answer.moments for hit in moment.hits]


def test_what_was_there_is_found_as_people_type_it(engine: Engine) -> None:
    ensure_schema(engine)
    assert found(engine, "München") == ["v_segment_000"]
    assert found(engine, "gpt 4") == ["v_segment_000"]
    assert found(engine, "Munchn") == ["v_segment_000"]
    assert found(engine, "example") == ["v_frame_000_caption"]
    assert found(engine, "caffe") == ["v_frame_000_caption"]
    assert found(engine, "budget") == ["v_title"]


def test_texts_are_composed_and_keep_their_vectors(engine: Engine) -> None:
    ensure_schema(engine)
    stored = "SELECT text, words -> 0 ->> 'text', embedding::text FROM transcript_segments"
    assert rows(engine, stored) == [("Nach München mit GPT-4", "München", "[1,0]")]
    valid = (
        "SELECT indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE '%segments_hnsw%'"
    )
    assert rows(engine, valid) == [(True,)]


def test_one_can_go_back_and_forth(engine: Engine) -> None:
    ensure_schema(engine)
    migrate(engine, "0009")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('search_words')")) is None
        old = text("SELECT tsv @@ '''-4''' FROM transcript_segments")
        assert connection.scalar(old) is True
    ensure_schema(engine)
    assert found(engine, "gpt 4") == ["v_segment_000"]
