"""The API while a part beneath is frozen: it says so within seconds and hangs nowhere."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import text

from infra.services.supervision.state import Service, read_state
from infra.services.supervision.supervisor import running
from reelworks.app.api.health import FRESH_SECONDS
from reelworks.domain.library.access import Scope
from reelworks.settings import Settings
from reelworks.store.access.tokens import create_token
from reelworks.store.db.database import create_database_engine, ensure_schema, transaction
from reelworks.store.jobs import dispatchers
from tests.reelworks.app.api.conftest import Server, serving
from tests.support.frozen import frozen

pytestmark = pytest.mark.slow

SECONDS = 5.0
"""What ``/healthz`` promises."""
FEW = 8.0
"""Seconds for an answer 503 to anything else, on a busy machine."""


def _jpeg() -> bytes:
    done, encoded = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))
    assert done
    return bytes(encoded)


@pytest.fixture(scope="module")
def house() -> Iterator[Settings]:
    """A PostgreSQL and an S3 server of this module's own, to be frozen."""
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        nowhere = ("database_url", "s3_endpoint_url", "s3_access_key_id", "s3_secret_access_key")
        bare = Settings(_env_file=None, data_dir=Path(folder), **dict.fromkeys(nowhere))
        bare = bare.with_values(prefect_api_url=None)
        with running(bare, (Service.POSTGRES, Service.STORE)) as endpoints:
            yield endpoints.settings(bare)


@pytest.fixture(scope="module")
def server(house: Settings) -> Iterator[Server]:
    """An API with one video that has a poster."""
    engine = create_database_engine(house)
    ensure_schema(engine)
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/v.mp4')"))
        connection.execute(
            text(
                "INSERT INTO scenes (id, video_id, t_start, t_end, model, revision)"
                " VALUES ('v_scene_000', 'v', 0, 1, 'm', '1')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO frames (id, video_id, scene_id, t, phash, sha256, path, width, height,"
                " sharpness, model, revision) VALUES ('v_frame_000', 'v', 'v_scene_000', 0, :phash,"
                " 'x', 'frames/v/scene_000.jpg', 1, 1, 1, 'm', '1')"
            ),
            {"phash": "0" * 16},
        )
    engine.dispose()
    with serving(house) as one:
        one.store.ensure_bucket()
        one.store.put_bytes("frames/v/scene_000.jpg", _jpeg(), "image/jpeg")
        assert one.get("/videos/v/thumbnail").status_code == 200
        yield one


@pytest.fixture(autouse=True)
def dispatcher(house: Settings, server: Server) -> None:
    """A dispatcher's heartbeat, a moment old."""
    dispatchers.beat(server.engine, "the tests")


def pid_of(house: Settings, part: Service) -> int:
    return read_state(house.data_dir / "run").parts[part].process.pid


def timed(server: Server, path: str):
    began = time.monotonic()
    answer = server.get(path)
    return answer, time.monotonic() - began


def timed_together(server: Server, *paths: str):
    """Ask for several at once: each may take seconds."""
    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(lambda path: timed(server, path), paths))


def health_threads() -> int:
    return sum(one.name.startswith("health") for one in threading.enumerate())


@pytest.mark.parametrize("part", [Service.POSTGRES, Service.STORE])
def test_health_names_a_frozen_part_in_time_and_is_well_again_after_it(server, house, part):
    with frozen(pid_of(house, part)):
        time.sleep(FRESH_SECONDS)  # an answer of before serves for so long
        answer, took = timed(server, "/healthz")
        assert server.get("/livez").json() == {"ok": True}
    assert answer.status_code == 503
    assert took < SECONDS
    assert set(answer.json()["reasons"]) == {part.value}

    deadline = time.monotonic() + 20
    while server.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, server.get("/readyz").json()
        time.sleep(0.5)


def test_files_of_a_silent_store_are_503_with_a_time_to_ask_again(server, house):
    with frozen(pid_of(house, Service.STORE)):
        paths = ("/videos/v/thumbnail", "/videos/v/frames/v_frame_000.jpg?width=320")
        for answer, took in timed_together(server, *paths):
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
            assert int(answer.headers["Retry-After"]) > 0
            assert took < FEW


def test_queries_of_a_silent_database_are_503(server, house):
    assert server.get("/jobs").status_code == 200  # so that the pool holds a connection
    with frozen(pid_of(house, Service.POSTGRES)):
        paths = ("/jobs", "/videos", "/search?q=x", "/stats")
        for answer, took in timed_together(server, *paths):
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert "Retry-After" in answer.headers
            assert took < FEW
    assert server.get("/jobs").status_code == 200


def test_a_caller_with_a_token_sees_the_health_although_nobody_can_look_him_up(house, server):
    del server
    engine = create_database_engine(house)
    token = create_token(engine, "frozen", [Scope.ADMIN])
    engine.dispose()
    with serving(house.with_values(api_host="0.0.0.0")) as guarded:
        caller = guarded.as_(token)
        assert caller.get("/healthz").status_code == 200
        with frozen(pid_of(house, Service.POSTGRES)):
            time.sleep(FRESH_SECONDS)
            (answer, took), (videos, waited) = timed_together(caller, "/healthz", "/videos")
    assert answer.json()["reasons"] == {"postgres": "down"}, (
        "it is unknown that the caller may hear more"
    )
    assert took < SECONDS
    assert (videos.status_code, waited < FEW) == (503, True)


@pytest.mark.slow
def test_asking_every_second_of_a_long_freeze_keeps_no_threads(server, house):
    with frozen(pid_of(house, Service.POSTGRES), pid_of(house, Service.STORE)):
        most = 0
        for _ in range(60):
            answer, took = timed(server, "/healthz")
            assert (answer.status_code, took < SECONDS) == (503, True)
            assert {"postgres", "store"} <= set(answer.json()["reasons"])
            most = max(most, health_threads())
            time.sleep(max(0.0, 1.0 - took))
        assert most <= 5, "one for each part at most"
