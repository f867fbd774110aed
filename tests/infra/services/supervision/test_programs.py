"""Our own programs: what they are started with, and one that ends at once."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.services.endpoints import Endpoints
from infra.services.process import current, stop
from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.programs import PINNED_BY_UP, Program, is_stale, start_programs
from infra.services.supervision.state import Service, State
from reelworks.errors import ServiceError
from reelworks.settings import Settings

FOUND = Endpoints(
    database_url=SecretStr("postgresql://ours/reelworks"),
    s3_endpoint_url="http://127.0.0.1:8333",
    prefect_auth_string=SecretStr("reelworks:word"),
)
RECORD = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]), flush=True)"
REST = "; import time; time.sleep(60)"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    nothing = ("database_url", "prefect_api_url", "s3_endpoint_url", "s3_access_key_id")
    bare = dict.fromkeys((*nothing, "s3_secret_access_key"))
    return Settings(_env_file=None, data_dir=tmp_path, api_port=0, **bare)


def started(settings: Settings, program: Program) -> tuple[list[str], dict[str, str]]:
    """Start a program and return its arguments and environment, as it saw them."""
    paths, state = ServicePaths(settings.data_dir), State()
    paths.log(program.part).parent.mkdir(parents=True, exist_ok=True)
    start_programs(paths, state, [program], FOUND, settings)
    try:
        deadline = time.monotonic() + 60
        while not (text := paths.log(program.part).read_text()).endswith("\n"):
            assert time.monotonic() < deadline, "it recorded nothing"
            time.sleep(0.02)
        assert not is_stale(state, program.part, FOUND)
        arguments, environment = json.loads(text)
        assert arguments == [str(port) for port in state.parts[program.part].ports]
    finally:
        stop(state.parts[program.part].process)
    return arguments, environment


def test_a_program_finds_the_services_and_gets_a_port_if_it_listens(settings: Settings) -> None:
    program = Program(Service.API, (sys.executable, "-c", RECORD + REST), listens=True)

    arguments, environment = started(settings, program)

    assert len(arguments) == 1
    assert environment["DATABASE_URL"] == "postgresql://ours/reelworks"
    assert environment["DATA_DIR"] == str(settings.data_dir)
    assert environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert "DATABASE_URL" in environment[PINNED_BY_UP].split(",")


def test_one_that_starts_services_gets_what_the_user_has_set(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://left-over/reelworks")
    command = (sys.executable, "-c", RECORD + REST)

    _, environment = started(settings, Program(Service.WATCHDOG, command, starts_services=True))

    assert "DATABASE_URL" not in environment
    assert PINNED_BY_UP not in environment


def test_one_that_ends_at_once_is_one_sentence_and_is_not_noted(settings: Settings) -> None:
    paths, state = ServicePaths(settings.data_dir), State()
    paths.log(Service.RUNNER).parent.mkdir(parents=True)
    broken = Program(Service.RUNNER, (sys.executable, "-c", "raise SystemExit('no luck')"))

    with pytest.raises(ServiceError, match=r"The runner did not start: no luck \(log: .*\)"):
        start_programs(paths, state, [broken], FOUND, settings)

    assert Service.RUNNER not in state.parts


def test_a_program_with_another_auth_string_is_stale() -> None:
    state = State()
    state.note(Service.RUNNER, current(), (), "a digest of before")

    assert is_stale(state, Service.RUNNER, FOUND)
    assert not is_stale(state, Service.RUNNER, Endpoints()), "an external server has no digest"
