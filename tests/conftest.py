"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from sqlalchemy import Engine

from infra.services.endpoints import Endpoints
from infra.services.s3.probe import s3_client
from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.models.runtime.fetch import ensure_model
from reelworks.settings import Settings
from tests.support.databases import Databases, engine_of
from tests.support.made_media import MadeMedia
from tests.support.openai_server import OpenAiServer
from tests.support.order import longest_first
from tests.support.shared_folder import session_folder
from tests.support.whole_house import WholeHouse, whole_house

# How long examples take to make says more of a shared machine than of the code under test.
hypothesis_settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("shared machine")

# A script's background jobs ignore Ctrl-C, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Hypothesis looks at the state of `random` before and after it makes an example. Threads that
# Prefect's client leaves running draw from it for their waits, so this comes by chance.
_RANDOM_ELSEWHERE = (
    "ignore:Do not use the .random. module inside strategies"
    ":hypothesis.errors.HypothesisDeprecationWarning"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", _RANDOM_ELSEWHERE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = longest_first(items, Path(__file__).parent)


def pytest_collection_finish() -> None:
    """Leave what collecting made out of later collections: many modules end with one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real test media; origins and licences are in its README."""
    return Path(__file__).parent / "media"


@pytest.fixture(scope="session")
def made(media: Path, tmp_path_factory: pytest.TempPathFactory) -> MadeMedia:
    """Odd media by name, made once a session: see ``tests.support.made_media.RECIPES``."""
    return MadeMedia(media, session_folder(tmp_path_factory, "made"))


@pytest.fixture(scope="session")
def session_house() -> Iterator[Settings]:
    """Settings of a DATA_DIR of this session's own, with nothing pointed elsewhere."""
    with tempfile.TemporaryDirectory(prefix="rw-") as folder:
        yield Settings(
            _env_file=None,
            data_dir=Path(folder),
            cpu_threads=1,  # several processes test at once
            **dict.fromkeys(("database_url", "prefect_api_url", "s3_endpoint_url")),
            **dict.fromkeys(("s3_access_key_id", "s3_secret_access_key")),
        )


@pytest.fixture(scope="session")
def services(session_house: Settings) -> Iterator[Endpoints]:
    """A real PostgreSQL and a real S3 server, started once and stopped at the end."""
    with running(session_house, (Service.POSTGRES, Service.STORE)) as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def settings(session_house: Settings, services: Endpoints) -> Settings:
    """Settings that point at the session's services, for tests that share one database."""
    return services.settings(session_house.with_values(data_dir=session_house.data_dir / "work"))


@pytest.fixture(scope="session")
def databases(settings: Settings) -> Databases:
    """Makes databases on the session's PostgreSQL, which needs to outlive nothing."""
    assert settings.database.url is not None
    databases = Databases(settings.database.url.get_secret_value())
    databases.hurry()
    databases.make_template(settings)
    return databases


@pytest.fixture
def clean_database(databases: Databases) -> Iterator[SecretStr]:
    """The address of a database with empty tables, for one test."""
    with databases.own() as address:
        yield address


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[SecretStr]:
    """The address of a database with the extensions and without tables, for one test."""
    with databases.own(tables=False) as address:
        yield address


@pytest.fixture
def bucket(settings: Settings) -> Iterator[str]:
    """The name of an empty bucket, for one test."""
    secret = settings.s3.secret_access_key
    assert secret is not None
    client = s3_client(
        settings.s3.endpoint_url,
        settings.s3.access_key_id,
        secret.get_secret_value(),
        settings.s3.region,
    )
    name = f"test-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=name)
    yield name
    client.delete_bucket(Bucket=name)  # with all that is in it: this server allows that


@pytest.fixture
def clean_settings(
    settings: Settings, clean_database: SecretStr, bucket: str, tmp_path: Path
) -> Settings:
    """Settings with a database, a bucket and a DATA_DIR of this test's own."""
    return settings.with_values(
        database_url=clean_database, s3_bucket=bucket, data_dir=tmp_path / "data"
    )


@pytest.fixture
def clean_engine(clean_settings: Settings) -> Iterator[Engine]:
    """An engine on this test's own database; tests that can share one have ``engine``."""
    with engine_of(clean_settings) as engine:
        yield engine


@pytest.fixture
def short_proof_of_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two failed reads prove damage, each asked for once: the server takes 13 s for each.

    How many reads it takes otherwise is tested behind a server that fails at once.
    """
    monkeypatch.setattr("reelworks.store.objects.client._ATTEMPTS", 1)
    monkeypatch.setattr("reelworks.store.objects.bucket._READS", 1)
    monkeypatch.setattr("reelworks.store.objects.bucket._READ_SECONDS", 0.0)


@pytest.fixture(scope="session")
def prefect_api(session_house: Settings, services: Endpoints) -> Iterator[str]:
    """The address of a real Prefect server; the environment points at it while it runs.

    Import Prefect inside the tests: it reads the environment once, when it is imported.
    """
    with (
        running(session_house, (Service.PREFECT,)) as endpoints,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert endpoints.prefect_api_url is not None
        for name, value in endpoints.environment().items():
            if name.startswith(("PREFECT_", "DO_NOT_TRACK")):
                patch.setenv(name, value)
        if "prefect" in sys.modules:
            from prefect.context import refresh_global_settings_context

            refresh_global_settings_context()
        yield endpoints.prefect_api_url
        if "prefect" in sys.modules:  # or its threads keep asking for a server that is gone
            from reelworks.app.cli.commands.index import deliver_to_prefect

            deliver_to_prefect()


@pytest.fixture(scope="session")
def house_up(models_dir: Path) -> Iterator[WholeHouse]:
    """All of Reelworks as ``reelworks up`` starts it, for slow tests that leave it up."""
    with whole_house(models_dir) as house:
        yield house


@pytest.fixture
def openai_server() -> Iterator[OpenAiServer]:
    """A server of hosted models, new for each test."""
    with OpenAiServer() as server:
        yield server


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The user's folder of model weights, with Whisper base and MiniLM in it."""
    folder = Settings(_env_file=None).models_dir
    for name in ("whisper-base", "minilm-l6-v2-int8"):
        ensure_model(name, folder)
    return folder
