"""Calls of a Prefect server for checks: each failure is one fault and its remedy."""

from __future__ import annotations

import pytest

from infra.fleet.prefect_api import KEY, NO_DATABASE, START, ServerFaultError, prefect_api
from infra.services.files import free_ports
from tests.infra.conftest import answering


def fault_of(port: int, path: str = "health") -> tuple[str, str]:
    with (
        prefect_api(f"http://127.0.0.1:{port}/api", 5.0, {}) as api,
        pytest.raises(ServerFaultError) as raised,
    ):
        api.read("GET", path)
    return raised.value.fault.finding, raised.value.fault.remedy


@pytest.mark.parametrize(
    ("status", "finding", "remedy"),
    [
        (401, "refuses the key (401).", KEY),
        (403, "refuses the key (403).", KEY),
        (500, NO_DATABASE.finding, NO_DATABASE.remedy),
        (404, "answers 404.", START),
    ],
)
def test_a_status_that_is_no_success_is_a_fault(status, finding, remedy):
    with answering(lambda *_: (status, b"{}")) as port:
        said, what_to_do = fault_of(port)

    assert said.endswith(finding)
    assert what_to_do == remedy


def test_what_is_no_json_is_no_prefect_server():
    with answering(lambda *_: (200, b"<html>")) as port:
        assert fault_of(port) == (f"http://127.0.0.1:{port}/api is not a Prefect server.", START)


def test_a_server_that_is_away_cannot_be_reached():
    (port,) = free_ports(1)

    said, what_to_do = fault_of(port)

    assert f"http://127.0.0.1:{port}/api cannot be reached (" in said
    assert what_to_do == START


def test_the_key_of_the_environment_is_sent_and_a_status_may_be_expected():
    requests = []

    def reply(path, headers):
        requests.append((path, headers.get("Authorization")))
        return (200, b'{"is": "well"}') if path == "/api/health" else (404, b"")

    with answering(reply) as port:
        environment = {"PREFECT_API_KEY": "pnu_1"}
        with prefect_api(f"http://127.0.0.1:{port}/api/", 5.0, environment) as api:
            assert api.read("GET", "health") == {"is": "well"}
            assert api.call("GET", "gone", (404,)).status_code == 404
            assert 0 < api.left <= 5.0

    assert requests == [("/api/health", "Bearer pnu_1"), ("/api/gone", "Bearer pnu_1")]
