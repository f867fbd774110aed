"""Lines of ``reelworks status``, without a service."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.services.process import Command, Process, current, start, stop
from infra.services.supervision import heartbeats
from infra.services.supervision.state import Running, Service, State, User, save_state
from infra.services.supervision.status import SILENT_SECONDS, Condition, PartStatus, status
from reelworks.settings import Settings

GONE = Process(1, "ended long ago")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    nothing = ("database_url", "prefect_api_url", "s3_endpoint_url", "s3_access_key_id")
    bare = dict.fromkeys((*nothing, "s3_secret_access_key"))
    (tmp_path / "run").mkdir()
    return Settings(_env_file=None, data_dir=tmp_path, **bare)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = start(
        Command([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    )
    yield process
    stop(process)


def line(settings: Settings, part: Service) -> PartStatus:
    return next(one for one in status(settings) if one.part is part)


def test_what_was_never_started_is_stopped(settings: Settings) -> None:
    assert {one.condition for one in status(settings)} == {Condition.STOPPED}


def test_an_external_service_is_shown_without_its_password(settings: Settings) -> None:
    outside = settings.with_values(
        database_url=SecretStr("postgresql://me:word@db:5433/mine?password=word"),
        prefect_api_url="http://prefect:4200/api",
    )

    found = line(outside, Service.POSTGRES)

    assert (found.condition, found.address) == (Condition.EXTERNAL, "postgresql://db:5433/mine")
    assert line(outside, Service.PREFECT).address == "http://prefect:4200/api"


def test_a_process_that_has_ended_is_broken_only_while_it_is_needed(settings: Settings) -> None:
    state = State(parts={Service.STORE: Running(process=GONE, ports=(8333,), since=1.0)})
    save_state(settings.data_dir / "run", state)
    assert line(settings, Service.STORE).condition is Condition.STOPPED

    state.users = [User(process=current(), token="t", parts=(Service.STORE,))]
    save_state(settings.data_dir / "run", state)
    found = line(settings, Service.STORE)

    assert (found.condition, found.address) == (Condition.BROKEN, "http://127.0.0.1:8333")
    assert found.note.startswith("Its process 1 has ended; see ")


def test_a_process_that_has_not_beaten_for_long_is_broken(
    settings: Settings, sleeper: Process
) -> None:
    state = State()
    state.note(Service.DISPATCHER, sleeper, ())
    save_state(settings.data_dir / "run", state)
    found = line(settings, Service.DISPATCHER)
    assert (found.condition, found.pid, found.note) == (Condition.RUNNING, sleeper.pid, "")
    assert found.memory
    assert found.memory > 1e6

    long_ago = time.time() - SILENT_SECONDS - 5
    state.parts[Service.DISPATCHER].since = long_ago
    save_state(settings.data_dir / "run", state)
    heartbeats.beat(settings.data_dir, "dispatcher")
    os.utime(heartbeats.heartbeat_file(settings.data_dir, "dispatcher"), (long_ago, long_ago))
    found = line(settings, Service.DISPATCHER)

    assert found.condition is Condition.BROKEN
    assert "was silent for 50 s" in found.note
