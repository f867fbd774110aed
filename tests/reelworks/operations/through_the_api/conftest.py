"""Fixtures for use cases that are tested through a real server: those of the API's tests."""

from __future__ import annotations

from tests.reelworks.app.api.conftest import api, clip, module_settings

__all__ = ["api", "clip", "module_settings"]
