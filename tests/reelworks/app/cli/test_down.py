"""``reelworks down`` in the middle of a job: the job goes back to its queue and loses no try."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.reelworks.app.cli.conftest import call

pytestmark = pytest.mark.slow
SECONDS = 240.0
"""For anything: the machine may be busy."""


def started_for(folder: str) -> list[str]:
    """The command lines of the living processes that were told to work under this DATA_DIR."""
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


@pytest.mark.usefixtures("models_dir")
def test_three_stops_in_the_middle_of_a_job_lose_nothing_and_cost_no_attempt(media: Path) -> None:
    names = ("DATABASE_URL", "S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        own = dict.fromkeys((*names, "PREFECT_API_URL", "S3_BUCKET"), "") | {"DATA_DIR": folder}

        def job() -> dict[str, Any]:
            return call("jobs", "show", job_id, "--json", environment=own).json["job"]

        try:
            assert call("up", environment=own).code == 0
            source = str(media / "video" / "voicestudio-en.mp4")
            sent = call("index", "--detach", source, "--json", environment=own)
            job_id = sent.json[0]["job_id"]
            for stops in range(1, 4):
                until(job, lambda seen: str(seen["lease"]).startswith("run:"))
                assert call("down", environment=own).code == 0
                assert not started_for(folder), "no run may go on without its services"
                before = job()
                assert (before["status"], before["requeues"]) == ("pending", stops)
                assert call("up", environment=own).code == 0
            done = until(job, lambda seen: seen["status"] in ("done", "failed"))
        finally:
            call("down", "--force", environment=own)
    assert (done["status"], done["attempts"], done["requeues"]) == ("done", 1, 3)
