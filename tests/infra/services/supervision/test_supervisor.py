"""Services start when needed, are shared while used, and the last user stops them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import psutil
import psycopg
import pytest
from pydantic import SecretStr

from infra.services.endpoints import Endpoints
from infra.services.prefect import server as prefect
from infra.services.process import Command, is_alive, start, stop
from infra.services.s3.probe import answers as store_answers
from infra.services.s3.probe import s3_client
from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.programs import Program
from infra.services.supervision.state import Service, locked, read_state
from infra.services.supervision.status import Condition, PartStatus, status
from infra.services.supervision.supervisor import down, restart_dead, running, up
from reelworks.errors import ServiceError
from reelworks.settings import Settings
from tests.infra.services.conftest import processes_in
from tests.support.frozen import frozen

pytestmark = pytest.mark.slow


BELOW = (Service.POSTGRES, Service.STORE)
SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
HTTP = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1")
SLEEPERS = (
    Program(Service.RUNNER, SLEEPER),
    Program(Service.DISPATCHER, SLEEPER),
    Program(Service.API, HTTP, listens=True),
    Program(Service.WATCHDOG, SLEEPER, starts_services=True),
)


def conditions(settings: Settings) -> dict[Service, Condition]:
    return {row.part: row.condition for row in status(settings)}


def row(settings: Settings, part: Service) -> PartStatus:
    return next(one for one in status(settings) if one.part is part)


def pids(settings: Settings) -> dict[Service, int]:
    state = read_state(settings.data_dir / "run")
    return {part: one.process.pid for part, one in state.parts.items()}


def works(endpoints: Endpoints) -> bool:
    """Tell whether database and store answer with the keys given."""
    assert endpoints.database_url is not None
    assert endpoints.s3_secret_access_key is not None
    with psycopg.connect(endpoints.database_url.get_secret_value()) as connection:
        connection.execute("SELECT 1")
    secret = endpoints.s3_secret_access_key.get_secret_value()
    return store_answers(
        s3_client(endpoints.s3_endpoint_url, endpoints.s3_access_key_id, secret, "us-east-1")
    )


def command(settings: Settings, then: str, parts: str = "POSTGRES") -> subprocess.Popen[str]:
    """Run a one-shot command that uses ``parts`` in a process of its own."""
    code = f"""
        import os, signal, sys, time
        from pathlib import Path
        from infra.services.supervision.state import Service
        from infra.services.supervision.supervisor import running
        from reelworks.settings import Settings
        settings = Settings(_env_file=None, data_dir=Path({str(settings.data_dir)!r}))
        with running(settings, [Service[name] for name in {parts.split()}]) as endpoints:
            print("ready", endpoints.environment(), flush=True)
            {then}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4],
    )  # fmt: skip


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_one_shot_command_stops_what_it_started(house: Settings) -> None:
    assert set(conditions(house).values()) == {Condition.STOPPED}
    with running(house, BELOW) as endpoints:
        assert works(endpoints)
        found = conditions(house)
        assert {part for part in Service if found[part] is Condition.RUNNING} == set(BELOW)
        first = endpoints.environment()
    assert not processes_in(house)
    assert set(conditions(house).values()) == {Condition.STOPPED}
    with running(house, BELOW) as endpoints:
        assert endpoints.environment() == first, "addresses and keys stay"


def test_uses_inside_one_process_are_counted(house: Settings) -> None:
    with running(house, (Service.POSTGRES,)):
        before = pids(house)
        with running(house, (Service.POSTGRES,)):
            assert pids(house) == before
        assert row(house, Service.POSTGRES).condition is Condition.RUNNING


def test_two_commands_at_once_share_and_the_last_one_stops(house: Settings) -> None:
    first = command(house, "sys.stdin.readline()")
    second = command(house, "sys.stdin.readline()")
    address = said(first)
    assert address == said(second)
    shared = pids(house)
    assert len(read_state(house.data_dir / "run").users) == 2
    first.communicate("go\n", timeout=30)
    assert pids(house) == shared
    assert row(house, Service.POSTGRES).condition is Condition.RUNNING
    second.communicate("go\n", timeout=30)
    assert not processes_in(house)


def test_what_a_killed_command_left_is_taken_over_and_stopped(house: Settings) -> None:
    killed = command(house, "os.kill(os.getpid(), signal.SIGKILL)", "POSTGRES STORE")
    killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL
    orphans = pids(house)
    assert row(house, Service.POSTGRES).condition is Condition.RUNNING
    with running(house, BELOW) as endpoints:
        assert pids(house) == orphans
        assert works(endpoints)
    assert not processes_in(house)


def test_ctrl_c_ends_the_command_in_order_and_the_services_after_it(house: Settings) -> None:
    interrupted = command(house, "signal.pause()")
    said(interrupted)
    interrupted.send_signal(signal.SIGINT)
    interrupted.communicate(timeout=30)
    assert not processes_in(house)


@pytest.mark.slow
def test_everything_killed_at_once_comes_back_with_its_data(house: Settings) -> None:
    with running(house, BELOW) as endpoints:
        assert endpoints.database_url is not None
        url = endpoints.database_url.get_secret_value()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE saved AS SELECT 7 AS number")
        for process in processes_in(house):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([psutil.Process(pid) for pid in pids(house).values()], timeout=5)
        assert row(house, Service.POSTGRES).condition is Condition.BROKEN
        assert "postgres.log" in row(house, Service.POSTGRES).note
        with running(house, BELOW) as again, psycopg.connect(url) as connection:
            assert works(again)
            assert connection.execute("SELECT number FROM saved").fetchone() == (7,)


@pytest.mark.slow
def test_services_that_no_file_knows_are_replaced(house: Settings) -> None:
    killed = command(house, "os.kill(os.getpid(), signal.SIGKILL)", "POSTGRES STORE")
    killed.communicate(timeout=30)
    lost = pids(house)
    (house.data_dir / "run" / "services.json").write_text("not what we wrote")
    with running(house, BELOW) as endpoints:
        assert works(endpoints)
        assert not set(lost.values()) & {process.pid for process in processes_in(house)}


def test_what_the_settings_point_elsewhere_is_left_alone(house: Settings) -> None:
    elsewhere = house.with_values(
        database_url=SecretStr("postgresql://me:hidden@db.example:5433/videos"),
        s3_endpoint_url="http://s3.example:9000",
        prefect_api_url="http://prefect.example/api",
    )
    with running(elsewhere) as endpoints:
        assert endpoints.database_url == elsewhere.database.url
        assert endpoints.settings(house) == elsewhere
    assert not (house.data_dir / "run").exists()
    rows = {one.part: one for one in status(elsewhere)}
    assert rows[Service.POSTGRES].condition is Condition.EXTERNAL
    assert rows[Service.POSTGRES].address == "postgresql://db.example:5433/videos"


@pytest.mark.slow
def test_up_keeps_everything_until_down(house: Settings) -> None:
    endpoints = up(house, SLEEPERS)
    found = {one.part: one for one in status(house)}
    assert {one.condition for one in found.values()} == {Condition.RUNNING}
    assert all(one.pinned and one.pid and one.since for one in found.values())
    assert all((one.memory or 0) > 2**20 for one in found.values())
    assert works(endpoints)

    before = pids(house)
    with running(house) as shared:
        assert shared.environment() == endpoints.environment()
    assert up(house, SLEEPERS) == endpoints
    assert pids(house) == before

    environment = psutil.Process(before[Service.RUNNER]).environ()
    assert endpoints.environment().items() <= environment.items()
    assert environment["DATA_DIR"] == str(house.data_dir)
    watchdog = psutil.Process(before[Service.WATCHDOG]).environ()
    assert "DATABASE_URL" not in watchdog, "it starts the services, so it uses no others"

    assert endpoints.prefect_api_url is not None
    host = endpoints.prefect_api_url.removeprefix("http://").removesuffix("/api")
    ui = HTTPConnection(host, timeout=10)
    ui.request("GET", "/ui-settings")
    assert json.loads(ui.getresponse().read())["api_url"] == endpoints.prefect_api_url
    ui.request("GET", "/runs", headers={"Accept": "text/html"})
    assert b"<html" in ui.getresponse().read()
    ui.close()

    listening = [
        one.laddr.ip
        for process in processes_in(house)
        for one in process.net_connections()
        if one.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}

    os.kill(before[Service.PREFECT], signal.SIGKILL)
    while is_alive(read_state(house.data_dir / "run").parts[Service.PREFECT].process):
        time.sleep(0.02)
    assert row(house, Service.PREFECT).condition is Condition.BROKEN
    assert restart_dead(house) == [Service.PREFECT]
    assert restart_dead(house) == []
    assert works(endpoints)
    before = pids(house)

    assert down(house) == ()
    assert set(conditions(house).values()) == {Condition.STOPPED}
    assert not [pid for pid in before.values() if psutil.pid_exists(pid)]


@pytest.mark.slow
def test_up_closes_the_open_prefect_of_an_earlier_version_and_renews_what_lacks_its_secret(
    house: Settings,
) -> None:
    endpoints = up(house, SLEEPERS)
    assert endpoints.prefect_auth_string is not None
    secret = endpoints.prefect_auth_string.get_secret_value()
    before = pids(house)
    port = swap_in_open_prefect(house)
    assert not prefect.requires_auth(port, secret, 20)

    again = up(house, SLEEPERS)

    assert again == endpoints, "addresses and secret stay"
    assert prefect.requires_auth(port, secret, 20)
    assert not prefect.requires_auth(port, "reelworks:guess", 20)
    after = pids(house)
    assert {part for part in before if before[part] == after[part]} == set(BELOW)
    assert set(conditions(house).values()) == {Condition.RUNNING}
    assert all(one.pinned for one in status(house))

    (house.data_dir / "prefect" / "password").unlink()
    with running(house, (Service.PREFECT,)) as renewed:
        assert renewed.prefect_auth_string is not None
        other = renewed.prefect_auth_string.get_secret_value()
    assert other != secret
    assert prefect.requires_auth(port, other, 20)
    assert row(house, Service.PREFECT).pinned, "what up keeps stays over such a restart"


def swap_in_open_prefect(house: Settings) -> int:
    """Put a server that lets everyone in where ours was, and forget what our programs know."""
    parts = ServicePaths(house.data_dir)
    with locked(parts.run) as state:
        (port,) = state.parts[Service.PREFECT].ports
        stop(state.parts[Service.PREFECT].process)
        database = parts.postgres.url(state.parts[Service.POSTGRES].ports[0], "prefect")
        factory = "prefect.server.api.server:create_app"
        variables = {
            "PREFECT_API_DATABASE_CONNECTION_URL": database.replace("://", "+asyncpg://"),
            "PREFECT_HOME": str(parts.prefect.home),
            "PREFECT_UI_ENABLED": "false",
        }
        arguments = [sys.executable, "-m", "uvicorn", "--factory", factory, f"--port={port}"]
        process = start(
            Command(arguments, parts.log(Service.PREFECT), variables, parts.prefect.home)
        )
        prefect.await_prefect(parts.prefect, process, port)
        state.note(Service.PREFECT, process, (port,))
        for running_part in state.parts.values():
            running_part.auth_digest = ""
    return port


def test_down_waits_for_a_command_that_still_works(house: Settings) -> None:
    user = command(house, "sys.stdin.readline()")
    said(user)
    assert down(house) == (user.pid,)
    assert row(house, Service.POSTGRES).condition is Condition.RUNNING
    user.communicate("go\n", timeout=30)
    assert not processes_in(house)


def test_a_service_that_cannot_start_is_one_sentence_and_nothing_stays(house: Settings) -> None:
    with running(house, (Service.POSTGRES,)):
        pass
    (house.data_dir / "postgres" / "cluster" / "global" / "pg_control").unlink()
    with (
        pytest.raises(ServiceError, match=r"PostgreSQL did not start: .*logs/postgres\.log"),
        running(house, BELOW),
    ):
        pass
    assert not processes_in(house)


@pytest.mark.slow
def test_a_runner_that_cannot_start_takes_nothing_down_that_ran_before(house: Settings) -> None:
    nowhere = "http://127.0.0.1:1"
    external = house.with_values(s3_endpoint_url=nowhere)
    with running(external, (Service.POSTGRES,)):
        with pytest.raises(ServiceError, match=r"The runner did not start: no way"):
            up(
                external,
                [Program(Service.RUNNER, (sys.executable, "-c", "raise SystemExit('no way')"))],
            )
        assert row(external, Service.POSTGRES).condition is Condition.RUNNING
    assert not processes_in(house)


def test_where_all_is_somebody_elses_nothing_is_started_and_nothing_noted(house: Settings) -> None:
    elsewhere = house.with_values(
        database_url=SecretStr("postgresql://me:hidden@db.example:5433/videos"),
        s3_endpoint_url="http://s3.example:9000",
        prefect_api_url="http://prefect.example/api",
    )
    assert up(elsewhere).settings(house) == elsewhere
    assert not processes_in(house)
    assert not (house.data_dir / "run").exists()


def test_beside_a_queue_of_somebody_elses_only_services_are_started(house: Settings) -> None:
    shared = house.with_values(prefect_api_url="http://prefect.example/api")
    up(shared)
    assert set(pids(house)) == {Service.POSTGRES, Service.STORE}
    down(shared)


@pytest.mark.slow
def test_frozen_servers_are_distinguished_from_those_that_work(house: Settings) -> None:
    with running(house, BELOW):
        of = pids(house)
        with frozen(of[Service.POSTGRES], of[Service.STORE]):
            rows = {one.part: one for one in status(house)}  # which waits for each of them
            assert {rows[part].condition for part in BELOW} == {Condition.BROKEN}
            assert "does not answer" in rows[Service.STORE].note
        rows = {one.part: one for one in status(house)}
        assert {rows[part].condition for part in BELOW} == {Condition.RUNNING}
