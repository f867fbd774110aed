"""``reelworks deploy`` as an operator meets it; ``tests/test_deployments.py`` has what it makes."""

from __future__ import annotations

import pytest

from infra.fleet.plan import DOCKER, POOLS
from tests.infra.conftest import answering
from tests.reelworks.app.cli.conftest import Said, call
from tests.support.flows.runs import as_environment

pytestmark = pytest.mark.slow


def deploy(settings, api: str, *arguments: str, **variables: str) -> Said:
    environment = as_environment(settings) | {"PREFECT_API_URL": api} | variables
    return call("deploy", *arguments, environment=environment, timeout=180)


def test_pools_for_containers_can_be_left_out(prefect_api, clean_settings):
    said = deploy(clean_settings, prefect_api, "--no-docker", "--json")

    assert said.code == 0, said.err + said.out
    changes = {change["name"]: change["outcome"] for change in said.json["changes"]}
    containers = {pool.name for pool in POOLS if pool.type == DOCKER}
    assert not containers & changes.keys()
    assert changes["index/docker"] == changes["stage/gpu-docker"] == "skipped"
    assert changes["index/cpu"] != "skipped"


def test_no_server_is_one_sentence(clean_settings):
    said = deploy(clean_settings, "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES="0")

    assert said.code == 6
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "The Prefect server does not answer" in said.err
    assert "PREFECT_API_URL" in said.err


def test_a_wrong_key_is_one_sentence(clean_settings):
    with answering(lambda *_: (401, b"")) as port:
        said = deploy(
            clean_settings,
            f"http://127.0.0.1:{port}/api",
            PREFECT_API_AUTH_STRING="me:secret-word",
        )

    assert said.code == 6
    assert said.err.count("\n") == 1
    assert "refuses the key (401); set PREFECT_API_AUTH_STRING" in said.err
    assert "secret-word" not in said.err
