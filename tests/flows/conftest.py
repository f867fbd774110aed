"""Fixtures for runs of the index flow against real services."""

from __future__ import annotations

import gc
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.services.endpoints import Endpoints
from infra.services.process import Process, stop
from infra.services.supervision.state import Service, read_state
from infra.services.supervision.supervisor import running
from reelworks.settings import Settings
from tests.support.databases import Databases
from tests.support.flows.runs import Run, as_environment, run_index
from tests.support.openai_server import OpenAiServer

Index = Callable[..., Coroutine[Any, Any, Run]]


@dataclass(frozen=True)
class Services:
    """Embedded services that a test may stop and start again."""

    bare: Settings
    """Of the DATA_DIR alone."""
    settings: Settings
    """Pointed at the services."""

    def process(self, part: Service) -> Process:
        return read_state(self.bare.data_dir / "run").parts[part].process

    def stop(self, part: Service) -> None:
        """End one service by its id, as an operator or a crash would."""
        # The store's own last step can take half a minute: its end is a crash here.
        ways = {Service.POSTGRES: signal.SIGINT, Service.STORE: signal.SIGKILL}
        quickly = ways.get(part, signal.SIGTERM)
        assert stop(self.process(part), gently=quickly)

    def again(self, part: Service) -> AbstractContextManager[Endpoints]:
        """Start a stopped service again, at the same address."""
        return running(self.bare, (part,))


SOCKETS = "ignore:unclosed <socket.socket:ResourceWarning"
"""Prefect leaves connections to its server, and event loops, for the collector to close."""
LOOPS = "ignore:unclosed event loop:ResourceWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(SOCKETS))
            item.add_marker(pytest.mark.filterwarnings(LOOPS))


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Let what Prefect left be collected here, where its warnings are expected."""
    yield
    gc.collect()


@pytest.fixture
def environment(
    prefect_api: str,
    models_dir: Path,
    clean_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """Point this process's environment at an empty library and bucket of this test's own."""
    del prefect_api
    mine = clean_settings.with_values(models_dir=models_dir)
    for name, value in as_environment(mine).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FETCH_PRIVATE_ADDRESSES", "true")  # these tests' web sites are here
    return mine


@pytest.fixture
def index(environment: Settings) -> Index:
    """Run the index flow in this process, in an empty library of this test's own."""
    del environment
    return run_index


@pytest.fixture(scope="module")
def shared(
    prefect_api: str,
    models_dir: Path,
    settings: Settings,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Settings of one library for all tests of a module, which may only add to it."""
    del prefect_api
    with databases.own() as address:
        yield settings.with_values(
            database_url=address,
            s3_bucket=f"shared-{secrets.token_hex(6)}",
            data_dir=tmp_path_factory.mktemp("data"),
            models_dir=models_dir,
        )


@pytest.fixture
def index_shared(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> Index:
    """Run the index flow in this process, in the module's library."""
    for name, value in as_environment(shared).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FETCH_PRIVATE_ADDRESSES", "true")
    return run_index


@pytest.fixture
def hosted(openai_server: OpenAiServer, monkeypatch: pytest.MonkeyPatch) -> OpenAiServer:
    """Describe frames by the hosted model of this test's own server."""
    openai_server.models |= {"first-model": None, "second-model": None}
    monkeypatch.setenv("VISION_PROVIDER", "openai")
    monkeypatch.setenv("VISION_MODEL", "first-model")
    monkeypatch.setenv("OPENAI_API_KEY", openai_server.key)
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.base_url)
    return openai_server


@pytest.fixture
def house(
    prefect_api: str, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A PostgreSQL and an S3 server of this test's own, for it to stop; the environment is set."""
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        nowhere = ("database_url", "s3_endpoint_url", "s3_access_key_id", "s3_secret_access_key")
        bare = Settings(
            _env_file=None,
            data_dir=Path(folder),
            models_dir=models_dir,
            prefect_api_url=prefect_api,
            **dict.fromkeys(nowhere),
        )
        with running(bare, (Service.POSTGRES, Service.STORE)) as endpoints:
            services = Services(bare, endpoints.settings(bare))
            for name, value in as_environment(services.settings).items():
                monkeypatch.setenv(name, value)
            yield services


@pytest.fixture
def films(tmp_path: Path, media: Path) -> Path:
    """A folder with three short films without sound."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("no_audio.mp4", "single_frame.mp4", "rot90.mp4"):
        shutil.copy(media / "odd" / name, folder / name)
    return folder
