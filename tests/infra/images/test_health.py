"""The images' health check."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from infra.images.health import health_fault, worker_address
from infra.services.supervision import heartbeats


class Answers(BaseHTTPRequestHandler):
    """Well at /health, busy everywhere else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.images.health", *arguments],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_address_that_answers_is_well(server: str) -> None:
    assert check(f"{server}/health").returncode == 0


def test_a_server_that_refuses_is_not_well_and_the_check_says_why(server: str) -> None:
    done = check(f"{server}/other")

    assert done.returncode == 1
    assert "503" in done.stderr


def test_a_proxy_is_not_used(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert health_fault(f"{server}/health") is None


def processes(folder: Path, *command_lines: str) -> Path:
    for number, line in enumerate(command_lines, start=1):
        (folder / str(number)).mkdir()
        (folder / str(number) / "cmdline").write_bytes(b"\0".join(line.encode().split()) + b"\0")
    (folder / "uptime").write_text("1")
    return folder


def test_a_container_that_runs_no_worker_is_well(tmp_path: Path) -> None:
    there = processes(tmp_path, "/opt/reelworks/bin/python /opt/code/bin/reelworks index a.mp4")

    assert worker_address(there) is None


@pytest.mark.parametrize(
    "line",
    [
        "/opt/reelworks/bin/python /opt/reelworks/bin/prefect worker start --pool cpu",
        "python -m prefect worker start --pool gpu",
    ],
)
def test_a_worker_is_checked_at_its_own_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("PREFECT_WORKER_WEBSERVER_PORT", "9090")

    there = processes(tmp_path, "/sbin/docker-init -- python", line)

    assert worker_address(there) == "http://127.0.0.1:9090/health"


def test_a_process_that_writes_heartbeats_is_well_until_it_falls_silent(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    never = check("beat", "dispatcher")
    heartbeats.beat(tmp_path, "dispatcher")
    lately = check("beat", "dispatcher")
    old = time.time() - 61
    os.utime(heartbeats.heartbeat_file(tmp_path, "dispatcher"), (old, old))
    silent = check("beat", "dispatcher")

    assert (never.returncode, lately.returncode, silent.returncode) == (1, 0, 1)
    assert "no heartbeat for 6" in silent.stderr
