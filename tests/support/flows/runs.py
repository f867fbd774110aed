"""Runs of the index flow as tests see them: in this process, or as the command in its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reelworks.domain.jobs.report import StageReport, StageState
from reelworks.errors import ReelworksError
from reelworks.settings import Settings

STAGES = {
    *("ingest", "extract_audio", "normalize", "transcribe", "scenes", "frames", "vision"),
    *("embed_speech", "embed_picture"),
}


@dataclass
class Recorder:
    """An observer that records all calls."""

    reports: list[StageReport] = field(default_factory=list)
    progress: dict[str, list[float]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    """Where each stage said that it runs, or what it waits for."""
    started_at: dict[str, list[float]] = field(default_factory=dict)
    """``time.monotonic`` of each try, by stage."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, stage: str) -> None:
        with self.lock:
            self.progress.setdefault(stage, [])
            self.started_at.setdefault(stage, []).append(time.monotonic())

    def placed(self, stage: str, where: str) -> None:
        with self.lock:
            self.places.setdefault(stage, []).append(where)

    def advanced(self, stage: str, done: float, total: float) -> None:
        with self.lock:
            self.progress[stage].append(done / total if total else 0.0)

    def finished(self, report: StageReport) -> None:
        with self.lock:
            self.reports.append(report)


@dataclass(frozen=True)
class Run:
    """How one run in this process ended."""

    video_id: str | None
    error: ReelworksError | None
    recorder: Recorder

    @property
    def states(self) -> dict[str, StageState]:
        return {report.stage: report.state for report in self.recorder.reports}

    @property
    def worked(self) -> set[str]:
        """Names of the stages that computed something."""
        return {name for name, state in self.states.items() if state is not StageState.CACHED}

    def tries(self, stage: str) -> int:
        return len(self.recorder.started_at.get(stage, []))


async def run_index(
    source: Path | str,
    video_id: str | None = None,
    recorder: Recorder | None = None,
    library: str | None = None,
    **more: Any,
) -> Run:
    """Run the flow here, with the settings of this process's environment."""
    from flows.index import IndexParams
    from flows.index import index as flow
    from tasks.runtime.current_run import use_observer

    recorder = recorder or Recorder()
    with use_observer(recorder):
        try:
            found = await flow(
                IndexParams(source=str(source), video_id=video_id, library=library, **more)
            )
        except ReelworksError as error:
            return Run(None, error, recorder)
    return Run(found, None, recorder)


@dataclass
class Command:
    """``reelworks`` in a process of its own."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ended(self, seconds: float = 120.0) -> Ended:
        """Wait for the end; what does not end is killed and fails the test."""
        try:
            out, err = await asyncio.to_thread(self.process.communicate, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return Ended(self.process.returncode, out, err)


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The error in the output of ``--json``, of the first source or of the whole command."""
        printed = json.loads(self.out)
        error = (printed[0] if isinstance(printed, list) else printed)["error"]
        assert isinstance(error, dict)
        return error

    @property
    def text(self) -> str:
        return self.out + self.err


@contextmanager
def command(variables: dict[str, str], *arguments: str | Path) -> Iterator[Command]:
    """Start ``reelworks``; what still runs at the end is killed by its id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reelworks.app.cli", *map(str, arguments)],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Command(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


async def reelworks(variables: dict[str, str], *arguments: str | Path) -> Ended:
    """Run ``reelworks`` to its end."""
    with command(variables, *arguments) as running:
        return await running.ended()


async def wait_for(
    condition: Callable[[], object], run: asyncio.Task[Run] | Command, seconds: float = 60.0
) -> None:
    """Wait until something can be seen of a run that is under way."""
    deadline = time.monotonic() + seconds
    while not condition():
        if isinstance(run, Command):
            assert run.process.poll() is None, run.process.communicate()
        else:
            assert not run.done(), run.result()
        assert time.monotonic() < deadline, "timed out"
        await asyncio.sleep(0.05)


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that lead a process to the services of ``settings``."""
    database, secret = settings.database.url, settings.s3.secret_access_key
    assert database is not None
    assert secret is not None
    return {
        "DATA_DIR": str(settings.data_dir),
        "MODELS_DIR": str(settings.models_dir),
        "DATABASE_URL": database.get_secret_value(),
        "S3_ENDPOINT_URL": str(settings.s3.endpoint_url),
        "S3_ACCESS_KEY_ID": str(settings.s3.access_key_id),
        "S3_SECRET_ACCESS_KEY": secret.get_secret_value(),
        "S3_BUCKET": settings.s3.bucket,
        **({"CPU_THREADS": str(settings.models.threads)} if settings.models.threads else {}),
    }


async def artifacts(key: str) -> list[Any]:
    """Return what flows show under a key in Prefect's UI."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return [json.loads(str(one.data)) for one in found]
