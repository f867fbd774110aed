"""``make bench-api``: how fast the API takes work, and what a large upload costs it.

The API runs as its own process on real PostgreSQL and a real S3 server, called over loopback. Jobs
are only queued: no dispatcher runs, so nothing else uses the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.ffmpeg import make_media
from infra.services.supervision.state import Service
from reelworks.app.cli.environment import use_services
from reelworks.settings import load_settings

console = Console(highlight=False)
CLIENTS = 8
FRAME_BYTES = 1280 * 720 * 3 // 2
SAMPLE = Path(__file__).parents[2] / "samples" / "reelworks-demo.mp4"


@dataclass(frozen=True)
class Load:
    """How long the answers to one kind of request took."""

    name: str
    seconds: Sequence[float]
    wall: float

    def quantile(self, share: float) -> float:
        """Return in how many milliseconds this share of the answers came."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """Run the API, and give a client and the process."""
    command = [sys.executable, "-m", "reelworks.app", "--port", "0"]
    with (folder / "api.log").open("wb") as log, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "http" in line, (folder / "api.log").read_text(encoding="utf-8")
            with httpx.Client(base_url=line.split()[-1], timeout=120) as client:
                yield client, psutil.Process(process.pid)
        finally:
            process.terminate()


def ask(client: httpx.Client, video_id: str, key: str | None = None) -> float:
    """Ask for a job; return the seconds until the answer."""
    headers = {"Idempotency-Key": key} if key else {}
    started = time.perf_counter()
    answer = client.post("/jobs", json={"video_id": video_id}, headers=headers)
    taken = time.perf_counter() - started
    assert answer.status_code == 202, answer.text
    return taken


def measure(name: str, calls: int, at_once: int, call: Callable[[int], float]) -> Load:
    """Make so many calls, some at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        seconds = list(pool.map(call, range(calls)))
    return Load(name, seconds, time.perf_counter() - started)


def make_large(path: Path, megabytes: int) -> None:
    """Write a real video of about this size: frames that are not compressed."""
    frames = megabytes * 1_000_000 // FRAME_BYTES
    source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-frames:v", str(frames)]
    make_media(path, *source, "-c:v", "rawvideo", "-pix_fmt", "yuv420p")


@contextmanager
def watched(process: psutil.Process) -> Iterator[list[float]]:
    """Note the memory of a process, in MB of its own, twenty times a second."""
    seen, stop = [process.memory_full_info().uss / 1e6], threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            seen.append(process.memory_full_info().uss / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def upload(client: httpx.Client, path: Path, name: str) -> tuple[str, float]:
    """Upload a file without indexing it; return the video's id and the seconds it took."""
    started = time.perf_counter()
    with path.open("rb") as file:
        answer = client.post(
            "/videos", files={"file": (name, file, "video/mp4")}, data={"index": "false"}
        )
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()["video"]["id"], time.perf_counter() - started


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000, help="requests of each kind")
    parser.add_argument("--megabytes", type=int, default=300, help="size of the upload")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelworks-api-") as name:
        folder = Path(name)
        os.environ |= {"DATA_DIR": name, "MAX_REQUESTS_PER_MINUTE": "1000000"}
        with (
            use_services(load_settings(), (Service.POSTGRES, Service.STORE)),
            serving(folder) as (client, process),
        ):
            _report(client, process, folder, arguments.jobs, arguments.megabytes)


def _report(
    client: httpx.Client, process: psutil.Process, folder: Path, jobs: int, megabytes: int
) -> None:
    video_id, _ = upload(client, SAMPLE, SAMPLE.name)
    for _ in range(20):
        ask(client, video_id)  # connections and caches are warm, as in a service that runs
    loads = [
        measure("POST /jobs", jobs, 1, lambda _: ask(client, video_id)),
        measure("with an Idempotency-Key", jobs, 1, lambda n: ask(client, video_id, f"one-{n}")),
        measure("the same again", jobs, 1, lambda n: ask(client, video_id, f"one-{n}")),
        measure(f"{CLIENTS} callers at once", jobs, CLIENTS, lambda _: ask(client, video_id)),
    ]
    table = Table("request", "median", "p95", "p99", "a second", title=f"{jobs} of each, in ms")
    for load in loads:
        quantiles = (statistics.median(load.seconds) * 1000, load.quantile(0.95))
        table.add_row(
            load.name,
            *(f"{one:.1f}" for one in (*quantiles, load.quantile(0.99))),
            f"{len(load.seconds) / load.wall:.0f}",
        )
    console.print(table)
    large = folder / "large.mkv"
    make_large(large, megabytes)
    size = large.stat().st_size / 1e6
    before = set(folder.rglob("*"))
    with watched(process) as seen:
        _, taken = upload(client, large, large.name)
    console.print(
        f"Upload of {size:.0f} MB: {taken:.1f} s ({size / taken:.0f} MB/s); the API took "
        f"{seen[0]:.0f} MB before, {max(seen):.0f} MB at most (+{max(seen) - seen[0]:.0f})."
    )
    spare = [one for one in set(folder.rglob("*")) - before if "store" not in one.parts]
    console.print(f"Files that it left outside the store: {len(spare)}")


if __name__ == "__main__":
    main()
