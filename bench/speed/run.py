"""``make bench``: how fast the pipeline is, as ratios from one run on this machine.

Rows: ffmpeg alone (the floor), the plain sequential script of the same six stages, and this
pipeline cold (a fresh process, nothing cached), warm (models loaded) and unchanged (all cached).
Each round runs them one after another, so that a machine whose speed drifts treats all alike; the
table shows medians. The services run throughout; what a one-shot command adds for starting them
is a row of its own. Processor seconds are those of the run and its children, without the services:
they tell what a run costs even where other work disturbs the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from rich.console import Console
from rich.table import Table

from bench.quality.against_plain import Quality, compare
from bench.speed.clip import make_clip
from reelworks.app.cli.environment import use_environment, use_services
from reelworks.settings import load_settings

console = Console(highlight=False)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took: seconds by the clock, and of processors in all its processes."""

    seconds: float
    cpu: float


def main() -> None:
    """Parse the arguments, run the rounds, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, help="a video; default: a 60 s 1080p clip is made")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelworks-bench-") as name:
        folder = Path(name)
        clip = arguments.clip or make_clip(folder / "clip.mp4")
        os.environ["DATA_DIR"] = str(folder / "data")
        with use_services(load_settings()):
            rounds = [_round(clip, folder, number) for number in range(arguments.rounds)]
            last = rounds[-1]
            with use_environment({"S3_BUCKET": last["bucket"]}):
                quality = compare(clip, folder / "script", last["script"], last["video_id"])
        one_shot = _timed(lambda: _index(clip, bucket=_new_bucket()))[0].seconds
    _print(rounds, one_shot, quality)


def _round(clip: Path, folder: Path, number: int) -> dict[str, Any]:
    console.print(f"round {number + 1}: ffmpeg, script, cold, unchanged, warm ...")
    bucket = _new_bucket()
    result: dict[str, Any] = {"bucket": bucket}
    result["ffmpeg alone"], _ = _timed(lambda: ffmpeg_alone(clip, folder))
    result["sequential script"], script = _timed(lambda: _script(clip, folder / "script"))
    result["script"] = json.loads(script)
    result["this, cold"], cold = _timed(lambda: _index(clip, bucket=bucket))
    result["cold stages"] = cold[0]["stages"]
    result["video_id"] = cold[0]["video_id"]
    result["this, unchanged"], unchanged = _timed(lambda: _index(clip, bucket=bucket))
    assert all(stage["state"] == "cached" for stage in unchanged[0]["stages"])
    _, result["this, warm"], result["unchanged work"] = _in_one_process(clip)
    return result


def ffmpeg_alone(clip: Path, folder: Path) -> None:
    """Make the floor: the transcode to 720p30 and the wav, as one would type it."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    head = [ffmpeg, "-nostdin", "-v", "error", "-y", "-i", str(clip)]
    video = ["-vf", "scale=-2:720,fps=30", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    encode = [*video, "-c:a", "aac"]
    subprocess.run([*head, *encode, str(folder / "floor.mp4")], check=True)
    subprocess.run([*head, "-vn", "-ac", "1", "-ar", "16000", str(folder / "f.wav")], check=True)


def _script(clip: Path, out: Path) -> str:
    models = load_settings().models_dir
    command = [sys.executable, "-m", "bench.speed.sequential", str(clip), str(out), str(models)]
    return _output(command, {})


def _index(clip: Path, bucket: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "reelworks.app.cli", "index", str(clip), "--json"]
    found: list[dict[str, Any]] = json.loads(_output(command, {"S3_BUCKET": bucket}))
    return found


def _in_one_process(clip: Path) -> list[Cost]:
    """Return the costs of three runs in one process: cold, warm, unchanged."""
    command = [
        sys.executable,
        "-m",
        "bench.speed.in_one_process",
        str(clip),
        _new_bucket(),
        _new_bucket(),
    ]
    return [Cost(*map(float, line.split())) for line in _output(command, {}).splitlines()]


def _output(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stderr[-3000:] + done.stdout[-3000:])
        done.check_returncode()
    return done.stdout


def _timed(work: Callable[[], Any]) -> tuple[Cost, Any]:
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - started, cpu), result


def _new_bucket() -> str:
    return f"bench-{uuid.uuid4().hex[:12]}"


def _print(rounds: list[dict[str, Any]], one_shot: float, quality: Quality) -> None:
    def median(row: str) -> float:
        return statistics.median(one[row].seconds for one in rounds)

    floor, script = median("ffmpeg alone"), median("sequential script")
    columns = ("run", "median s", "min - max", "of script", "of ffmpeg", "cpu s")
    table = Table(*columns, title="Speed")
    rows = ("ffmpeg alone", "sequential script", "this, cold", "this, warm", "this, unchanged")
    for row in rows:
        values = [one[row].seconds for one in rounds]
        middle = median(row)
        table.add_row(
            row,
            f"{middle:.2f}",
            f"{min(values):.2f} - {max(values):.2f}",
            f"{middle / script:.2f}",
            f"{middle / floor:.2f}",
            f"{statistics.median(one[row].cpu for one in rounds):.1f}",
        )
    console.print(table)
    console.print(
        f"Unchanged, the flow alone in a running process: {median('unchanged work'):.2f} s"
    )
    console.print(f"Cold with the services' start and stop: {one_shot:.2f} s")
    stages = Table("stage", "script s", "this s (overlapping)", title="By stage, last round")
    by_name = {stage["stage"]: stage["seconds"] for stage in rounds[-1]["cold stages"]}
    for name in dict.fromkeys([*rounds[-1]["script"]["seconds"], *by_name]):
        theirs = rounds[-1]["script"]["seconds"].get(name)
        ours = by_name.get(name)
        stages.add_row(
            name,
            f"{theirs:.2f}" if theirs is not None else "",
            f"{ours:.2f}" if ours is not None else "",
        )
    console.print(stages)
    console.print(quality.table())


if __name__ == "__main__":
    main()
