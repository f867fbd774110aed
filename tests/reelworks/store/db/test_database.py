"""The tables are what the schema says, and come back when they are dropped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Engine, event, inspect, text
from sqlalchemy.engine import make_url

from reelworks.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    ReelworksError,
    ServiceError,
    SettingsError,
)
from reelworks.settings import Settings
from reelworks.store.db.database import (
    MIGRATIONS,
    create_database_engine,
    ensure_schema,
    transaction,
)
from reelworks.store.db.schema import REVISION, Base
from reelworks.store.search.vector_tables import ensure_vector_index, index_name

TABLES = sorted(Base.metadata.tables)


@pytest.fixture(autouse=True)
def whole_again(engine: Engine) -> Iterator[None]:
    yield
    ensure_schema(engine)


def run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def tables_of(engine: Engine) -> list[str]:
    return sorted(set(inspect(engine).get_table_names()) - {"alembic_version"})


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        return list(compare_metadata(context, Base.metadata))


def test_the_migrations_make_what_the_schema_states(engine: Engine) -> None:
    assert differences(engine) == []
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_a_job_needs_no_more_than_an_id_and_a_video(engine: Engine) -> None:
    run(engine, "INSERT INTO videos (id, original_path) VALUES ('v', '/v.mp4')")
    run(engine, "INSERT INTO jobs (id, video_id) VALUES ('j', 'v')")
    with engine.connect() as connection:
        job = connection.execute(text("SELECT kind, status, attempts, params FROM jobs")).one()
    assert tuple(job) == ("index", "pending", 0, {})
    run(engine, "DELETE FROM videos")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM jobs")) == 0


def test_an_unknown_state_is_refused(engine: Engine) -> None:
    with pytest.raises(ServiceError, match="status"), transaction(engine) as connection:
        connection.execute(
            text("INSERT INTO videos (id, original_path, status) VALUES ('v', '', 'odd')")
        )


@pytest.mark.parametrize(
    "loss",
    [
        *(f"DROP TABLE {name} CASCADE" for name in TABLES),
        f"DROP TABLE {', '.join(TABLES)} CASCADE",
        f"DROP TABLE {', '.join(TABLES)}, alembic_version CASCADE",
        "DROP TABLE alembic_version",
        "DELETE FROM alembic_version",
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    ],
)
def test_what_is_dropped_comes_back(engine: Engine, loss: str) -> None:
    run(engine, loss)
    engine.dispose()
    ensure_schema(engine)
    assert tables_of(engine) == TABLES
    assert differences(engine) == []


def test_a_current_schema_costs_one_query(engine: Engine) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *event: seen.append(event[2]))
    ensure_schema(engine)
    assert len(seen) == 1


def test_many_starting_at_once_migrate_once(engine: Engine) -> None:
    run(engine, f"DROP TABLE {', '.join(TABLES)}, alembic_version CASCADE")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ensure_schema, [engine] * 6))
    assert differences(engine) == []


def test_a_migration_takes_longer_than_a_request_may(
    own_settings: Settings, engine: Engine
) -> None:
    assert own_settings.database.url is not None
    hurried = create_database_engine(own_settings, seconds=1.0)
    run(engine, "ALTER TABLE videos DROP COLUMN added_by")
    run(engine, "UPDATE alembic_version SET version_num = '0006'")
    with ThreadPoolExecutor(1) as pool, engine.connect() as reader:
        reader.execute(text("LOCK TABLE videos IN ACCESS SHARE MODE"))
        migrating = pool.submit(ensure_schema, hurried)
        time.sleep(3)
        assert not migrating.done(), "it waits for the lock"
        reader.rollback()
        migrating.result(30)
    hurried.dispose()
    assert "added_by" in {one["name"] for one in inspect(engine).get_columns("videos")}


def test_tables_of_a_newer_release_are_left_alone(engine: Engine) -> None:
    run(engine, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseRefusedError, match="newer"):
        ensure_schema(engine)
    run(engine, f"UPDATE alembic_version SET version_num = '{REVISION}'")


def test_a_vector_index_is_made_once_by_many_and_mended(engine: Engine) -> None:
    model = "local/it's 100%:odd@1"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda size: ensure_vector_index(engine, model, size), [5, 5, 5, 2500]))
    name = index_name("frame_captions", model, 5)
    run(engine, f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")
    ensure_vector_index(engine, model, 5)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT i.indisvalid, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c"
                " ON c.oid = i.indexrelid WHERE c.relname LIKE '%hnsw%'"
            )
        ).all()
    assert len(found) == 4
    assert all(valid for valid, _ in found)
    assert sum("halfvec(2500)" in definition for _, definition in found) == 2


def changed(settings: Settings, **parts: object) -> Settings:
    assert settings.database.url is not None
    url = make_url(settings.database.url.get_secret_value()).set(**parts)  # type: ignore[arg-type]
    shown = url.render_as_string(hide_password=False)
    return settings.with_values(database_url=SecretStr(shown))


@pytest.mark.parametrize(
    ("parts", "kind", "words"),
    [
        ({"password": "hunter2-hunter2"}, DatabaseRefusedError, "login"),
        ({"username": "nobody", "password": "hunter2-hunter2"}, DatabaseRefusedError, "login"),
        ({"database": "nowhere"}, DatabaseRefusedError, "nowhere"),
        ({"port": 9, "password": "hunter2-hunter2"}, DatabaseUnavailableError, "reached"),
        (
            {"host": "nowhere.invalid", "password": "hunter2-hunter2"},
            DatabaseUnavailableError,
            "reached",
        ),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    own_settings: Settings, parts: dict[str, object], kind: type[ReelworksError], words: str
) -> None:
    wrong = changed(own_settings, **parts)
    with pytest.raises(kind, match=words) as caught:
        ensure_schema(create_database_engine(wrong))
    assert "hunter2" not in str(caught.value)
    secret = make_url(own_settings.database.url.get_secret_value()).password  # type: ignore[union-attr]
    assert str(secret) not in str(caught.value)


def test_a_connection_that_the_server_ends_may_be_tried_again(engine: Engine) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught, transaction(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert caught.value.retryable


def test_an_address_that_is_none_is_a_wrong_setting(settings: Settings) -> None:
    odd = settings.with_values(database_url=SecretStr("postgresql://host:port/x"))
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        create_database_engine(odd)
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        create_database_engine(settings.with_values(database_url=None))


@pytest.mark.parametrize("video_id", ["VID6", "video.with.dots", "a", "a" * 128])
def test_ids_that_work_are_taken(engine: Engine, video_id: str) -> None:
    run(engine, f"INSERT INTO videos (id, original_path) VALUES ('{video_id}', '/v.mp4')")


@pytest.mark.parametrize("video_id", ["", "my video", ".hidden", "a/b", "é", "a" * 129])
def test_an_id_that_no_job_could_work_with_is_refused(engine: Engine, video_id: str) -> None:
    with pytest.raises(Exception, match="cannot be a video id: use A-Z"):
        run(engine, f"INSERT INTO videos (id, original_path) VALUES ('{video_id}', '/v.mp4')")
