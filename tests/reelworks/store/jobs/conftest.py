"""Fixtures for tests of the job queue."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.store.db.database import transaction


@pytest.fixture
def empty_queue(engine: Engine) -> None:
    """A queue without jobs, and a video `v` that jobs may be for."""
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, jobs, dispatcher_state, backfills CASCADE"))
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/v.mp4')"))
