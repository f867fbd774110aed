"""``reelworks down`` in the middle of a job: the job goes back to its queue and loses no try."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.reelworks.app.cli.conftest import Said, call

pytestmark = pytest.mark.slow
SECONDS = 240.0
"""For anything: the machine may be busy."""


def started_for(folder: str) -> list[str]:
    """The command lines of the living processes that work under this DATA_DIR."""
    found = []
    for one in psutil.process_iter(["environ", "cmdline", "status"]):
        mine = (one.info["environ"] or {}).get("DATA_DIR") == folder
        if mine and one.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(one.info["cmdline"]))
    return found


def until(look: Callable[[], dict[str, Any]], true: Callable[[dict[str, Any]], bool]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not true(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.5)
    return seen


@contextmanager
def slow_source(file: Path) -> Iterator[tuple[str, threading.Event]]:
    """An address whose file trickles in, so that a run is always in the middle, until let go."""
    content, go = file.read_bytes(), threading.Event()

    class Trickle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            sent = 0
            with suppress(ConnectionError):  # the run was stopped
                while not go.wait(0.5):
                    self.wfile.write(content[sent : sent + 1])
                    sent += 1
                self.wfile.write(content[sent:])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Trickle) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{file.name}", go
        finally:
            go.set()
            server.shutdown()
            serving.join()


@pytest.mark.usefixtures("models_dir")
def test_three_stops_in_the_middle_of_a_job_lose_nothing_and_cost_no_attempt(media: Path) -> None:
    names = ("DATABASE_URL", "S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    with (
        tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder,
        slow_source(media / "odd" / "audio_only.m4a") as (address, go),
    ):
        own = dict.fromkeys((*names, "PREFECT_API_URL", "S3_BUCKET"), "")
        own |= {"DATA_DIR": folder, "FETCH_PRIVATE_ADDRESSES": "true"}

        def run(*arguments: str) -> Said:
            return call(*arguments, environment=own, timeout=SECONDS)

        def job() -> dict[str, Any]:
            return run("jobs", "show", job_id, "--json").json

        try:
            assert run("up").code == 0
            job_id = run("index", "--detach", address, "--json").json[0]["job_id"]
            for stops in range(1, 4):
                until(job, lambda seen: seen["lease"] == "run")
                assert run("down").code == 0
                assert not started_for(folder), "no run may continue without its services"
                before = job()
                assert (before["status"], before["requeues"]) == ("queued", stops)
                assert run("up").code == 0
            go.set()
            done = until(job, lambda seen: seen["status"] in ("done", "failed"))
        finally:
            run("down", "--force")
    assert (done["status"], done["attempts"], done["requeues"]) == ("done", 1, 3)
