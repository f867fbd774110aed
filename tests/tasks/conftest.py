"""What Prefect's client leaves to the garbage collector is collected where it is expected."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Collect once a module: with all that is imported it takes a quarter of a second."""
    yield
    gc.collect()
