"""A Prefect server that answers and does nothing is found out, by doctor and by /healthz."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from infra.fleet import server_health
from infra.fleet.plan import RUN_TAG
from infra.fleet.prefect_api import NO_DATABASE
from infra.fleet.server_health import PROBE, planning_fault, server_fault
from infra.services import checks
from infra.services.checks import CheckResult, check_prefect
from infra.services.endpoints import Endpoints
from infra.services.prefect.auth import authorization
from reelworks.settings import Settings
from tests.reelworks.app.api.conftest import serving
from tests.support.own_prefect import OwnServer, own_server


def client(address: str) -> httpx.Client:
    return httpx.Client(base_url=f"{address}/", headers=authorization(), timeout=30)


@pytest.fixture(scope="module")
def idle(services: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """A server that answers and whose scheduler does not run."""
    off = {"PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false"}
    with own_server(services, tmp_path_factory.mktemp("prefect"), off) as made:
        yield made


class Answers(BaseHTTPRequestHandler):
    """Any web server that says yes to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815  # the name that the base looks for

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def schedule(address: str, rule: dict[str, Any]) -> str:
    """Make a deployment of ours with a schedule; return its flow's id."""
    name = f"scheduled-{secrets.token_hex(4)}"
    with client(address) as api:
        flow = api.post("flows/", json={"name": name}).json()["id"]
        made = api.post(
            "deployments/",
            json={
                "name": name,
                "flow_id": flow,
                "tags": [RUN_TAG],
                "schedules": [{"active": True, "schedule": rule}],
            },
        )
        assert made.status_code == 201, made.text
    return str(flow)


def left_behind(address: str) -> list[Any]:
    with client(address) as api:
        flows = api.post("flows/filter", json={"flows": {"name": {"like_": PROBE}}}).json()
        wanted = {"deployments": {"tags": {"all_": [PROBE]}}}
        return [*flows, *api.post("deployments/filter", json=wanted).json()]


def healthz(settings: Settings, address: str) -> httpx.Response:
    with serving(settings.with_values(prefect_api_url=address)) as server:
        return server.get("/healthz")


@pytest.mark.slow
def test_a_good_server_is_seen_to_plan_a_run_and_keeps_nothing_of_it(prefect_api: str) -> None:
    assert server_fault(prefect_api) is None
    assert planning_fault(prefect_api) is None
    assert left_behind(prefect_api) == []


@pytest.mark.slow
def test_a_good_server_with_old_schedules_is_well(
    prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = schedule(prefect_api, {"cron": "0 3 * * *", "timezone": "UTC"})
    with client(prefect_api) as api:
        deadline = time.monotonic() + 60
        runs = {"flows": {"id": {"any_": [flow]}}}
        while not api.post("flow_runs/filter", json=runs).json():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        monkeypatch.setattr(server_health, "SETTLED", timedelta(0))
        found = server_fault(prefect_api)
        api.delete(f"flows/{flow}")

    assert found is None


@pytest.mark.slow
def test_a_schedule_that_is_over_needs_no_runs(
    idle: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_health, "SETTLED", timedelta(0))
    flow = schedule(idle.address, {"rrule": "DTSTART:20200101T000000\nRRULE:FREQ=DAILY;COUNT=3"})
    found = server_fault(idle.address)
    with client(idle.address) as api:
        api.delete(f"flows/{flow}")

    assert found is None


@pytest.mark.slow
def test_a_server_that_plans_nothing_is_found_by_doctor(
    idle: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PLAN_SECONDS", 8.0)

    found = check_prefect(idle.address)

    assert found.verdict is CheckResult.FAIL
    assert "plans no runs" in found.finding
    assert "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED" in found.hint
    assert left_behind(idle.address) == []


@pytest.mark.slow
def test_a_server_that_plans_nothing_is_found_by_healthz(
    idle: OwnServer, clean_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = schedule(idle.address, {"cron": "0 3 * * *", "timezone": "UTC"})
    assert server_fault(idle.address) is None  # a new schedule may still get its runs
    monkeypatch.setattr(server_health, "SETTLED", timedelta(0))

    said = healthz(clean_settings, idle.address)
    with client(idle.address) as api:
        api.delete(f"flows/{flow}")

    assert said.status_code == 503
    assert "plans no runs" in said.text


@pytest.mark.slow
def test_a_server_without_its_database_is_found_by_both(
    idle: OwnServer, clean_settings: Settings
) -> None:
    idle.rename_database(f"{idle.database}_gone")
    assert httpx.get(f"{idle.address}/health", timeout=10).status_code == 200

    began = time.monotonic()
    said = healthz(clean_settings, idle.address)
    took = time.monotonic() - began
    found = check_prefect(idle.address)

    assert said.status_code == 503
    assert NO_DATABASE.finding in said.text
    assert took < 15
    assert (found.verdict, found.hint) == (CheckResult.FAIL, NO_DATABASE.remedy)


def test_a_server_that_is_away_or_another_one_is_one_sentence_and_its_remedy() -> None:
    away = server_fault("http://127.0.0.1:1/api")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        other = server_fault(f"http://127.0.0.1:{server.server_port}/api")
        server.shutdown()

    for found in (away, other):
        assert found is not None
        assert found.finding.startswith("http://127.0.0.1:")
        assert found.remedy.endswith("PREFECT_API_URL.")
