"""``make bench-api``, second half: from ``POST /jobs`` to done, for a video that is cached.

All of Reelworks runs as ``reelworks up`` starts it, in a DATA_DIR of its own. The sample is indexed
once; each job after that is a cache hit in every stage.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console

from bench.load.api import SAMPLE
from infra.services.supervision.state import Service, read_state

console = Console(highlight=False)
VIDEO = "sample"
TOGETHER = 8
"""Jobs of the second measurement."""
OVER = ("done", "failed", "cancelled")


def main() -> None:
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10, help="jobs one after the other")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory(prefix="reelworks-jobs-") as name:
        os.environ |= {"DATA_DIR": name, "MAX_REQUESTS_PER_MINUTE": "1000000"}
        try:
            reelworks("index", str(SAMPLE), "--id", VIDEO)
            reelworks("up")
            port = read_state(Path(name) / "run").parts[Service.API].ports[0]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                _report(client, jobs)
        finally:
            reelworks("down")


def _report(client: httpx.Client, jobs: int) -> None:
    first = seconds_to_done(client, 1)  # the fork server may still be importing
    alone = sorted(seconds_to_done(client, 1) for _ in range(jobs))
    console.print(
        f"POST /jobs to done, cached video: {statistics.median(alone):.2f} s median of {jobs}, "
        f"{alone[0]:.2f} to {alone[-1]:.2f}; {first:.2f} s for the first after `up`."
    )
    console.print(f"{TOGETHER} at once: {seconds_to_done(client, TOGETHER):.1f} s for all.")


def seconds_to_done(client: httpx.Client, count: int) -> float:
    """Submit so many jobs; return the seconds until all of them are done."""
    started = time.perf_counter()
    answers = [client.post("/jobs", json={"video_id": VIDEO}) for _ in range(count)]
    open_jobs = [answer.raise_for_status().json()["id"] for answer in answers]
    while open_jobs:
        state = client.get(f"/status/{open_jobs[0]}").raise_for_status().json()
        if state["status"] in OVER:
            assert state["status"] == "done", state
            open_jobs.pop(0)
        else:
            time.sleep(0.02)
    return time.perf_counter() - started


def reelworks(*arguments: str) -> None:
    """Run a command of ours; raises when it fails."""
    command = [sys.executable, "-m", "reelworks.app.cli", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
