"""What the database says after a run."""

from __future__ import annotations

from sqlalchemy import text

from reelworks.domain.library.library import VideoView
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.library.video_contents import get_video

TABLES = ("videos", "scenes", "frames", "transcript_segments", "frame_captions")

Rows = dict[str, list[tuple[object, ...]]]


def video(settings: Settings, video_id: str) -> VideoView:
    engine = create_database_engine(settings)
    try:
        return get_video(engine, video_id)
    finally:
        engine.dispose()


def execute(settings: Settings, *statements: str) -> None:
    engine = create_database_engine(settings)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def rows(settings: Settings) -> Rows:
    """Every row of every table but for the times at which it was written."""
    engine = create_database_engine(settings)
    found: Rows = {}
    with engine.connect() as connection:
        for table in TABLES:
            columns = connection.execute(
                text(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = :t"
                    " AND NOT column_name = ANY(:times) ORDER BY 1"
                ),
                {"t": table, "times": ["created_at", "updated_at", "ready_at"]},
            ).scalars()
            names = ", ".join(f'"{name}"::text' for name in columns)
            answer = connection.execute(text(f"SELECT {names} FROM {table}"))
            found[table] = sorted((tuple(row) for row in answer), key=str)
    engine.dispose()
    return found


def counts(settings: Settings) -> dict[str, int]:
    return {table: len(found) for table, found in rows(settings).items()}
