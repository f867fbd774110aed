"""What Prefect's client leaves to the garbage collector is collected where it is expected."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from reelworks.settings import Settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            for kind in ("socket.socket", "event loop", "transport"):
                item.add_marker(
                    pytest.mark.filterwarnings(f"ignore:unclosed.*{kind}:ResourceWarning")
                )


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Collect once a module: with all that is imported it takes a quarter of a second."""
    yield
    gc.collect()


@pytest.fixture
def chosen(clean_settings: Settings, prefect_api: str) -> Settings:
    update = {"prefect_api_url": prefect_api, "job_lease_seconds": 3.0, "worker_poll_ms": 50}
    return clean_settings.with_values(**update)


@pytest.fixture
def engine(clean_engine: Engine, chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> Engine:
    assert chosen.database.url is not None
    monkeypatch.setenv("DATABASE_URL", chosen.database.url.get_secret_value())
    monkeypatch.setenv("S3_ENDPOINT_URL", chosen.s3.endpoint_url or "")
    monkeypatch.setenv("S3_ACCESS_KEY_ID", chosen.s3.access_key_id or "")
    assert chosen.s3.secret_access_key is not None
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", chosen.s3.secret_access_key.get_secret_value())
    monkeypatch.setenv("S3_BUCKET", chosen.s3.bucket)
    monkeypatch.setenv("DATA_DIR", str(chosen.data_dir))
    monkeypatch.setenv("JOB_LEASE_SECONDS", "3")
    return clean_engine
