"""``make bench-plan``: the times that a backfill plans, and those that it takes.

Two batches of real videos of about a hundred seconds, through the command line:
the first in a new library, where the plan has only the shipped rates, the second with the measured
times of the first. Work is in seconds of stages, elapsed from start to end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.ffmpeg import make_media
from bench.fleet.clips import SPEECH, VIDEOS
from reelworks.pipeline.spec import Stage

console = Console(highlight=False)
REELWORKS = [sys.executable, "-m", "reelworks.app.cli"]
SIZE = "1280:720"
ENCODE = "-c:v libx264 -preset ultrafast -crf 20 -c:a aac -b:a 96k"


def make_video(path: Path, number: int) -> None:
    """Write a video of all test videos and speech, ordered and cropped like no other one.

    So no result in the cache of one video fits another.
    """
    videos = [VIDEOS[(number + index) % len(VIDEOS)][0] for index in range(len(VIDEOS))]
    speech = [SPEECH[(number + index) % len(SPEECH)][0] for index in range(len(SPEECH))]
    share = 0.96 - 0.02 * number
    shown = f"crop=iw*{share}:ih*{share},scale={SIZE}:force_original_aspect_ratio=decrease"
    steps = [
        f"[{index}:v:0]{shown},pad={SIZE}:-1:-1,setsar=1,fps=25[v{index}]"
        for index in range(len(videos))
    ]
    steps += [
        f"[{len(videos) + index}:a:0]aresample=48000,atempo={1 - 0.01 * number}[a{index}]"
        for index in range(len(speech))
    ]
    joined = "".join(f"[v{index}]" for index in range(len(videos)))
    audio = "".join(f"[a{index}]" for index in range(len(speech)))
    steps += [f"{joined}concat=n={len(videos)}:v=1:a=0[v]"]
    steps += [f"{audio}concat=n={len(speech)}:v=0:a=1[a]"]
    inputs = [part for file in (*videos, *speech) for part in ("-i", str(file))]
    graph = ["-filter_complex", ";".join(steps), "-map", "[v]", "-map", "[a]"]
    make_media(path, *inputs, *graph, *ENCODE.split())


def reelworks(*arguments: str, codes: tuple[int, ...] = (0,)) -> Any:
    """Run a command and return what it prints as JSON."""
    done = subprocess.run([*REELWORKS, *arguments, "--json"], stdout=subprocess.PIPE, check=False)
    assert done.returncode in codes, f"reelworks {' '.join(arguments)} ended {done.returncode}"
    return json.loads(done.stdout)


def taken_by_stage(backfill_id: str) -> dict[str, float]:
    """Return the seconds that each stage took in all jobs of a backfill."""
    seconds: dict[str, float] = defaultdict(float)
    for job in reelworks("jobs", "list", "--backfill", backfill_id, "--limit", "1000")["jobs"]:
        for stage, report in job["progress"].items():
            if report.get("state") in ("done", "retried"):
                seconds[stage] += report.get("seconds", 0.0)
    return seconds


def run_batch(folder: Path, title: str) -> None:
    """Plan a folder, run it, and print both."""
    planned = reelworks("backfill", str(folder), "--plan")
    name = f"bench-{folder.name}"
    started = time.monotonic()
    reelworks("backfill", str(folder), "--id", name)
    elapsed = time.monotonic() - started
    taken = taken_by_stage(name)
    expected = {one["stage"]: one["seconds"] for one in planned["stages"]}
    hours = planned["hours"]
    table = Table("stage", "planned s", "taken s", "of planned", title=title)
    rows = [(stage, expected.get(stage, 0.0), taken.get(stage, 0.0)) for stage in Stage]
    total = ("all stages", sum(expected.values()), sum(taken.values()))
    for stage, before, after in (*rows, total, ("elapsed", planned["elapsed_seconds"], elapsed)):
        share = f"{after / before:.2f}" if before else ""
        table.add_row(stage, f"{before:.1f}", f"{after:.1f}", share)
    console.print(table)
    console.print(f"{planned['videos']} videos, {60 * hours:.1f} minutes.\n")


def main() -> None:
    """Make the videos, run both batches."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=4, help="videos in each batch")
    count = parser.parse_args().videos
    with tempfile.TemporaryDirectory(prefix="rwp-", ignore_cleanup_errors=True) as name:
        os.environ["DATA_DIR"] = str(Path(name) / "data")
        folders = [Path(name) / "first", Path(name) / "second"]
        for batch, folder in enumerate(folders):
            folder.mkdir()
            for number in range(count):
                make_video(folder / f"v{number}.mp4", batch * count + number)
        try:
            for folder, past in zip(folders, ("no history", "a history"), strict=True):
                run_batch(folder, f"A library with {past}")
        finally:
            reelworks("down")


if __name__ == "__main__":
    main()
