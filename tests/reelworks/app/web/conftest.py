"""The pages of a real server, with one really indexed video, in a real browser."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from reelworks.domain.jobs.job import Failure, NewJob
from reelworks.domain.library.access import Scope
from reelworks.settings import Settings
from reelworks.store.access.tokens import create_token
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.objects.artifacts import ArtifactStore
from tests.reelworks.app.api.conftest import Server, serving
from tests.support.databases import Databases
from tests.support.flows.runs import as_environment

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
VIDEO = "voices"
"""The indexed video: eleven seconds of English speech in four lines, two scenes."""


@contextmanager
def empty_library(settings: Settings, databases: Databases, folder: Path) -> Iterator[Settings]:
    """Have an empty library and bucket of its own."""
    with databases.own() as address:
        bucket = f"web-{secrets.token_hex(6)}"
        own = {"database_url": address, "s3_bucket": bucket, "data_dir": folder}
        mine = settings.with_values(**own)
        ArtifactStore.open(mine).ensure_bucket()
        yield mine


@pytest.fixture(scope="session")
def web_settings(
    settings: Settings,
    databases: Databases,
    prefect_api: str,
    models_dir: Path,
    media: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """A library with one video, indexed by the command itself."""
    with empty_library(settings, databases, tmp_path_factory.mktemp("data")) as mine:
        source = media / "video" / "voicestudio-en.mp4"
        subprocess.run(
            [sys.executable, "-m", "reelworks.app.cli", "index", str(source), "--id", VIDEO],
            env=os.environ | as_environment(mine) | {"MODELS_DIR": str(models_dir)},
            check=True,
            capture_output=True,
        )
        yield mine.with_values(models_dir=models_dir, prefect_api_url=prefect_api)


@pytest.fixture(scope="module")
def site(web_settings: Settings) -> Iterator[Server]:
    """The server; no caller needs a token."""
    with serving(web_settings) as server:
        yield server


@dataclass(frozen=True)
class Guarded:
    """A server that others could reach."""

    server: Server
    tokens: dict[Scope, str]


@contextmanager
def guarding(settings: Settings) -> Iterator[Guarded]:
    """Serve with a token for each scope."""
    engine = create_database_engine(settings)
    ensure_schema(engine)
    tokens = {
        scope: create_token(engine, f"{scope.value}-{secrets.token_hex(3)}", [scope])
        for scope in Scope
    }
    engine.dispose()
    with serving(settings.with_values(api_host="0.0.0.0")) as server:
        yield Guarded(server, tokens)


@pytest.fixture(scope="module")
def guarded(web_settings: Settings) -> Iterator[Guarded]:
    """A server that needs a token, on the same library."""
    with guarding(web_settings) as server:
        yield server


@pytest.fixture(scope="module")
def empty(
    settings: Settings, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guarded]:
    """A server that needs a token, on an empty library; quick."""
    with (
        empty_library(settings, databases, tmp_path_factory.mktemp("empty")) as mine,
        guarding(mine) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Opens pages, and keeps what their consoles complain of."""

    browser: Browser
    home: str
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, path: str, **context: Any) -> Page:
        """Open a page in a browser window of its own."""
        context.setdefault("viewport", {"width": 1280, "height": 800})
        window = self.browser.new_context(base_url=self.home, **context)
        window.set_default_timeout(10_000)
        self._contexts.append(window)
        page = window.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        return page

    def close(self) -> None:
        for window in self._contexts:
            window.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


@pytest.fixture
def visitor(browser: Browser, site: Server) -> Iterator[Visitor]:
    """Visits the open server. A page that complains on its console fails the test."""
    visitor = Visitor(browser, site.url)
    yield visitor
    visitor.close()
    assert visitor.complaints == []


def until(page: Page, expression: str, seconds: float = 10.0) -> None:
    """Wait until something holds; Playwright's own way to wait needs eval, which CSP forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.05)


@pytest.fixture
def job(site: Server) -> Callable[..., str]:
    """Put a job for the video into the queue and return its id."""

    def add(*, failed: bool = False, **values: Any) -> str:
        job_id = f"job-{secrets.token_hex(6)}"
        job_queue.add_jobs(site.engine, [NewJob(job_id, VIDEO, **values)])
        if failed:
            claims.claim(site.engine, "test", 60, limit=1000)
            attempt = Attempt(job_id, job_queue.get_job(site.engine, job_id).attempts)
            leases.begin(site.engine, attempt, f"run-{job_id}", 60)
            why = Failure("The provider is busy.", "rate_limited", "vision")
            leases.fail(site.engine, attempt, f"run-{job_id}", why, most_attempts=1)
        return job_id

    return add
