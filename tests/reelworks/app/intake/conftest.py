"""What Prefect's client leaves to the garbage collector is collected where it is expected."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for kind in ("socket.socket", "event loop", "transport"):
                item.add_marker(
                    pytest.mark.filterwarnings(f"ignore:unclosed.*{kind}:ResourceWarning")
                )


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()
