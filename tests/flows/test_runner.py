"""The runner that ``reelworks up`` keeps, when its Prefect server falls silent or forgets it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from infra.services.supervision import heartbeats
from reelworks.errors import DeploymentNotFoundError
from tests.support.flows.runs import as_environment
from tests.support.frozen import frozen
from tests.support.own_prefect import OwnServer, own_server

SECONDS = 90.0
CODE = "import sys, flows.serve as runner; runner.BEAT_SECONDS = 1.0; sys.exit(runner.main())"


@pytest.fixture
def server(services, tmp_path: Path) -> Iterator[OwnServer]:
    with own_server(services, tmp_path) as own:
        yield own


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.1)


def deployments(server: OwnServer) -> list[str]:
    answer = httpx.post(f"{server.address}/deployments/filter", json={}, trust_env=False)
    return [one["id"] for one in answer.raise_for_status().json()]


@pytest.mark.slow
def test_it_beats_while_its_server_is_frozen_and_says_in_a_sentence_that_it_was_forgotten(
    clean_settings, server: OwnServer
) -> None:
    environment = os.environ | as_environment(clean_settings)
    runner = subprocess.Popen(
        [sys.executable, "-c", CODE],
        env=environment | {"PREFECT_API_URL": server.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:

        def beat() -> int | None:
            assert runner.poll() is None
            return heartbeats.last_beat(clean_settings.data_dir, "runner")

        until(beat)
        longest, last, since = 0.0, beat(), time.monotonic()
        began = since
        with frozen(server.pid):
            while time.monotonic() - began < 25:  # it looks for its deployments every few beats
                if (now := beat()) != last:
                    last, since = now, time.monotonic()
                longest = max(longest, time.monotonic() - since)
                time.sleep(0.1)
        assert longest < 8

        for one in deployments(server):
            httpx.delete(f"{server.address}/deployments/{one}", trust_env=False).raise_for_status()
        out, _ = runner.communicate(timeout=SECONDS)
    finally:
        if runner.poll() is None:
            runner.kill()
            runner.communicate()
    assert runner.returncode == DeploymentNotFoundError.exit_code, out
    assert "has lost the deployments that this runner serves" in out
    assert "Traceback" not in out
