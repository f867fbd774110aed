"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real test media; origins and licences are in its README."""
    return Path(__file__).parent / "media"
