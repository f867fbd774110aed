"""A client of the real server."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "infra/fleet" in str(item.path):
            # Prefect's client leaves its connections to the collector.
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture
async def client(prefect_api):
    """Prefect's client, open for one test."""
    del prefect_api
    from prefect.client.orchestration import get_client

    async with get_client() as opened:
        yield opened


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Collect once a module: with all that is imported it takes a quarter of a second."""
    yield
    gc.collect()
