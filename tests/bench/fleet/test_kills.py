"""Whatever is killed, every job is done, once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_no_job_is_lost_doubled_or_stuck_whatever_is_killed() -> None:
    """A run of the benchmark itself: real servers, real workers, SIGKILL to one after another."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.fleet.kills", "--jobs", "60", "--kills", "12", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count = json.loads(done.stdout.splitlines()[-1])

    assert sum(count["kills"].values()) >= 6  # a kill waits for a part that is back
    assert (count["done"], count["lost"]) == (60, 0), done.stderr
    assert (count["doubled"], count["stuck"]) == (0, 0), done.stderr
    assert count["restarted"] >= 1, "the kills hit nothing that ran"
    # A heartbeat of 2 s, and what a busy machine adds; outages of the dispatcher and servers apart.
    assert count["longest_while_up"] <= 5.0
