"""Fixtures for tests of use cases."""

from __future__ import annotations

import pytest

from reelworks.operations.services import Services
from reelworks.pipeline.run_context import RunContext


@pytest.fixture
def library(ctx: RunContext) -> Services:
    """What use cases work with, on an empty library."""
    return Services(ctx.settings, ctx.engine, ctx.store)
