"""Run contexts of tasks; what Prefect's client leaves to the collector is collected there."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Collect once a module: with all that is imported it takes a quarter of a second."""
    yield
    gc.collect()


@pytest.fixture
def stage_ctx(clean_settings: Settings, models_dir: Path) -> Iterator[RunContext]:
    """The run context of stages, with an empty library."""
    with open_run_context(clean_settings.with_values(models_dir=models_dir)) as opened:
        yield opened
