"""A run of the index flow as a test sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reelworks.domain.report import StageReport, StageState
from reelworks.errors import ReelworksError
from reelworks.settings import Settings


@dataclass
class Recorder:
    """An observer that keeps what it is told."""

    reports: list[StageReport] = field(default_factory=list)
    progress: dict[str, list[float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, stage: str) -> None:
        with self.lock:
            self.progress.setdefault(stage, [])

    def advanced(self, stage: str, done: float, total: float) -> None:
        with self.lock:
            self.progress[stage].append(done / total if total else 0.0)

    def finished(self, report: StageReport) -> None:
        with self.lock:
            self.reports.append(report)


@dataclass(frozen=True)
class Run:
    """How one run ended."""

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


Index = Callable[..., "object"]


@pytest.fixture
def environment(
    settings: Settings, prefect_api: str, clean_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Point this process's environment at an empty database and bucket of this test's own."""
    del settings, prefect_api
    for name, value in as_environment(clean_settings).items():
        monkeypatch.setenv(name, value)
    return clean_settings


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that lead a process to the services of ``settings``."""
    database, secret = settings.database_url, settings.s3_secret_access_key
    assert database is not None
    assert secret is not None
    return {
        "DATA_DIR": str(settings.data_dir),
        "MODELS_DIR": str(settings.models_dir),
        "DATABASE_URL": database.get_secret_value(),
        "S3_ENDPOINT_URL": str(settings.s3_endpoint_url),
        "S3_ACCESS_KEY_ID": str(settings.s3_access_key_id),
        "S3_SECRET_ACCESS_KEY": secret.get_secret_value(),
        "S3_BUCKET": settings.s3_bucket,
    }


@pytest.fixture
def index(environment: Settings) -> Index:
    """Run the index flow in this process."""
    del environment

    async def run(source: Path | str, video_id: str | None = None) -> Run:
        from flows.index import IndexParams
        from flows.index import index as flow
        from tasks.stage import observing

        recorder = Recorder()
        with observing(recorder):
            try:
                found = await flow(IndexParams(source=str(source), video_id=video_id))
            except ReelworksError as error:
                return Run(None, error, recorder)
        return Run(found, None, recorder)

    return run
